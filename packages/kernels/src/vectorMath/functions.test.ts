import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { cbrt, hypot, power, reciprocal, rsqrt } from '../elementwise/arithmetic.js';
import { erf, erfc } from '../elementwise/errorFunction.js';
import { exp2, expm1, log1p, log2, log10, logaddexp, xlogy } from '../elementwise/exponential.js';
import { acosh, asinh, atanh, cosh, sinh } from '../elementwise/hyperbolic.js';
import { acos, asin, atan, atan2, cos, sin, tan } from '../elementwise/trigonometric.js';
import type { DispatchedKernel } from '../kernel.js';
import { setDeterministic } from '../wasm/features.js';
import { simdAvailable } from '../wasm/load.js';
import { largestAngle } from './trigonometric.js';

/** [x, y, rest] or [x₁, x₂, y, rest]: f of the inputs is y + rest, to some 32 digits. From mpmath, by functions.py. */
const fixture = JSON.parse(readFileSync(path.join(__dirname, '../../fixtures/functions.json'), 'utf8')) as Record<
  string,
  number[][]
>;

const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;

afterEach(() => setDeterministic(false));

/** The results of a kernel, SIMD where there is any: in the heap, with and without fused multiply-adds. */
function results(kernel: DispatchedKernel, dtype: DType, inputs: readonly ArrayLike<number>[]): ArrayLike<number>[] {
  const blocks = inputs.map((values) => {
    const block = newBlock(dtype, [values.length], false);
    block.data.set(values, block.offset);
    return block;
  });
  const run = (call: (out: Block) => void): ArrayLike<number> => {
    const out = newBlock(dtype, [inputs[0]!.length], false);
    call(out);
    return copyOut(out);
  };
  return [true, false].map((deterministic) => {
    setDeterministic(deterministic);
    return run((out) => kernel(out, blocks, undefined));
  });
}

function plain(kernel: DispatchedKernel, dtype: DType, inputs: readonly ArrayLike<number>[]): ArrayLike<number> {
  const blocks = inputs.map((values) => {
    const block = newBlock(dtype, [values.length], true);
    block.data.set(values, block.offset);
    return block;
  });
  const out = newBlock(dtype, [inputs[0]!.length], true);
  kernel.plain(out, blocks, undefined);
  return copyOut(out);
}

/** The unit in the last place of `x`. */
function unit(dtype: DType, x: number): number {
  const [bits, least] = dtype === 'float32' ? [23, -126] : [52, -1022];
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.max(least, Number.isFinite(exponent) ? exponent : least) - bits);
}

const close = (dtype: DType, got: number, y: number, rest: number, bound: number): boolean =>
  Object.is(got, y) || Math.abs(got - y - rest) <= bound * unit(dtype, y);

interface Case {
  readonly kernel: DispatchedKernel;
  /** Largest error in ulps, of the vector function in float64. */
  readonly bound: number;
  /** Of its plain loop: V8's own functions are not all as good. */
  readonly plainBound?: number;
}

const unaryCases: Record<string, Case> = {
  exp2: { kernel: exp2, bound: 1.1 },
  expm1: { kernel: expm1, bound: 1.5 },
  log1p: { kernel: log1p, bound: 1.6 },
  log2: { kernel: log2, bound: 1.1 },
  log10: { kernel: log10, bound: 1.1 },
  sin: { kernel: sin, bound: 0.9 },
  cos: { kernel: cos, bound: 0.9 },
  tan: { kernel: tan, bound: 2 },
  asin: { kernel: asin, bound: 1.9 },
  acos: { kernel: acos, bound: 1.5 },
  atan: { kernel: atan, bound: 1 },
  sinh: { kernel: sinh, bound: 2 },
  cosh: { kernel: cosh, bound: 1.7 },
  asinh: { kernel: asinh, bound: 2 },
  acosh: { kernel: acosh, bound: 2 },
  atanh: { kernel: atanh, bound: 2 },
  erf: { kernel: erf, bound: 1.1 },
  erfc: { kernel: erfc, bound: 2 },
  cbrt: { kernel: cbrt, bound: 0.9 },
};
const binaryCases: Record<string, Case> = {
  atan2: { kernel: atan2, bound: 1.6 },
  hypot: { kernel: hypot, bound: 1.6 },
  xlogy: { kernel: xlogy, bound: 1.7 },
  logaddexp: { kernel: logaddexp, bound: 1.6 },
};

