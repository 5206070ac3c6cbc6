import { grad, jvp, stopGradient, type Tensor, tensor } from '../index.js';

it('stopGradient(x) keeps the numbers and stops both modes', () => {
  const f = (x: Tensor): Tensor => x.mul(stopGradient(x)).sum();
  const x = tensor([3, 4]);
  expect(stopGradient(x).toArray()).toEqual([3, 4]);
  expect(grad(f)(x).toArray()).toEqual([3, 4]);
  expect(jvp(f, [x], [tensor([1, 10])]).map((t) => t.item())).toEqual([25, 43]);
  expect(grad((v: Tensor) => grad(f)(v).sum())(x).toArray()).toEqual([0, 0]);
});
