/** What the kernels suite measures. */

import { type ConvolutionAttributes, type DType, gruParts, lstmParts, type Shape, sizeOf } from '@cotangent/kernels';
import type { Workload } from './workload.js';

const million = 2 ** 20;

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

/** Images of 16 × 16 places with 8 groups of 8 channels. */
const groups: Shape = [32, 256, 8, 8];

/** The same for other dtypes: those of the inputs, and of the result. */
const typed = (work: Workload, dtypes: readonly DType[], indexLimit = 1): Workload => ({ ...work, dtypes, indexLimit });

/** In double precision. */
const double = (work: Workload): Workload => {
  const dtypes = new Array<DType>(work.shapes.length + 1).fill('float64');
  const amount = work.unit === 'GB/s' ? 2 * work.amount : work.amount;
  return { ...work, name: `${work.name}, float64`, dtypes, amount };
};

/** A recurrent layer over a whole sequence, forward and backward. */
function recurrent(operation: 'lstm' | 'gru'): Workload[] {
  const [time, batch, features, units] = [32, 32, 64, 64];
  const gates = operation === 'lstm' ? 4 : 3;
  const parts: readonly Shape[] = operation === 'lstm' ? lstmParts(time, batch, units) : gruParts(time, batch, units);
  const packed: Shape = [parts.reduce((n, part) => n + sizeOf(part), 0)];
  const state: Shape = [batch, units];
  const inputs: Shape[] = [
    [time, batch, features],
    [features, gates * units],
    [units, gates * units],
    operation === 'lstm' ? [gates * units] : [2, gates * units],
    ...(operation === 'lstm' ? [state, state] : [state]),
  ];
  const amount = 2 * time * batch * (features + units) * gates * units;
  const name = `${operation} ${time} steps, ${batch}×${features} to ${units}`;
  const wanted = inputs.map(() => true);
  const all: Shape = [inputs.reduce((n, shape) => n + sizeOf(shape), 0)];
  return [
    { name, operation, shapes: inputs, out: packed, amount, unit: 'GFLOP/s' },
    {
      name: `${name}, backward`,
      operation: `${operation}Backward`,
      shapes: [packed, ...inputs, packed],
      out: all,
      attributes: { wanted },
      amount: 2 * amount,
      unit: 'GFLOP/s',
    },
  ];
}

/** Scaled dot-product attention of 8 heads, forward and backward: over all keys, over earlier ones, over every other one. */
function attentions(kind: '' | ' causal' | ' masked'): Workload[] {
  const [heads, length, width] = [8, 256, 64];
  const one: Shape = [heads, length, width];
  const mask: readonly Shape[] = kind === ' masked' ? [[heads, length, length]] : [];
  const attributes = { scale: width ** -0.5, causal: kind === ' causal' };
  const amount = 4 * heads * length * length * width;
  const name = `attention${kind} ${heads}×${length}×${width}`;
  const dtypesOf = (before: number, after: number): readonly DType[] => [
    ...new Array<DType>(before).fill('float32'),
    ...mask.map((): DType => 'bool'),
    ...new Array<DType>(after).fill('float32'),
  ];
  return [
    {
      name,
      operation: 'attention',
      shapes: [one, one, one, ...mask],
      out: one,
      dtypes: dtypesOf(3, 1),
      attributes,
      amount,
      unit: 'GFLOP/s',
    },
    {
      name: `${name}, backward`,
      operation: 'attentionBackward',
      shapes: [one, one, one, one, ...mask, one],
      out: [3 * sizeOf(one)],
      dtypes: dtypesOf(4, 2),
      attributes: { attributes, wanted: [true, true, true] },
      amount: 2.5 * amount,
      unit: 'GFLOP/s',
    },
  ];
}

/** Normalization with a scale and a shift that are learned, forward and backward to all three. */
function scaledNormalizations(): Workload[] {
  const work = (name: string, operation: string, shape: Shape, scales: number, rest: object): Workload[] => {
    const attributes = { ...rest, epsilon: 1e-5 };
    const learned = new Array<Shape>(scales).fill(operation === 'affineNormalize' && shape[1] === 32 ? [32] : [768]);
    const size = sizeOf(shape);
    const total = size + learned.reduce((n, one) => n + sizeOf(one), 0);
    const pull = { attributes, wanted: new Array<boolean>(scales + 1).fill(true) };
    return [
      moves(name, operation, [shape, ...learned], shape, attributes),
      moves(`${name}, backward`, `${operation}Backward`, [shape, shape, learned[0]!], [total], pull),
    ];
  };
  return [
    ...work('layer normalization, scaled [512, 768]', 'affineNormalize', [512, 768], 2, { along: 'rows', count: 768 }),
    ...work('batch normalization, scaled [50176, 32]', 'affineNormalize', [50176, 32], 2, {
      along: 'columns',
      count: 50176,
    }),
    ...work('rms normalization, scaled [512, 768]', 'rmsNormalize', [512, 768], 1, {}),
  ];
}

