import { ones, randomUniform, type Tensor } from '@cotangent/autograd';
import { Generator, manualSeed } from '@cotangent/kernels';
import { expectNear } from '../../../fixtures/testing.js';
import { dropoutMask } from './dropoutMask.js';
import { GRUCell } from './gruCell.js';
import { GRU, LSTM, SimpleRNN } from './rnn.js';

const classes = { LSTM, GRU, SimpleRNN };
const kinds = ['LSTM', 'GRU', 'SimpleRNN'] as const;
const dtype = 'float64' as const;

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

describe('dropoutMask(before, shape, source)', () => {
  it('is what dropout makes of ones, until another shape is asked for', () => {
    const draw = { rate: 0.3, dtype: 'float64' } as const;
    const mask = dropoutMask(null, [40, 3], { ...draw, generator: new Generator(7) });
    const drawn = randomUniform([40, 3], { generator: new Generator(7) }).greaterEqual(0.3);
    expect(mask.dtype).toBe('float64');
    expect(mask.toArray()).toEqual(
      drawn
        .cast('float64')
        .mul(1 / 0.7)
        .toArray(),
    );
    expect(dropoutMask(mask, [40, 3], { ...draw, generator: undefined })).toBe(mask);
    expect(dropoutMask(mask, [41, 3], { ...draw, generator: undefined }).shape).toEqual([41, 3]);
  });
});
