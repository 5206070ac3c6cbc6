import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DispatchedKernel } from '../kernel.js';
import { sigmoidBackward, tanhBackward } from './activation.js';
import { squareBackward } from './arithmetic.js';

const single = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
const share = fc.float({ noNaN: true, min: 0, max: 1 });

function blockOf(values: readonly number[]): Block {
  const block = newBlock('float32', [values.length], false);
  block.data.set(values, block.offset);
  return block;
}

const cases: readonly [string, DispatchedKernel, (u: number) => number, fc.Arbitrary<number>][] = [
  ['tanhBackward', tanhBackward, (y) => 1 - y * y, fc.tuple(share, fc.boolean()).map(([y, up]) => (up ? y : -y))],
  ['sigmoidBackward', sigmoidBackward, (y) => y * (1 - y), share],
  ['squareBackward', squareBackward, (x) => 2 * x, single],
];

describe.each(cases)('%s', (_, kernel, derivative, arguments_) => {
  it('is within 2 ulp of g times the derivative in double precision, as SIMD and as the plain loop', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(single, arguments_), { minLength: 1, maxLength: 40 }), (pairs) => {
        const inputs = [0, 1].map((k) => blockOf(pairs.map((pair) => pair[k]!)));
        for (const run of [kernel, kernel.plain]) {
          const out = newBlock('float32', [pairs.length], false);
          run(out, inputs, undefined);
          for (const [i, value] of copyOut(out).entries()) {
            const [g, u] = pairs[i]!;
            const wanted = g * derivative(u);
            const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(wanted) || 1e-45))) - 23);
            expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2 * unit);
          }
        }
      }),
    );
  });
});
