import { concat, ones, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64 } from '../../../fixtures/testing.js';
import { maskOf } from '../../masks.js';
import { Dense } from '../dense.js';
import { Bidirectional, type MergeMode } from './bidirectional.js';
import { ConvLSTM1D } from './convLSTM.js';
import { GRU, LSTM, RNN, SimpleRNN } from './rnn.js';

const dtype = 'float64' as const;
const modes = ['concat', 'sum', 'mul', 'ave'] as const;
const x = float64([
  [
    [1, 2],
    [3, -1],
    [0.5, 0.25],
  ],
  [
    [0, 1],
    [2, 2],
    [-1, 0],
  ],
]);
const mask = tensor([
  [false, true, true],
  [true, true, false],
]);

describe('nn.Bidirectional', () => {
  it('keeps the laws of layers, whatever the layers and the merge', () => {
    const options = fc.record({ returnSequences: fc.boolean(), goBackwards: fc.boolean() });
    const cases = fc
      .tuple(options, fc.constantFrom(...modes), fc.constantFrom(0, 1, 2))
      .map(([own, mergeMode, kind]) => {
        const shared = { ...own, dtype };
        const inner = [
          (): Bidirectional<MergeMode> => new Bidirectional({ layer: new LSTM({ units: 2, ...shared }), mergeMode }),
          (): Bidirectional<MergeMode> => new Bidirectional({ layer: new GRU({ units: 1, ...shared }), mergeMode }),
          (): Bidirectional<MergeMode> =>
            new Bidirectional({ layer: new ConvLSTM1D({ filters: 1, kernelSize: 2, ...shared }), mergeMode }),
        ] as const;
        return { shape: kind === 2 ? [2, 2, 3, 1] : [2, 3, 2], make: inner[kind]! };
      });
    checkLayerLaws(cases, { runs: 25, domain: { range: [-1, 1] } });
  });

  it.each(modes)('merges sequences in the order of the steps: %s', (mergeMode) => {
    const layer = new Bidirectional({ layer: new GRU({ units: 2, returnSequences: true, dtype }), mergeMode });
    const y = layer.call(x);
    const [forth, back] = [layer.forwardLayer.call(x), layer.backwardLayer.call(x)];
    const turned = back.slice(null, [null, null, -1]);
    const expected = {
      concat: () => concat([forth, turned], { axis: -1 }),
      sum: () => forth.add(turned),
      mul: () => forth.mul(turned),
      ave: () => forth.add(turned).mul(0.5),
    }[mergeMode]();
    expectNear(y, expected.toArray(), 0);
  });

  it('without a merge gives both, and with states those of the one direction, then those of the other', () => {
    const layer = new Bidirectional({
      layer: new LSTM({ units: 2, returnSequences: true, returnState: true, dtype }),
      mergeMode: null,
    });
    const [forth, back, h, c, hBack, cBack] = layer.call(x);
    const [sequence, ...states] = layer.forwardLayer.call(x);
    const [sequenceBack, ...statesBack] = layer.backwardLayer.call(x);
    expectNear(forth, sequence.toArray(), 0);
    expectNear(back, sequenceBack.slice(null, [null, null, -1]).toArray(), 0);
    for (const [i, state] of [h, c, hBack, cBack].entries())
      expectNear(state!, [...states, ...statesBack][i]!.toArray(), 0);
    expect(layer.computeOutputShape([3, 2])).toEqual([3, 2]);
    const pair = new Bidirectional({ layer: new GRU({ units: 1, dtype }), mergeMode: null }).call(x);
    expect(pair.map((y) => y.shape)).toEqual([
      [2, 1],
      [2, 1],
    ]);
  });

  it('gives each direction its states', () => {
    const options = { units: 1, returnState: true, dtype } as const;
    const layer = new Bidirectional({ layer: new GRU(options) });
    const states = [float64([[1], [2]]), float64([[3], [4]])];
    const [output, ...after] = layer.call(x, { initialState: states });
    const forth = layer.forwardLayer.call(x, { initialState: states[0]! });
    const back = layer.backwardLayer.call(x, { initialState: states[1]! });
    expectNear(output, concat([forth[0], back[0]], { axis: -1 }).toArray(), 0);
    expectNear(after[1]!, back[1]!.toArray(), 0);
  });

  it('shows zeros for the steps that a mask skips, and hands it on', () => {
    for (const goBackwards of [false, true]) {
      const layer = new Bidirectional({ layer: new GRU({ units: 2, returnSequences: true, goBackwards, dtype }) });
      const y = layer.call(x, { mask });
      const taken = goBackwards ? mask.slice(null, [null, null, -1]) : mask;
      expect(maskOf(y)!.toArray()).toEqual(taken.toArray());
      for (const [sample, steps] of (taken.toArray() as boolean[][]).entries())
        for (const [t, shown] of steps.entries())
          expect(
            y
              .slice(sample, t)
              .toTypedArray()
              .every((value) => value === 0),
          ).toBe(!shown);
    }
    expect(maskOf(new Bidirectional({ layer: new GRU({ units: 2, dtype }) }).call(x, { mask }))).toBeNull();
  });

  it('with a mask has the derivatives that differences show', () => {
    fc.assert(
      fc.property(
        smoothTensors([[2, 3, 2]]),
        fc.constantFrom(...modes),
        fc.boolean(),
        ([input], mergeMode, returnSequences) => {
          const layer = new Bidirectional({ layer: new LSTM({ units: 2, returnSequences, dtype }), mergeMode });
          layer.build([3, 2]);
          gradientAgreesWithDifferences((t) => layer.call(t, { mask }), [input!], 0);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('takes a layer for the way back, and any cell', () => {
    const [layer, backwardLayer] = [new LSTM({ units: 2 }), new GRU({ units: 3, goBackwards: true })];
    const both = new Bidirectional({ layer, backwardLayer });
    expect(both.call(ones([1, 3, 2])).shape).toEqual([1, 5]);
    const cells = new Bidirectional({
      layer: new RNN({ cell: [new LSTM({ units: 2 }).cell, new GRU({ units: 3 }).cell] }),
    });
    expect(cells.call(ones([1, 3, 2])).shape).toEqual([1, 6]);
  });

  it('goes on where it stopped with stateful layers, until resetStates()', () => {
    const layer = new Bidirectional({ layer: new GRU({ units: 2, stateful: true, dtype }) });
    const first = layer.call(x).toArray();
    expect(layer.call(x).toArray()).not.toEqual(first);
    layer.resetStates();
    expect(layer.call(x).toArray()).toEqual(first);
  });

  it('gives each direction parameters of its own', () => {
    const layer = new Bidirectional({ layer: new SimpleRNN({ units: 2 }), inputShape: [3, 2] });
    expect(layer.namedParameters().map(([path]) => path)).toEqual(
      ['forwardLayer', 'backwardLayer'].flatMap((way) =>
        ['kernel', 'recurrentKernel', 'bias'].map((role) => `${way}.cell.${role}`),
      ),
    );
    const [forth, back] = [layer.forwardLayer, layer.backwardLayer].map((one) => one.parameters()[0]!.toArray());
    expect(forth).not.toEqual(back);
  });

  it('refuses what cannot be', () => {
    expectThrown(
      () => new Bidirectional({ layer: new Dense({ units: 1 }) as never }),
      ArgumentError,
      'Bidirectional: got layer an object; expected a recurrent layer. For example new nn.LSTM({ units: 8 }).',
    );
    expectThrown(
      () => new Bidirectional({ layer: new GRU({ units: 1 }), mergeMode: 'average' as never }),
      ArgumentError,
      "Bidirectional: got mergeMode 'average'; expected one of 'concat', 'sum', 'mul', 'ave'",
    );
    expectThrown(
      () => new Bidirectional({ layer: new GRU({ units: 1 }), backwardLayer: new GRU({ units: 1 }) }),
      ArgumentError,
      'Bidirectional: got two layers with goBackwards false; expected one of each way',
    );
    expectThrown(
      () =>
        new Bidirectional({
          layer: new GRU({ units: 1, returnSequences: true }),
          backwardLayer: new GRU({ units: 1, goBackwards: true }),
        }),
      ArgumentError,
      'Bidirectional: got returnSequences true for layer and false for backwardLayer; expected the same',
    );
    expectThrown(
      () => new Bidirectional({ layer: new GRU({ units: 1, inputShape: [3, 2] }) }),
      ArgumentError,
      'GRU: its parameters have values already, and one that goes the other way needs its own. Pass backwardLayer, or give inputShape to the outer layer only.',
    );
    expectThrown(
      () => new Bidirectional({ layer: new GRU({ units: 1 }) }).call(ones([1, 2, 1]), { initialState: ones([1, 1]) }),
      ShapeError,
      'Bidirectional › Bidirectional: got states [1]; expected an array of 2',
    );
  });
});