describe.each(Object.entries({ ...unaryCases, ...binaryCases }))('%s', (name, { kernel, bound, plainBound = 2 }) => {
  const rows = fixture[name]!;
  const columns = (k: number): number[] => rows.map((row) => row[k]!);
  const inputs = name in unaryCases ? [columns(0)] : [columns(0), columns(1)];
  const [y, rest] = [columns(inputs.length), columns(inputs.length + 1)];

  const worst = (got: ArrayLike<number>): number =>
    Math.max(
      ...y.map((value, i) =>
        Object.is(got[i], value) && rest[i] === 0 ? 0 : Math.abs(got[i]! - value - rest[i]!) / unit('float64', value),
      ),
    );

  it(`is within ${bound} ulp of mpmath's values in float64`, () => {
    for (const got of results(kernel, 'float64', inputs)) {
      expect(worst(got)).toBeLessThanOrEqual(simdAvailable() ? bound : plainBound);
    }
  });

  it(`and its plain loop within ${plainBound} ulp`, () => {
    expect(worst(plain(kernel, 'float64', inputs))).toBeLessThanOrEqual(plainBound);
  });

  const special = [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    2,
    -2,
    3,
    inf,
    -inf,
    nan,
    1e-40,
    -1e-40,
    5e-324,
    88,
    -104,
    709.9,
    -746,
    1e300,
    -1e300,
  ];
  it('has the values of the plain loop at zeros, infinities, NaN, subnormals and in the far', () => {
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    const at = inputs.length === 1 ? [special] : [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
    for (const dtype of ['float32', 'float64'] as const) {
      const expected = plain(kernel, dtype, at);
      for (const got of results(kernel, dtype, at)) {
        for (let i = 0; i < expected.length; i++) {
          if (!close(dtype, got[i]!, expected[i]!, 0, 4)) {
            throw new Error(`${dtype} ${name}(${at.map((x) => x[i])}): got ${got[i]}, expected ${expected[i]}`);
          }
        }
      }
    }
  });
});

/** Every `stride`-th of all float32. */
function floats(stride: number): Float32Array {
  const count = Math.floor(2 ** 32 / stride);
  const bits = new Uint32Array(count);
  for (let i = 0; i < count; i++) bits[i] = i * stride;
  return new Float32Array(bits.buffer);
}

const everywhere: Record<string, DispatchedKernel> = {
  ...Object.fromEntries(Object.entries(unaryCases).map(([name, { kernel }]) => [name, kernel])),
  rsqrt,
  reciprocal,
};

/** In float32; less than 0.51 for those that are computed in float64 and rounded once. */
const bounds: Readonly<Record<string, number>> = { rsqrt: 1.5, erf: 1.4, erfc: 0.7, sin: 1.6, cos: 1.6 };

describe.each(Object.entries(everywhere))('%s', (name, kernel) => {
  const bound = bounds[name] ?? 0.51;
  it(`is within ${bound} ulp over all float32 (every 19997th bit pattern)`, () => {
    let x = floats(19997);
    // Beyond, the plain loop takes all.
    if (['sin', 'cos', 'tan'].includes(name)) x = x.filter((value) => Math.abs(value) <= largestAngle);
    const wanted = plain(kernel, 'float64', [Float64Array.from(x)]);
    for (const got of results(kernel, 'float32', [x])) {
      for (let i = 0; i < x.length; i++) {
        const rounded = Math.fround(wanted[i]!);
        if (Object.is(got[i], rounded)) continue;
        const error = Math.abs(got[i]! - wanted[i]!) / unit('float32', wanted[i]!);
        if (!(error <= bound)) throw new Error(`${name}(${x[i]}): got ${got[i]}, expected ${wanted[i]}: ${error} ulp`);
      }
    }
  });
});

describe('power', () => {
  it('is right to the last place in float32, signs and special values as in C', () => {
    const special = [0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 2.5, inf, -inf, nan, 1e-30, 1e30, -1e30, 1e-44, 127, -149];
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    for (let i = 0; i < 4000; i++) pairs.push([Math.exp((i % 83) - 41 + (i % 7) / 7), (i % 97) / 9.7 - 5]);
    const at = [Float32Array.from(pairs, ([a]) => a), Float32Array.from(pairs, ([, b]) => b)];
    const wanted = plain(power, 'float64', at);
    for (const got of results(power, 'float32', at)) {
      for (let i = 0; i < wanted.length; i++) {
        const rounded = Math.fround(wanted[i]!);
        if (Object.is(got[i], rounded)) continue;
        const error = Math.abs(got[i]! - wanted[i]!) / unit('float32', wanted[i]!);
        if (!(error <= 0.51)) throw new Error(`${at[0]![i]} ** ${at[1]![i]}: got ${got[i]}, expected ${wanted[i]}`);
      }
    }
  });
});

describe('sin, cos and tan', () => {
  it('of large angles among small ones are right', () => {
    const x = [1, 1e10, -3e15, 2, 1e300, inf, nan];
    for (const [kernel, f] of [
      [sin, Math.sin],
      [cos, Math.cos],
      [tan, Math.tan],
    ] as const) {
      for (const got of results(kernel, 'float64', [x])) {
        for (const [i, value] of x.entries()) expect(close('float64', got[i]!, f(value), 0, 2)).toBe(true);
      }
    }
  });
});
