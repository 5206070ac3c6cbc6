/**
 * The workloads in jax-js, channels first as it has them: the whole step (forward, backward, update) is one jitted function. Inside it
 * every use of an array is a `.ref`, for what is traced owns no memory.
 */

import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Prepared } from '../worker.js';
import { classes, glorot, uniform } from '../workloads.js';

// The benchmark is compiled without the library, which may not be installed.
// biome-ignore lint/suspicious/noExplicitAny: it has no types here
type Jax = any;
type Tensor = Jax;
/** A model: the numbers of its parameters are its own, their places in the list too. */
type Model = (parameters: readonly Tensor[], x: Tensor) => Tensor;
type Layer = Model;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

async function load(): Promise<Jax> {
  const require = createRequire(fileURLToPath(new URL('../../../../benchmarks/peers/package.json', import.meta.url)));
  const jax = await import(pathToFileURL(require.resolve('@jax-js/jax').replace('index.cjs', 'index.js')).href);
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}

function makers(jax: Jax): Readonly<Record<string, () => Prepared>> {
  const { numpy: np, nn, lax, jit, valueAndGrad } = jax;
  const array = (values: Float32Array | Int32Array, shape: readonly number[]): Tensor => np.array(values, { shape });
  const floats = (seed: number, shape: readonly number[]): Tensor => array(uniform(seed, sizeOf(shape), 0, 1), shape);
  /** What others hold as [batch, height, width, channels]. */
  const images = (shape: readonly number[]): Tensor => np.transpose(floats(1, shape), [0, 3, 1, 2]);
  const labels = (seed: number, shape: readonly number[], count: number): Tensor =>
    array(classes(seed, sizeOf(shape), count), shape);

  let seed = 100;
  const initial: Tensor[] = [];
  const parameter = (values: Float32Array, shape: readonly number[]): number => initial.push(array(values, shape)) - 1;
  const constant = (shape: readonly number[], value: number): number =>
    parameter(new Float32Array(sizeOf(shape)).fill(value), shape);
  const kernel = (shape: readonly number[]): number => parameter(glorot(seed++, shape), shape);

  const dense = (inputs: number, outputs: number): Layer => {
    const [w, b] = [kernel([inputs, outputs]), constant([outputs], 0)];
    return (p, x) => np.matmul(x, p[w].ref).add(p[b].ref);
  };
  const conv = (side: number, inputs: number, outputs: number, stride = 1): Layer => {
    const place = kernel([side, side, inputs, outputs]);
    initial[place] = np.transpose(initial[place], [3, 2, 0, 1]);
    return (p, x) => lax.convGeneralDilated(x, p[place].ref, [stride, stride], 'SAME');
  };
  /** Windows of 2 × 2 that do not overlap. */
  const pool = (x: Tensor): Tensor => {
    const [batch, channels, height, width] = x.shape;
    return np.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
  };
  const embedding = (count: number, width: number): Layer => {
    const table = parameter(uniform(seed++, count * width, -0.05, 0.05), [count, width]);
    // Its gather has no gradient for the table.
    return (p, ids) => np.matmul(nn.oneHot(ids, count), p[table].ref);
  };
  const relu = (x: Tensor): Tensor => nn.relu(x);

  type Loss = (prediction: Tensor, y: Tensor) => Tensor;
  const crossEntropy =
    (count: number): Loss =>
    (logits, y) => {
      const rows = nn.logSoftmax(logits.reshape([-1, count]), -1);
      return np.mean(np.sum(rows.mul(nn.oneHot(y.reshape([-1]), count)), -1)).mul(-1);
    };
  const squaredError: Loss = (prediction, y) => np.mean(np.square(prediction.sub(y)));

  interface Optimizer {
    /** How many arrays of each parameter's shape it keeps. */
    readonly slots: number;
    /** What a step number makes of it: numbers that the update gets. */
    numbers(step: number): number[];
    update(parameter: Tensor, g: Tensor, state: Tensor[], numbers: Tensor[]): [Tensor, Tensor[]];
  }
  const adam: Optimizer = {
    slots: 2,
    numbers: (step) => [1 / (1 - 0.9 ** step), 1 / (1 - 0.999 ** step)],
    update(w, g, [m, v], [first, second]) {
      const [newM, newV] = [m.mul(0.9).add(g.ref.mul(0.1)), v.mul(0.999).add(np.square(g).mul(0.001))];
      const change = newM.ref.mul(first.ref).div(np.sqrt(newV.ref.mul(second.ref)).add(1e-8));
      return [w.sub(change.mul(1e-3)), [newM, newV]];
    },
  };
  const sgd: Optimizer = { slots: 0, numbers: () => [], update: (w, g) => [w.sub(g.mul(0.01)), []] };
  const momentum: Optimizer = {
    slots: 1,
    numbers: () => [],
    update(w, g, [v]) {
      const velocity = v.mul(0.9).add(g);
      return [w.sub(velocity.ref.mul(0.01)), [velocity]];
    },
  };

  const training = (model: Model, x: Tensor, y: Tensor, loss: Loss, optimizer: Optimizer): Prepared => {
    let parameters = initial;
    let state = initial.map((one) => Array.from({ length: optimizer.slots }, () => np.zerosLike(one.ref)));
    let count = 0;
    let last: Tensor = null;
    const whole = jit((p: Tensor[], kept: Tensor[][], numbers: Tensor[], input: Tensor, target: Tensor) => {
      const [value, gradients] = valueAndGrad((q: Tensor[]) => loss(model(q, input.ref), target.ref))(
        p.map((one) => one.ref),
      );
      const updated = p.map((one, i) => optimizer.update(one, gradients[i], kept[i]!, numbers));
      return [value, updated.map(([w]) => w), updated.map(([, slots]) => slots)];
    });
    return {
      step() {
        last?.dispose();
        const numbers = optimizer.numbers(++count).map((number) => np.array(number));
        [last, parameters, state] = whole(parameters, state, numbers, x.ref, y.ref);
      },
      value: async () => (await last.ref.data())[0],
    };
  };
  const inference = (model: Model, x: Tensor): Prepared => {
    const whole = jit((p: Tensor[], input: Tensor) => model(p, input));
    let last: Tensor = null;
    return {
      step() {
        last?.dispose();
        last = whole(
          initial.map((one) => one.ref),
          x.ref,
        );
        // It computes nothing until a result is read, and never what is disposed of before.
        last.ref.dataSync();
      },
      value: async () => (await last.ref.data())[0],
    };
  };

  const mlp = (): Model => {
    const [first, second, third] = [dense(784, 256), dense(256, 128), dense(128, 10)];
    return (p, x) => third(p, relu(second(p, relu(first(p, x)))));
  };
  const cnn = (): Model => {
    const [first, b1, second, b2] = [conv(5, 1, 16), constant([16, 1, 1], 0), conv(5, 16, 32), constant([32, 1, 1], 0)];
    const last = dense(7 * 7 * 32, 10);
    return (p, x) => {
      const h = pool(relu(first(p, x).add(p[b1].ref)));
      const features = np.transpose(pool(relu(second(p, h).add(p[b2].ref))), [0, 2, 3, 1]);
      return last(p, features.reshape([features.shape[0], -1]));
    };
  };
  const lstm = (): Model => {
    const [w, u, b] = [kernel([64, 512]), kernel([128, 512]), constant([512], 0)];
    const last = dense(128, 10);
    return (p, x) => {
      const [batch, steps] = x.shape;
      const projected = np.transpose(np.matmul(x, p[w].ref).add(p[b].ref), [1, 0, 2]);
      const inputs: Tensor[] = np.split(projected, steps, 0);
      let h = np.zeros([batch, 128]);
      let c = np.zeros([batch, 128]);
      for (const input of inputs) {
        const all = input.reshape([batch, 512]).add(np.matmul(h, p[u].ref));
        const [i, f, g, o] = np.split(all, 4, 1);
        c = nn
          .sigmoid(f)
          .mul(c)
          .add(nn.sigmoid(i).mul(np.tanh(g)));
        h = nn.sigmoid(o).mul(np.tanh(c.ref));
      }
      return last(p, h);
    };
  };
  const normalized = (x: Tensor, axis: number | number[]): Tensor => {
    const distance = x.ref.sub(np.mean(x, axis, { keepdims: true }));
    return distance.ref.mul(np.reciprocal(np.sqrt(np.mean(np.square(distance), axis, { keepdims: true }).add(1e-5))));
  };
  const layerNorm = (): Layer => {
    const [scale, shift] = [constant([128], 1), constant([128], 0)];
    return (p, x) => normalized(x, -1).mul(p[scale].ref).add(p[shift].ref);
  };
  const transformer = (): Model => {
    const [tokens, positions] = [embedding(256, 128), embedding(64, 128)];
    const order = Int32Array.from({ length: 64 }, (_, i) => i);
    const causal = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 64 > Math.floor(i / 64) ? -1e9 : 0));
    const block = (): Layer => {
      const [q, k, v, out] = [dense(128, 128), dense(128, 128), dense(128, 128), dense(128, 128)];
      const [up, down] = [dense(128, 512), dense(512, 128)];
      const [norm1, norm2] = [layerNorm(), layerNorm()];
      return (p, x) => {
        const [batch, length] = x.shape;
        const heads = (y: Tensor): Tensor => np.transpose(y.reshape([batch, length, 4, 32]), [0, 2, 1, 3]);
        const h = norm1(p, x.ref);
        const keys = np.transpose(heads(k(p, h.ref)), [0, 1, 3, 2]);
        const scores = np.matmul(heads(q(p, h.ref)), keys).mul(1 / Math.sqrt(32));
        const mixed = np.matmul(nn.softmax(scores.add(array(causal, [64, 64])), -1), heads(v(p, h)));
        const y = x.add(out(p, np.transpose(mixed, [0, 2, 1, 3]).reshape([batch, length, 128])));
        return y.ref.add(down(p, nn.gelu(up(p, norm2(p, y)), { approximate: false })));
      };
    };
    const [first, second, norm, scores] = [block(), block(), layerNorm(), dense(128, 256)];
    return (p, x) => {
      const h = tokens(p, x).add(positions(p, array(order, [64])));
      return scores(p, norm(p, second(p, first(p, h))));
    };
  };
  const resnet = (): Model => {
    const batchNorm = (channels: number): Layer => {
      const [scale, shift] = [constant([channels, 1, 1], 1), constant([channels, 1, 1], 0)];
      return (p, x) => normalized(x, [0, 2, 3]).mul(p[scale].ref).add(p[shift].ref);
    };
    const block = (inputs: number, outputs: number, stride: number): Layer => {
      const [first, norm1] = [conv(3, inputs, outputs, stride), batchNorm(outputs)];
      const [second, norm2] = [conv(3, outputs, outputs), batchNorm(outputs)];
      const [third, norm3] = stride === 1 ? [] : [conv(1, inputs, outputs, stride), batchNorm(outputs)];
      return (p, x) => {
        const h = norm2(p, second(p, relu(norm1(p, first(p, x.ref)))));
        return relu(h.add(third === undefined ? x : norm3!(p, third(p, x))));
      };
    };
    const [first, norm] = [conv(3, 3, 16), batchNorm(16)];
    const blocks = [16, 32, 64].flatMap((filters, stage) =>
      [0, 1, 2].map((k) => (k === 0 && stage > 0 ? block(filters / 2, filters, 2) : block(filters, filters, 1))),
    );
    const last = dense(64, 10);
    return (p, x) =>
      last(
        p,
        np.mean(
          blocks.reduce((h, b) => b(p, h), relu(norm(p, first(p, x)))),
          [2, 3],
        ),
      );
  };

  return {
    tiny: () => {
      const [first, second] = [dense(8, 8), dense(8, 1)];
      const model: Model = (p, x) => second(p, np.tanh(first(p, x)));
      return training(model, floats(1, [8, 8]), floats(2, [8, 1]), squaredError, sgd);
    },
    mlp: () => training(mlp(), floats(1, [64, 784]), labels(2, [64], 10), crossEntropy(10), adam),
    cnn: () => training(cnn(), images([32, 28, 28, 1]), labels(2, [32], 10), crossEntropy(10), adam),
    lstm: () => training(lstm(), floats(1, [32, 32, 64]), labels(2, [32], 10), crossEntropy(10), adam),
    transformer: () =>
      training(transformer(), labels(1, [16, 64], 256), labels(2, [16, 64], 256), crossEntropy(256), adam),
    resnet: () => training(resnet(), images([16, 32, 32, 3]), labels(2, [16], 10), crossEntropy(10), momentum),
    autoencoder: () => {
      const layers = [dense(784, 512), dense(512, 64), dense(64, 512)];
      const last = dense(512, 784);
      const model: Model = (p, x) =>
        last(
          p,
          layers.reduce((h, layer) => relu(layer(p, h)), x),
        );
      return training(model, floats(1, [128, 784]), floats(1, [128, 784]), squaredError, adam);
    },
    'mlp inference 1': () => inference(mlp(), floats(1, [1, 784])),
    'mlp inference 64': () => inference(mlp(), floats(1, [64, 784])),
    'cnn inference 1': () => inference(cnn(), images([1, 28, 28, 1])),
    'cnn inference 64': () => inference(cnn(), images([64, 28, 28, 1])),
    overhead: () => {
      const [w, y] = [np.zeros([16]), np.full([16], 1e-3)];
      const whole = jit((start: Tensor, added: Tensor) => {
        const sum = (x: Tensor): Tensor => {
          let total = x;
          for (let i = 0; i < 1000; i++) total = total.add(added.ref);
          return np.sum(total);
        };
        return valueAndGrad(sum)(start);
      });
      let last: Tensor = null;
      return {
        step() {
          const [value, gradient] = whole(w.ref, y.ref);
          gradient.dispose();
          last?.dispose();
          last = value;
        },
        value: async () => (await last.ref.data())[0],
      };
    },
  };
}

/** @returns the step of a workload */
export async function prepare(workload: string): Promise<Prepared> {
  const prepared = makers(await load())[workload]!();
  prepared.step();
  await prepared.value();
  return prepared;
}
