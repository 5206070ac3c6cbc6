// Each line that stands alone shows its value.
import { grad, type Tensor, tensor, valueAndGrad } from 'cotangent';

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
x.sum({ axis: 0 });
x.matmul(x.T);

// The derivative of a function is a function, which has a derivative, too.
const f = (t: Tensor) => t.mul(t.tanh()).sum();
const at = tensor(0.37, { dtype: 'float64' });
grad(f)(at);
grad(grad(f))(at);

// With respect to a tree of parameters.
const loss = (p: { w: Tensor; b: Tensor }) => x.matmul(p.w).add(p.b).square().mean();
const [value, gradient] = valueAndGrad(loss)({ w: tensor([1, 0, -1]), b: tensor(0.5) });
console.log('value', value.item());
gradient;
