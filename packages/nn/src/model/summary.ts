/** A model as a table. */

import type { Shape } from '@cotangent/kernels';
import type { Module } from '../module.js';

/** One line of the table. */
export interface SummaryRow {
  readonly name: string;
  readonly type: string;
  /** Output shape, batch axis first and unknown; null when the module was never called. */
  readonly outputShape: Shape | null;
  /** Parameters of this module alone, or null when they have no value yet. */
  readonly parameters: number | null;
}

/** `Dense` → `dense`, `LSTMCell` → `lstmCell`, numbered when there are several: dense, dense1, dense2. */
export function layerNames(modules: readonly Module[]): string[] {
  const counts = new Map<string, number>();
  return modules.map((module) => {
    const given = (module as { name?: string }).name;
    if (given !== undefined) return given;
    const type = module.constructor.name;
    const base = type.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    return count === 0 ? base : `${base}${count}`;
  });
}

const showOutput = (shape: Shape | null): string =>
  shape === null
    ? 'unknown'
    : `[batch${shape
        .slice(1)
        .map((n) => `, ${n}`)
        .join('')}]`;
const showCount = (count: number | null): string => (count === null ? 'not built' : count.toLocaleString('en-US'));

/** The table, cell by cell: title, lines with the head first, and what stands below. */
export interface Summary {
  readonly title: string;
  readonly cells: readonly (readonly string[])[];
  readonly total: string;
}

/** The table as text. */
export function summaryText({ title, cells, total }: Summary): string {
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    ` ${row[0]!.padEnd(widths[0]!)}   ${row[1]!.padEnd(widths[1]!)}   ${row[2]!.padStart(widths[2]!)}`;
  const rule = '─'.repeat(widths[0]! + widths[1]! + widths[2]! + 8);
  return [title, rule, line(cells[0]!), rule, ...cells.slice(1).map(line), rule, ` ${total}`].join('\n');
}

/** Options of `summary`. */
export interface SummaryOptions {
  /** Shape of one sample, without the batch axis. @defaultValue what the module was built for, if it knows */
  inputShape?: Shape;
  /** Receives the table. @defaultValue console.log */
  print?: (text: string) => void;
}

/** The table of a module. @param shapes of the outputs, as far as they are known */
export function summaryOf(module: Module, shapes: ReadonlyMap<Module, Shape> | null): Summary {
  const modules = module
    .namedModules()
    .slice(1)
    .map(([, inner]) => inner);
  const names = layerNames(modules);
  const rows: SummaryRow[] = modules.map((inner, i) => {
    const own = inner.ownVariables();
    return {
      name: names[i]!,
      type: inner.constructor.name,
      outputShape: shapes?.get(inner) ?? null,
      parameters: own.every((variable) => variable.hasValue) ? own.reduce((total, { size }) => total + size, 0) : null,
    };
  });
  const [total, trainable] = [module.countParameters(), module.countParameters({ trainable: true })];
  return {
    title: `Model: ${module.constructor.name}`,
    cells: [
      ['Layer (type)', 'Output shape', 'Parameters'],
      ...rows.map((row) => [`${row.name} (${row.type})`, showOutput(row.outputShape), showCount(row.parameters)]),
    ],
    total: `Total parameters: ${total.toLocaleString('en-US')} (${trainable.toLocaleString('en-US')} trainable)`,
  };
}

/** Prints the table of a module. */
export function printSummary(module: Module, shapes: ReadonlyMap<Module, Shape> | null, options: SummaryOptions): void {
  const print = options.print ?? ((text: string) => console.log(text));
  print(summaryText(summaryOf(module, shapes)));
}
