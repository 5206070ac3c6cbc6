/** Tables in text: comma-separated values (RFC 4180), read by papaparse. */

import { ArgumentError, FormatError } from '@cotangent/kernels';
import Papa from 'papaparse';
import { checkChoice, checkOptions, shown } from '../options.js';
import { Dataset } from './dataset.js';

/** A row by the names of its columns. */
export type CsvRow = Record<string, number | string>;

/** Options of `csvDataset`. */
export interface CsvOptions {
  /** Names of the columns. @defaultValue those of the first line */
  columns?: readonly string[];
  /** What a column holds. @defaultValue numbers where every entry is one, else text */
  types?: Readonly<Record<string, 'number' | 'string'>>;
  /** The column to predict: elements are then `[row without it, its entry]`. @defaultValue none */
  label?: string;
  /** Between columns. @defaultValue ',' */
  separator?: string;
  /** What an empty entry of a column of numbers stands for. @defaultValue it is refused */
  missing?: number;
  /** Name of the file, for messages. @defaultValue 'csvDataset' */
  source?: string;
}

/**
 * The rows of a table.
 *
 * @param text of the whole table, the names of the columns in its first line unless they are given
 * @returns rows by the names of the columns, or `[row, label]`
 * @throws FormatError, with the line, for rows of another length, entries that are no numbers, and quotes that do not end; ArgumentError for
 *   names that no column has
 * @example
 * const dataset = nn.data.csvDataset('a,b,y\n1,2,0\n3,4,1', { label: 'y' });
 */
export function csvDataset(text: string, options: CsvOptions & { label: string }): Dataset<[CsvRow, number | string]>;
export function csvDataset(text: string, options?: CsvOptions): Dataset<CsvRow>;
export function csvDataset(text: string, options: CsvOptions = {}): Dataset<CsvRow | [CsvRow, number | string]> {
  const { source = 'csvDataset', label, separator = ',', types = {}, missing } = options;
  checkOptions('csvDataset', options, ['columns', 'types', 'label', 'separator', 'missing', 'source']);
  if (typeof text !== 'string')
    throw new ArgumentError('csvDataset', `got ${shown(text)}; expected the text of a table`);
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
    delimiter: separator,
    skipEmptyLines: true,
  });
  const [wrong] = errors;
  if (wrong !== undefined) throw new FormatError(source, `${wrong.message} (row ${(wrong.row ?? 0) + 1})`);
  const columns = options.columns ?? data.shift();
  if (columns === undefined) throw new FormatError(source, 'is empty; expected a line with the names of the columns');
  const headers = options.columns === undefined ? 2 : 1;
  if (new Set(columns).size !== columns.length)
    throw new FormatError(source, `two columns have one name: ${columns.join(', ')}`);
  for (const name of [...Object.keys(types), ...(label === undefined ? [] : [label])])
    if (!columns.includes(name))
      throw new ArgumentError('csvDataset', `got column ${shown(name)}; ${source} has ${columns.join(', ')}`);
  for (const [i, row] of data.entries())
    if (row.length !== columns.length)
      throw new FormatError(source, `row ${i + headers} has ${row.length} entries; expected ${columns.length}`);
  const isNumeric = columns.map((name, at) => {
    const type = types[name];
    if (type !== undefined) return checkChoice('csvDataset', `types.${name}`, type, ['number', 'string']) === 'number';
    return data.length > 0 && data.every((row) => isNumber(row[at]!) || (row[at] === '' && missing !== undefined));
  });
  const rows = data.map((row, i) =>
    Object.fromEntries(
      columns.map((name, at): [string, number | string] => {
        const entry = row[at]!;
        if (!isNumeric[at]) return [name, entry];
        if (entry.trim() === '' && missing !== undefined) return [name, missing];
        if (isNumber(entry)) return [name, Number(entry)];
        throw new FormatError(source, `row ${i + headers}, column '${name}': ${shown(entry)} is no number`);
      }),
    ),
  );
  if (label === undefined) return Dataset.fromArray(rows);
  return Dataset.fromArray(
    rows.map((row): [CsvRow, number | string] => {
      const { [label]: entry, ...features } = row;
      return [features, entry!];
    }),
  );
}

const isNumber = (entry: string): boolean => entry.trim() !== '' && !Number.isNaN(Number(entry));

/**
 * The lines of a text, without the empty last one.
 *
 * @throws ArgumentError for something else than text
 * @example
 * const lines: string[] = [];
 * for await (const line of nn.data.textLineDataset('one\ntwo\n')) lines.push(line);
 * lines; // → ["one", "two"]
 */
export function textLineDataset(text: string): Dataset<string> {
  if (typeof text !== 'string') throw new ArgumentError('textLineDataset', `got ${shown(text)}; expected text`);
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return Dataset.fromArray(lines);
}
