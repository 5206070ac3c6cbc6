import fc from 'fast-check';
import { ones } from '../../create.js';
import { bools, type Call, type Examples } from './call.js';

const shapes = fc
  .tuple(
    fc.nat({ max: 3 }),
    fc.nat({ max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.nat({ max: 2 }),
    fc.constantFrom([], [2], [0]),
  )
  .map(([n, m, d, e, batch]) => ({
    weights: [...batch, n, m],
    out: [...batch, n, e],
    inputs: [
      [...batch, n, d],
      [...batch, m, d],
      [...batch, m, e],
    ],
  }));

const attributes = fc.record({ scale: fc.constant(0.7), causal: fc.boolean() });

/** Some of the inputs, in every combination: the parts of the packed cotangents move. */
const wanted = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()).filter((asked) => asked.includes(true));

function calls(masked: boolean): fc.Arbitrary<Call> {
  return fc.tuple(shapes, attributes).chain(([{ inputs, weights }, given]) =>
    bools(weights).map(
      (mask): Call => ({
        smooth: inputs,
        attributes: given,
        inputs: (smooth) => (masked ? [...smooth, mask] : smooth),
      }),
    ),
  );
}

function pulls(masked: boolean): fc.Arbitrary<Call> {
  return fc.tuple(shapes, attributes, wanted).chain(([{ inputs, weights, out }, given, asked]) =>
    bools(weights).map(
      (mask): Call => ({
        smooth: [out, ...inputs],
        attributes: { attributes: given, wanted: masked ? [...asked, false] : asked },
        // The kernel does not look at the result.
        inputs: (smooth) => [...smooth, ...(masked ? [mask] : []), ones(out, { dtype: 'float64' })],
      }),
    ),
  );
}

export const examples: Examples = {
  attention: calls(false),
  attentionMasked: calls(true),
  attentionBackward: pulls(false),
  attentionMaskedBackward: pulls(true),
};
