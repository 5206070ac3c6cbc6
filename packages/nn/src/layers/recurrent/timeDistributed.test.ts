import { ones, stack, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64 } from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { Sequential } from '../../model/sequential.js';
import { Conv1D } from '../convolution.js';
import { Dense } from '../dense.js';
import { LSTM } from './rnn.js';
import { TimeDistributed } from './timeDistributed.js';

const dtype = 'float64' as const;

describe('nn.TimeDistributed', () => {
  it('keeps the laws of layers', () => {
    const cases = fc.constantFrom(
      { shape: [2, 3, 2], make: () => new TimeDistributed({ layer: new Dense({ units: 3, dtype }) }) },
      {
        shape: [2, 2, 4, 2],
        make: () => new TimeDistributed({ layer: new Conv1D({ filters: 2, kernelSize: 2, dtype }) }),
      },
      { shape: [1, 2, 3, 2], make: () => new TimeDistributed({ layer: new LSTM({ units: 2, dtype }) }) },
    );
    checkLayerLaws(cases, { runs: 10 });
  });

  it('applies the layer to each step', () => {
    const layer = new TimeDistributed({ layer: new Conv1D({ filters: 2, kernelSize: 2, dtype }) });
    const x = float64([
      [
        [[1], [2], [3]],
        [[0], [-1], [4]],
      ],
    ]);
    const steps = [0, 1].map((t) => layer.layer.call(x.slice(null, t)));
    expectNear(layer.call(x), stack(steps, { axis: 1 }).toArray(), 1e-15);
  });

  it('hands a mask of the steps on', () => {
    const layer = new TimeDistributed({ layer: new Dense({ units: 1 }) });
    const mask = tensor([[true, false, true]]);
    expect(maskOf(layer.call(setMask(ones([1, 3, 2]), mask)))).toBe(mask);
    expect(maskOf(layer.call(ones([1, 3, 2]), { mask }))).toBe(mask);
    expect(maskOf(layer.call(setMask(ones([1, 3, 2]), mask), { mask: null }))).toBeNull();
  });

  it('hands the rest of a longer mask to the layer: sentences of words', () => {
    const words = new LSTM({ units: 2, dtype });
    const x = float64([
      [
        [[1], [2], [9]],
        [[3], [9], [9]],
        [[9], [9], [9]],
      ],
    ]);
    const mask = tensor([
      [
        [true, true, false],
        [true, false, false],
        [false, false, false],
      ],
    ]);
    const y = new TimeDistributed({ layer: words }).call(x, { mask });
    expectNear(
      y.slice(0, 0),
      words
        .call(x.slice(0, [0, 1], [0, 2]))
        .slice(0)
        .toArray(),
      1e-15,
    );
    expectNear(
      y.slice(0, 1),
      words
        .call(x.slice(0, [1, 2], [0, 1]))
        .slice(0)
        .toArray(),
      1e-15,
    );
    expect(maskOf(y)!.toArray()).toEqual([[true, true, false]]);
    // A layer that keeps the words keeps their mask.
    const kept = new TimeDistributed({ layer: new Dense({ units: 1, dtype }) }).call(x, { mask });
    expect(maskOf(kept)!.toArray()).toEqual(mask.toArray());
  });

  it('takes a model, and builds it', () => {
    const model = new Sequential([new Dense({ units: 3 }), new Dense({ units: 2 })]);
    const layer = new TimeDistributed({ layer: model, inputShape: [5, 4] });
    expect(layer.namedParameters().map(([path]) => path)).toContain('layer.1.kernel');
    expect(layer.call(ones([2, 5, 4])).shape).toEqual([2, 5, 2]);
    expectThrown(
      () => layer.computeOutputShape([5, 4]),
      ArgumentError,
      'TimeDistributed: a Sequential does not say the shape of its output',
    );
  });

  it('refuses what cannot be', () => {
    const layer: TimeDistributed = new TimeDistributed({ layer: new Dense({ units: 1 }) });
    expectThrown(
      () => new TimeDistributed({ layer: ((x: Tensor) => x) as never }),
      ArgumentError,
      'TimeDistributed: got layer the function layer; expected a layer or a model',
    );
    expectThrown(
      () => layer.call(ones([2, 3])),
      ShapeError,
      'TimeDistributed › TimeDistributed: got x [2, 3]; expected x [batch, time, ..., features]. Add a batch axis with .expandDims(0).',
    );
    expectThrown(
      () => layer.call(ones([1, 3, 2]), { mask: ones([1, 2], { dtype: 'bool' }) }),
      ShapeError,
      'TimeDistributed › TimeDistributed: got x [1, 3, 2] and mask [1, 2]; expected a mask of the first axes of x',
    );
    expectThrown(
      () => new TimeDistributed({ layer: new LSTM({ units: 1, returnState: true }) }).call(ones([1, 2, 3, 1])),
      ArgumentError,
      'TimeDistributed › TimeDistributed: got an array from LSTM; expected a tensor',
    );
  });
});
