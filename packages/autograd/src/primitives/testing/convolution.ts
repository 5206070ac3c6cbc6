import fc from 'fast-check';
import type { Call, Examples } from './call.js';
import { windows } from './windows.js';

/** x [batch, …, groups · from], filter [..., from, groups · to] and g [batch, …, groups · to]: two of them, by their place. */
const calls = (first: 'x' | 'g', second: 'filter' | 'g'): fc.Arbitrary<Call> =>
  fc
    .tuple(windows, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }))
    .map(([{ attributes, batch, output }, groups, from, to]): Call => {
      const shapes = {
        x: [batch, ...attributes.input, groups * from],
        filter: [...attributes.window, from, groups * to],
        g: [batch, ...output, groups * to],
      };
      return { smooth: [shapes[first], shapes[second]], attributes: { ...attributes, groups } };
    });

export const examples: Examples = {
  convolution: calls('x', 'filter'),
  convolutionInputGradient: calls('g', 'filter'),
  convolutionFilterGradient: calls('x', 'g'),
};
