import fc from 'fast-check';
import { newBlock } from '../block.js';
import { type DType, dtypes, isFloating } from '../dtype.js';
import { anyBlocks, build, unwritten } from '../testing/arbitraries.js';
import { stored, valuesOf } from '../testing/reference.js';
import { cast } from './cast.js';

describe('cast(x)', () => {
  it('drops fractions, wraps, rounds, and makes everything but 0 true', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), fc.constantFrom(...dtypes), (recipe, dtype) => {
        const x = build(recipe);
        const out = unwritten(dtype, x.shape);
        cast(out, [x], {});
        const signless = (v: number): number => (isFloating(dtype) ? v : v + 0);
        expect(valuesOf(out)).toEqual(
          valuesOf(x).map((v) => (dtype === 'bool' ? Number(v !== 0) : stored(dtype, signless(v)))),
        );
      }),
    );
  });

  it.each<[DType, DType, number[], number[]]>([
    ['float32', 'int32', [1.9, -1.9, Number.NaN, Infinity, 2 ** 31], [1, -1, 0, 0, -(2 ** 31)]],
    ['float64', 'uint8', [255, 256, -1, 0.5], [255, 0, 255, 0]],
    ['float64', 'bool', [0.25, -0, 256, Number.NaN], [1, 0, 1, 1]],
    ['int32', 'bool', [256, 0, -1], [1, 0, 1]],
    ['bool', 'float32', [1, 0], [1, 0]],
    ['float64', 'float32', [1e300, 1 + 2 ** -30], [Infinity, 1]],
  ])('%s to %s', (from, to, values, expected) => {
    const x = newBlock(from, [values.length], true);
    x.data.set(values, x.offset);
    const out = unwritten(to, [values.length]);
    cast(out, [x], {});
    expect(valuesOf(out)).toEqual(expected);
  });

  it('in SIMD gives the bits of the plain loop, for numbers at the edges of what fits too', () => {
    const edges = [0, -0, 0.5, -0.5, 255.9, 256, -1, 2 ** 31 - 1, 2 ** 31 - 128, -(2 ** 31) + 128, -2147483647.5];
    const beyond = [2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 + 7, 1e20, Infinity, -Infinity, 1e-46, 1e300, 5e-324];
    const cases = fc.record({
      from: fc.constantFrom(...dtypes),
      to: fc.constantFrom(...dtypes),
      size: fc.integer({ min: 128, max: 200 }),
      kinds: fc.array(fc.oneof(fc.constantFrom(...edges, Number.NaN), fc.double({ min: -1e9, max: 1e9 })), {
        minLength: 1,
        maxLength: 50,
      }),
      one: fc.option(fc.constantFrom(...beyond)),
    });
    fc.assert(
      fc.property(cases, ({ from, to, size, kinds, one }) => {
        const x = newBlock(from, [size], false);
        for (let i = 0; i < size; i++) {
          const value = one !== null && i === kinds.length % size ? one : kinds[i % kinds.length]!;
          x.data[x.offset + i] = from === 'bool' ? Number(value > 0) : value;
        }
        const results = [cast, cast.plain].map((run) => {
          const whole = unwritten(to, [size + 1]);
          run(whole.view({ shape: [size], strides: [1], offset: whole.offset }), [x], {});
          return valuesOf(whole);
        });
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });
});
