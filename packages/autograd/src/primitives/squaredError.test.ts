import { meanSquaredDifference, tensor, valueAndGrad, zeros } from '../index.js';
import { checkRowsOf } from './testing/checkRows.js';

checkRowsOf('squaredError');

describe('meanSquaredDifference', () => {
  it('is what its three operations are, and so is its gradient', () => {
    const [a, b] = [tensor([1, 2, 4, 8]), tensor([2, 2, 1, 10])];
    const [value, [da, db]] = valueAndGrad(meanSquaredDifference, { argnums: [0, 1] })(a, b);
    expect(value.item()).toBe(3.5);
    expect(da!.toArray()).toEqual([-0.5, 0, 1.5, -1]);
    expect(db!.toArray()).toEqual([0.5, 0, -1.5, 1]);
  });

  it('makes integers floating, and is NaN of nothing', () => {
    const counts = tensor([1, 2], { dtype: 'int32' });
    expect(meanSquaredDifference(counts, tensor([1, 4])).item()).toBe(2);
    expect(meanSquaredDifference(zeros([0]), zeros([0])).item()).toBeNaN();
  });

  it('broadcasts nothing', () => {
    expect(() => meanSquaredDifference(zeros([2, 1]), zeros([2]))).toThrow(
      'meanSquaredDifference: got a [2, 1] and b [2]; expected equal shapes',
    );
  });
});
