/** What the tape costs beside the numbers: chains of operations on tensors so small that arithmetic is nothing. */

import { grad, type Tensor, tensor, zeros } from 'cotangent';
import { type Row, summarize } from '../rows.js';
import { prepare } from '../training/libraries/cotangent.js';
import { kernelsOfTiny } from './kernelsOfTiny.js';

const length = 1000;

function chain(x: Tensor, y: Tensor): Tensor {
  let sum = x;
  for (let i = 0; i < length; i++) sum = sum.add(y);
  return sum.sum();
}

/** Durations of some rounds, each divided by `count`, of what the engine has compiled for the last time before. */
function durationsOf(step: () => void, warmup: number, rounds: number, count: number): number[] {
  for (let i = 0; i < warmup; i++) step();
  return Array.from({ length: rounds }, () => {
    const start = performance.now();
    step();
    return (performance.now() - start) / count;
  });
}

/** Microseconds of a whole step of 11 kernels and 4 updates, and of those kernels alone: what recording them costs. */
function tinySteps(): Row[] {
  const steps = 100;
  const workloads: [string, () => void][] = [
    ['a step of the workload tiny', prepare('tiny').step],
    ['the same kernels alone, without a tape', kernelsOfTiny()],
  ];
  return workloads.map(([workload, step]) => {
    const many = (): void => {
      for (let i = 0; i < steps; i++) step();
    };
    return {
      suite: 'tape',
      workload,
      library: 'cotangent',
      ...summarize(durationsOf(many, 400, 300, steps)),
      note: 'a step of 11 kernels and 4 updates',
    };
  });
}

/** Microseconds an operation, forward and backward, of a chain of 1,000 additions of 16 elements; and of a small training step. */
export function run(): Row[] {
  const y = zeros([16]);
  const w = tensor(new Float32Array(16), { requiresGrad: true });
  const workloads: [string, () => void][] = [
    [
      'PyTorch style: loss.backward()',
      () => {
        chain(w, y).backward();
        w.zeroGrad();
      },
    ],
    ['JAX style: grad(f)(x)', () => void grad((x: Tensor) => chain(x, y))(y)],
  ];
  const chains = workloads.map(([workload, step]): Row => {
    return {
      suite: 'tape',
      workload,
      library: 'cotangent',
      ...summarize(durationsOf(step, 50, 300, length)),
      note: 'an operation, forward and backward',
    };
  });
  return [...chains, ...tinySteps()];
}
