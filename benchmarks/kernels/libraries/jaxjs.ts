/** jax-js on its wasm device, each operation jitted, if `npm run bench:peers` has installed it and Node is new enough. */

import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ConvolutionAttributes, ReduceAttributes, Shape } from '@cotangent/kernels';
import { type Contender, dtypeOf, type Library, valueAt, type Workload } from '../workload.js';

// The benchmark is compiled without the library, which may not be installed.
// biome-ignore lint/suspicious/noExplicitAny: it has no types here
type Jax = any;
type Operation = (jax: Jax, inputs: readonly Jax[], workload: Workload) => Jax;

const unary =
  (name: string): Operation =>
  ({ numpy }, [x]) =>
    numpy[name](x);
const binary =
  (name: string): Operation =>
  ({ numpy }, [a, b]) =>
    numpy[name](a, b);

const operations: Readonly<Record<string, Operation>> = {
  matmul: binary('matmul'),
  add: binary('add'),
  multiply: binary('multiply'),
  maximum: binary('maximum'),
  ...Object.fromEntries(['sqrt', 'exp', 'log', 'tanh', 'sin'].map((name) => [name, unary(name)])),
  relu: ({ nn }, [x]) => nn.relu(x),
  sigmoid: ({ nn }, [x]) => nn.sigmoid(x),
  silu: ({ nn }, [x]) => nn.silu(x),
  gelu: ({ nn }, [x]) => nn.gelu(x, { approximate: false }),
  erf: ({ lax }, [x]) => lax.erf(x),
  sum: ({ numpy }, [x], { attributes }) => numpy.sum(x, [...(attributes as ReduceAttributes).axes]),
  max: ({ numpy }, [x], { attributes }) => numpy.max(x, [...(attributes as ReduceAttributes).axes]),
  softmax: ({ nn }, [x]) => nn.softmax(x, 1),
  logSoftmax: ({ nn }, [x]) => nn.logSoftmax(x, 1),
  normalize: ({ nn }, [x], { attributes }) => nn.standardize(x, [...(attributes as ReduceAttributes).axes]),
  less: binary('less'),
  clip: ({ numpy }, [x]) => numpy.clip(x, 0.2, 0.8),
  argmax: ({ numpy }, [x]) => numpy.argmax(x, 1),
  logSumExp: ({ nn }, [x]) => nn.logsumexp(x, 1),
  cumsum: ({ numpy }, [x]) => numpy.cumsum(x, 1),
  concat: ({ numpy }, inputs) => numpy.concatenate([...inputs], 1),
  placeSlice: ({ numpy }, [x]) => numpy.pad(x, 1),
  transpose: ({ numpy }, [x]) => numpy.transpose(x),
  convolution: ({ lax }, [x, filter], { attributes }) => {
    const { groups, padding } = attributes as ConvolutionAttributes;
    const pairs = padding.slice(1).map((pair) => [...pair]);
    return lax.convGeneralDilated(x, filter, [1, 1], pairs, { featureGroupCount: groups });
  },
};

/** Shapes as it has them: channels first, and filters [to, from, height, width]. */
function shapeOf({ operation, shapes }: Workload, k: number): Shape {
  const shape = shapes[k]!;
  if (operation !== 'convolution') return shape;
  const [n, , height, width, channels] = shape as [number, number, number, number, number];
  return k === 0 ? [n, channels, height, width] : [channels, width, shape[1]!, height];
}

async function load(): Promise<Jax | null> {
  if (Number.parseInt(process.versions.node, 10) < 24) return null;
  try {
    const require = createRequire(fileURLToPath(new URL('../../../../benchmarks/peers/package.json', import.meta.url)));
    const jax = await import(pathToFileURL(require.resolve('@jax-js/jax').replace('index.cjs', 'index.js')).href);
    await jax.init('wasm');
    jax.defaultDevice('wasm');
    return jax;
  } catch {
    return null;
  }
}

/** The library, or null where it is not installed. */
export async function jaxjs(): Promise<Library | null> {
  const jax = await load();
  if (jax === null) return null;
  return async (workload, wanted) => {
    const operation = operations[workload.operation];
    // Neither float64 nor bools from outside.
    if (
      operation === undefined ||
      !wanted('jax-js') ||
      workload.dtypes?.some((dtype, k) => dtype === 'float64' || (dtype === 'bool' && k < workload.shapes.length))
    )
      return [];
    const inputs = workload.shapes.map((_, k) => {
      const shape = shapeOf(workload, k);
      const size = shape.reduce((n, extent) => n * extent, 1);
      const values = Array.from({ length: size }, (__, i) => valueAt(workload, k, i));
      const array = dtypeOf(workload, k) === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
      return jax.numpy.array(array, { shape: [...shape] });
    });
    const whole = jax.jit((...given: Jax[]) => operation(jax, given, workload));
    const call = async (): Promise<void> => {
      const result = await whole(...inputs.map((input) => input.ref)).blockUntilReady();
      result.dispose();
    };
    const start = performance.now();
    try {
      await call();
    } catch {
      return [];
    }
    const tried = performance.now() - start;
    const contender: Contender = {
      library: 'jax-js',
      tried,
      time: async (calls) => {
        const start = performance.now();
        for (let i = 0; i < calls; i++) await call();
        return (performance.now() - start) / calls;
      },
    };
    return [contender];
  };
}
