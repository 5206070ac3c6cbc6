import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { setDeterministic } from '../wasm/features.js';
import {
  type AffineNormalizeAttributes,
  affineNormalize,
  affineNormalizeBackward,
  columnMoments,
} from './affineNormalize.js';
import { normalize, normalizeBackward } from './normalize.js';
import { rmsNormalize, rmsNormalizeBackward } from './rmsNormalize.js';
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './softmax.js';

afterEach(() => setDeterministic(false));

const cases = fc.record({
  shape: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
  dtype: fc.constantFrom<DType>('float32', 'float64'),
  spread: fc.constantFrom(1, 30),
  mean: fc.constantFrom(0, 1000),
  special: fc.constantFrom(null, -Infinity, Number.NaN),
  deterministic: fc.boolean(),
});

/** Enough for axes that are normalized and axes that are not to alternate. */
const fourAxes = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 4 });

function block(dtype: DType, shape: readonly number[], value: (i: number) => number) {
  const x = newBlock(dtype, shape, false);
  for (let i = 0; i < x.size; i++) x.data[x.offset + i] = value(i);
  return x;
}

const epsilon = 0.1;

/**
 * How far a normalized number may be off: a mean is rounded as the largest number is, and a row without any spread is stretched by 1/√ε.
 * Sixteen roundings leave room for those of the sums.
 */
function toleranceOf(dtype: DType, mean: number, spread: number): number {
  return dtype === 'float32' ? Math.max(2e-5, (16 * 2 ** -24 * (mean + spread)) / Math.sqrt(epsilon)) : 1e-9;
}

/** Going back, the stretched number stands twice, beside a gradient of up to 1.5, and the whole is stretched once more. */
const backwardFactor = 10;

const runs = { numRuns: Math.max(300, fc.readConfigureGlobal().numRuns ?? 0) };

function expectNear(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [got[i]!, wanted[i]!];
    if (!(Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))))
      throw new Error(`element ${i}: got ${a}, expected ${b}`);
  }
}

it('softmax and logSoftmax agree with their plain loops, along any axis', () => {
  fc.assert(
    fc.property(cases, fc.nat(), ({ shape, seed, dtype, spread, special, deterministic }, axisSeed) => {
      setDeterministic(deterministic);
      const x = block(dtype, shape, (i) =>
        special !== null && i === seed % 7 ? special : spread * Math.sin(seed + 1.3 * i),
      );
      const attributes = { axis: axisSeed % shape.length };
      for (const kernel of [softmax, logSoftmax]) {
        const [got, wanted] = [kernel, kernel.plain].map((run) => {
          const out = newBlock(dtype, shape, false);
          run(out, [x], attributes);
          return copyOut(out);
        });
        expectNear(got!, wanted!, dtype === 'float32' ? 5e-7 : 2e-15);
      }
    }),
    runs,
  );
});

it('normalize agrees with its plain loop, over any axes', () => {
  fc.assert(
    fc.property(cases, fourAxes, fc.nat(), ({ seed, dtype, spread, mean, deterministic }, shape, axesSeed) => {
      setDeterministic(deterministic);
      const x = block(dtype, shape, (i) => mean + spread * Math.sin(seed + 1.3 * i));
      const axes = shape.map((_, i) => i).filter((i) => (axesSeed >> i) & 1);
      const [got, wanted] = [normalize, normalize.plain].map((run) => {
        const out = newBlock(dtype, shape, false);
        run(out, [x], { axes, epsilon });
        return copyOut(out);
      });
      expectNear(got!, wanted!, toleranceOf(dtype, mean, spread));
    }),
    runs,
  );
});

it('what flows back through softmax and logSoftmax agrees with the plain loops, along any axis', () => {
  fc.assert(
    fc.property(cases, fc.nat(), ({ shape, seed, dtype, spread, special, deterministic }, axisSeed) => {
      setDeterministic(deterministic);
      const g = block(dtype, shape, (i) =>
        special !== null && i === seed % 7 ? special : spread * Math.cos(seed + i),
      );
      const y = block(dtype, shape, (i) => 0.5 * Math.sin(seed + 1.3 * i));
      const attributes = { axis: axisSeed % shape.length };
      for (const kernel of [softmaxBackward, logSoftmaxBackward]) {
        const [got, wanted] = [kernel, kernel.plain].map((run) => {
          const out = newBlock(dtype, shape, false);
          run(out, [g, y], attributes);
          return copyOut(out);
        });
        expectNear(got!, wanted!, dtype === 'float32' ? 1e-4 : 1e-12);
      }
    }),
    runs,
  );
});

