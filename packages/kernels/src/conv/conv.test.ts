import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import type { FusedActivation } from '../fused/ending.js';
import type { DispatchedKernel } from '../kernel.js';
import { contiguousStrides } from '../layout.js';
import { setDeterministic } from '../wasm/features.js';
import {
  type ConvolutionAttributes,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from './convolution.js';
import { outputExtent } from './geometry.js';
import { maxPool, maxPoolScatter, sumPool, sumPoolTranspose } from './pooling.js';

afterEach(() => setDeterministic(false));

const axis = fc.record({
  n: fc.integer({ min: 0, max: 7 }),
  window: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  before: fc.nat({ max: 2 }),
  after: fc.nat({ max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
});
const flat = fc.constant({ n: 1, window: 1, stride: 1, before: 0, after: 0, dilation: 1 });

const cases = fc.record({
  axes: fc.tuple(fc.oneof({ weight: 3, arbitrary: flat }, { weight: 1, arbitrary: axis }), axis, axis),
  batch: fc.nat({ max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  from: fc.integer({ min: 1, max: 5 }),
  to: fc.integer({ min: 1, max: 6 }),
  depthwise: fc.boolean(),
  dtype: fc.constantFrom<DType>('float32', 'float64'),
  seed: fc.nat(),
  deterministic: fc.boolean(),
});

type Axes = readonly {
  readonly n: number;
  readonly window: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly dilation: number;
}[];

/** The attributes of windows on those axes. */
const windowsOf = (axes: Axes): Omit<ConvolutionAttributes, 'groups'> =>
  ({
    window: axes.map((a) => a.window),
    strides: axes.map((a) => a.stride),
    padding: axes.map((a) => [a.before, a.after]),
    dilations: axes.map((a) => a.dilation),
    input: axes.map((a) => a.n),
  }) as unknown as Omit<ConvolutionAttributes, 'groups'>;

const placesOf = (axes: Axes): number[] =>
  axes.map((a) => outputExtent(a.n, a.window, a.stride, [a.before, a.after], a.dilation));

function filled(dtype: DType, shape: readonly number[], seed: number): Block {
  const block = newBlock(dtype, shape, false);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = Math.sin(seed + 1.7 * i);
  return block;
}

/** The same numbers, every other element of memory. */
function strided(x: Block): Block {
  const memory = newBlock(x.dtype, [x.size, 2], false);
  const view = memory.view({
    shape: x.shape,
    strides: contiguousStrides(x.shape).map((s) => 2 * s),
    offset: memory.offset,
  });
  for (let i = 0; i < x.size; i++) memory.data[memory.offset + 2 * i] = x.data[x.offset + i]!;
  return view;
}

function expectSame<A>(
  kernel: DispatchedKernel<A>,
  shape: readonly number[],
  inputs: readonly Block[],
  attributes: A,
): void {
  const { dtype } = inputs[0]!;
  const run = (f: typeof kernel.plain, given: readonly Block[]): ArrayLike<number> => {
    const out = filled(dtype, shape, 5);
    f(out, given, attributes);
    return copyOut(out);
  };
  const wanted = run(kernel.plain, inputs);
  const tolerance = dtype === 'float32' ? 2e-5 : 1e-13;
  for (const given of [inputs, inputs.map(strided)]) {
    const got = run(kernel, given);
    for (let i = 0; i < wanted.length; i++) {
      const error = Math.abs(got[i]! - wanted[i]!);
      if (!(got[i] === wanted[i] || error <= tolerance * Math.max(1, Math.abs(wanted[i]!))))
        throw new Error(`element ${i}: got ${got[i]}, expected ${wanted[i]}`);
    }
  }
}

it('convolution and its transposes agree with their plain loops, whatever the windows', () => {
  fc.assert(
    fc.property(cases, ({ axes, batch, groups, from, to, depthwise, dtype, seed, deterministic }) => {
      setDeterministic(deterministic);
      const [inputs, outputs] = depthwise ? [1, 1] : [from, to];
      const attributes = { ...windowsOf(axes), groups: depthwise ? 3 * groups + 2 : groups };
      const places = placesOf(axes);
      const shapes = {
        x: [batch, ...attributes.input, attributes.groups * inputs],
        filter: [...attributes.window, inputs, attributes.groups * outputs],
        y: [batch, ...places, attributes.groups * outputs],
      };
      const [x, filter, g] = [
        filled(dtype, shapes.x, seed),
        filled(dtype, shapes.filter, seed + 1),
        filled(dtype, shapes.y, seed + 2),
      ];
      expectSame(convolution, shapes.y, [x, filter], attributes);
      expectSame(convolutionInputGradient, shapes.x, [g, filter], attributes);
      expectSame(convolutionFilterGradient, shapes.filter, [x, g], attributes);
    }),
  );
});

const endings = fc.constantFrom<FusedActivation | null>(null, 'relu', 'tanh', 'sigmoid');

/** activation(y + bias) in double precision, from what the plain loop makes of y. */
function ended(
  kernel: typeof convolution,
  shape: readonly number[],
  inputs: readonly Block[],
  bias: Block,
  attributes: ConvolutionAttributes,
  activation: FusedActivation | null,
): number[] {
  const y = newBlock(bias.dtype, shape, false);
  kernel.plain(y, inputs, attributes);
  const biases = copyOut(bias);
  const last = { relu: (v: number) => Math.max(v, 0), tanh: Math.tanh, sigmoid: (v: number) => 1 / (1 + Math.exp(-v)) };
  return Array.from(copyOut(y), (v, i) => {
    const z = Number(v) + Number(biases[i % bias.size]);
    return activation === null ? z : last[activation](z);
  });
}

it('convolutions, and transposed ones, end with a bias and an activation as they would one after the other', () => {
  fc.assert(
    fc.property(
      cases,
      endings,
      ({ axes, batch, groups, from, to, depthwise, dtype, seed, deterministic }, activation) => {
        setDeterministic(deterministic);
        const attributes = { ...windowsOf(axes), groups: depthwise ? 3 * groups + 2 : groups };
        const places = placesOf(axes);
        const [inputs, outputs] = [depthwise ? 1 : from, depthwise ? 1 : to].map((n) => n * attributes.groups) as [
          number,
          number,
        ];
        const [xShape, yShape] = [
          [batch, ...attributes.input, inputs],
          [batch, ...places, outputs],
        ];
        const filter = filled(dtype, [...attributes.window, inputs / attributes.groups, outputs], seed + 1);
        for (const [kernel, shape, given] of [
          [convolution, yShape, filled(dtype, xShape, seed)],
          [convolutionInputGradient, xShape, filled(dtype, yShape, seed)],
        ] as const) {
          const bias = filled(dtype, [shape.at(-1)!], seed + 2);
          expectSame(kernel, shape, [given, filter, bias], { ...attributes, activation });
          const wanted = ended(kernel, shape, [given, filter], bias, attributes, activation);
          const out = newBlock(dtype, shape, false);
          kernel.plain(out, [given, filter, bias], { ...attributes, activation });
          // A rounding for the bias and one or two for the function, whose slope times its argument is at most 1 (relu's: the result).
          const tolerance = dtype === 'float32' ? 2e-5 : 1e-13;
          for (const [i, got] of copyOut(out).entries())
            expect(Math.abs(Number(got) - wanted[i]!)).toBeLessThanOrEqual(
              tolerance * Math.max(1, Math.abs(wanted[i]!)),
            );
        }
      },
    ),
  );
});

it('relu at the end of a convolution keeps NaN and makes no −0', () => {
  const none = [0, 0] as const;
  const attributes = {
    window: [1, 1, 2],
    strides: [1, 1, 1],
    padding: [none, none, none],
    dilations: [1, 1, 1],
    input: [1, 1, 9],
    groups: 1,
    activation: 'relu',
  } as const;
  const [x, filter, bias] = [
    filled('float32', [1, 1, 1, 9, 1], 1),
    filled('float32', [1, 1, 2, 1, 5], 2),
    filled('float32', [5], 3),
  ];
  x.data.fill(0, x.offset, x.offset + 9);
  x.data[x.offset + 4] = Number.NaN;
  bias.data.fill(-0, bias.offset, bias.offset + 5);
  const out = newBlock('float32', [1, 1, 1, 8, 5], false);
  convolution(out, [x, filter, bias], attributes);
  const wanted = Float32Array.from({ length: 40 }, (_, i) => (i >= 15 && i < 25 ? Number.NaN : 0));
  expect(copyOut(out)).toEqual(wanted);
});

it('poolings agree with their plain loops', () => {
  fc.assert(
    fc.property(cases, ({ axes, batch, from, dtype, seed }) => {
      const attributes = windowsOf(axes);
      const places = placesOf(axes);
      const [shape, pooled] = [
        [batch, ...attributes.input, from],
        [batch, ...places, from],
      ];
      const x = filled(dtype, shape, seed);
      if (x.size > 3) x.data[x.offset + 2] = Number.NaN;
      expectSame(sumPool, pooled, [filled(dtype, shape, seed)], attributes);
      expectSame(sumPoolTranspose, shape, [filled(dtype, pooled, seed)], attributes);
      const run = (f: typeof maxPool.plain): unknown => {
        const out = newBlock(dtype, pooled, false);
        f(out, [x], attributes);
        return copyOut(out);
      };
      expect(run(maxPool)).toEqual(run(maxPool.plain));
    }),
  );
});

it('windows of four that lie apart give back what the plain loop gives back: ties, NaN, rows and columns without a window', () => {
  const extents = fc.record({
    height: fc.integer({ min: 2, max: 7 }),
    width: fc.integer({ min: 2, max: 7 }),
    channels: fc.integer({ min: 1, max: 9 }),
    stride: fc.integer({ min: 2, max: 3 }),
    dtype: fc.constantFrom('float32' as const, 'float64' as const),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(extents, ({ height, width, channels, stride, dtype, seed }) => {
      const none = [0, 0] as const;
      const attributes = {
        window: [1, 2, 2],
        strides: [1, stride, stride],
        padding: [none, none, none],
        dilations: [1, 1, 1],
        input: [1, height, width],
      } as const;
      const [h, w] = [height, width].map((n) => Math.floor((n - 2) / stride) + 1) as [number, number];
      const shape = [2, 1, height, width, channels];
      const [x, v] = [filled(dtype, shape, seed), filled(dtype, [2, 1, h, w, channels], seed + 1)];
      for (let i = 0; i < x.size; i++) x.data[x.offset + i] = Math.round(2 * x.data[x.offset + i]!);
      x.data[x.offset + (seed % x.size)] = Number.NaN;
      const [ours, plain] = [maxPoolScatter, maxPoolScatter.plain].map((run) => {
        const out = newBlock(dtype, shape, false);
        out.data.fill(7, out.offset, out.offset + out.size);
        run(out, [v, x], attributes);
        return copyOut(out);
      });
      expect(ours).toEqual(plain);
    }),
  );
});

it('max pooling and what flows back through it agree with their plain loops: ties, NaN, with and without padding', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), ({ axes, batch, from, dtype, seed }, padded) => {
      const attributes = {
        window: axes.map((a) => a.window),
        strides: axes.map((a) => a.stride),
        padding: axes.map((a) => (padded ? [a.before, a.after] : [0, 0])),
        dilations: axes.map((a) => a.dilation),
        input: axes.map((a) => a.n),
      } as unknown as ConvolutionAttributes;
      const places = axes.map((a, k) => outputExtent(a.n, a.window, a.stride, attributes.padding[k as 0], a.dilation));
      const [shape, pooled] = [
        [batch, ...attributes.input, from],
        [batch, ...places, from],
      ];
      const [x, v] = [filled(dtype, shape, seed), filled(dtype, pooled, seed + 1)];
      // Few values, so that windows hold equal ones.
      for (let i = 0; i < x.size; i++) x.data[x.offset + i] = Math.round(2 * x.data[x.offset + i]!);
      if (x.size > 3) x.data[x.offset + 2] = Number.NaN;
      const run = (f: typeof maxPool.plain, out: Block, inputs: readonly Block[]): unknown => {
        f(out, inputs, attributes);
        return copyOut(out);
      };
      const [forward, backward] = [() => newBlock(dtype, pooled, false), () => newBlock(dtype, shape, false)];
      expect(run(maxPool, forward(), [x])).toEqual(run(maxPool.plain, forward(), [x]));
      expect(run(maxPoolScatter, backward(), [v, x])).toEqual(run(maxPoolScatter.plain, backward(), [v, x]));
    }),
    { numRuns: 200 },
  );
});
