/** Convolutional cells, for `RNN` (Gluon). */

import type { Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, resolveActivation } from '../../activations.js';
import { checkOptions } from '../../options.js';
import { ConvCell, type ConvCellOptions, convCellNames } from './convCell.js';
import { ConvLSTMCell, type ConvLSTMCellOptions } from './convLSTMCell.js';
import { gruStep } from './gruCell.js';
import type { RecurrentActivationOption } from './weightedCell.js';

/** A step of `SimpleRNNCell` whose products are convolutions. */
abstract class ConvRNNCell extends ConvCell {
  override readonly stateSizes: readonly number[];

  constructor(operation: string, count: number, options: ConvCellOptions) {
    checkOptions(operation, options, convCellNames);
    super(operation, count, 1, options);
    this.stateSizes = [this.filters];
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [sums] = this.gatesOf(this.fromInput(x).add(this.fromState(states[0]!)), this.bias);
    const h = this.activation(sums!);
    return [h, [h]];
  }
}

/** Options of the convolutional cells of gated recurrent units. */
export interface ConvGRUCellOptions extends ConvCellOptions, RecurrentActivationOption {}

/** A step of `GRUCell`, the reset after the product, whose products are convolutions. */
abstract class ConvGRUCell extends ConvCell {
  override readonly stateSizes: readonly number[];
  private readonly recurrentActivation: Activation;

  constructor(operation: string, count: number, options: ConvGRUCellOptions) {
    checkOptions(operation, options, [...convCellNames, 'recurrentActivation']);
    super(operation, count, 3, options);
    this.recurrentActivation = resolveActivation(operation, options.recurrentActivation ?? 'sigmoid');
    this.stateSizes = [this.filters];
  }

  protected override get biasShape(): Shape {
    return [2, 3 * this.filters];
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h] = states as readonly [Tensor];
    const fromInput = this.gatesOf(this.fromInput(x), this.bias?.slice(0) ?? null);
    const fromState = this.gatesOf(this.fromState(h), this.bias?.slice(1) ?? null);
    return gruStep(fromInput, fromState, h, this.activation, this.recurrentActivation);
  }
}

/**
 * `SimpleRNNCell` with convolutions for products: x [batch, width, channels]; kernel [width, in, filters], recurrentKernel [width, filters, filters], bias [filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv1DRNNCell
 * @example
 * new nn.RNN({ cell: new nn.Conv1DRNNCell({ filters: 4, kernelSize: 3 }) }).call(zeros([2, 5, 16, 3])).shape; // → [2, 14, 4]
 */
export class Conv1DRNNCell extends ConvRNNCell {
  constructor(options: ConvCellOptions) {
    super('Conv1DRNNCell', 1, options);
  }
}

/**
 * `SimpleRNNCell` with convolutions for products: x [batch, height, width, channels]; kernel [height, width, in, filters], recurrentKernel [height, width, filters, filters], bias [filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv2DRNNCell
 * @example new nn.RNN({ cell: new nn.Conv2DRNNCell({ filters: 4, kernelSize: 3, padding: 'same' }) }).call(ones([2, 5, 8, 8, 3])) // [2, 8, 8, 4]
 */
export class Conv2DRNNCell extends ConvRNNCell {
  constructor(options: ConvCellOptions) {
    super('Conv2DRNNCell', 2, options);
  }
}

/**
 * `SimpleRNNCell` with convolutions for products: x [batch, depth, height, width, channels]; kernel [depth, height, width, in, filters], recurrentKernel [depth, height, width, filters, filters], bias [filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv3DRNNCell
 * @example
 * new nn.RNN({ cell: new nn.Conv3DRNNCell({ filters: 2, kernelSize: 3 }) }).call(zeros([1, 2, 4, 4, 4, 1])).shape; // → [1, 2, 2, 2, 2]
 */
export class Conv3DRNNCell extends ConvRNNCell {
  constructor(options: ConvCellOptions) {
    super('Conv3DRNNCell', 3, options);
  }
}

