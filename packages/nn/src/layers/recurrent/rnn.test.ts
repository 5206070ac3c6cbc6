import { concat, type NestedArray, ones, type Tensor, tensor, trainMode, zeros } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws, unsettle } from '../../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { Module } from '../../module.js';
import { Masking } from '../core.js';
import type { Cell } from './cell.js';
import { GRUCell } from './gruCell.js';
import { LSTMCell } from './lstmCell.js';
import { GRU, type GRUOptions, LSTM, RNN, SimpleRNN } from './rnn.js';
import { SimpleRNNCell } from './simpleRNNCell.js';

interface KerasCase {
  readonly name: string;
  readonly layer: 'LSTM' | 'GRU' | 'SimpleRNN';
  readonly options: { units: number };
  readonly x: NestedArray;
  readonly mask: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly states: readonly NestedArray[];
  readonly dx: NestedArray;
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const classes = { LSTM, GRU, SimpleRNN };
const cells = { LSTM: LSTMCell, GRU: GRUCell, SimpleRNN: SimpleRNNCell };
const kinds = ['LSTM', 'GRU', 'SimpleRNN'] as const;
const dtype = 'float64' as const;
const mask = tensor([
  [false, true, true, false],
  [true, true, false, true],
]);

/** Hides what a cell can do at once: it goes step by step. */
class StepByStep extends Module implements Cell {
  readonly stateSizes: readonly number[];
  constructor(readonly cell: Cell) {
    super();
    this.stateSizes = cell.stateSizes;
  }
  forward(x: Tensor, states: readonly Tensor[]): readonly [Tensor, readonly Tensor[]] {
    return this.cell.call(x, states) as ReturnType<Cell['forward']>;
  }
  build(inputShape: readonly number[]): void {
    this.cell.build?.(inputShape);
  }
  reset(): void {
    this.cell.reset?.();
  }
  outputOf(states: readonly Tensor[]): Tensor | null {
    return this.cell.outputOf?.(states) ?? null;
  }
}

/** Options of the layers, by kind; those that do not fit a kind left out. */
const sampled = fc
  .record({
    kind: fc.constantFrom(...kinds),
    units: fc.integer({ min: 1, max: 3 }),
    activation: fc.constantFrom('tanh' as const, 'tanh' as const, 'softsign' as const),
    recurrentActivation: fc.constantFrom('sigmoid' as const, 'sigmoid' as const, 'tanh' as const),
    useBias: fc.boolean(),
    resetAfter: fc.boolean(),
    returnSequences: fc.boolean(),
    goBackwards: fc.boolean(),
    zeroOutputForMask: fc.boolean(),
  })
  .map(({ kind, recurrentActivation, resetAfter, ...others }) => ({
    kind,
    options: {
      ...others,
      ...(kind !== 'SimpleRNN' && { recurrentActivation }),
      ...(kind === 'GRU' && { resetAfter }),
      dtype,
    },
  }));

describe('nn.LSTM, GRU and SimpleRNN', () => {
  it.each(fixture<KerasCase>('recurrentOfKeras'))("agree with Keras's formulas, masked: $name", (reference) => {
    const options = { ...reference.options, returnSequences: true, returnState: true, dtype } as const;
    const layer = new classes[reference.layer](options);
    layer.loadStateDict(
      Object.fromEntries(Object.entries(reference.parameters).map(([path, v]) => [path, float64(v)])),
    );
    const x = tensor(reference.x, { dtype, requiresGrad: true });
    const [y, ...states] = layer.call(x, { mask: tensor(reference.mask) });
    expectNear(y, reference.y);
    for (const [i, state] of states.entries()) expectNear(state, reference.states[i]!);
    const loss = y.mul(float64(reference.v)).sum();
    states.reduce((sum, state) => sum.add(state.square().sum()), loss).backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  it('keep the laws of layers', () => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
    );
    checkLayerLaws(
      fc
        .tuple(shapes, sampled)
        .map(([shape, { kind, options }]) => ({ shape, make: () => new classes[kind](options) })),
      { runs: 25, domain: { range: [-1, 1] } },
    );
  });

  it('give the same at once and step by step, in training too: outputs, states and gradients', () => {
    const rates = fc.record({ dropout: fc.constantFrom(0, 0.4), recurrentDropout: fc.constantFrom(0, 0.4) });
    fc.assert(
      fc.property(
        sampled,
        rates,
        fc.boolean(),
        smoothTensors([
          [2, 4, 3],
          [2, 3],
          [2, 3],
        ]),
        ({ kind, options: drawn }, drops, masked, [x, ...given]) => {
          const { returnSequences, goBackwards, zeroOutputForMask, ...cellOptions } = { ...drawn, units: 3, ...drops };
          const shared = { returnSequences, goBackwards, zeroOutputForMask, returnState: true } as const;
          const makeCell = (): Cell => new cells[kind]({ ...cellOptions, seed: 7 });
          const [first, second] = [makeCell(), makeCell()];
          const [fused, slow] = [
            new RNN({ cell: first, ...shared }).build([4, 3]),
            new RNN({ cell: new StepByStep(second), ...shared }).build([4, 3]),
          ];
          unsettle(fused);
          second.loadStateDict(first.stateDict());
          const initialState = given.slice(0, first.stateSizes.length);
          const run = (layer: RNN<true>): NestedArray[] => {
            const input = tensor(x!, { requiresGrad: true });
            const outputs = layer.call(input, { initialState, ...(masked && { mask }) });
            const parts = outputs.map((y, i) => y.mul(direction(y.detach(), i)).sum());
            parts.reduce((sum, part) => sum.add(part)).backward();
            return [...outputs, input.grad!, ...layer.parameters().map((p) => p.grad!)].map((t) => t.toArray());
          };
          const [got, expected] = trainMode(() => [run(fused), run(slow)]);
          for (const [i, values] of got!.entries()) expectNear(float64(values), expected![i]!, 1e-12);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('have the derivatives that differences show, masked, from states, with dropout', () => {
    fc.assert(
      fc.property(
        sampled,
        fc.constantFrom(0, 0.4),
        smoothTensors([
          [2, 4, 2],
          [2, 2],
          [2, 2],
        ]),
        ({ kind, options }, rate, inputs) => {
          const seeded = { ...options, units: 2, recurrentDropout: rate, dropout: rate, returnState: true } as const;
          const layer = new classes[kind](seeded).build([4, 2]);
          unsettle(layer);
          const f = (...[x, ...states]: Tensor[]): Tensor => {
            manualSeed(3);
            const initialState = states.slice(0, layer.cell.stateSizes.length);
            const outputs = trainMode(() => layer.call(x!, { mask, initialState }));
            return concat(outputs.map((y) => y.reshape([-1])));
          };
          for (const k of [0, 1]) gradientAgreesWithDifferences(f, inputs, k);
          const loss = (): Tensor => {
            const y = f(...inputs);
            return y.mul(direction(y.detach(), 7)).sum();
          };
          for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("begin with Keras's parameters: orthogonal for the state, ones for the forget gate", () => {
    const { kernel, recurrentKernel, bias } = new LSTM({ units: 2, inputShape: [5, 3], dtype }).cell;
    expect(kernel.shape).toEqual([3, 8]);
    expectNear(recurrentKernel.matmul(recurrentKernel.T), [
      [1, 0],
      [0, 1],
    ]);
    expect(bias!.toArray()).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(new LSTM({ units: 1, unitForgetBias: false, inputShape: [5, 3] }).cell.bias!.toArray()).toEqual([
      0, 0, 0, 0,
    ]);
    expect(new LSTM({ units: 1, biasInitializer: 'ones', inputShape: [5, 3] }).cell.bias!.toArray()).toEqual([
      1, 1, 1, 1,
    ]);
    expect(new GRU({ units: 2, inputShape: [5, 3] }).cell.bias!.shape).toEqual([2, 6]);
    expect(new GRU({ units: 2, resetAfter: false, inputShape: [5, 3] }).cell.bias!.shape).toEqual([6]);
    expect(
      new SimpleRNN({ units: 2, useBias: false, inputShape: [5, 3] }).namedParameters().map(([path]) => path),
    ).toEqual(['cell.kernel', 'cell.recurrentKernel']);
  });

  it('hold their parameters to regularizers and constraints', () => {
    const layer = new GRU({
      units: 2,
      inputShape: [5, 3],
      kernelRegularizer: 'l2',
      recurrentRegularizer: 'l1',
      biasConstraint: 'nonNeg',
      activityRegularizer: 'l2',
    });
    layer.call(ones([1, 5, 3]));
    expect(layer.losses()).toHaveLength(3);
    expect(layer.cell.bias!.constraint!.name).toBe('nonNeg');
  });
});

describe('recurrent layers: sequences, states and masks', () => {
  const x = float64([
    [
      [1, 2],
      [3, -1],
      [0.5, 0.25],
      [-2, 1],
    ],
    [
      [0, 1],
      [2, 2],
      [-1, 0],
      [1, -1],
    ],
  ]);
  const make = <Options extends object>(kind: (typeof kinds)[number], options: Options): GRU<true> => {
    const layer = new classes[kind]({ units: 3, dtype, kernelInitializer: 'heNormal', returnState: true, ...options });
    return layer as unknown as GRU<true>;
  };
  const twin = (layer: GRU<true>, kind: (typeof kinds)[number], options: Partial<GRUOptions>): GRU<true> => {
    const other = make(kind, options).build([4, 2]);
    other.loadStateDict(layer.stateDict());
    return other;
  };

  it.each(kinds)('%s: the last of the sequence is the output, and h', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const [sequence, h] = layer.call(x);
    const [output] = twin(layer, kind, {}).call(x);
    expect(sequence.shape).toEqual([2, 4, 3]);
    expectNear(output, sequence.slice(null, -1).toArray(), 0);
    expectNear(h!, output.toArray(), 0);
  });

  it.each(kinds)('%s: goBackwards is the layer on the steps in reverse', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const forth = layer.call(x.slice(null, [null, null, -1]));
    const back = twin(layer, kind, { returnSequences: true, goBackwards: true }).call(x);
    for (const [i, y] of back.entries()) expectNear(y, forth[i]!.toArray(), 1e-15);
  });

  it.each(kinds)('%s: a mask skips steps', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const [masked, ...states] = layer.call(x, { mask });
    const [first, ...firstStates] = layer.call(x.slice([0, 1], [1, 3]));
    expectNear(masked.slice(0, [1, 3]), first.slice(0).toArray(), 1e-15);
    for (const [i, state] of states.entries()) expectNear(state.slice([0, 1]), firstStates[i]!.toArray(), 1e-15);
    // Before the first step the state it began with, after the last one what that gave.
    expectNear(masked.slice(0, 0), [0, 0, 0], 0);
    expectNear(masked.slice(0, 3), first.slice(0, 1).toArray(), 1e-15);
    const zeroed = twin(layer, kind, { returnSequences: true, zeroOutputForMask: true });
    expectNear(zeroed.call(x, { mask })[0].slice(0, 3), [0, 0, 0], 0);
    expectNear(twin(layer, kind, { zeroOutputForMask: true }).call(x, { mask })[0].slice(0), [0, 0, 0], 0);
  });

  it('hand the mask on with sequences, in their order, and take the one that travels', () => {
    const layer = new GRU({ units: 2, returnSequences: true, dtype });
    const padded = float64([
      [
        [0, 0],
        [1, 2],
        [3, 4],
      ],
    ]);
    const y = layer.call(new Masking().call(padded));
    expect(maskOf(y)!.toArray()).toEqual([[false, true, true]]);
    expectNear(y.slice(0, 0), [0, 0], 0);
    const explicit = layer.call(padded, { mask: tensor([[false, true, true]]) });
    expectNear(explicit, y.toArray(), 0);
    expect(maskOf(explicit)!.toArray()).toEqual([[false, true, true]]);
    expect(maskOf(layer.call(setMask(padded.mul(1), tensor([[false, true, true]])), { mask: null }))).toBeNull();
    const back = new GRU({ units: 2, returnSequences: true, goBackwards: true, dtype });
    expect(maskOf(back.call(new Masking().call(padded)))!.toArray()).toEqual([[true, true, false]]);
    expect(maskOf(new GRU({ units: 2, dtype }).call(new Masking().call(padded)))).toBeNull();
  });

  it.each(kinds)('%s: stateful, pieces of a sequence are as the whole, masked or not', (kind) => {
    for (const options of [{}, { mask }]) {
      const layer = make(kind, { returnSequences: true });
      const [whole, ...states] = layer.call(x, options);
      const pieces = twin(layer, kind, { returnSequences: true, stateful: true });
      const piece = (from: number, to: number) =>
        pieces.call(x.slice(null, [from, to]), 'mask' in options ? { mask: mask.slice(null, [from, to]) } : {});
      const [first, [second, ...last]] = [piece(0, 1), piece(1, 4)];
      expectNear(concat([first[0], second], { axis: 1 }), whole.toArray(), 1e-14);
      for (const [i, state] of states.entries()) expectNear(last[i]!, state.toArray(), 1e-14);
      expectNear(pieces.states![0]!, states[0]!.toArray(), 1e-14);
      pieces.resetStates();
      expect(pieces.states).toBeNull();
      expectNear(piece(0, 1)[0], first[0].toArray(), 0);
    }
  });

  it('stateful, keep their states out of the state dict, and copy them in clones', () => {
    const layer = new GRU({ units: 2, stateful: true, dtype });
    layer.call(x);
    expect(Object.keys(layer.stateDict())).toEqual(['cell.kernel', 'cell.recurrentKernel', 'cell.bias']);
    const copy = layer.clone();
    expectNear(copy.call(x), layer.call(x).toArray(), 0);
  });

  it('take the state before the first step, one alone without an array', () => {
    const layer = new GRU({ units: 2, dtype });
    const state = float64([
      [1, 2],
      [3, 4],
    ]);
    expectNear(layer.call(x, { initialState: state }), layer.call(x, { initialState: [state] }).toArray(), 0);
    expectNear(layer.call(x, { initialState: zeros([2, 2], { dtype }) }), layer.call(x).toArray(), 0);
  });
});

describe('recurrent layers: dropout', () => {
  const x = ones([2, 5, 40], { dtype: 'float64' });
  const ofOnes = { kernelInitializer: 'ones', recurrentInitializer: 'identity', activation: 'linear', dtype } as const;

  it('drops the same features of the input in all steps of a sequence, others in the next', () => {
    // Without recurrence each output is 40 or so times the mask.
    const layer = new SimpleRNN({
      ...ofOnes,
      units: 40,
      kernelInitializer: 'identity',
      recurrentInitializer: 'zeros',
      dropout: 0.5,
      returnSequences: true,
    });
    const y = layer.call(x);
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, 2]));
    for (let t = 1; t < 5; t++) expect(y.slice(null, t).toArray()).toEqual(y.slice(null, 0).toArray());
    expect(y.slice(0, 0).toArray()).not.toEqual(y.slice(1, 0).toArray());
    expect(layer.call(x).toArray()).not.toEqual(y.toArray());
    expect(layer.eval().call(x).toArray()).toEqual(x.toArray());
  });

  it('drops the same parts of the state in all steps of a sequence', () => {
    const layer = new SimpleRNN({
      ...ofOnes,
      units: 40,
      kernelInitializer: 'identity',
      recurrentDropout: 0.5,
      returnSequences: true,
    });
    const y = layer.call(x);
    // hₜ = 1 + m hₜ₋₁, with m 0 or 2: 1, 1, 1, … or 1, 3, 7, ….
    expect(new Set(y.slice(null, 4).toTypedArray())).toEqual(new Set([1, 31]));
    expect(layer.eval().call(x).slice(0, 4, 0).item()).toBe(5);
  });

  it.each(kinds)('%s: the same numbers from the same seed, and none in inference', (kind) => {
    const make = (seed: number) => {
      manualSeed(1);
      return new classes[kind]({ units: 3, dropout: 0.5, recurrentDropout: 0.5, seed, dtype });
    };
    expect(make(4).call(x).toArray()).toEqual(make(4).call(x).toArray());
    expect(make(4).call(x).toArray()).not.toEqual(make(5).call(x).toArray());
    const [layer, plain] = [make(4).eval(), new classes[kind]({ units: 3, dtype })];
    const y = layer.call(x);
    plain.loadStateDict(layer.stateDict());
    expectNear(plain.call(x), y.toArray(), 1e-14);
  });

  it('has masks of its own for each gate once there is recurrent dropout, as Keras has', () => {
    const cell = new GRUCell({
      ...ofOnes,
      units: 2,
      recurrentActivation: 'linear',
      dropout: 0.5,
      recurrentDropout: 0.5,
      seed: 3,
    });
    const masks = (): unknown => (cell as unknown as { inputMasks: Tensor }).inputMasks.shape;
    cell.call(x.slice(null, 0), cell.initialState(2, dtype));
    expect(masks()).toEqual([3, 2, 40]);
    // Its own loop: the same masks until reset().
    const again = cell.call(x.slice(null, 0), cell.initialState(2, dtype))[0].toArray();
    expect(cell.call(x.slice(null, 0), cell.initialState(2, dtype))[0].toArray()).toEqual(again);
    cell.reset();
    expect(cell.call(x.slice(null, 0), cell.initialState(2, dtype))[0].toArray()).not.toEqual(again);
    // A batch of another size is another sequence.
    expect(cell.call(x.slice([0, 1], 0), cell.initialState(1, dtype))[0].shape).toEqual([1, 2]);
  });
});

describe('recurrent layers: what they refuse', () => {
  const layer = new LSTM({ units: 2, inputShape: [4, 3] });
  it.each<[string, () => unknown, typeof ArgumentError | typeof ShapeError | typeof DTypeError, string]>([
    ['units', () => new LSTM({ units: 0 }), ArgumentError, 'LSTM: got units 0; expected a whole number above 0'],
    [
      'a bare number',
      () => new GRU(8 as never),
      ArgumentError,
      'GRU: got 8; expected an options object. For example { units: … }.',
    ],
    [
      'an option of another layer',
      () => new SimpleRNN({ units: 1, resetAfter: true } as never),
      ArgumentError,
      "SimpleRNN: got unknown option 'resetAfter'; expected one of units, activation, useBias, dropout, recurrentDropout, seed, kernelInitializer, kernelRegularizer, kernelConstraint, recurrentInitializer, recurrentRegularizer, recurrentConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype, returnSequences, returnState, goBackwards, stateful, zeroOutputForMask, name, inputShape, activityRegularizer",
    ],
    [
      'an unknown activation',
      () => new GRU({ units: 1, recurrentActivation: 'sigmund' as never }),
      ArgumentError,
      "GRU: got activation 'sigmund'; expected one of ",
    ],
    [
      'a rate',
      () => new GRU({ units: 1, recurrentDropout: 1 }),
      ArgumentError,
      'GRU: got recurrentDropout 1; expected a finite number of at least 0 and below 1',
    ],
    [
      'a flag',
      () => new GRU({ units: 1, stateful: 'yes' as never }),
      ArgumentError,
      "GRU: got stateful 'yes'; expected true or false",
    ],
    [
      'a cell that is none',
      () => new RNN({ cell: new Masking() as never }),
      ArgumentError,
      'RNN: got cell an object; expected a module with stateSizes and forward(x, states). For example new nn.LSTMCell({ units: 8 }).',
    ],
    [
      'an input without time',
      () => layer.call(ones([4, 3])),
      ShapeError,
      'LSTM › LSTM: got x [4, 3]; expected x [batch, time, ..., features]. Add a batch axis with .expandDims(0).',
    ],
    [
      'other features',
      () => layer.call(ones([1, 4, 2])),
      ShapeError,
      'LSTM › LSTM: got x [1, 4, 2]; expected x [..., 3]. The layer was built for 3 inputs.',
    ],
    [
      'another dtype',
      () => layer.call(ones([1, 4, 3], { dtype })),
      DTypeError,
      "LSTM › LSTM: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
    ],
    [
      'a mask of another shape',
      () => layer.call(ones([1, 4, 3]), { mask: ones([1, 3], { dtype: 'bool' }) }),
      ShapeError,
      'LSTM › LSTM: got mask [1, 3]; expected mask [1, 4], [batch, time] of what it masks',
    ],
    [
      'too few states',
      () => layer.call(ones([1, 4, 3]), { initialState: ones([1, 2]) }),
      ShapeError,
      'LSTM › LSTM: got states [1]; expected an array of 2',
    ],
    [
      'states of another shape',
      () => layer.call(ones([1, 4, 3]), { initialState: [ones([1, 2]), ones([2, 2])] }),
      ShapeError,
      'LSTM › LSTM: got x [1, 4, 3] and initialState[1] [2, 2]; expected states [1, 2]',
    ],
    [
      'states of another dtype',
      () => layer.call(ones([1, 4, 3]), { initialState: [ones([1, 2]), ones([1, 2], { dtype })] }),
      DTypeError,
      "LSTM › LSTM: got initialState[1] float64; expected float32. Convert with .cast('float32').",
    ],
    [
      'an unknown option of a call',
      () => layer.call(ones([1, 4, 3]), { initialstate: [] } as never),
      ArgumentError,
      "LSTM › LSTM: got unknown option 'initialstate'; expected one of mask, initialState",
    ],
    [
      'states of a cell',
      () => layer.cell.call(ones([1, 3]), [ones([1, 2]), ones([1, 3])]),
      ShapeError,
      'LSTMCell › LSTM: got states[1] [1, 3]; expected states[1] [1, 2]',
    ],
  ])('%s', (_, f, type, message) => {
    if (message.endsWith(' ')) expect(f).toThrow(message);
    else expectThrown(f, type, message);
  });

  it('a stateful batch of another size than the one before', () => {
    const stateful = new GRU({ units: 1, stateful: true });
    stateful.call(ones([2, 3, 1]));
    expectThrown(
      () => stateful.call(ones([1, 3, 1])),
      ShapeError,
      'GRU › GRU: got x [1, 3, 1] and the state of the call before [2, 1]; expected states [1, 1]. Call resetStates() before another batch.',
    );
  });
});
