/** What a value looks like below a program: text and pictures, never markup that could run. */

/** A piece of output. A picture is SVG, to be shown as an image. */
export type Piece =
  | { readonly kind: 'text' | 'error'; readonly text: string }
  | { readonly kind: 'picture'; readonly svg: string };

const jupyterDisplay = Symbol.for('Jupyter.display');
const pictures = /<svg[\s>][\s\S]*?<\/svg>/g;

/** What `console.log(...values)` and an expression that stands alone print. */
export function show(values: readonly unknown[]): Piece[] {
  const pieces: Piece[] = [];
  let line: string[] = [];
  const flush = (): void => {
    if (line.length > 0) pieces.push({ kind: 'text', text: line.join(' ') });
    line = [];
  };
  for (const value of values) {
    const { text, svgs } = formsOf(value);
    if (text !== null) line.push(text);
    if (svgs.length > 0) flush();
    pieces.push(...svgs.map((svg): Piece => ({ kind: 'picture', svg })));
  }
  flush();
  return pieces;
}

/** What went wrong, and in which line of the program. */
export function showError(error: unknown, line: number | null): Piece {
  const where = line === null ? '' : `\nin line ${line}`;
  return {
    kind: 'error',
    text: `${error instanceof Error ? `${error.name}: ${error.message}` : textOf(error)}${where}`,
  };
}

function formsOf(value: unknown): { text: string | null; svgs: readonly string[] } {
  if (typeof value === 'string') {
    return value.startsWith('<svg') ? { text: null, svgs: [value] } : { text: value, svgs: [] };
  }
  const forms = formsForNotebooks(value);
  if (forms === null) return { text: textOf(value), svgs: [] };
  const picture = forms['image/svg+xml'];
  if (typeof picture === 'string') return { text: null, svgs: [picture] };
  return { text: String(forms['text/plain'] ?? ''), svgs: String(forms['text/html'] ?? '').match(pictures) ?? [] };
}

function formsForNotebooks(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== 'object' || value === null) return null;
  const display = (value as { readonly [jupyterDisplay]?: () => Record<string, unknown> })[jupyterDisplay];
  return typeof display === 'function' ? display.call(value) : null;
}

const deepest = 4;
const longest = 100;

/** Values as a console writes them: tensors with their numbers, long lists abridged. */
export function textOf(value: unknown, depth: number = 0): string {
  if (typeof value === 'string') return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (isTensor(value)) return value.toString();
  if (depth > deepest) return '…';
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return listOf(Array.from(value as ArrayLike<unknown>), depth);
  if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${listOf([...value], depth)}`;
  if (value instanceof Promise) return 'Promise (write `await` before it)';
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? 'Object';
  const entries = Object.entries(value).slice(0, longest);
  const inside = entries.map(([key, child]) => `${key}: ${textOf(child, depth + 1)}`).join(', ');
  return `${name === 'Object' ? '' : `${name} `}{ ${inside} }`.replace('{  }', '{}');
}

const listOf = (list: readonly unknown[], depth: number): string =>
  `[${[...list.slice(0, longest).map((each) => textOf(each, depth + 1)), ...(list.length > longest ? ['…'] : [])].join(', ')}]`;

const isTensor = (value: object): boolean => 'toTypedArray' in value && 'dtype' in value;