/**
 * `LSTMCell` with convolutions for products: x [batch, width, channels]; kernel [width, in, 4 filters], recurrentKernel [width, filters, 4 filters], bias [4 filters]. `ConvLSTM1D` is the layer of it.
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv1DLSTMCell
 * @example
 * new nn.RNN({ cell: new nn.Conv1DLSTMCell({ filters: 4, kernelSize: 3 }) }).call(zeros([2, 5, 16, 3])).shape; // → [2, 14, 4]
 */
export class Conv1DLSTMCell extends ConvLSTMCell {
  constructor(options: ConvLSTMCellOptions) {
    super('Conv1DLSTMCell', 1, options);
  }
}

/**
 * `LSTMCell` with convolutions for products: x [batch, height, width, channels]; kernel [height, width, in, 4 filters], recurrentKernel [height, width, filters, 4 filters], bias [4 filters]. `ConvLSTM2D` is the layer of it.
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv2DLSTMCell
 * @example new nn.RNN({ cell: new nn.Conv2DLSTMCell({ filters: 4, kernelSize: 3, padding: 'same' }) }).call(ones([2, 5, 8, 8, 3])) // [2, 8, 8, 4]
 */
export class Conv2DLSTMCell extends ConvLSTMCell {
  constructor(options: ConvLSTMCellOptions) {
    super('Conv2DLSTMCell', 2, options);
  }
}

/**
 * `LSTMCell` with convolutions for products: x [batch, depth, height, width, channels]; kernel [depth, height, width, in, 4 filters], recurrentKernel [depth, height, width, filters, 4 filters], bias [4 filters]. `ConvLSTM3D` is the layer of it.
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv3DLSTMCell
 * @example
 * new nn.RNN({ cell: new nn.Conv3DLSTMCell({ filters: 2, kernelSize: 3 }) }).call(zeros([1, 2, 4, 4, 4, 1])).shape; // → [1, 2, 2, 2, 2]
 */
export class Conv3DLSTMCell extends ConvLSTMCell {
  constructor(options: ConvLSTMCellOptions) {
    super('Conv3DLSTMCell', 3, options);
  }
}

/**
 * `GRUCell` with convolutions for products: x [batch, width, channels]; kernel [width, in, 3 filters], recurrentKernel [width, filters, 3 filters], bias [2, 3 filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv1DGRUCell
 * @example
 * new nn.RNN({ cell: new nn.Conv1DGRUCell({ filters: 4, kernelSize: 3 }) }).call(zeros([2, 5, 16, 3])).shape; // → [2, 14, 4]
 */
export class Conv1DGRUCell extends ConvGRUCell {
  constructor(options: ConvGRUCellOptions) {
    super('Conv1DGRUCell', 1, options);
  }
}

/**
 * `GRUCell` with convolutions for products: x [batch, height, width, channels]; kernel [height, width, in, 3 filters], recurrentKernel [height, width, filters, 3 filters], bias [2, 3 filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv2DGRUCell
 * @example new nn.RNN({ cell: new nn.Conv2DGRUCell({ filters: 4, kernelSize: 3, padding: 'same' }) }).call(ones([2, 5, 8, 8, 3])) // [2, 8, 8, 4]
 */
export class Conv2DGRUCell extends ConvGRUCell {
  constructor(options: ConvGRUCellOptions) {
    super('Conv2DGRUCell', 2, options);
  }
}

/**
 * `GRUCell` with convolutions for products: x [batch, depth, height, width, channels]; kernel [depth, height, width, in, 3 filters], recurrentKernel [depth, height, width, filters, 3 filters], bias [2, 3 filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.Conv3DGRUCell
 * @example
 * new nn.RNN({ cell: new nn.Conv3DGRUCell({ filters: 2, kernelSize: 3 }) }).call(zeros([1, 2, 4, 4, 4, 1])).shape; // → [1, 2, 2, 2, 2]
 */
export class Conv3DGRUCell extends ConvGRUCell {
  constructor(options: ConvGRUCellOptions) {
    super('Conv3DGRUCell', 3, options);
  }
}