const axis1 = { axes: [1], keepDims: false };
const table: Shape = [10000, 64];
const half: Shape = [1024, 512];
const logits: Shape = [512, 1000];

/** Comparing, choosing, scanning, sorting, picking, moving; updates of parameters. */
const others: readonly Workload[] = [
  double(map('exp')),
  double(moves('sum 1M', 'sum', [[million]], [], { axes: [0], keepDims: false })),
  double(matmul(256, 256, 256)),
  map('power', 2),
  double(map('power', 2)),
  typed(map('less', 2), ['float32', 'float32', 'bool']),
  typed(moves('where 1M', 'where', [[million], [million], [million]], [million]), ['bool']),
  moves('clip 1M', 'clip', [[million]], [million], { low: 0.2, high: 0.8 }),
  typed(moves('cast 1M, float32 to int32', 'cast', [[million]], [million]), ['float32', 'int32']),
  typed(moves('argmax [1024, 1024] axis 1', 'argmax', [square], [1024], axis1), ['float32', 'int32']),
  moves('max [1024, 1024] axis 0', 'max', [square], [1024], { axes: [0], keepDims: false }),
  moves('logSumExp [1024, 1024] axis 1', 'logSumExp', [square], [1024], axis1),
  moves('cumsum [1024, 1024] axis 1', 'cumsum', [square], square, { axis: 1, reverse: false }),
  typed(moves('argsort [64, 1024] axis 1', 'argsort', [[64, 1024]], [64, 1024], { axis: 1, descending: false }), [
    'float32',
    'int32',
  ]),
  typed(
    moves('gather 4096 rows of [10000, 64]', 'gather', [table, [4096]], [4096, 64], { axis: 0 }),
    ['float32', 'int32'],
    10000,
  ),
  typed(
    moves('scatterAdd 4096 rows to [10000, 64]', 'scatterAdd', [[4096, 64], [4096]], table, { axis: 0 }),
    ['float32', 'int32'],
    10000,
  ),
  typed(
    moves('gather elements [1024, 1024] axis 1', 'gatherAlong', [square, square], square, { axis: 1, extent: 1024 }),
    ['float32', 'int32'],
    1024,
  ),
  moves('concat [1024, 512] twice, axis 1', 'concat', twice(half), square, { axis: 1 }),
  moves('pad [1022, 1022] by 1', 'placeSlice', [[1022, 1022]], square, {
    start: [1, 1],
    size: [1022, 1022],
    step: [1, 1],
  }),
  moves('uniform 1M', 'uniform', [], [million]),
  typed(moves('dropout 1M, its mask drawn', 'dropout', [[million], [million]], [million]), [
    'float32',
    'bool',
    'float32',
  ]),
  moves('norm of 1M', 'euclideanNorm', [[million]], []),
  typed(moves('crossEntropy [512, 1000]', 'softmaxCrossEntropy', [logits, [512]], [512]), ['float32', 'int32'], 1000),
  typed(
    moves('crossEntropy [512, 1000], backward', 'softmaxCrossEntropyBackward', [[512], logits, [512]], logits),
    ['float32', 'float32', 'int32'],
    1000,
  ),
  moves('SGD update 1M', 'sgd', [[million]], [million]),
  moves('Adam update 1M', 'adam', [[million], [million], [million]], [million]),
  ...recurrent('lstm'),
  ...recurrent('gru'),
  ...attentions(''),
  ...attentions(' causal'),
  ...attentions(' masked'),
  ...scaledNormalizations(),
];

/** All workloads, in the order they are printed. */
export const workloads: readonly Workload[] = [
  ...[16, 64, 256, 512, 1024].map((n) => matmul(n, n, n)),
  matmul(128, 784, 256),
  matmul(1, 1024, 1024),
  {
    ...matmul(128, 784, 256),
    name: 'relu of 128×784×256 + bias',
    operation: 'dense',
    shapes: [[128, 784], [784, 256], [256]],
    attributes: { activation: 'relu' },
  },
  map('add', 2),
  map('multiply', 2),
  map('maximum', 2),
  moves('add [1024, 1024] + [1024]', 'add', [square, [1024]], square),
  ...['relu', 'sqrt', 'exp', 'log', 'tanh', 'sigmoid', 'gelu', 'geluTanh', 'silu', 'sin', 'erf'].map((operation) =>
    map(operation),
  ),
  map('geluBackward', 2),
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
  moves('group normalization [32, 256, 8, 8]', 'normalize', [groups], groups, { axes: [1, 3], epsilon: 1e-5 }),
  moves('group normalization [32, 256, 8, 8], backward', 'normalizeBackward', twice(groups), groups, {
    axes: [1, 3],
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
  moves('avgPool 2×2, 32×28×28×32', 'sumPool', [[32, 1, 28, 28, 32]], [32, 1, 14, 14, 32], pooling),
  moves('avgPool 2×2, 32×28×28×32, backward', 'sumPoolTranspose', [[32, 1, 14, 14, 32]], [32, 1, 28, 28, 32], pooling),
  ...others,
];
