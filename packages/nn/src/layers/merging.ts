/** Layers that make one tensor of several (https://keras.io/api/layers/merging_layers/). */

import { concat, einsum, logicalAnd, type Tensor } from '@cotangent/autograd';
import { ArgumentError, broadcastShapes, normalizeAxis, type Shape, ShapeError } from '@cotangent/kernels';
import { maskOf, masksInUse, setMask } from '../masks.js';
import { checkNumber, checkOptions, checkTensor, shown } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/** The inputs, if they are a list of at least `least` tensors. */
function checkInputs(operation: string, inputs: readonly Tensor[], least: number): readonly Tensor[] {
  if (!Array.isArray(inputs) || inputs.length < least)
    throw new ArgumentError(
      operation,
      `got ${Array.isArray(inputs) ? `${inputs.length} inputs` : shown(inputs)}; expected an array of at least ${least} tensors`,
    );
  for (const [i, x] of inputs.entries()) checkTensor(operation, `inputs[${i}]`, x);
  return inputs;
}

/** Where some inputs have masks, the steps that all of them show. */
function mergeMasks(inputs: readonly Tensor[], output: Tensor): Tensor {
  if (!masksInUse()) return output;
  const masks = inputs.map(maskOf).filter((mask) => mask !== null);
  return masks.length === 0 ? output : setMask(output, masks.reduce(logicalAnd));
}

/** Samples with fewer axes get axes of extent 1 in front, behind the batch (Keras). */
const aligned = (x: Tensor, rank: number): Tensor =>
  x.rank === rank ? x : x.reshape([x.shape[0]!, ...new Array<number>(rank - x.rank).fill(1), ...x.shape.slice(1)]);

/** Base of the layers that combine inputs element by element. */
abstract class Merge extends Layer {
  constructor(
    private readonly operation: string,
    private readonly combine: (a: Tensor, b: Tensor) => Tensor,
    options: LayerOptions,
  ) {
    checkOptions(operation, options, layerOptionNames);
    super(options);
  }

  /** @param inputShapes shapes of samples, one for each input */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    const shapes = inputShapes as readonly Shape[];
    return shapes.reduce((a, b) => broadcastShapes(this.operation, a, b));
  }

  /** @param inputs at least one, [batch, ...], of shapes that broadcast */
  override forward(inputs: readonly Tensor[]): Tensor {
    checkInputs(this.operation, inputs, 1);
    const rank = Math.max(...inputs.map((x) => x.rank));
    return mergeMasks(inputs, inputs.map((x) => aligned(x, rank)).reduce(this.combine));
  }
}

/** The sum of its inputs. @see https://keras.io/api/layers/merging_layers/add/ @example new nn.Add().call([x, y]) */
export class Add extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Add', (a, b) => a.add(b), options);
  }
}

/**
 * The first of two inputs minus the second.
 *
 * @throws ArgumentError for another number.
 * @see https://keras.io/api/layers/merging_layers/subtract/
 * @example
 * new nn.Subtract().call([tensor([3, 4]), tensor([1, 1])]); // → [2, 3]
 */
export class Subtract extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Subtract', (a, b) => a.sub(b), options);
  }

  override forward(inputs: readonly Tensor[]): Tensor {
    if (checkInputs('Subtract', inputs, 2).length > 2)
      throw new ArgumentError('Subtract', `got ${inputs.length} inputs; expected two`);
    return super.forward(inputs);
  }
}

/**
 * The product of its inputs, element by element.
 *
 * @see https://keras.io/api/layers/merging_layers/multiply/
 * @example
 * new nn.Multiply().call([tensor([3, 4]), tensor([2, 10])]); // → [6, 40]
 */
export class Multiply extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Multiply', (a, b) => a.mul(b), options);
  }
}

/**
 * The mean of its inputs.
 *
 * @see https://keras.io/api/layers/merging_layers/average/
 * @example
 * new nn.Average().call([tensor([3, 4]), tensor([1, 0])]); // → [2, 2]
 */
export class Average extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Average', (a, b) => a.add(b), options);
  }

  override forward(inputs: readonly Tensor[]): Tensor {
    const sum = super.forward(inputs);
    return mergeMasks(inputs, sum.mul(1 / inputs.length));
  }
}

/**
 * The largest of its inputs, element by element.
 *
 * @see https://keras.io/api/layers/merging_layers/maximum/
 * @example
 * new nn.Maximum().call([tensor([3, 4]), tensor([1, 5])]); // → [3, 5]
 */
export class Maximum extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Maximum', (a, b) => a.maximum(b), options);
  }
}

/**
 * The smallest of its inputs, element by element.
 *
 * @see https://keras.io/api/layers/merging_layers/minimum/
 * @example
 * new nn.Minimum().call([tensor([3, 4]), tensor([1, 5])]); // → [1, 4]
 */
export class Minimum extends Merge {
  constructor(options: LayerOptions = {}) {
    super('Minimum', (a, b) => a.minimum(b), options);
  }
}

/**
 * Its inputs one behind the other along an axis.
 *
 * @param options `axis`: −1 unless given, counted with the batch axis
 * @throws ShapeError when other axes differ; ArgumentError for axis 0, that of the batch
 * @see https://keras.io/api/layers/merging_layers/concatenate/
 * @example
 * new nn.Concatenate().call([tensor([[1, 2]]), tensor([[3]])]); // → [[1, 2, 3]]
 */
