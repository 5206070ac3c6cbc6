import { apply, grad, type Tensor, tensor, vmap } from '../index.js';
import { euclideanNorm } from './norm.js';
import { checkRowsOf } from './testing/checkRows.js';

checkRowsOf('norm');

describe('euclideanNorm of each example', () => {
  const norm = (x: Tensor): Tensor => apply(euclideanNorm, [x], undefined);
  const rows = tensor([
    [3, 4],
    [0, 0],
    [3e30, -4e30],
    [0, Infinity],
    [1, NaN],
  ]);

  it('neither overflows nor loses what is infinite or no number', () => {
    expect(vmap(norm)(rows).toArray()).toEqual([5, 0, Math.fround(5e30), Infinity, NaN]);
  });

  it('has gradient 0 at 0, around vmap as inside', () => {
    const finite = rows.slice([0, 2]);
    const expected = [
      [Math.fround(0.6), Math.fround(0.8)],
      [0, 0],
    ];
    expect(vmap(grad(norm))(finite).toArray()).toEqual(expected);
    expect(grad((x: Tensor) => vmap(norm)(x).sum())(finite).toArray()).toEqual(expected);
  });
});
