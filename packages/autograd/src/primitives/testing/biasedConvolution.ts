import fc from 'fast-check';
import { tensor } from '../../create.js';
import type { Tensor } from '../../tensor.js';
import { type Call, type Examples, each } from './call.js';
import { windows } from './windows.js';

/** x [batch, …, groups · from], filter [..., from, groups · to] and bias; transposed, x has the shape of the result, and the bias its channels. */
const layers = (transposed: boolean, held: ((channels: number) => Tensor) | null): fc.Arbitrary<Call> =>
  fc
    .tuple(windows, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }))
    .map(([{ attributes, batch, output }, groups, from, to]): Call => {
      const [input, result] = [
        [batch, ...attributes.input, groups * from],
        [batch, ...output, groups * to],
      ];
      const operands = [transposed ? result : input, [...attributes.window, from, groups * to]];
      const channels = groups * (transposed ? from : to);
      const all = { ...attributes, groups };
      if (held === null) return { smooth: [...operands, [channels]], attributes: all };
      return { smooth: operands, inputs: ([x, filter]) => [x!, filter!, held(channels)], attributes: all };
    });

/** Decides on which side of relu's kink a channel lies: sums of 27 · 2 products of numbers up to 2 stay below 216. */
const awayFromKink = (channels: number): Tensor =>
  tensor(
    Array.from({ length: channels }, (_, j) => (j % 2 === 0 ? 300 : -300)),
    { dtype: 'float64' },
  );

export const examples: Examples = {
  ...each(['biasedConvolution', 'biasedConvolutionTanh', 'biasedConvolutionSigmoid'], layers(false, null)),
  ...each(['biasedTranspose', 'biasedTransposeTanh', 'biasedTransposeSigmoid'], layers(true, null)),
  biasedConvolutionRelu: layers(false, awayFromKink),
  biasedTransposeRelu: layers(true, awayFromKink),
};
