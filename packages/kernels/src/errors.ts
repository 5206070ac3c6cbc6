/**
 * Every error that a user can cause is one of these classes. A message says which operation, what came,
 * what was expected, where in the model (once a Module has located it) and the likely mend.
 */

/** Anything that carries a shape, or a shape itself; what the formatter can show. */
export type Shaped = readonly number[] | { readonly shape: readonly number[] };

/** Extents that stand for ones not known yet, and what to call them. Empty unless a model is being described. */
export const extentNames: Map<number, string> = new Map();

/** `[2, 3]`, the one way this library writes a shape. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.map((extent) => extentNames.get(extent) ?? extent).join(', ')}]`;
}

function showGot(got: Readonly<Record<string, Shaped>>): string {
  return Object.entries(got)
    .map(([name, value]) => `${name} ${showShape('shape' in value ? value.shape : value)}`)
    .join(' and ');
}

/** Ends a sentence with exactly one full stop. */
const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

/**
 * Base of every error that this library throws on purpose.
 *
 * @example
 * let known = false;
 * try {
 *   tensor([1, 2]).add(tensor([1, 2, 3]));
 * } catch (error) {
 *   known = error instanceof CotangentError;
 * }
 * known; // → true
 */
export class CotangentError extends Error {
  /** The operation that refused, as the user called it. */
  readonly operation: string;
  /** Where in the model it happened (`encoder.0.dense`), once a Module has said so. */
  path: string | undefined;

  constructor(operation: string, problem: string, mend?: string) {
    super(`${operation}: ${mend === undefined ? problem : `${sentence(problem)} ${mend}`}`);
    this.name = new.target.name;
    this.operation = operation;
  }

  /** Puts the module path in front of the message, once: the innermost module knows best. */
  locate(path: string): void {
    if (this.path !== undefined) return;
    this.path = path;
    const before = this.message;
    this.message = `${path} › ${before}`;
    // V8 copied the message into the stack when the error was made; what Node prints is the stack.
    this.stack = this.stack?.replace(before, () => this.message);
  }
}

/**
 * Shapes that do not fit: `matmul: got a [2, 3] and b [2, 3]; expected a [m, k] and b [k, n] with equal k`.
 *
 * @example
 * zeros([2, 3]).matmul(zeros([4, 5])); // throws ShapeError: matmul: got a [2, 3] and b [4, 5]; expected a [m, k] and b [k, n] with equal…
 */
export class ShapeError extends CotangentError {
  constructor(operation: string, got: Readonly<Record<string, Shaped>>, expected: string, mend?: string) {
    super(operation, `got ${showGot(got)}; expected ${expected}`, mend);
  }
}

/**
 * A dtype that the operation does not take.
 *
 * @example
 * tensor([1, 2]).cast('int32').requiresGrad = true; // throws DTypeError: requiresGrad: got x int32; expected float32 or float64. Integers have no…
 */
export class DTypeError extends CotangentError {
  constructor(operation: string, got: Readonly<Record<string, string>>, expected: string, mend?: string) {
    const came = Object.entries(got)
      .map(([name, dtype]) => `${name} ${dtype}`)
      .join(' and ');
    super(operation, `got ${came}; expected ${expected}`, mend);
  }
}

/**
 * An index, axis or class label outside its range.
 *
 * @example
 * zeros([2, 3]).sum({ axis: 2 }); // throws IndexError: sum: got axis 2; expected an integer from -2 to 1
 */
export class IndexError extends CotangentError {}

/**
 * An option or argument with a value that has no meaning here: unknown names, negative counts, NaN where a number is needed.
 *
 * @example
 * zeros([2]).tile([-1]); // throws ArgumentError: tile: got [-1]; expected whole numbers from 0
 */
export class ArgumentError extends CotangentError {}

/**
 * Data from outside that is not what its format promises.
 *
 * @example
 * nn.parseSafetensors(new Uint8Array(3)); // throws FormatError: parseSafetensors: has 3 bytes; expected 8 for the size of the header (at…
 */
export class FormatError extends CotangentError {
  /** Where in the file the trouble is, in bytes from its start. */
  readonly byteOffset: number | undefined;

  constructor(source: string, problem: string, byteOffset?: number, mend?: string) {
    super(source, byteOffset === undefined ? problem : `${problem} (at byte ${byteOffset})`, mend);
    this.byteOffset = byteOffset;
  }
}

/**
 * Our fault, never the user's.
 *
 * @example
 * new InternalError('a state that no program can reach') instanceof CotangentError; // → true
 */
export class InternalError extends CotangentError {
  constructor(problem: string) {
    super('internal error', problem, 'This is a bug in Cotangent: please report it with the program that shows it.');
  }
}

/** Throws InternalError when something that must hold does not. */
export function invariant(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new InternalError(problem);
}
