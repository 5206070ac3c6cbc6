import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import { dense, grad, ones, randomNormal, type Tensor, tensor } from '../index.js';
import { expectError } from '../testing/expectError.js';

const normal = (...shape: number[]) => randomNormal(shape, { dtype: 'float64' });

describe('dense', () => {
  const activations = {
    linear: (x: Tensor) => x,
    relu: (x: Tensor) => x.relu(),
    tanh: (x: Tensor) => x.tanh(),
    sigmoid: (x: Tensor) => x.sigmoid(),
  };

  it.each(Object.keys(activations) as (keyof typeof activations)[])(
    'with activation %s is the product, the bias and the activation one after another, and so is its gradient',
    (activation) => {
      const inputs = [normal(2, 5, 3), normal(3, 4), normal(4)] as const;
      const v = normal(2, 5, 4);
      const fused = (...[x, w, b]: Tensor[]) => dense(x!, w!, b!, { activation }).mul(v).sum();
      const composed = (...[x, w, b]: Tensor[]) => activations[activation](x!.matmul(w!).add(b!)).mul(v).sum();
      expect(fused(...inputs).item()).toBeCloseTo(composed(...inputs).item(), 12);
      for (const argnums of [0, 1, 2]) {
        const difference = grad(fused, { argnums })(...inputs).sub(grad(composed, { argnums })(...inputs));
        expect(difference.abs().max().item()).toBeLessThan(1e-13);
      }
    },
  );

  it('at the kink of relu passes nothing back', () => {
    const f = (x: Tensor) => dense(x, ones([1, 1]), tensor([-1]), { activation: 'relu' }).sum();
    expect(grad(f)(tensor([[1], [2], [0]])).toArray()).toEqual([[0], [1], [0]]);
  });

  it('says what does not fit, and the likely mend', () => {
    const shape = (x: Tensor, w: Tensor, b: Tensor, message: string) =>
      expectError(() => dense(x, w, b), ShapeError, `dense: got ${message}`);
    const wanted = 'expected x [..., inputs], kernel [inputs, units] and bias [units]';
    shape(
      ones([2, 3]),
      ones([4, 3]),
      ones([3]),
      `x [2, 3] and kernel [4, 3] and bias [3]; ${wanted}. Did you mean kernel.T?`,
    );
    shape(
      ones([3]),
      ones([3, 4]),
      ones([4]),
      `x [3] and kernel [3, 4] and bias [4]; ${wanted}. Add a batch axis with .expandDims(0).`,
    );
    shape(ones([2, 3]), ones([3, 4]), ones([3]), `x [2, 3] and kernel [3, 4] and bias [3]; ${wanted}`);
  });

  it('converts nothing', () => {
    expectError(
      () => dense(ones([2, 3]), ones([3, 4], { dtype: 'float64' }), ones([4])),
      DTypeError,
      'dense: got x float32 and kernel float64 and bias float32; expected three tensors of one floating dtype. Convert with .cast().',
    );
  });

  it('names the activations it has', () => {
    expectError(
      () => dense(ones([2, 3]), ones([3, 4]), ones([4]), { activation: 'gelu' as never }),
      ArgumentError,
      "dense: got activation 'gelu'; expected one of linear, relu, tanh, sigmoid",
    );
  });
});
