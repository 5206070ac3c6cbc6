import fc from 'fast-check';
import { type Block, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import type { DispatchedKernel } from '../kernel.js';
import { setDeterministic } from '../wasm/features.js';
import {
  type ConvolutionAttributes,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from './convolution.js';
import { geometryOf } from './geometry.js';
import { forwardTiling, inputGradientTiling } from './minimal.js';

afterEach(() => setDeterministic(false));

const axis = fc.record({
  n: fc.integer({ min: 4, max: 15 }),
  window: fc.integer({ min: 2, max: 5 }),
  before: fc.nat({ max: 3 }),
  after: fc.nat({ max: 3 }),
});

const cases = fc.record({
  axes: fc.tuple(axis, axis),
  batch: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 2 }),
  from: fc.integer({ min: 6, max: 13 }),
  to: fc.integer({ min: 6, max: 18 }),
  dtype: fc.constantFrom<DType>('float32', 'float64'),
  seed: fc.nat({ max: 1000 }),
  deterministic: fc.boolean(),
});

/** Numbers without a pattern: sums that cancel would be small beside the rounding of what they are sums of. */
function filled(dtype: DType, shape: readonly number[], seed: number): Block {
  const block = newBlock(dtype, shape, false);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = ((Math.sin(seed + 12.9898 * i) * 43758) % 2) / 2;
  return block;
}

/** Differences of some times the rounding of a sum, in units of the root of the mean square. */
function expectNear<A>(
  kernel: DispatchedKernel<A>,
  shape: readonly number[],
  inputs: readonly Block[],
  attributes: A,
): void {
  const { dtype } = inputs[0]!;
  const [got, wanted] = [filled(dtype, shape, 5), filled(dtype, shape, 6)];
  kernel(got, inputs, attributes);
  kernel.plain(wanted, inputs, attributes);
  const at = (block: Block, i: number): number => block.data[block.offset + i]!;
  let squares = 0;
  for (let i = 0; i < wanted.size; i++) squares += at(wanted, i) ** 2;
  const tolerance = (dtype === 'float32' ? 2e-5 : 5e-14) * Math.sqrt(squares / wanted.size);
  for (let i = 0; i < wanted.size; i++) {
    if (!(Math.abs(at(got, i) - at(wanted, i)) <= tolerance))
      throw new Error(`element ${i}: got ${at(got, i)}, expected ${at(wanted, i)}`);
  }
}

it('convolution with small filters over many channels agrees with its plain loop, to the rounding of its points', () => {
  fc.assert(
    fc.property(cases, ({ axes: [down, across], batch, depth, from, to, dtype, seed, deterministic }) => {
      setDeterministic(deterministic);
      const attributes: ConvolutionAttributes = {
        window: [1, down.window, across.window],
        strides: [1, 1, 1],
        padding: [
          [0, 0],
          [down.before, down.after],
          [across.before, across.after],
        ],
        dilations: [1, 1, 1],
        input: [depth, down.n, across.n],
        groups: 1,
      };
      const shape = [batch, ...attributes.input, from];
      const { output } = geometryOf(shape, attributes);
      fc.pre(output.every((n) => n > 0));
      const [x, filter] = [filled(dtype, shape, seed), filled(dtype, [...attributes.window, from, to], seed + 1)];
      const g = filled(dtype, [batch, ...output, to], seed + 2);
      expectNear(convolution, g.shape, [x, filter], attributes);
      expectNear(convolutionInputGradient, shape, [g, filter], attributes);
      expectNear(convolutionFilterGradient, filter.shape, [x, g], attributes);
      const ended = { ...attributes, activation: seed % 2 === 0 ? null : 'relu' } as const;
      expectNear(convolution, g.shape, [x, filter, filled(dtype, [to], seed + 3)], ended);
      expectNear(convolutionInputGradient, shape, [g, filter, filled(dtype, [from], seed + 3)], ended);
    }),
    { numRuns: 60 },
  );
});

it('is for windows that move by one over enough places and channels', () => {
  const attributes = {
    window: [1, 3, 3],
    strides: [1, 1, 1],
    padding: [
      [0, 0],
      [1, 1],
      [1, 1],
    ],
    dilations: [1, 1, 1],
  } as const;
  const tiling = forwardTiling(geometryOf([2, 1, 10, 8, 16], attributes), 8);
  expect(tiling).toEqual({ images: 2, height: 10, width: 8, taps: [3, 3], places: [4, 4], down: 3, across: 2 });
  expect(inputGradientTiling(geometryOf([2, 1, 10, 8, 16], attributes), 8)).toEqual(tiling);
  for (const [shape, given] of [
    [[2, 1, 10, 8, 3], {}],
    [[1, 1, 2, 2, 16], {}],
    [[2, 1, 10, 8, 16], { strides: [1, 2, 2] }],
    [[2, 1, 10, 8, 16], { dilations: [1, 1, 2] }],
    [[2, 3, 10, 8, 16], { window: [2, 3, 3] }],
    [[2, 1, 10, 8, 16], { window: [1, 7, 7] }],
  ] as const)
    expect(forwardTiling(geometryOf(shape, { ...attributes, ...given }), 8)).toBeNull();
});
