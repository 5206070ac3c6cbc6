/** TensorFlow.js on its cpu and wasm backends, if `npm run bench:peers` has installed it. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AffineNormalizeAttributes, ConvolutionAttributes, ReduceAttributes, Shape } from '@cotangent/kernels';
import { type Contender, dtypeOf, type Library, timed, valueAt, type Workload } from '../workload.js';

// The benchmark is compiled without the library: what is used of it is said here.
interface Tensor {
  dispose(): void;
}
// biome-ignore lint/suspicious/noExplicitAny: a library that may not be installed has no types here
type TF = any;

type Operation = (tf: TF, inputs: readonly Tensor[], workload: Workload) => Tensor;

/** [batch, height, width, channels] out of ours, which has a depth of 1 in between. */
const flat = (shape: Shape): number[] => (shape.length === 5 ? [shape[0]!, ...shape.slice(2)] : [...shape]);

const unary =
  (name: string): Operation =>
  (tf, [x]) =>
    tf[name](x);
const binary =
  (name: string): Operation =>
  (tf, [a, b]) =>
    tf[name](a, b);
const groupsOf = ({ attributes }: Workload): number => (attributes as ConvolutionAttributes).groups;

/** Not in it: scatterAdd, whose unsortedSegmentSum goes over the whole input once for each of the 10000 rows, for minutes. */
const operations: Readonly<Record<string, Operation>> = {
  matmul: binary('matMul'),
  add: binary('add'),
  multiply: binary('mul'),
  maximum: binary('maximum'),
  ...Object.fromEntries(
    ['relu', 'sqrt', 'exp', 'log', 'tanh', 'sigmoid', 'sin', 'erf'].map((name) => [name, unary(name)]),
  ),
  gelu: (tf, [x]) => tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),
  sum: (tf, [x], { attributes }) => tf.sum(x, (attributes as ReduceAttributes).axes),
  max: (tf, [x], { attributes }) => tf.max(x, (attributes as ReduceAttributes).axes),
  softmax: unary('softmax'),
  logSoftmax: unary('logSoftmax'),
  normalize: (tf, [x], { attributes }) =>
    tf.tidy(() => {
      const { mean, variance } = tf.moments(x, (attributes as ReduceAttributes).axes, true);
      return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    }),
  affineNormalize: (tf, [x, scale, shift], { attributes }) =>
    tf.tidy(() => {
      const rows = (attributes as AffineNormalizeAttributes).along === 'rows';
      const { mean, variance } = tf.moments(x, rows ? 1 : 0, true);
      return tf.batchNorm(x, mean, variance, shift, scale, 1e-5);
    }),
  transpose: unary('transpose'),
  convolution: (tf, [x, filter], workload) =>
    groupsOf(workload) > 1 ? tf.depthwiseConv2d(x, filter, 1, 'same') : tf.conv2d(x, filter, 1, 'same'),
  convolutionInputGradient: (tf, [g, filter], workload) => {
    const dims = {
      strides: [1, 1],
      pad: 'same',
      dilations: [1, 1],
      dimRoundingMode: null,
      inputShape: flat(workload.out),
    };
    const name = groupsOf(workload) > 1 ? 'DepthwiseConv2dNativeBackpropInput' : 'Conv2DBackpropInput';
    return tf.engine().runKernel(name, { dy: g, filter }, { ...dims, dataFormat: 'NHWC' });
  },
  convolutionFilterGradient: (tf, [x, g], workload) => {
    const grouped = groupsOf(workload) > 1;
    const [height, width, from, to] = flat(workload.out).slice(-4);
    const filterShape = grouped ? [height, width, to, 1] : [height, width, from, to];
    const dims = { strides: [1, 1], pad: 'same', dilations: [1, 1], dimRoundingMode: null, filterShape };
    const name = grouped ? 'DepthwiseConv2dNativeBackpropFilter' : 'Conv2DBackpropFilter';
    return tf.engine().runKernel(name, { x, dy: g }, { ...dims, dataFormat: 'NHWC' });
  },
  power: binary('pow'),
  less: binary('less'),
  where: (tf, [condition, a, b]) => tf.where(condition, a, b),
  clip: (tf, [x]) => tf.clipByValue(x, 0.2, 0.8),
  cast: (tf, [x]) => tf.cast(x, 'int32'),
  argmax: (tf, [x]) => tf.argMax(x, 1),
  logSumExp: (tf, [x]) => tf.logSumExp(x, 1),
  cumsum: (tf, [x]) => tf.cumsum(x, 1),
  gather: binary('gather'),
  concat: (tf, inputs) => tf.concat(inputs, 1),
  placeSlice: (tf, [x]) =>
    tf.pad(x, [
      [1, 1],
      [1, 1],
    ]),
  uniform: (tf, _, { out }) => tf.randomUniform(out),
  euclideanNorm: (tf, [x]) => tf.norm(x),
  dense: (tf, [a, b, bias]) => tf.fused.matMul({ a, b, bias, activation: 'relu' }),
  sumPool: (tf, [x]) => tf.avgPool(x, 2, 2, 'valid'),
  maxPool: (tf, [x]) => tf.maxPool(x, 2, 2, 'valid'),
};

/** The shape of input k as TF.js wants it: depthwise filters are [height, width, channels, 1]. */
function shapeOf(workload: Workload, k: number): number[] {
  const shape = workload.shapes[k]!;
  const isFilter =
    shape.length === 5 && shape[0] === 1 && k === 1 && workload.operation !== 'convolutionFilterGradient';
  if (!isFilter) return flat(shape);
  const [, height, width, from, to] = shape as [number, number, number, number, number];
  return groupsOf(workload) > 1 ? [height, width, to, 1] : [height, width, from, to];
}

async function load(): Promise<TF | null> {
  const peers = fileURLToPath(new URL('../../../../benchmarks/peers/package.json', import.meta.url));
  try {
    const require = createRequire(peers);
    const tf = require('@tensorflow/tfjs-core');
    require('@tensorflow/tfjs-backend-cpu');
    const wasm = require('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist/'));
    wasm.setThreadsCount?.(1);
    return tf;
  } catch {
    return null;
  }
}

/** The library, or null where it is not installed. */
export async function tfjs(): Promise<Library | null> {
  const tf = await load();
  if (tf === null) return null;
  return async (workload, wanted) => {
    const operation = operations[workload.operation];
    if (operation === undefined || workload.dtypes?.includes('float64')) return [];
    const contenders: Contender[] = [];
    for (const backend of ['cpu', 'wasm']) {
      if (!wanted(`TF.js ${backend}`)) continue;
      await tf.setBackend(backend);
      await tf.ready();
      const inputs: Tensor[] = workload.shapes.map((_, k) => {
        const shape = shapeOf(workload, k);
        const size = shape.reduce((n, extent) => n * extent, 1);
        const dtype = dtypeOf(workload, k);
        const values = Array.from({ length: size }, (__, i) => valueAt(workload, k, i));
        return tf.tensor(dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values), shape, dtype);
      });
      const call = (): void => operation(tf, inputs, workload).dispose();
      let tried: number;
      try {
        tried = timed(call)(1);
      } catch {
        continue; // This backend lacks the kernel.
      }
      contenders.push({
        library: `TF.js ${backend}`,
        tried,
        time: async (calls) => {
          await tf.setBackend(backend);
          return timed(call)(calls);
        },
      });
    }
    return contenders;
  };
}
