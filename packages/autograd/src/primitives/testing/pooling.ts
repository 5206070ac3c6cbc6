import fc from 'fast-check';
import type { Call, Examples } from './call.js';
import { coveringWindows } from './windows.js';

const calls = (...names: readonly ('x' | 'v')[]): fc.Arbitrary<Call> =>
  fc.tuple(coveringWindows, fc.integer({ min: 1, max: 3 })).map(([{ attributes, batch, output }, channels]): Call => {
    const shapes = { x: [batch, ...attributes.input, channels], v: [batch, ...output, channels] };
    return { smooth: names.map((name) => shapes[name]), attributes };
  });

export const examples: Examples = {
  sumPool: calls('x'),
  sumPoolTranspose: calls('v'),
  maxPool: calls('x'),
  maxPoolScatter: calls('v', 'x'),
  maxPoolGather: calls('x', 'x'),
};
