/** Newton's method with an exact Hessian, on the function that Rosenbrock made for showing how hard a valley can be (1960). */

import { grad, hessian, scope, stack, type Tensor, tensor } from 'cotangent';

/** f(x, y) = (1 − x)² + 100 (y − x²)², least at (1, 1), at the end of a bent valley. */
export function rosenbrock(p: Tensor): Tensor {
  const [x, y] = [p.slice(0), p.slice(1)];
  return x.neg().add(1).square().add(y.sub(x.square()).square().mul(100));
}

/** The solution of a system of two equations, by Cramer's rule. */
function solve(a: Tensor, b: Tensor): Tensor {
  const at = (i: number, j: number): Tensor => a.slice(i, j);
  const determinant = at(0, 0)
    .mul(at(1, 1))
    .sub(at(0, 1).mul(at(1, 0)));
  const first = b
    .slice(0)
    .mul(at(1, 1))
    .sub(b.slice(1).mul(at(0, 1)));
  const second = at(0, 0)
    .mul(b.slice(1))
    .sub(at(1, 0).mul(b.slice(0)));
  return stack([first, second]).div(determinant);
}

/** Points of Newton's iteration p ← p − H⁻¹ ∇f from the customary start, until f is below 10⁻²⁰. */
export function newton(start: [number, number] = [-1.2, 1]): { point: number[]; value: number }[] {
  const [gradient, curvature] = [grad(rosenbrock), hessian(rosenbrock)];
  let p = tensor(start, { dtype: 'float64' });
  const path: { point: number[]; value: number }[] = [];
  for (let step = 0; step <= 20; step++) {
    path.push({ point: p.toArray() as number[], value: rosenbrock(p).item() });
    if (path.at(-1)!.value < 1e-20) break;
    p = scope(() => p.sub(solve(curvature(p), gradient(p))));
  }
  return path;
}

if (process.argv[1] === import.meta.filename) {
  for (const [step, { point, value }] of newton().entries()) console.log(step, point, value.toExponential(3));
}
