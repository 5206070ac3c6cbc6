import { grad, ones, type Tensor, tensor, vmap } from '../index.js';
import { checkRowsOf } from './testing/checkRows.js';

checkRowsOf('matmul');

describe('matmul of large columns by rows, inside vmap', () => {
  const [a, b] = [70, 80].map((n) =>
    tensor(Float32Array.from({ length: 3 * n }, (_, i) => Math.sin(i + 1))).reshape([3, n]),
  );
  const outer = (x: Tensor, y: Tensor): Tensor => x.expandDims(1).matmul(y.expandDims(0));

  it('is the outer product of each example', () => {
    const expected = a!.expandDims(2).matmul(b!.expandDims(1));
    expect(vmap(outer)(a!, b!).toArray()).toEqual(expected.toArray());
  });

  it('is differentiable', () => {
    const total = (f: (x: Tensor) => Tensor) =>
      grad((x: Tensor) =>
        f(x)
          .mul(ones([80]))
          .sum(),
      )(a!);
    const expected = total((x) => x.expandDims(2).matmul(b!.expandDims(1))).toTypedArray();
    for (const [i, g] of total((x) => vmap(outer)(x, b!))
      .toTypedArray()
      .entries())
      expect(g).toBeCloseTo(expected[i]!, 4);
  });
});
