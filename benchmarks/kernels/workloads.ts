/** What the kernels suite measures. */

import type { ConvolutionAttributes, Shape } from '@cotangent/kernels';
import type { Workload } from './workload.js';

const million = 2 ** 20;
const sizeOf = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1);

/** Work that is bound by memory: all bytes in, all bytes out. */
function moves(name: string, operation: string, shapes: readonly Shape[], out: Shape, attributes?: unknown): Workload {
  const elements = shapes.reduce((n, shape) => n + sizeOf(shape), sizeOf(out));
  return { name, operation, shapes, out, attributes, amount: 4 * elements, unit: 'GB/s' };
}

const map = (operation: string, inputs = 1): Workload =>
  moves(`${operation} 1M`, operation, new Array<Shape>(inputs).fill([million]), [million]);

const matmul = (m: number, k: number, n: number): Workload => ({
  name: `matmul ${m}×${k}×${n}`,
  operation: 'matmul',
  shapes: [
    [m, k],
    [k, n],
  ],
  out: [m, n],
  amount: 2 * m * k * n,
  unit: 'GFLOP/s',
});

/** A convolution that keeps the extents, and its two backwards. */
function convolutions(batch: number, size: number, from: number, to: number, window: number, groups = 1): Workload[] {
  const side = (window - 1) / 2;
  const attributes: ConvolutionAttributes = {
    window: [1, window, window],
    strides: [1, 1, 1],
    padding: [
      [0, 0],
      [side, side],
      [side, side],
    ],
    dilations: [1, 1, 1],
    input: [1, size, size],
    groups,
  };
  const x = [batch, 1, size, size, from];
  const y = [batch, 1, size, size, to];
  const filter = [1, window, window, from / groups, to];
  const kind = groups === 1 ? 'conv' : 'depthwise';
  const name = `${kind} ${window}×${window}, ${batch}×${size}×${size}×${from} to ${to}`;
  const amount = (2 * sizeOf(y) * window * window * from) / groups;
  const work = (suffix: string, operation: string, shapes: readonly Shape[], out: Shape): Workload => ({
    name: `${name}${suffix}`,
    operation,
    shapes,
    out,
    attributes,
    amount,
    unit: 'GFLOP/s',
  });
  return [
    work('', 'convolution', [x, filter], y),
    work(', backward to x', 'convolutionInputGradient', [y, filter], x),
    work(', backward to filter', 'convolutionFilterGradient', [x, y], filter),
  ];
}

const pooling = {
  window: [1, 2, 2],
  strides: [1, 2, 2],
  padding: [
    [0, 0],
    [0, 0],
    [0, 0],
  ],
  dilations: [1, 1, 1],
  input: [1, 28, 28],
};

const twice = (shape: Shape): readonly Shape[] => [shape, shape];

const square: Shape = [1024, 1024];

/** All workloads, in the order they are printed. */
export const workloads: readonly Workload[] = [
  ...[16, 64, 256, 512, 1024].map((n) => matmul(n, n, n)),
  matmul(128, 784, 256),
  matmul(1, 1024, 1024),
  map('add', 2),
  map('multiply', 2),
  map('maximum', 2),
  moves('add [1024, 1024] + [1024]', 'add', [square, [1024]], square),
  ...['relu', 'sqrt', 'exp', 'log', 'tanh', 'sigmoid', 'gelu', 'geluSlope', 'silu', 'sin', 'erf'].map((operation) =>
    map(operation),
  ),
  moves('sum [1024, 1024] axis 0', 'sum', [square], [1024], { axes: [0], keepDims: false }),
  moves('sum [1024, 1024] axis 1', 'sum', [square], [1024], { axes: [1], keepDims: false }),
  moves('max [1024, 1024] axis 1', 'max', [square], [1024], { axes: [1], keepDims: false }),
  moves('softmax [512, 1000]', 'softmax', [[512, 1000]], [512, 1000], { axis: 1 }),
  moves('logSoftmax [512, 1000]', 'logSoftmax', [[512, 1000]], [512, 1000], { axis: 1 }),
  moves('layer normalization [512, 768]', 'normalize', [[512, 768]], [512, 768], { axes: [1], epsilon: 1e-5 }),
  moves('batch normalization [50176, 32]', 'normalize', [[50176, 32]], [50176, 32], { axes: [0], epsilon: 1e-5 }),
  moves('softmax [512, 1000], backward', 'softmaxBackward', twice([512, 1000]), [512, 1000], { axis: 1 }),
  moves('logSoftmax [512, 1000], backward', 'logSoftmaxBackward', twice([512, 1000]), [512, 1000], { axis: 1 }),
  moves('layer normalization [512, 768], backward', 'normalizeBackward', twice([512, 768]), [512, 768], {
    axes: [1],
    epsilon: 1e-5,
  }),
  moves('batch normalization [50176, 32], backward', 'normalizeBackward', twice([50176, 32]), [50176, 32], {
    axes: [0],
    epsilon: 1e-5,
  }),
  moves('transposing copy 1024²', 'transpose', [square], square),
  ...convolutions(128, 28, 1, 6, 5),
  ...convolutions(128, 14, 6, 16, 5),
  ...convolutions(4, 56, 64, 64, 3),
  ...convolutions(4, 28, 128, 128, 3),
  ...convolutions(4, 14, 256, 256, 3),
  ...convolutions(4, 56, 64, 64, 3, 64),
  moves('maxPool 2×2, 32×28×28×32', 'maxPool', [[32, 1, 28, 28, 32]], [32, 1, 14, 14, 32], pooling),
  moves(
    'maxPool 2×2, 32×28×28×32, backward',
    'maxPoolScatter',
    [
      [32, 1, 14, 14, 32],
      [32, 1, 28, 28, 32],
    ],
    [32, 1, 28, 28, 32],
    pooling,
  ),
];
