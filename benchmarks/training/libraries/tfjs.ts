/**
 * The workloads in TensorFlow.js: core operations, `variableGrads`, an optimizer of its own. tfjs-layers is imported for the gradients,
 * which tfjs-core does not register in Node. Its wasm backend has no gradient of a filter and none of a table of embeddings: both
 * are written here with what it does have.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Prepared } from '../worker.js';
import { classes, glorot, uniform } from '../workloads.js';

// The benchmark is compiled without the library, which may not be installed.
// biome-ignore lint/suspicious/noExplicitAny: it has no types here
type TF = any;
type Tensor = TF;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

async function load(backend: 'cpu' | 'wasm'): Promise<TF> {
  const require = createRequire(fileURLToPath(new URL('../../../../benchmarks/peers/package.json', import.meta.url)));
  const tf = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-layers');
  if (backend === 'cpu') require('@tensorflow/tfjs-backend-cpu');
  else {
    const wasm = require('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist/'));
    wasm.setThreadsCount?.(1);
  }
  await tf.setBackend(backend);
  await tf.ready();
  return tf;
}

/** The workloads on one backend. */
function makers(tf: TF, backend: 'cpu' | 'wasm'): Readonly<Record<string, () => Prepared>> {
  const floats = (seed: number, shape: readonly number[]): Tensor =>
    tf.tensor(uniform(seed, sizeOf(shape), 0, 1), shape);
  const labels = (seed: number, shape: readonly number[], count: number): Tensor =>
    tf.tensor(classes(seed, sizeOf(shape), count), shape, 'int32');

  let seed = 100;
  const variables: Tensor[] = [];
  const variable = (values: Float32Array, shape: readonly number[]): Tensor => {
    const made = tf.variable(tf.tensor(values, shape));
    variables.push(made);
    return made;
  };
  const constant = (shape: readonly number[], value: number): Tensor =>
    variable(new Float32Array(sizeOf(shape)).fill(value), shape);
  const kernel = (shape: readonly number[]): Tensor => variable(glorot(seed++, shape), shape);

  const dense = (inputs: number, outputs: number): ((x: Tensor) => Tensor) => {
    const [w, b] = [kernel([inputs, outputs]), constant([outputs], 0)];
    return (x) => {
      const rows = x.rank === 2 ? x : tf.reshape(x, [-1, inputs]);
      const y = tf.add(tf.matMul(rows, w), b);
      return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
    };
  };

  /** As a convolution of the images, their channels as batch, with the gradient as filter: it needs no other kernel. */
  const filterGradient = (x: Tensor, g: Tensor, shape: readonly number[], stride: number): Tensor => {
    const around = (extent: number, taps: number): [number, number] => {
      const total = Math.max((Math.ceil(extent / stride) - 1) * stride + taps - extent, 0);
      return [total >> 1, total - (total >> 1)];
    };
    const padding = [[0, 0], around(x.shape[1], shape[0]!), around(x.shape[2], shape[1]!), [0, 0]];
    const images = tf.transpose(tf.pad(x, padding), [3, 1, 2, 0]);
    const filter = tf.transpose(g, [1, 2, 0, 3]);
    const taps = tf.conv2d(images, filter, 1, 'valid', 'NHWC', stride);
    return tf.transpose(tf.slice(taps, [0, 0, 0, 0], [shape[2], shape[0], shape[1], shape[3]]), [1, 2, 0, 3]);
  };
  const convolve = (x: Tensor, filter: Tensor, stride: number): Tensor =>
    backend === 'cpu'
      ? tf.conv2d(x, filter, stride, 'same')
      : tf.customGrad((input: Tensor, w: Tensor, save: (saved: Tensor[]) => void) => {
          save([input, w]);
          return {
            value: tf.conv2d(input, w, stride, 'same'),
            gradFunc: (g: Tensor, [a, b]: [Tensor, Tensor]) => [
              tf.conv2dTranspose(g, b, a.shape, stride, 'same'),
              filterGradient(a, g, b.shape, stride),
            ],
          };
        })(x, filter);
  const conv = (side: number, inputs: number, outputs: number, stride = 1): ((x: Tensor) => Tensor) => {
    const filter = kernel([side, side, inputs, outputs]);
    return (x) => convolve(x, filter, stride);
  };
  const pool = (x: Tensor): Tensor => tf.maxPool(x, 2, 2, 'valid');

  const embedding = (count: number, width: number): ((x: Tensor) => Tensor) => {
    const table = variable(uniform(seed++, count * width, -0.05, 0.05), [count, width]);
    if (backend === 'cpu') return (x) => tf.gather(table, x);
    return (x) =>
      tf.customGrad((values: Tensor) => ({
        value: tf.gather(values, x),
        gradFunc: (g: Tensor) =>
          tf.matMul(tf.transpose(tf.oneHot(tf.reshape(x, [-1]), count)), tf.reshape(g, [-1, width])),
      }))(table);
  };

  const crossEntropy = (y: Tensor, count: number): ((logits: Tensor) => Tensor) => {
    const oneHot = tf.oneHot(tf.reshape(y, [-1]), count);
    return (logits) => tf.losses.softmaxCrossEntropy(oneHot, tf.reshape(logits, [-1, count]));
  };
  const squaredError =
    (y: Tensor): ((prediction: Tensor) => Tensor) =>
    (prediction) =>
      tf.losses.meanSquaredError(y, prediction);

  const adam = (): Tensor => tf.train.adam(1e-3, 0.9, 0.999, 1e-8);

  const training = (
    model: (x: Tensor) => Tensor,
    x: Tensor,
    loss: (prediction: Tensor) => Tensor,
    optimizer: Tensor,
  ): Prepared => {
    let last: Tensor = null;
    return {
      step() {
        last?.dispose();
        last = tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => loss(model(x)), variables);
          optimizer.applyGradients(grads);
          return value;
        });
      },
      value: () => last.dataSync()[0],
    };
  };
  const inference = (model: (x: Tensor) => Tensor, x: Tensor): Prepared => {
    let last: Tensor = null;
    return {
      step() {
        last?.dispose();
        last = tf.tidy(() => model(x));
      },
      value: () => last.dataSync()[0],
    };
  };

  const mlp = (): ((x: Tensor) => Tensor) => {
    const [first, second, third] = [dense(784, 256), dense(256, 128), dense(128, 10)];
    return (x) => third(tf.relu(second(tf.relu(first(x)))));
  };
  const cnn = (): ((x: Tensor) => Tensor) => {
    const [first, b1, second, b2] = [conv(5, 1, 16), constant([16], 0), conv(5, 16, 32), constant([32], 0)];
    const last = dense(7 * 7 * 32, 10);
    return (x) => {
      const h = pool(tf.relu(tf.add(first(x), b1)));
      return last(tf.reshape(pool(tf.relu(tf.add(second(h), b2))), [x.shape[0], -1]));
    };
  };

  const lstm = (): ((x: Tensor) => Tensor) => {
    const [w, u, b] = [kernel([64, 512]), kernel([128, 512]), constant([512], 0)];
    const last = dense(128, 10);
    return (x) => {
      const [batch, steps, features] = x.shape;
      const projected = tf.reshape(tf.add(tf.matMul(tf.reshape(x, [-1, features]), w), b), [batch, steps, 512]);
      const inputs: Tensor[] = tf.unstack(projected, 1);
      let h = tf.zeros([batch, 128]);
      let c = tf.zeros([batch, 128]);
      for (const input of inputs) {
        const [i, f, g, o] = tf.split(tf.add(input, tf.matMul(h, u)), 4, 1);
        c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        h = tf.mul(tf.sigmoid(o), tf.tanh(c));
      }
      return last(h);
    };
  };

  const layerNorm = (): ((x: Tensor) => Tensor) => {
    const [scale, shift] = [constant([128], 1), constant([128], 0)];
    return (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), scale), shift);
    };
  };
  const gelu = (x: Tensor): Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const transformer = (): ((x: Tensor) => Tensor) => {
    const [tokens, positions] = [embedding(256, 128), embedding(64, 128)];
    const order = tf.range(0, 64, 1, 'int32');
    const ones = tf.ones([64, 64]);
    const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(ones, -1, 0)), -1e9);
    const block = (): ((x: Tensor) => Tensor) => {
      const [q, k, v, out] = [dense(128, 128), dense(128, 128), dense(128, 128), dense(128, 128)];
      const [up, down] = [dense(128, 512), dense(512, 128)];
      const [norm1, norm2] = [layerNorm(), layerNorm()];
      return (x) => {
        const [batch, length] = x.shape;
        const heads = (y: Tensor): Tensor => tf.transpose(tf.reshape(y, [batch, length, 4, 32]), [0, 2, 1, 3]);
        const h = norm1(x);
        const scores = tf.mul(tf.matMul(heads(q(h)), heads(k(h)), false, true), 1 / Math.sqrt(32));
        const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), heads(v(h)));
        const y = tf.add(x, out(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, length, 128])));
        return tf.add(y, down(gelu(up(norm2(y)))));
      };
    };
    const [first, second, norm, scores] = [block(), block(), layerNorm(), dense(128, 256)];
    return (x) => scores(norm(second(first(tf.add(tokens(x), positions(order))))));
  };

  const batchNorm = (channels: number): ((x: Tensor) => Tensor) => {
    const [scale, shift] = [constant([channels], 1), constant([channels], 0)];
    const [runningMean, runningVariance] = [tf.variable(tf.zeros([channels])), tf.variable(tf.ones([channels]))];
    return (x) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      runningMean.assign(tf.add(tf.mul(runningMean, 0.9), tf.mul(mean, 0.1)));
      runningVariance.assign(tf.add(tf.mul(runningVariance, 0.9), tf.mul(variance, 0.1)));
      return tf.batchNorm(x, mean, variance, shift, scale, 1e-5);
    };
  };
  const resnet = (): ((x: Tensor) => Tensor) => {
    const block = (inputs: number, outputs: number, stride: number): ((x: Tensor) => Tensor) => {
      const [first, norm1] = [conv(3, inputs, outputs, stride), batchNorm(outputs)];
      const [second, norm2] = [conv(3, outputs, outputs), batchNorm(outputs)];
      const [third, norm3] = stride === 1 ? [] : [conv(1, inputs, outputs, stride), batchNorm(outputs)];
      return (x) => {
        const h = norm2(second(tf.relu(norm1(first(x)))));
        return tf.relu(tf.add(h, third === undefined ? x : norm3!(third(x))));
      };
    };
    const [first, norm] = [conv(3, 3, 16), batchNorm(16)];
    const blocks = [16, 32, 64].flatMap((filters, stage) =>
      [0, 1, 2].map((k) => (k === 0 && stage > 0 ? block(filters / 2, filters, 2) : block(filters, filters, 1))),
    );
    const last = dense(64, 10);
    return (x) =>
      last(
        tf.mean(
          blocks.reduce((h, b) => b(h), tf.relu(norm(first(x)))),
          [1, 2],
        ),
      );
  };

  return {
    tiny: () => {
      const [first, second] = [dense(8, 8), dense(8, 1)];
      const model = (x: Tensor): Tensor => second(tf.tanh(first(x)));
      return training(model, floats(1, [8, 8]), squaredError(floats(2, [8, 1])), tf.train.sgd(0.01));
    },
    mlp: () => training(mlp(), floats(1, [64, 784]), crossEntropy(labels(2, [64], 10), 10), adam()),
    cnn: () => training(cnn(), floats(1, [32, 28, 28, 1]), crossEntropy(labels(2, [32], 10), 10), adam()),
    lstm: () => training(lstm(), floats(1, [32, 32, 64]), crossEntropy(labels(2, [32], 10), 10), adam()),
    transformer: () =>
      training(transformer(), labels(1, [16, 64], 256), crossEntropy(labels(2, [16, 64], 256), 256), adam()),
    resnet: () =>
      training(
        resnet(),
        floats(1, [16, 32, 32, 3]),
        crossEntropy(labels(2, [16], 10), 10),
        tf.train.momentum(0.01, 0.9),
      ),
    autoencoder: () => {
      const layers = [dense(784, 512), dense(512, 64), dense(64, 512)];
      const last = dense(512, 784);
      const x = floats(1, [128, 784]);
      const model = (y: Tensor): Tensor => last(layers.reduce((h, layer) => tf.relu(layer(h)), y));
      return training(model, x, squaredError(x), adam());
    },
    'mlp inference 1': () => inference(mlp(), floats(1, [1, 784])),
    'mlp inference 64': () => inference(mlp(), floats(1, [64, 784])),
    'cnn inference 1': () => inference(cnn(), floats(1, [1, 28, 28, 1])),
    'cnn inference 64': () => inference(cnn(), floats(1, [64, 28, 28, 1])),
    overhead: () => {
      const [w, y] = [constant([16], 0), tf.fill([16], 1e-3)];
      const sum = (): Tensor => {
        let total = w;
        for (let i = 0; i < 1000; i++) total = tf.add(total, y);
        return tf.sum(total);
      };
      let last: Tensor = null;
      return {
        step() {
          last?.dispose();
          last = tf.tidy(() => tf.variableGrads(sum, [w]).value);
        },
        value: () => last.dataSync()[0],
      };
    },
  };
}

/** @returns the step of a workload on the backend that `library` names */
export async function prepare(workload: string, library: string): Promise<Prepared> {
  const backend = library === 'TF.js cpu' ? 'cpu' : 'wasm';
  const prepared = makers(await load(backend), backend)[workload]!();
  prepared.step();
  return prepared;
}
