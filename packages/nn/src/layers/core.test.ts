import { ones, tensor } from '@cotangent/autograd';
import { shapes } from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectThrown, float64 } from '../../fixtures/testing.js';
import { maskOf } from '../masks.js';
import { ActivityRegularization, Identity, Lambda, Masking } from './core.js';

const samples = shapes({ minRank: 2, maxRank: 4, minExtent: 1 });

describe('core layers', () => {
  it('keep the laws of layers', () => {
    checkLayerLaws(samples.map((shape) => ({ shape, make: () => new Identity() })));
    checkLayerLaws(
      samples.map((shape) => ({ shape, make: () => new Lambda({ function: (x) => x.sin().sum({ axis: -1 }) }) })),
    );
    checkLayerLaws(samples.map((shape) => ({ shape, make: () => new ActivityRegularization({ l2: 1 }) })));
    checkLayerLaws(samples.map((shape) => ({ shape: [...shape, 2], make: () => new Masking({ maskValue: 9 }) })));
  });

  it('Lambda is a function, and knows its shape', () => {
    const layer = new Lambda({ function: (x) => x.square(), outputShape: (shape) => shape });
    expect(layer.call(tensor([2, 3])).toArray()).toEqual([4, 9]);
    expect(layer.computeOutputShape([7])).toEqual([7]);
    expect(new Lambda({ function: (x) => x, outputShape: [3] }).computeOutputShape([7])).toEqual([3]);
    expectThrown(
      () => new Lambda({ function: 3 as never }),
      ArgumentError,
      'Lambda: got function 3; expected a function of tensors',
    );
  });

  it('Masking hides the steps that equal the value, and says which', () => {
    const x = float64([
      [
        [1, 0],
        [5, 5],
        [5, 2],
      ],
    ]);
    const y = new Masking({ maskValue: 5 }).call(x);
    expect(y.toArray()).toEqual([
      [
        [1, 0],
        [0, 0],
        [5, 2],
      ],
    ]);
    expect(maskOf(y)!.toArray()).toEqual([[true, false, true]]);
    expectThrown(
      () => new Masking().call(ones([2, 2])),
      ShapeError,
      'Masking › Masking: got x [2, 2]; expected x [batch, time, ..., features]. Add a batch axis with .expandDims(0).',
    );
  });

  it('ActivityRegularization adds penalties of what passes', () => {
    const layer = new ActivityRegularization({ l1: 1, l2: 0.5 });
    const x = float64([[1, -2]]);
    expect(layer.call(x)).toBe(x);
    expect(layer.losses().map((loss) => loss.item())).toEqual([3, 2.5]);
  });
});
