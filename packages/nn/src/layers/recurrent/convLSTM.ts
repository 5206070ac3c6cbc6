/** Long short-term memories over sequences of images (https://keras.io/api/layers/recurrent_layers/). */

import { checkOptions } from '../../options.js';
import { ConvLSTMCell, type ConvLSTMCellOptions, convLSTMCellNames } from './convLSTMCell.js';
import { pick, RecurrentLayer, type RecurrentLayerOptions, recurrentLayerNames } from './recurrentLayer.js';

/** Options of `ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`. */
export interface ConvLSTMOptions<WithState extends boolean = boolean>
  extends ConvLSTMCellOptions,
    RecurrentLayerOptions<WithState> {}

/** A convolutional memory over steps with some spatial axes. */
abstract class ConvLSTM<WithState extends boolean> extends RecurrentLayer<ConvLSTMCell, WithState> {
  constructor(operation: string, count: number, options: ConvLSTMOptions<WithState>) {
    checkOptions(operation, options, [...convLSTMCellNames, ...recurrentLayerNames]);
    super(operation, new ConvLSTMCell(operation, count, pick(options, convLSTMCellNames)), options);
  }
}

/**
 * A long short-term memory over sequences of images, with convolutions for products: at each step, with * for a convolution,
 *
 *   i, f, o = recurrentActivation(x * kernel + h * recurrentKernel + bias), each with its channels;
 *   c ← f c + i activation(x * kernel + h * recurrentKernel + bias); h ← o activation(c); the output is h.
 *
 * Input [batch, time, height, width, channels], output [batch, height′, width′, filters] or, with `returnSequences`, [batch, time, height′,
 * width′, filters]; states h and c as one output. Kernel [height, width, in, 4 filters], recurrentKernel [height, width, filters, 4 filters],
 * bias [4 filters], channels i, f, c, o, under `cell`. The convolution of the state has stride 1 and padding 'same'. `recurrentActivation` is
 * 'sigmoid' unless given, as in Keras 3 (Keras 2: 'hardSigmoid'). Calls as those of `RNN`.
 *
 * @throws ArgumentError for options out of range; ShapeError when a window is longer than the padded input, or later inputs have other
 *   channels; DTypeError for an input of another dtype
 * @see Shi et al. 2015, arXiv:1506.04214; https://keras.io/api/layers/recurrent_layers/conv_lstm2d/
 * @example
 * new nn.ConvLSTM2D({ filters: 4, kernelSize: 3, padding: 'same' }).call(ones([2, 10, 8, 8, 3])); // [2, 8, 8, 4]
 */
export class ConvLSTM2D<const WithState extends boolean = false> extends ConvLSTM<WithState> {
  constructor(options: ConvLSTMOptions<WithState>) {
    super('ConvLSTM2D', 2, options);
  }
}

/**
 * `ConvLSTM2D` along one spatial axis: input [batch, time, width, channels], kernel [width, in, 4 filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://keras.io/api/layers/recurrent_layers/conv_lstm1d/
 * @example
 * new nn.ConvLSTM1D({ filters: 4, kernelSize: 3, padding: 'same' }).call(zeros([2, 5, 16, 3])).shape; // → [2, 16, 4]
 */
export class ConvLSTM1D<const WithState extends boolean = false> extends ConvLSTM<WithState> {
  constructor(options: ConvLSTMOptions<WithState>) {
    super('ConvLSTM1D', 1, options);
  }
}

/**
 * `ConvLSTM2D` over volumes: input [batch, time, depth, height, width, channels], kernel [depth, height, width, in, 4 filters].
 *
 * @throws as `ConvLSTM2D`
 * @see https://keras.io/api/layers/recurrent_layers/conv_lstm3d/
 * @example
 * new nn.ConvLSTM3D({ filters: 2, kernelSize: 3, padding: 'same' }).call(zeros([1, 2, 4, 4, 4, 1])).shape; // → [1, 4, 4, 4, 2]
 */
export class ConvLSTM3D<const WithState extends boolean = false> extends ConvLSTM<WithState> {
  constructor(options: ConvLSTMOptions<WithState>) {
    super('ConvLSTM3D', 3, options);
  }
}
