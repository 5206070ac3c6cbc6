/** What layers learn from before training: data in one piece or in batches, and tokens in tensors or nested arrays. */

import { allNumbers, isTensor, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, type Shape, ShapeError, showShape } from '@cotangent/kernels';
import { shown } from '../../options.js';

/** A token: text or a whole number. */
export type Token = string | number;

/** Tokens in nested arrays, all of the same extents. */
export type NestedTokens = Token | readonly NestedTokens[];

/** What `adapt` takes: a tensor or nested arrays, samples along the first axis; or batches of them, one after the other. */
export type AdaptData =
  | Tensor
  | readonly NestedTokens[]
  | Iterable<Tensor | readonly NestedTokens[]>
  | AsyncIterable<Tensor | readonly NestedTokens[]>;

/** Data in batches: all at once, or as they come. @throws ArgumentError for what is neither */
export async function* batchesOf(operation: string, data: AdaptData): AsyncGenerator<Tensor | readonly NestedTokens[]> {
  if (isTensor(data) || Array.isArray(data)) {
    yield data as Tensor | readonly NestedTokens[];
    return;
  }
  const source = Object(data) as Partial<AsyncIterable<Tensor> & Iterable<Tensor>>;
  if (typeof data === 'string' || (source[Symbol.asyncIterator] === undefined && source[Symbol.iterator] === undefined))
    throw new ArgumentError(
      operation,
      `got ${shown(data)}; expected a tensor, arrays, or an iterable of batches of them`,
    );
  yield* data as AsyncIterable<Tensor>;
}

/** Numbers with their shape. */
export interface Numbers {
  readonly values: ArrayLike<number>;
  readonly shape: Shape;
}

/** The numbers of a batch. */
export function numbersOf(batch: Tensor | readonly NestedTokens[]): Numbers {
  const x = isTensor(batch) ? batch : tensor(batch as number[], { dtype: 'float64' });
  return { values: allNumbers(x), shape: x.shape };
}

/** Tokens with their shape, in row-major order. */
export interface Tokens {
  readonly tokens: readonly Token[];
  readonly shape: Shape;
}

/** The tokens of a tensor or of nested arrays. @throws ShapeError where the arrays differ in extents; DTypeError for other values */
export function tokensOf(operation: string, given: Tensor | NestedTokens): Tokens {
  if (isTensor(given)) return { tokens: Array.from(allNumbers(given)), shape: given.shape };
  const shape: number[] = [];
  for (let at: unknown = given; Array.isArray(at); at = at[0]) shape.push(at.length);
  const tokens: Token[] = [];
  const visit = (node: unknown, axis: number): void => {
    if (Array.isArray(node)) {
      if (node.length !== shape[axis])
        throw new ShapeError(
          operation,
          { x: shape },
          `${showShape(shape)} everywhere; an array has ${node.length} elements`,
        );
      for (const child of node) visit(child, axis + 1);
      return;
    }
    if (axis !== shape.length) throw new ShapeError(operation, { x: shape }, 'arrays of the same depth everywhere');
    if (typeof node !== 'string' && typeof node !== 'number')
      throw new DTypeError(operation, { x: shown(node) }, 'text or numbers, in a tensor or nested arrays');
    tokens.push(node);
  };
  visit(given, 0);
  return { tokens, shape };
}
