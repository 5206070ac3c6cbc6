/** What the tape costs beside the numbers: chains of operations on tensors so small that arithmetic is nothing. */

import { grad, type Tensor, tensor, zeros } from 'cotangent';
import { type Row, summarize } from '../rows.js';

const length = 1000;

function chain(x: Tensor, y: Tensor): Tensor {
  let sum = x;
  for (let i = 0; i < length; i++) sum = sum.add(y);
  return sum.sum();
}

/** Microseconds an operation, forward and backward, of a chain of 1,000 additions of 16 elements. */
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
  return workloads.map(([workload, step]) => {
    for (let i = 0; i < 50; i++) step();
    const durations = Array.from({ length: 300 }, () => {
      const start = performance.now();
      step();
      return (performance.now() - start) / length;
    });
    return {
      suite: 'tape',
      workload,
      library: 'cotangent',
      ...summarize(durations),
      note: 'an operation, forward and backward',
    };
  });
}
