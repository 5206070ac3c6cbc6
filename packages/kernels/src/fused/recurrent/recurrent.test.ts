import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../../block.js';
import type { DType } from '../../dtype.js';
import { heapStats } from '../../heap/heap.js';
import type { DispatchedKernel } from '../../kernel.js';
import { sizeOf } from '../../shape.js';
import { arrangements, blockOf, cycle } from '../../testing/heapBlocks.js';
import { setDeterministic } from '../../wasm/features.js';
import type { RecurrentPullAttributes } from './engine.js';
import { gru, gruBackward, gruParts } from './gru.js';
import { lstm, lstmBackward, lstmParts } from './lstm.js';
import { rnnParts, simpleRNN, simpleRNNBackward } from './simpleRNN.js';

interface Layer {
  readonly forward: DispatchedKernel;
  readonly backward: DispatchedKernel<RecurrentPullAttributes>;
  /** Columns of the kernel, in units. */
  readonly gates: number;
  readonly bias: (units: number) => number[];
  readonly states: number;
  readonly packed: (time: number, batch: number, units: number) => number;
}

const total = (shapes: readonly (readonly number[])[]): number => shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);

const layers: Record<string, Layer> = {
  lstm: {
    forward: lstm,
    backward: lstmBackward,
    gates: 4,
    bias: (units) => [4 * units],
    states: 2,
    packed: (...extents) => total(lstmParts(...extents)),
  },
  gru: {
    forward: gru,
    backward: gruBackward,
    gates: 3,
    bias: (units) => [2, 3 * units],
    states: 1,
    packed: (...extents) => total(gruParts(...extents)),
  },
  simpleRNN: {
    forward: simpleRNN,
    backward: simpleRNNBackward,
    gates: 1,
    bias: (units) => [units],
    states: 1,
    packed: (...extents) => total(rnnParts(...extents)),
  },
};

/** Rounding errors grow along the sequence, but the gates keep them small. */
function expectClose(actual: Block, expected: Block, tolerance: number): void {
  const [a, b] = [copyOut(actual), copyOut(expected)];
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!)));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe.each(Object.entries(layers))('%s', (_, { forward, backward, gates, bias, states, packed }) => {
  afterEach(() => setDeterministic(false));

  const shapesOf = (time: number, batch: number, features: number, units: number): number[][] => [
    [time, batch, features],
    [features, gates * units],
    [units, gates * units],
    bias(units),
    ...new Array<number[]>(states).fill([batch, units]),
  ];

  const calls = fc.record({
    dtype: fc.constantFrom<DType>('float32', 'float64'),
    deterministic: fc.boolean(),
    time: fc.constantFrom(0, 1, 2, 5),
    batch: fc.constantFrom(0, 1, 2, 7, 14),
    features: fc.constantFrom(0, 1, 3, 9),
    units: fc.constantFrom(1, 2, 4, 5, 19),
    layout: arrangements,
    masked: fc.boolean(),
    values: fc.array(fc.double({ min: -0.8, max: 0.8, noNaN: true }), { minLength: 1, maxLength: 97 }),
    asked: fc.nat({ max: 63 }),
  });

  it('forward and backward agree with the plain loops for every extent, layout, mask and dtype', () => {
    fc.assert(
      fc.property(calls, ({ dtype, deterministic, time, batch, features, units, layout, masked, values, asked }) => {
        setDeterministic(deterministic);
        const next = cycle(values);
        const shapes = shapesOf(time, batch, features, units);
        const inputs = shapes.map((shape) => blockOf(dtype, shape, layout, next));
        if (masked) inputs.push(blockOf('bool', [time, batch], layout, () => (next() > 0 ? 1 : 0)));
        const size = packed(time, batch, units);
        const [out, expected] = [0, 1].map(() => newBlock(dtype, [size], false)) as [Block, Block];
        const tolerance = (features + units + 20) * (dtype === 'float32' ? 2 ** -21 : 2 ** -50);
        forward(out, inputs, undefined);
        forward.plain(expected, inputs, undefined);
        expectClose(out, expected, tolerance);

        const wanted = inputs.map((_, i) => i < shapes.length && (asked & (1 << i)) !== 0);
        const g = blockOf(dtype, [size], layout, next);
        const parts = total(shapes.filter((_, i) => wanted[i]));
        const [pulled, expectedPulled] = [0, 1].map(() => newBlock(dtype, [parts], false)) as [Block, Block];
        backward(pulled, [g, ...inputs, expected], { wanted });
        backward.plain(expectedPulled, [g, ...inputs, expected], { wanted });
        expectClose(pulled, expectedPulled, tolerance * (batch * time + units + 4));
      }),
    );
  });

  it('agrees where blocks of the matrix kernels end', () => {
    const next = cycle([0.05, -0.125, 0.01, 0.1, -0.03, 0.07, 0.19]);
    const shapes = shapesOf(3, 100, 5, 300);
    const inputs = shapes.map((shape) => blockOf('float32', shape, 'contiguous', next));
    const size = packed(3, 100, 300);
    const [out, expected] = [0, 1].map(() => newBlock('float32', [size], false)) as [Block, Block];
    forward(out, inputs, undefined);
    forward.plain(expected, inputs, undefined);
    expectClose(out, expected, 1e-5);
  });

  it('gives its scratch memory back', () => {
    const inputs = shapesOf(2, 3, 4, 5).map((shape) => blockOf('float32', shape, 'contiguous', () => 0.1));
    const out = newBlock('float32', [packed(2, 3, 5)], false);
    const parts = newBlock('float32', [total(inputs.map(({ shape }) => shape))], false);
    const { liveBytes } = heapStats();
    forward(out, inputs, undefined);
    backward(parts, [out, ...inputs, out], { wanted: inputs.map(() => true) });
    expect(heapStats().liveBytes).toBe(liveBytes);
  });

  it('keeps NaN at masked steps out of everything', () => {
    const inputs = shapesOf(2, 1, 2, 3).map((shape) => blockOf('float32', shape, 'contiguous', () => 0.1));
    inputs[0]!.data.fill(Number.NaN, inputs[0]!.offset + 2, inputs[0]!.offset + 4);
    inputs.push(blockOf('bool', [2, 1], 'contiguous', cycle([1, 0])));
    for (const run of [forward, forward.plain]) {
      const out = newBlock('float32', [packed(2, 1, 3)], false);
      run(out, inputs, undefined);
      expect([...copyOut(out)].every(Number.isFinite)).toBe(true);
    }
  });
});
