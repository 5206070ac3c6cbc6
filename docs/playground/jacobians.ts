// A function of one example becomes a function of many; derivatives and vmap nest.
import { grad, hessian, jacrev, type Tensor, tensor, vmap } from 'cotangent';

const f = (x: Tensor) => x.square().mul(tensor([1, 10]));
jacrev(f)(tensor([1, 2]));
hessian((x: Tensor) => x.pow(3).sum())(tensor([1, 2]));

const loss = (w: Tensor, x: Tensor, y: Tensor) => w.mul(x).sum().sub(y).square();
const w = tensor([1, -1]);
const x = tensor([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const y = tensor([0, 1, 2]);
console.log('one gradient for each example:');
vmap(grad(loss), { inAxes: [null, 0, 0] })(w, x, y);