it('what flows back through normalize agrees with the plain loop, over any axes', () => {
  fc.assert(
    fc.property(cases, fourAxes, fc.nat(), ({ seed, dtype, spread, mean, deterministic }, shape, axesSeed) => {
      setDeterministic(deterministic);
      const x = block(dtype, shape, (i) => mean + spread * Math.sin(seed + 1.3 * i));
      const g = block(dtype, shape, (i) => Math.cos(seed + 2.1 * i) + 0.5);
      const axes = shape.map((_, i) => i).filter((i) => (axesSeed >> i) & 1);
      const [got, wanted] = [normalizeBackward, normalizeBackward.plain].map((run) => {
        const out = newBlock(dtype, shape, false);
        run(out, [g, x], { axes, epsilon });
        return copyOut(out);
      });
      expectNear(got!, wanted!, backwardFactor * toleranceOf(dtype, mean, spread));
    }),
    runs,
  );
});

it('with a scale and a shift, there and back, agrees with the plain loops, along rows and columns', () => {
  fc.assert(
    fc.property(
      cases,
      fc.constantFrom('rows' as const, 'columns' as const),
      fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      fc.constantFrom(1, 40),
      ({ shape, seed, dtype, mean, spread, deterministic }, along, wanted, times) => {
        setDeterministic(deterministic);
        const rows = (shape[0] ?? 1) * times;
        const columns = shape.at(-1)!;
        const x = block(dtype, [rows, columns], (i) => mean + spread * Math.sin(seed + 1.3 * i));
        const g = block(dtype, [rows, columns], (i) => Math.cos(seed + 2.1 * i) + 0.5);
        const [scale, shift] = [1, 2].map((k) => block(dtype, [columns], (i) => Math.sin(k * i + seed)));
        const attributes: AffineNormalizeAttributes = { along, count: along === 'rows' ? columns : rows, epsilon };
        const tolerance = toleranceOf(dtype, mean, spread);
        const compare = (size: number, run: (kernel: 'dispatched' | 'plain', out: Block) => void, factor = 1): void => {
          const [got, expected] = (['dispatched', 'plain'] as const).map((kernel) => {
            const out = newBlock(dtype, [size], false);
            run(kernel, out);
            return copyOut(out);
          });
          expectNear(got!, expected!, tolerance * factor);
        };
        compare(x.size, (which, out) => {
          const run = which === 'plain' ? affineNormalize.plain : affineNormalize;
          run(out, [x, scale!, shift!], attributes);
        });
        const sizes = [x.size, columns, columns].filter((_, i) => wanted[i]);
        compare(
          sizes.reduce((sum, size) => sum + size, 0),
          (which, out) => {
            const run = which === 'plain' ? affineNormalizeBackward.plain : affineNormalizeBackward;
            run(out, [g, x, scale!, shift!, x], { attributes, wanted });
          },
          backwardFactor,
        );
        if (rows > 0)
          compare(2 * columns, (which, out) => (which === 'plain' ? columnMoments.plain : columnMoments)(out, [x], {}));
      },
    ),
    runs,
  );
});

it('over root mean squares, there and back, agrees with the plain loops', () => {
  fc.assert(
    fc.property(
      cases,
      fc.constantFrom([true, true], [true, false], [false, true]),
      fc.constantFrom(1, 40, 150),
      ({ shape, seed, dtype, mean, spread, deterministic }, wanted, times) => {
        setDeterministic(deterministic);
        const [rows, columns] = [shape[0]! * times, shape.at(-1)!];
        const x = block(dtype, [rows, columns], (i) => mean + spread * Math.sin(seed + 1.3 * i));
        const g = block(dtype, [rows, columns], (i) => Math.cos(seed + 2.1 * i) + 0.5);
        const scale = block(dtype, [columns], (i) => Math.sin(i + seed));
        const attributes = { epsilon };
        const tolerance = dtype === 'float32' ? 3e-5 : 1e-13;
        const results = (size: number, runs: readonly ((out: Block) => void)[]): ArrayLike<number>[] =>
          runs.map((run) => {
            const out = newBlock(dtype, [size], false);
            run(out);
            return copyOut(out);
          });
        const [got, expected] = results(
          x.size,
          [rmsNormalize, rmsNormalize.plain].map((run) => (out) => run(out, [x, scale], attributes)),
        );
        expectNear(got!, expected!, tolerance);
        const [gotBack, expectedBack] = results(
          (wanted[0] ? x.size : 0) + (wanted[1] ? columns : 0),
          [rmsNormalizeBackward, rmsNormalizeBackward.plain].map(
            (run) => (out) => run(out, [g, x, scale], { attributes, wanted }),
          ),
        );
        expectNear(gotBack!, expectedBack!, 10 * tolerance);
      },
    ),
    runs,
  );
});
