import { type Tensor, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../fixtures/testing.js';
import { Dense } from './layers/dense.js';
import { L1, L1L2, L2, Orthogonal, resolveRegularizer } from './regularizers.js';

const w = float64([
  [3, -4],
  [0, 1],
]);

describe('nn.regularizers', () => {
  it('L1 is λ Σ|x|, L2 λ Σx², L1L2 both, with the defaults of Keras', () => {
    expectNear(new L1().apply(w), 0.08);
    expectNear(new L2().apply(w), 0.26);
    expectNear(new L1L2().apply(w), 0);
    expectNear(new L1L2({ l1: 2, l2: 3 }).apply(w), 2 * 8 + 3 * 26);
    expectNear(new L1({ l1: 0.5 }).apply(w), 4);
  });

  it('by name: those of Keras', () => {
    const values = (['l1', 'l2', 'l1l2'] as const).map((name) => resolveRegularizer('test', name)!.apply(w).item());
    expectNear(tensor(values, { dtype: 'float64' }), [0.08, 0.26, 0.34]);
    expect(resolveRegularizer('test', undefined)).toBeNull();
    expectNear(resolveRegularizer('test', (x: Tensor) => x.sum())!.apply(w), 0);
  });

  it('Orthogonal is λ times the mean |cosine| of pairs of rows, or of columns', () => {
    // Rows (3, −4) and (0, 1): cosine −0.8. Columns (3, 0) and (−4, 1): −12 / (3 √17).
    expectNear(new Orthogonal().apply(w), 0.01 * 0.8);
    expectNear(new Orthogonal({ factor: 1, mode: 'columns' }).apply(w), 4 / Math.sqrt(17));
    expectNear(new Orthogonal().apply(float64([[1, 2, 3]])), 0);
  });

  it('have the gradients that differences show', () => {
    fc.assert(
      fc.property(smoothTensors([[3, 4]], { range: [0.2, 2] }), ([x]) => {
        for (const regularizer of [new L1L2({ l1: 0.3, l2: 0.2 }), new Orthogonal({ factor: 1 })])
          gradientAgreesWithDifferences((y) => regularizer.apply(y), [x!], 0);
      }),
    );
  });

  it('are listed by losses(), for parameters and for outputs of the last call', () => {
    const layer = new Dense({
      units: 1,
      kernelInitializer: 'ones',
      biasInitializer: 'ones',
      kernelRegularizer: 'l2',
      biasRegularizer: (b) => b.sum(),
      activityRegularizer: new L1({ l1: 1 }),
      dtype: 'float64',
    });
    const penalties = (): number[] => layer.losses().map((penalty) => penalty.item());
    layer.call(float64([[1, 2]]));
    expect(penalties()).toEqual([0.02, 1, 4]);
    layer.call(float64([[-3, -3]]));
    expect(penalties()).toEqual([0.02, 1, 5]);
  });

  it('refuse what they cannot use', () => {
    expectThrown(
      () => resolveRegularizer('Dense', 'l3' as never),
      ArgumentError,
      "Dense: got regularizer 'l3'; expected one of l1, l2, l1l2, orthogonal, a function, or an object with apply()",
    );
    expectThrown(() => new L2({ l2: -1 }), ArgumentError, 'L1L2: got l2 -1; expected a finite number of at least 0');
    expectThrown(() => new L1({ l2: 1 } as never), ArgumentError, "L1: got unknown option 'l2'; expected one of l1");
    expectThrown(() => new Orthogonal().apply(tensor([1])), ShapeError, 'Orthogonal: got x [1]; expected a matrix');
  });
});
