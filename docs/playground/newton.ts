// The bottom of Rosenbrock's valley, by Newton's method.
import { grad, hessian, type Tensor, tensor } from 'cotangent';

const f = (p: Tensor) => {
  const [x, y] = p.unstack();
  return x!.neg().add(1).square().add(y!.sub(x!.square()).square().mul(100));
};

let p = tensor([-1.2, 1], { dtype: 'float64' });
for (let step = 0; step < 8; step++) {
  const g = grad(f)(p);
  const h = hessian(f)(p);
  // The inverse of a matrix of two rows.
  const [[a, b], [c, d]] = h.toArray() as [[number, number], [number, number]];
  const inverse = tensor(
    [
      [d, -b],
      [-c, a],
    ],
    { dtype: 'float64' },
  ).div(a * d - b * c);
  p = p.sub(inverse.matmul(g));
  console.log(step + 1, p.toArray(), f(p).item());
}
