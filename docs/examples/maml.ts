/** Learning to learn sinusoids: model-agnostic meta-learning (Finn, Abbeel and Levine 2017, arXiv:1703.03400, section 5.1). */

import {
  Generator,
  grad,
  manualSeed,
  nn,
  optim,
  randomUniform,
  type Tensor,
  tensor,
  valueAndGrad,
  vmap,
} from 'cotangent';

type Weights = Record<string, Tensor>;

/** A batch of tasks: y = a sin(x + φ) at 10 points to learn from and 10 to be judged by, a from 0.1 to 5, φ from 0 to π. */
function tasks(count: number, generator: Generator) {
  const draw = (shape: number[], low: number, high: number): Tensor => randomUniform(shape, { low, high, generator });
  const [amplitude, phase] = [draw([count, 1, 1], 0.1, 5), draw([count, 1, 1], 0, Math.PI)];
  const curve = (x: Tensor): Tensor => x.add(phase).sin().mul(amplitude);
  const [support, query] = [draw([count, 10, 1], -5, 5), draw([count, 10, 1], -5, 5)];
  return [support, curve(support), query, curve(query)] as const;
}

const network = (): nn.Sequential =>
  new nn.Sequential([
    new nn.Dense({ units: 40, activation: 'relu' }),
    new nn.Dense({ units: 40, activation: 'relu' }),
    new nn.Dense({ units: 1 }),
  ]);

/** Losses before and after one gradient step on ten points, on tasks never seen, after meta-learning. */
export function metaLearn({ steps = 300, tasksPerStep = 10, seed = 1 } = {}): { before: number; after: number } {
  manualSeed(seed);
  const generator = new Generator(seed);
  const net = network();
  net.call(tensor([[0]]));
  const loss = (w: Weights, x: Tensor, y: Tensor): Tensor =>
    (nn.functionalCall(net, w, x) as Tensor).sub(y).square().mean();
  /** One step of gradient descent on the task's points: the outer gradient goes through it, to second order. */
  const adapted = (w: Weights, x: Tensor, y: Tensor): Weights => {
    const gradients = grad(loss)(w, x, y) as Weights;
    return Object.fromEntries(Object.entries(w).map(([path, p]) => [path, p.sub(gradients[path]!.mul(0.01))]));
  };
  const afterOneStep = (w: Weights, x: Tensor, y: Tensor, xq: Tensor, yq: Tensor): Tensor =>
    loss(adapted(w, x, y), xq, yq);
  /** All tasks at once. */
  const meanOver = vmap(afterOneStep, { inAxes: [null, 0, 0, 0, 0] });
  const weights = (): Weights => Object.fromEntries(net.namedParameters());

  const optimizer = new optim.Adam(net.parameters(), { learningRate: 0.002 });
  const metaGradient = valueAndGrad((w: Weights, ...task: [Tensor, Tensor, Tensor, Tensor]) =>
    meanOver(w, ...task).mean(),
  );
  for (let step = 0; step < steps; step++) {
    const [, gradients] = metaGradient(weights(), ...tasks(tasksPerStep, generator));
    for (const [path, p] of net.namedParameters()) p.grad = (gradients as Weights)[path]!;
    optimizer.step();
  }

  const [x, y, xq, yq] = tasks(100, generator);
  const unadapted = vmap(loss, { inAxes: [null, 0, 0] })(weights(), xq, yq);
  return { before: unadapted.mean().item(), after: meanOver(weights(), x, y, xq, yq).mean().item() };
}

if (process.argv[1] === import.meta.filename) console.log(metaLearn({ steps: 2000, tasksPerStep: 25 }));
