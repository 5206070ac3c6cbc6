/** Layers that move elements and compute nothing (https://keras.io/api/layers/reshaping_layers/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError, showShape } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { checkInput } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/**
 * Everything but the batch axis in one: [batch, ...] → [batch, product].
 *
 * @see https://keras.io/api/layers/reshaping_layers/flatten/
 * @example
 * new nn.Flatten().call(zeros([2, 7, 7, 64])).shape; // → [2, 3136]
 */
export class Flatten extends Layer {
  constructor(options: LayerOptions = {}) {
    checkOptions('Flatten', options, layerOptionNames);
    super(options);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [sizeOf(inputShape)];
  }

  override forward(x: Tensor): Tensor {
    checkInput('Flatten', x, 'batch, ...');
    return x.reshape([x.shape[0]!, sizeOf(x.shape.slice(1))]);
  }
}

/**
 * Each sample in another shape, in the same order.
 *
 * @param options `targetShape`: without the batch axis; one extent may be −1, which is then what is left
 * @throws ArgumentError for extents below −1, several −1, or a shape of another size
 * @see https://keras.io/api/layers/reshaping_layers/reshape/
 * @example new nn.Reshape({ targetShape: [-1, 2] }).call(ones([3, 8])) // shape [3, 4, 2]
 */
export class Reshape extends Layer {
  private readonly targetShape: Shape;

  constructor(options: LayerOptions & { targetShape: Shape }) {
    checkOptions('Reshape', options, ['targetShape', ...layerOptionNames]);
    super(options);
    const { targetShape } = options;
    const valid = Array.isArray(targetShape) && targetShape.every((n) => Number.isInteger(n) && n >= -1);
    if (!valid || targetShape.filter((n) => n === -1).length > 1) {
      const came = Array.isArray(targetShape) ? showShape(targetShape) : shown(targetShape);
      throw new ArgumentError('Reshape', `got targetShape ${came}; expected extents, one of which may be -1`);
    }
    this.targetShape = targetShape;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const size = sizeOf(inputShape);
    const known = sizeOf(this.targetShape.filter((n) => n !== -1));
    const shape = this.targetShape.map((n) => (n === -1 ? size / known : n));
    if (sizeOf(shape) !== size || !shape.every(Number.isInteger)) {
      throw new ShapeError(
        'Reshape',
        { sample: inputShape, targetShape: this.targetShape },
        'as many elements in the target as in a sample',
      );
    }
    return shape;
  }

  override forward(x: Tensor): Tensor {
    checkInput('Reshape', x, 'batch, ...');
    return x.reshape([x.shape[0]!, ...this.computeOutputShape(x.shape.slice(1))]);
  }
}

/**
 * The axes of each sample in another order.
 *
 * @param options `dims`: which axis comes first, second, …, counted from 1, the first after the batch: [2, 1] transposes matrices
 * @throws ArgumentError unless they are 1 to n in some order; ShapeError for a sample with another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/permute/
 * @example
 * new nn.Permute({ dims: [2, 1] }).call(zeros([2, 10, 64])).shape; // → [2, 64, 10]
 */
export class Permute extends Layer {
  private readonly dims: readonly number[];

  constructor(options: LayerOptions & { dims: readonly number[] }) {
    checkOptions('Permute', options, ['dims', ...layerOptionNames]);
    super(options);
    const { dims } = options;
    if (!Array.isArray(dims) || ![...dims].sort((a, b) => a - b).every((axis, i) => axis === i + 1)) {
      const came = Array.isArray(dims) ? `[${dims.join(', ')}]` : shown(dims);
      throw new ArgumentError(
        'Permute',
        `got dims ${came}; expected 1 to n in some order, 1 being the axis after the batch`,
      );
    }
    this.dims = dims;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    if (inputShape.length !== this.dims.length)
      throw new ShapeError('Permute', { sample: inputShape }, `a sample with ${this.dims.length} axes`);
    return this.dims.map((axis) => inputShape[axis - 1]!);
  }

  override forward(x: Tensor): Tensor {
    checkInput('Permute', x, 'batch, ...');
    this.computeOutputShape(x.shape.slice(1));
    return x.permute([0, ...this.dims]);
  }
}

/**
 * Each sample `n` times, along a new axis: [batch, features] → [batch, n, features].
 *
 * @throws ArgumentError unless n is a whole number above 0; ShapeError for an input of other axes
 * @see https://keras.io/api/layers/reshaping_layers/repeat_vector/
 * @example
 * new nn.RepeatVector({ n: 3 }).call(tensor([[1, 2]])); // → [[[1, 2], [1, 2], [1, 2]]]
 */
export class RepeatVector extends Layer {
  private readonly n: number;

  constructor(options: LayerOptions & { n: number }) {
    checkOptions('RepeatVector', options, ['n', ...layerOptionNames]);
    super(options);
    this.n = checkNumber('RepeatVector', 'n', options.n, { above: 0, whole: true });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [this.n, ...inputShape];
  }

  override forward(x: Tensor): Tensor {
    const [batch, features] = checkInput('RepeatVector', x, 'batch, features').shape as readonly [number, number];
    return x.expandDims(1).broadcastTo([batch, this.n, features]);
  }
}
