import fc from 'fast-check';
import { customGrad, grad, type Tensor, tensor, vmap } from '../index.js';
import { scope } from '../scope.js';
import {
  axesOf,
  checkGrads,
  direction,
  expressionOperations,
  expressions,
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  GradientCheckError,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  tensorMatchers,
  tensors,
} from './index.js';

expect.extend(tensorMatchers);

describe('checkGrads(f, inputs)', () => {
  it('passes what is right, and tells how far off it was', () => {
    const worst = checkGrads((x: Tensor, w: Tensor) => x.matmul(w).tanh(), [tensor([[0.1, 0.2]]), tensor([[1], [2]])], {
      order: 2,
    });
    expect(worst!.error).toBeLessThan(1e-8);
    expect(checkGrads(() => tensor(1), [])).toBeNull();
    expect(checkGrads((x: Tensor) => ({ a: x.sin(), b: [x.square()] }), [tensor([1, 2])])!.error).toBeLessThan(1e-8);
  });

  it('scales its steps with the size of the elements', () => {
    expect(checkGrads((x: Tensor) => x.log(), [tensor([1e6, 2e6], { dtype: 'float64' })])!.error).toBeLessThan(1e-6);
  });

  it('names the worst element of a rule that is wrong', () => {
    const wrong = customGrad((x: Tensor) => ({
      value: x.square(),
      gradient: (g) => g.mul(x).mul(tensor([2, 2, 2.5])),
    }));
    expect(() => checkGrads(wrong, [tensor([1, 2, 3])], { modes: ['vjp'] })).toThrow(GradientCheckError);
    try {
      checkGrads(wrong, [tensor([1, 2, 3])], { modes: ['vjp'] });
    } catch (error) {
      const { worst, message } = error as GradientCheckError;
      expect([worst.mode, worst.order, worst.input, worst.index]).toEqual(['vjp', 1, 0, [2]]);
      expect(worst.derivative / worst.differences).toBeCloseTo(1.25, 5);
      expect(message).toMatch(
        /^checkGrads: at element \[2\] of input 0 vjp gives .* and central differences .*relative error/,
      );
    }
  });

  it('finds a second derivative that is lost', () => {
    const lossy = customGrad((x: Tensor) => ({ value: x.pow(3), gradient: (g) => g.mul(x.detach().square().mul(3)) }));
    expect(checkGrads(lossy, [tensor([2])])!.error).toBeLessThan(1e-8);
    expect(() => checkGrads(lossy, [tensor([2])], { order: 2 })).toThrow('(order 2');
  });

  it('holds integers fixed and refuses other things', () => {
    expect(
      checkGrads((x: Tensor, i: Tensor) => x.take(i), [tensor([1, 2, 3]), tensor([0, 2], { dtype: 'int32' })])!.input,
    ).toBe(0);
    expect(() => checkGrads((x: Tensor) => x, [3 as never])).toThrow('checkGrads: got an input that is no tensor');
    expect(() => checkGrads((x: Tensor) => x.argmax(), [tensor([1, 2])])).toThrow('no floating tensor');
    expect(() => checkGrads((x: Tensor) => x, [], { orders: 2 } as never)).toThrow("unknown option 'orders'");
  });
});

describe('arbitraries', () => {
  it('draw axes of a shape, and tensors away from kinks without ties', () => {
    fc.assert(
      fc.property(tensors({ shape: [3, 2], range: [-1, 1], kinks: [0] }), axesOf([3, 2]), (x, axes) => {
        const values = [...x.toTypedArray()];
        expect([x.dtype, x.shape]).toEqual(['float64', [3, 2]]);
        expect(new Set(values).size).toBe(6);
        for (const value of values) expect(Math.abs(value)).toBeGreaterThan(1e-3);
        expect(axes.every((axis) => axis === 0 || axis === 1)).toBe(true);
      }),
    );
    fc.assert(fc.property(tensors(), (x) => expect(x.rank).toBeLessThanOrEqual(3)));
  });
});

describe('random programs', () => {
  it('use every operation there is', () => {
    const seen = new Set<string>();
    for (const program of fc.sample(expressions({ maxSteps: 12 }), 400)) {
      for (const name of program.toString().matchAll(/= (\w+)\(/g)) seen.add(name[1]!);
    }
    expect([...seen].sort()).toEqual([...expressionOperations].sort());
  });

  it('grad = jvp = differences, at orders 1 and 2', () => {
    fc.assert(
      fc.property(expressions(), ({ f, inputs }) =>
        scope(() => {
          for (const k of inputs.keys()) {
            gradientAgreesWithDifferences(f, inputs, k);
            forwardAgreesWithReverse(f, inputs, k);
            forwardOverReverseAgrees(f, inputs, k);
            secondOrderAgreesWithDifferences(f, inputs, k, inputs.length - 1 - k);
          }
        }),
      ),
      { numRuns: 60 },
    );
  });

  it('grad of the vmapped program is the stack of grads, and the vmapped grad too', () => {
    fc.assert(
      fc.property(expressions({ maxSteps: 6 }), ({ f, inputs }) => {
        const [x, ...rest] = inputs as [Tensor, ...Tensor[]];
        const examples = [x, x.mul(0.7), x.mul(-1.1).add(direction(x, 2).mul(0.1))].map((one) => one.detach());
        const stacked = tensor(
          examples.map((one) => one.toArray()),
          { dtype: 'float64' },
        );
        const g = (one: Tensor): Tensor => f(one, ...rest).sum();
        const one = examples.map((example) => grad(g)(example).toArray());
        expect(vmap(grad(g))(stacked)).toBeCloseToTensor(tensor(one, { dtype: 'float64' }), {
          relativeTolerance: 1e-9,
        });
        const total = grad((all: Tensor) => vmap(g)(all).sum())(stacked);
        expect(total).toBeCloseToTensor(tensor(one, { dtype: 'float64' }), { relativeTolerance: 1e-9 });
      }),
      { numRuns: 60 },
    );
  });
});

describe('toBeCloseToTensor', () => {
  it('compares shapes and values, and names the element furthest off', () => {
    const x = tensor([1, 2, Number.NaN]);
    expect(x).toBeCloseToTensor(tensor([1 + 1e-7, 2, Number.NaN]));
    expect(tensor([2, 2])).toBeCloseToTensor(2);
    expect(x).not.toBeCloseToTensor(tensor([1, 2.1, Number.NaN]));
    const message = (y: Tensor | number, options = {}): string =>
      tensorMatchers.toBeCloseToTensor(x, y, options).message();
    expect(message(tensor([1.5, 3, Number.NaN]))).toBe(
      '2 of 3 elements differ; most, element 1 of [3] in row-major order: got 2, expected 3',
    );
    expect(message(tensor([1]))).toBe('expected shape [1], got [3]');
    expect(message(x, { equalNan: false })).toContain('got NaN, expected NaN');
    expect(tensorMatchers.toBeCloseToTensor(3, 3).message()).toBe('expected a tensor, got number');
  });
});
