import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import * as exact from '../testing/exact.js';
import { setDeterministic } from '../wasm/features.js';
import { simdAvailable } from '../wasm/load.js';
import type { MapKernel } from '../wasm/mapKernel.js';
import { runMap } from '../wasm/runMap.js';
import * as kernels from './kernels.js';

const describeSimd = simdAvailable() ? describe : describe.skip;

interface Case {
  readonly kernel: MapKernel;
  /** In double precision, good to 1 ulp of float64. */
  readonly reference: (x: number) => number;
  readonly exact: (x: exact.Exact) => exact.Exact;
  /** What may be asked of `exact`. */
  readonly domain: fc.Arbitrary<number>;
  /** Largest error, in ulps, of float32 and of float64. */
  readonly bound: number;
  /** Values that must come out to the bit. */
  readonly values: readonly (readonly [number, number])[];
}

const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;
const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const cases: Record<string, Case> = {
  exp: {
    kernel: kernels.exp,
    reference: Math.exp,
    exact: exact.exp,
    domain: fc.oneof(between(-2, 2), between(-745, 709)),
    bound: 1.05,
    values: [
      [0, 1],
      [-0, 1],
      [inf, inf],
      [-inf, 0],
      [nan, nan],
      [1e300, inf],
      [-1e300, 0],
      [710, inf],
    ],
  },
  log: {
    kernel: kernels.log,
    reference: Math.log,
    exact: exact.log,
    domain: fc.oneof(between(0.4, 2.5), fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true })),
    bound: 1,
    values: [
      [1, 0],
      [0, -inf],
      [-0, -inf],
      [-1, nan],
      [-inf, nan],
      [inf, inf],
      [nan, nan],
    ],
  },
  tanh: {
    kernel: kernels.tanh,
    reference: Math.tanh,
    exact: exact.tanh,
    domain: fc.oneof(between(-2, 2), between(-25, 25)),
    bound: 1.5,
    values: [
      [0, 0],
      [-0, -0],
      [inf, 1],
      [-inf, -1],
      [nan, nan],
      [100, 1],
      [1e-40, 1e-40],
      [-5e-324, -5e-324],
    ],
  },
  sigmoid: {
    kernel: kernels.sigmoid,
    reference: (x) => {
      const e = Math.exp(-Math.abs(x));
      return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    },
    exact: exact.sigmoid,
    domain: fc.oneof(between(-4, 4), between(-740, 740)),
    bound: 1.9,
    values: [
      [0, 0.5],
      [-0, 0.5],
      [inf, 1],
      [-inf, 0],
      [nan, nan],
      [1e4, 1],
      [-1e4, 0],
    ],
  },
};

function applied(kernel: MapKernel, dtype: DType, x: Block): Block {
  const out = newBlock(dtype, x.shape, false);
  expect(runMap(kernel, out, [x])).toBe(true);
  return out;
}

function filled(dtype: DType, values: readonly number[]): Block {
  const block = newBlock(dtype, [values.length], false);
  block.data.set(values, block.offset);
  return block;
}

/** The size of a unit in the last place of a float32 near `x`. */
function unit32(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

describeSimd.each(Object.entries(cases))(
  '%s in SIMD',
  (_, { kernel, reference, exact: exactly, domain, bound, values }) => {
    afterEach(() => setDeterministic(false));

    it.each(['float32', 'float64'] as const)('has the right values at the edges of %s', (dtype) => {
      for (const deterministic of [true, false]) {
        setDeterministic(deterministic);
        const result = copyOut(
          applied(
            kernel,
            dtype,
            filled(
              dtype,
              values.map(([x]) => x),
            ),
          ),
        );
        expect([...result]).toEqual([
          ...filledArray(
            dtype,
            values.map(([, y]) => y),
          ),
        ]);
      }
    });

    it(`is within ${bound} ulp over all float32 (every 9973rd bit pattern)`, () => {
      const count = Math.floor(2 ** 32 / 9973);
      const x = newBlock('float32', [count], false);
      const bits = new Uint32Array(x.data.buffer, x.offset * 4, count);
      for (let i = 0; i < count; i++) bits[i] = i * 9973;
      for (const deterministic of [true, false]) {
        setDeterministic(deterministic);
        const [arguments_, results] = [copyOut(x), copyOut(applied(kernel, 'float32', x))];
        let worst = 0;
        for (let i = 0; i < count; i++) {
          const wanted = reference(arguments_[i]!);
          const [result, rounded] = [results[i]!, Math.fround(wanted)];
          if (Object.is(result, rounded)) continue;
          if (!Number.isFinite(rounded) || !Number.isFinite(result)) worst = inf;
          else worst = Math.max(worst, Math.abs(result - wanted) / unit32(wanted));
        }
        expect(worst).toBeLessThanOrEqual(bound);
      }
    });

    it(`is within ${bound} ulp in float64`, () => {
      fc.assert(
        fc.property(fc.array(domain, { minLength: 1, maxLength: 40 }), fc.boolean(), (numbers, deterministic) => {
          setDeterministic(deterministic);
          const results = copyOut(applied(kernel, 'float64', filled('float64', numbers)));
          numbers.forEach((x, i) => {
            expect(exact.ulps(results[i]!, exactly(exact.exactly(x)))).toBeLessThanOrEqual(bound);
          });
        }),
      );
    });

    it('gives an element the same bits wherever it stands', () => {
      fc.assert(
        fc.property(
          fc.constantFrom('float32' as const, 'float64' as const),
          fc.double(),
          fc.integer({ min: 1, max: 40 }),
          (dtype, x, n) => {
            const results = copyOut(applied(kernel, dtype, filled(dtype, new Array<number>(n).fill(x))));
            expect(new Set(results).size).toBe(1);
            // Beside numbers that take the careful path too.
            const mixed = Array.from({ length: n }, (_, i) =>
              i % 3 === 0 ? x : [Number.NaN, -1e30, 5e-324][(i % 4) % 3]!,
            );
            const beside = copyOut(applied(kernel, dtype, filled(dtype, mixed)));
            for (let i = 0; i < n; i += 3) expect(beside[i]).toBe(results[0]);
          },
        ),
      );
    });
  },
);

function filledArray(dtype: DType, values: readonly number[]): Float32Array | Float64Array {
  return dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
}
