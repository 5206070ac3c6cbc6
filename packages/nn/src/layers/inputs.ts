/** What layers check of their inputs, so that all say the same about the same mistake. */

import { allNumbers, type Tensor } from '@cotangent/autograd';
import { type DType, DTypeError, IndexError, isFloating, type Shape, ShapeError } from '@cotangent/kernels';
import { maskOf } from '../masks.js';
import { checkTensor } from '../options.js';

/**
 * x, if it is a tensor with the axes that a layer takes.
 *
 * @param axes their names: 'batch, time, features'; '...' stands for any number of axes
 * @throws DTypeError, ShapeError
 */
export function checkInput(operation: string, x: Tensor, axes: string, name: string = 'x'): Tensor {
  const { rank, shape } = checkTensor(operation, name, x);
  const { batched, open, wanted } = axesRead.get(axes) ?? readAxes(axes);
  if (open ? rank >= wanted : rank === wanted) return x;
  const mend = rank === wanted - 1 && batched ? 'Add a batch axis with .expandDims(0).' : undefined;
  throw new ShapeError(operation, { [name]: shape }, `${name} [${axes}]`, mend);
}

/** What the names of axes say. */
interface AxesRead {
  readonly batched: boolean;
  /** Whether there may be any number of further ones. */
  readonly open: boolean;
  readonly wanted: number;
}

/** By the texts that layers have for them: each is read once. */
const axesRead = new Map<string, AxesRead>();

function readAxes(axes: string): AxesRead {
  const names = axes.split(', ');
  const open = names.includes('...');
  const read = { batched: names[0] === 'batch', open, wanted: names.length - (open ? 1 : 0) };
  axesRead.set(axes, read);
  return read;
}

/** Throws unless an input has the dtype of the layer's parameters: nothing is converted. */
export function checkInputDType(operation: string, x: Tensor, dtype: DType, name: string = 'x'): void {
  if (x.dtype === dtype) return;
  const mend = isFloating(x.dtype) ? `, or make the layer with { dtype: '${x.dtype}' }` : '';
  throw new DTypeError(operation, { [name]: x.dtype }, dtype, `Convert with .cast('${dtype}')${mend}.`);
}

/** Throws unless an input ends in as many features as the layer was built for. */
export function checkFeatures(operation: string, x: Tensor, features: number, name: string = 'x'): void {
  if (x.shape[x.rank - 1] === features) return;
  throw new ShapeError(
    operation,
    { [name]: x.shape },
    `${name} [..., ${features}]`,
    `The layer was built for ${features} inputs.`,
  );
}

/** The extent along the last axis of a shape. @throws ShapeError for a scalar */
export function lastExtent(operation: string, inputShape: Shape): number {
  const last = inputShape.at(-1);
  if (last === undefined) throw new ShapeError(operation, { input: inputShape }, 'an input with one axis at least');
  return last;
}

/** A bool tensor, or null. @throws DTypeError */
export function checkMask(operation: string, name: string, mask: Tensor | null | undefined): Tensor | null {
  if (mask === null || mask === undefined) return null;
  if (checkTensor(operation, name, mask).dtype === 'bool') return mask;
  throw new DTypeError(operation, { [name]: mask.dtype }, 'bool, true for what is real', "Convert with .cast('bool').");
}

/** Which steps of x are real: the mask that is given (null for all), or the one that travels with x. @throws DTypeError, ShapeError */
export function paddingMask(
  operation: string,
  name: string,
  given: Tensor | null | undefined,
  x: Tensor,
): Tensor | null {
  const mask = checkMask(operation, name, given);
  if (mask === null) return given === null ? null : maskOf(x);
  const [batch, time] = x.shape;
  if (mask.rank === 2 && mask.shape[0] === batch && mask.shape[1] === time) return mask;
  throw new ShapeError(
    operation,
    { [name]: mask.shape },
    `${name} [${batch}, ${time}], [batch, time] of what it masks`,
  );
}

/**
 * Indices into a table as int32. Models feed data as floats: those are taken if they are whole numbers.
 *
 * @param extent rows of the table
 * @param option the option that says so
 * @throws DTypeError for bools; IndexError unless all are whole numbers from 0 to extent − 1
 */
export function checkIndices(operation: string, x: Tensor, extent: number, option: string): Tensor {
  if (x.dtype === 'bool')
    throw new DTypeError(operation, { x: x.dtype }, 'int32 indices', "Convert with .cast('int32').");
  for (const [i, index] of allNumbers(x).entries()) {
    if (Number.isInteger(index) && index >= 0 && index < extent) continue;
    throw new IndexError(
      operation,
      `got index ${index} at position ${i}; expected whole numbers from 0 to ${extent - 1}`,
      index >= extent ? `Make the layer with ${option} above the largest index.` : undefined,
    );
  }
  return x.cast('int32');
}
