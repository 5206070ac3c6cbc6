import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import * as activation from '../elementwise/activation.js';
import type { DispatchedKernel } from '../kernel.js';
import { setDeterministic } from '../wasm/features.js';

afterEach(() => setDeterministic(false));

const { gelu, geluBackward, geluTanh, geluTanhBackward, mish, mishBackward, silu, siluBackward, softplus } = activation;
const { elu, eluSlope } = activation;
const kernels: Record<string, DispatchedKernel<never>> = {
  gelu,
  geluBackward,
  geluTanh,
  geluTanhBackward,
  mish,
  mishBackward,
  silu,
  siluBackward,
  softplus,
  elu,
  eluSlope,
};

const backwards: readonly unknown[] = [geluBackward, geluTanhBackward, mishBackward, siluBackward];

/** What a kernel makes of these values; one that takes a cotangent is given `cotangent` for each: of 1 it makes the slope. */
function run(
  kernel: DispatchedKernel<never>,
  which: 'plain' | 'dispatched',
  dtype: DType,
  values: ArrayLike<number>,
  cotangent = 1,
) {
  const [x, g, out] = [0, 1, 2].map(() => newBlock(dtype, [values.length], false)) as [Block, Block, Block];
  x.data.set(values, x.offset);
  g.data.fill(cotangent, g.offset, g.offset + g.size);
  const f = which === 'plain' ? kernel.plain : kernel;
  f(out, backwards.includes(kernel) ? [g, x] : [x], { alpha: 0.75 } as never);
  return copyOut(out);
}

/** Largest error in float32, in ulps: of those that float32 lanes compute more than of those by way of float64. */
const bounds: Readonly<Record<string, number>> = { silu: 1.7, gelu: 1.75, geluBackward: 1.1, geluTanh: 1.9 };

describe.each(Object.keys(kernels))('%s', (name) => {
  const kernel = kernels[name]!;
  const special = [0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-30, -1e-30, 20, -20, 700, -700, 1e30, -1e30];

  const bound = bounds[name] ?? 0.7;

  it(`is within ${bound} ulp of the plain loop in double precision, in float32 (a slope that crosses 0: to 2⁻²⁶)`, () => {
    const x = Float32Array.from({ length: 40001 }, (_, i) => (i - 20000) / 1000);
    const wanted = run(kernel, 'plain', 'float64', Float64Array.from(x));
    for (const deterministic of [true, false]) {
      setDeterministic(deterministic);
      const got = run(kernel, 'dispatched', 'float32', x);
      for (let i = 0; i < x.length; i++) {
        const error = Math.abs(got[i]! - wanted[i]!);
        const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(wanted[i]!) || 1))) - 23);
        if (!(error <= bound * unit || (/Slope|Backward/.test(name) && error <= 2 ** -26)))
          throw new Error(`${name}(${x[i]}): got ${got[i]}, expected ${wanted[i]}`);
      }
    }
  });

  it('agrees with the plain loop in float64 to 1e-14, and at special values', () => {
    const x = [...Array.from({ length: 1001 }, (_, i) => (i - 500) / 40), ...special];
    for (const dtype of ['float32', 'float64'] as const) {
      const wanted = run(kernel, 'plain', dtype, x);
      const got = run(kernel, 'dispatched', dtype, x);
      const tolerance = dtype === 'float32' ? 2e-7 : 1e-14;
      for (let i = 0; i < x.length; i++) {
        const same =
          Object.is(got[i], wanted[i]) ||
          Math.abs(got[i]! - wanted[i]!) <= tolerance * Math.max(1, Math.abs(wanted[i]!));
        if (!same) throw new Error(`${dtype} ${name}(${x[i]}): got ${got[i]}, expected ${wanted[i]}`);
      }
    }
  });
});

it.each(['silu', 'gelu', 'geluBackward'])('%s gives an element the same bits beside common and rare ones', (name) => {
  const x = Float32Array.from({ length: 400 }, (_, i) => (i - 200) / 13);
  for (const deterministic of [true, false]) {
    setDeterministic(deterministic);
    const alone = run(kernels[name]!, 'dispatched', 'float32', x);
    for (const rare of [Number.NaN, Infinity, -Infinity, -100, 3e38]) {
      // One of each turn of the loop takes the careful path.
      const beside = x.map((value, i) => (i % 16 === 5 ? rare : value));
      const got = run(kernels[name]!, 'dispatched', 'float32', beside);
      for (let i = 0; i < x.length; i++) if (i % 16 !== 5) expect(got[i]).toBe(alone[i]);
    }
  }
});

it.each(['geluBackward', 'geluTanhBackward', 'mishBackward', 'siluBackward'])(
  '%s multiplies what it gives for 1',
  (name) => {
    const x = Float64Array.from({ length: 401 }, (_, i) => (i - 200) / 13);
    for (const dtype of ['float32', 'float64'] as const) {
      // The slope is rounded, or not, and their product is.
      const unit = dtype === 'float32' ? 2 ** -24 : 2 ** -53;
      const smallest = dtype === 'float32' ? 2 ** -149 : 2 ** -1074;
      const slopes = run(kernels[name]!, 'dispatched', dtype, x);
      const got = run(kernels[name]!, 'dispatched', dtype, x, -1.7);
      const factor = dtype === 'float32' ? Math.fround(-1.7) : -1.7;
      for (let i = 0; i < x.length; i++)
        expect(Math.abs(got[i]! - factor * slopes[i]!)).toBeLessThanOrEqual(
          3 * unit * Math.abs(factor * slopes[i]!) + 3 * smallest,
        );
    }
  },
);
