import { smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../fixtures/testing.js';
import { MaxNorm, MinMaxNorm, NonNeg, resolveConstraint, UnitNorm } from './constraints.js';

// Columns of norms 5 and 0.5.
const w = float64([
  [3, 0.3],
  [4, 0.4],
]);

describe('nn.constraints', () => {
  it('MaxNorm shortens columns that are too long and leaves the others', () => {
    expectNear(
      new MaxNorm().apply(w),
      [
        [1.2, 0.3],
        [1.6, 0.4],
      ],
      1e-6,
    );
  });

  it('UnitNorm makes every column, or whatever lies along the axes, as long as 1', () => {
    expectNear(
      new UnitNorm().apply(w),
      [
        [0.6, 0.6],
        [0.8, 0.8],
      ],
      1e-6,
    );
    expectNear(new UnitNorm({ axis: [0, 1] }).apply(w).square().sum(), 1, 1e-6);
  });

  it('NonNeg sets what is below 0 to 0', () => {
    expectNear(new NonNeg().apply(float64([-1, 0, 2])), [0, 0, 2]);
  });

  it('MinMaxNorm goes a share of the way to the nearest allowed norm', () => {
    const constraint = new MinMaxNorm({ minValue: 1, maxValue: 2, rate: 0.5 });
    // From 5 half way to 2: 3.5. From 0.5 half way to 1: 0.75.
    expectNear(
      constraint.apply(w),
      [
        [2.1, 0.45],
        [2.8, 0.6],
      ],
      1e-6,
    );
  });

  it('allow what they have made', () => {
    fc.assert(
      fc.property(smoothTensors([[3, 4]], { range: [0.1, 3] }), ([x]) => {
        for (const constraint of [new MaxNorm(), new UnitNorm(), new NonNeg(), new MinMaxNorm()]) {
          const allowed = constraint.apply(x!);
          expectNear(constraint.apply(allowed), allowed.toArray(), 1e-5);
        }
      }),
    );
  });

  it('are found by the names of Keras, and refuse what they cannot use', () => {
    for (const name of ['maxNorm', 'nonNeg', 'unitNorm', 'minMaxNorm'] as const)
      expect(resolveConstraint('test', name)!.name).toBe(name);
    expect(resolveConstraint('test', null)).toBeNull();
    expectThrown(
      () => resolveConstraint('Dense', 'max' as never),
      ArgumentError,
      "Dense: got constraint 'max'; expected one of maxNorm, nonNeg, unitNorm, minMaxNorm, a function, or an object with apply(). Did you mean 'maxNorm'?",
    );
    expectThrown(
      () => new MaxNorm({ axis: 0.5 }),
      ArgumentError,
      'MaxNorm: got axis 0.5; expected a whole number, or several',
    );
    expectThrown(
      () => new MinMaxNorm({ minValue: 2 }),
      ArgumentError,
      'MinMaxNorm: got maxValue 1; expected a finite number of at least 2',
    );
  });
});