export class Concatenate extends Layer {
  private readonly axis: number;

  constructor(options: LayerOptions & { axis?: number } = {}) {
    checkOptions('Concatenate', options, ['axis', ...layerOptionNames]);
    super(options);
    this.axis = checkNumber('Concatenate', 'axis', options.axis ?? -1, { whole: true });
    if (this.axis === 0) throw new ArgumentError('Concatenate', 'got axis 0, that of the batch; expected another');
  }

  /** @param inputShapes shapes of samples, one for each input */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    const shapes = inputShapes as readonly Shape[];
    const first = shapes[0]!;
    const at = normalizeAxis('Concatenate', this.axis, first.length + 1) - 1;
    for (const shape of shapes) {
      const fits = shape.length === first.length && shape.every((n, axis) => axis === at || n === first[axis]);
      if (!fits) throw new ShapeError('Concatenate', { first, other: shape }, 'equal shapes but for the axis');
    }
    return first.map((n, axis) => (axis === at ? shapes.reduce((sum, shape) => sum + shape[axis]!, 0) : n));
  }

  /** @param inputs at least one, [batch, ...] */
  override forward(inputs: readonly Tensor[]): Tensor {
    const output = concat(checkInputs('Concatenate', inputs, 1), { axis: this.axis });
    if (!masksInUse()) return output;
    const at = normalizeAxis('Concatenate', this.axis, output.rank);
    if (at !== 1) return mergeMasks(inputs, output);
    const masks = inputs.map(maskOf);
    // Along time a mask is only known where every input brings its own.
    return masks.every((mask) => mask !== null) ? setMask(output, concat(masks, { axis: 1 })) : output;
  }
}

/** Options of `Dot`. */
export interface DotOptions extends LayerOptions {
  /** The axis of each input that is summed over, counted with the batch axis; one number for both. */
  axes: number | readonly [number, number];
  /** Whether to divide by the norms along those axes first: the result is then a cosine. @defaultValue false */
  normalize?: boolean;
}

/**
 * Sums of products along one axis of each of two inputs, sample by sample.
 *
 * Inputs [batch, ...]; output [batch, the other axes of the first, the other axes of the second], or [batch, 1] when there are none.
 *
 * @throws ArgumentError for axes out of range; ShapeError when their extents differ
 * @see https://keras.io/api/layers/merging_layers/dot/
 * @example
 * const dot = new nn.Dot({ axes: 1, normalize: true });
 * dot.call([tensor([[1, 0]]), tensor([[3, 4]])]); // → [[0.6]]
 */
export class Dot extends Layer {
  private readonly axes: readonly [number, number];
  private readonly normalize: boolean;

  constructor(options: DotOptions) {
    checkOptions('Dot', options, ['axes', 'normalize', ...layerOptionNames]);
    super(options);
    const axes = typeof options.axes === 'number' ? [options.axes, options.axes] : options.axes;
    if (!Array.isArray(axes) || axes.length !== 2 || !axes.every((axis) => Number.isInteger(axis) && axis !== 0))
      throw new ArgumentError('Dot', `got axes ${shown(options.axes)}; expected a whole number other than 0, or two`);
    this.axes = axes as unknown as readonly [number, number];
    this.normalize = options.normalize ?? false;
  }

  /** @param inputShapes shapes of samples, one for each input */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    const rest = (inputShapes as readonly Shape[]).flatMap((shape, i) => {
      const at = normalizeAxis('Dot', this.axes[i]!, shape.length + 1) - 1;
      return shape.filter((_, axis) => axis !== at);
    });
    return rest.length === 0 ? [1] : rest;
  }

  /** @param inputs two, [batch, ...] */
  override forward(inputs: readonly Tensor[]): Tensor {
    if (checkInputs('Dot', inputs, 2).length !== 2)
      throw new ArgumentError('Dot', `got ${inputs.length} inputs; expected two`);
    const at = inputs.map((x, i) => normalizeAxis('Dot', this.axes[i]!, x.rank));
    const [a, b] = this.normalize ? inputs.map((x, i) => unit(x, at[i]!)) : inputs;
    if (a!.shape[at[0]!] !== b!.shape[at[1]!] || a!.shape[0] !== b!.shape[0]) {
      throw new ShapeError(
        'Dot',
        { first: a!.shape, second: b!.shape },
        `equal extents along axes ${at[0]} and ${at[1]}, and equal batches`,
      );
    }
    const letters = (rank: number, from: number, summed: number): string[] =>
      Array.from({ length: rank }, (_, axis) =>
        axis === 0 ? 'z' : axis === summed ? 'y' : String.fromCharCode(97 + from + axis),
      );
    const [left, right] = [letters(a!.rank, 0, at[0]!), letters(b!.rank, a!.rank, at[1]!)];
    const kept = [...left, ...right.slice(1)].filter((letter) => letter !== 'y');
    const y = einsum(`${left.join('')},${right.join('')}->${kept.join('')}`, a!, b!);
    return y.rank === 1 ? y.expandDims(-1) : y;
  }
}

/** x / ‖x‖ along an axis; 0 stays 0. */
function unit(x: Tensor, axis: number): Tensor {
  return x.mul(x.square().sum({ axis, keepDims: true }).maximum(1e-12).rsqrt());
}
