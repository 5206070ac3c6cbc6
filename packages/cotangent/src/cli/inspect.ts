import { readFile } from 'node:fs/promises';
import { type DType, FormatError, type Shape, showShape } from '@cotangent/kernels';
import { nn } from '@cotangent/nn';
import { readIdx } from '@cotangent/nn/node';
import { printable } from './printable.js';

/** Lines about what a file holds. @throws FormatError for what cannot be read, or is nothing that Cotangent writes or reads */
export async function describeFile(path: string): Promise<string[]> {
  const bytes = await read(path);
  const [zero, alsoZero, code, rank] = bytes;
  // IDX begins with two zeros; those of a safetensors file, the size of its header, would be below 2¹⁶ only with a header of
  // megabytes.
  if (bytes.length >= 4 && zero === 0 && alsoZero === 0 && code! >= 8 && code! <= 14 && rank! > 0) {
    const tensor = readIdx(path);
    return [`IDX file, ${size(bytes.length)}`, '', ...table([['data', tensor]])];
  }
  if (bytes[0] === 0x50 && bytes[1] === 0x4b)
    throw new FormatError(path, 'is a zip archive (npz, keras); expected safetensors, a checkpoint or IDX', 0);
  // Of safetensors the header begins so, after its size.
  if (bytes.length > 8 && bytes[8] !== '{'.charCodeAt(0))
    throw new FormatError(path, 'is no file that is known here; expected safetensors, a checkpoint or IDX', 8);
  const { tensors, metadata } = nn.parseSafetensors(bytes, path);
  const entries = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  const checkpoint = Object.hasOwn(metadata, checkpointKey);
  const about = Object.entries(metadata).filter(([name]) => name !== checkpointKey);
  return [
    `${checkpoint ? 'checkpoint' : 'safetensors file'}, ${size(bytes.length)}`,
    ...about.map(([name, value]) => `${printable(name)}: ${printable(value)}`),
    ...(checkpoint ? describeCheckpoint(path, metadata[checkpointKey]!) : []),
    '',
    ...table(entries),
  ];
}

const checkpointKey = 'cotangent.checkpoint';

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new FormatError(path, 'there is no such file');
    if (code === 'EISDIR') throw new FormatError(path, 'got a folder; expected a file');
    throw new FormatError(path, `the file cannot be read (${code ?? message})`);
  }
}

/** The parts of a checkpoint that are no tensors. */
function describeCheckpoint(path: string, text: string): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new FormatError(path, `its '${checkpointKey}' is not JSON`, 8);
  }
  if (!isObject(body)) throw new FormatError(path, `its '${checkpointKey}' is no JSON object`, 8);
  const { version, optimizer, fit, extra } = body;
  const lines = [`version of the format: ${printable(JSON.stringify(version) ?? 'none')}`];
  if (isObject(optimizer)) {
    lines.push(
      `optimizer: ${printable(String(optimizer['name']))} ${printable(JSON.stringify(optimizer['numbers']) ?? '')}`,
    );
  }
  if (isObject(fit)) lines.push(`run: ${printable(JSON.stringify(fit))}`);
  if (extra !== null && extra !== undefined) lines.push(`extra: ${printable(JSON.stringify(extra))}`);
  return lines;
}

interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly size: number;
}

function table(entries: readonly (readonly [string, Described])[]): string[] {
  const rows = entries.map(([name, x]) => [printable(name), x.dtype, showShape(x.shape), x.size.toLocaleString('en')]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, dtype, shape, count]) =>
    [name!.padEnd(widths[0]!), dtype!.padEnd(widths[1]!), shape!.padEnd(widths[2]!), count!.padStart(widths[3]!)].join(
      '  ',
    ),
  );
  const total = entries.reduce((sum, [, x]) => sum + x.size, 0);
  return [
    ...lines,
    `${entries.length} ${entries.length === 1 ? 'tensor' : 'tensors'}, ${total.toLocaleString('en')} numbers`,
  ];
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
