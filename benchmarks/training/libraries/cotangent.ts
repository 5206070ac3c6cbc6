/** The workloads in our words: layers, a loss, `backward()`, `step()`, every step recorded anew. */

import { fromTypedArray, nn, noGrad, optim, scope, type Tensor, tensor } from 'cotangent';
import { classes, glorot, uniform } from '../workloads.js';

/** Does the work once. Inference gives back what it computed, training the loss. */
export type Step = () => Tensor;

const floats = (seed: number, shape: readonly number[]): Tensor =>
  fromTypedArray(
    uniform(
      seed,
      shape.reduce((product, extent) => product * extent, 1),
      0,
      1,
    ),
    [...shape],
  );
const labels = (seed: number, size: number, count: number, shape: readonly number[] = [size]): Tensor =>
  fromTypedArray(classes(seed, size, count), [...shape]);

/** Gives each kernel, in the order in which they are named, the numbers that every library starts from. */
function fill(model: nn.Module): void {
  let seed = 100;
  for (const [path, parameter] of model.namedParameters()) {
    const { shape } = parameter;
    const name = path.split('.').at(-1)!;
    if (name === 'embeddings') parameter.setValue(fromTypedArray(uniform(seed++, parameter.size, -0.05, 0.05), shape));
    else if (name === 'kernel' || name === 'recurrentKernel') {
      // Kernels of heads [features, heads, width] and [heads, width, features] are matrices of the features.
      const flat = /attention/i.test(path) ? [128, 128] : shape;
      parameter.setValue(fromTypedArray(glorot(seed++, flat), shape));
    } else if (name === 'bias') parameter.setValue(fromTypedArray(new Float32Array(parameter.size), shape));
  }
}

const crossEntropy = (y: Tensor, logits: Tensor): Tensor =>
  nn.losses.sparseCategoricalCrossentropy(y, logits, { fromLogits: true });

function training(
  model: nn.Module,
  x: Tensor,
  y: Tensor,
  loss: (y: Tensor, prediction: Tensor) => Tensor,
  makeOptimizer: (parameters: nn.Parameter[]) => optim.Optimizer,
): Step {
  model.train();
  noGrad(() => model.call(x));
  fill(model);
  const optimizer = makeOptimizer([...model.parameters()]);
  return () => {
    const value = loss(y, model.call(x) as Tensor);
    optimizer.zeroGrad();
    value.backward();
    optimizer.step();
    return value;
  };
}

function inference(model: nn.Module, x: Tensor): Step {
  noGrad(() => model.call(x));
  fill(model);
  model.eval();
  // In a loop that never yields nothing else would release what lies between the layers.
  return () => scope(() => noGrad(() => model.call(x) as Tensor));
}

const adam = (parameters: nn.Parameter[]): optim.Optimizer =>
  new optim.Adam(parameters, { learningRate: 1e-3, epsilon: 1e-8, epsilonMode: 'pytorch' });

const mlp = (): nn.Module =>
  new nn.Sequential([
    new nn.Dense({ units: 256, activation: 'relu' }),
    new nn.Dense({ units: 128, activation: 'relu' }),
    new nn.Dense({ units: 10 }),
  ]);

const cnn = (): nn.Module =>
  new nn.Sequential([
    new nn.Conv2D({ filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Conv2D({ filters: 32, kernelSize: 5, padding: 'same', activation: 'relu' }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Flatten(),
    new nn.Dense({ units: 10 }),
  ]);

class Transformer extends nn.Module {
  private readonly tokens = new nn.Embedding({ inputDim: 256, outputDim: 128 });
  private readonly positions = new nn.Embedding({ inputDim: 64, outputDim: 128 });
  private readonly order = tensor(Int32Array.from({ length: 64 }, (_, i) => i));
  private readonly blocks = [0, 1].map(
    () => new nn.TransformerDecoder({ intermediateDim: 512, numHeads: 4, activation: 'gelu', normalizeFirst: true }),
  );
  private readonly norm = new nn.LayerNormalization({ epsilon: 1e-5 });
  private readonly scores = new nn.Dense({ units: 256 });

  override forward(x: Tensor): Tensor {
    let h = this.tokens.call(x).add(this.positions.call(this.order));
    for (const block of this.blocks) h = block.call(h);
    return this.scores.call(this.norm.call(h));
  }
}

/** Two convolutions around which the input is added, and reshaped by a third where it has another shape. */
class ResidualBlock extends nn.Module {
  private readonly first: nn.Conv2D;
  private readonly firstNorm = new nn.BatchNormalization({ epsilon: 1e-5, momentum: 0.9 });
  private readonly second: nn.Conv2D;
  private readonly secondNorm = new nn.BatchNormalization({ epsilon: 1e-5, momentum: 0.9 });
  private readonly shortcut: nn.Sequential | null;

  constructor(filters: number, strides: number) {
    super();
    const common = { filters, padding: 'same', useBias: false } as const;
    this.first = new nn.Conv2D({ ...common, kernelSize: 3, strides });
    this.second = new nn.Conv2D({ ...common, kernelSize: 3 });
    this.shortcut =
      strides === 1
        ? null
        : new nn.Sequential([
            new nn.Conv2D({ ...common, kernelSize: 1, strides }),
            new nn.BatchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
          ]);
  }

  override forward(x: Tensor): Tensor {
    const h = this.firstNorm.call(this.first.call(x)).relu();
    const y = this.secondNorm.call(this.second.call(h));
    return y.add(this.shortcut?.call(x) ?? x).relu();
  }
}

/** He et al. 2016, arXiv:1512.03385, section 4.2: three stages of three blocks. */
const resnet = (): nn.Module =>
  new nn.Sequential([
    new nn.Conv2D({ filters: 16, kernelSize: 3, padding: 'same', useBias: false }),
    new nn.BatchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
    new nn.Activation({ activation: 'relu' }),
    ...[16, 32, 64].flatMap((filters, stage) =>
      [0, 1, 2].map((block) => new ResidualBlock(filters, stage > 0 && block === 0 ? 2 : 1)),
    ),
    new nn.GlobalAveragePooling2D(),
    new nn.Dense({ units: 10 }),
  ]);

const steps: Readonly<Record<string, () => Step>> = {
  tiny: () =>
    training(
      new nn.Sequential([new nn.Dense({ units: 8, activation: 'tanh' }), new nn.Dense({ units: 1 })]),
      floats(1, [8, 8]),
      floats(2, [8, 1]),
      (y, p) => nn.losses.meanSquaredError(y, p),
      (parameters) => new optim.SGD(parameters, { learningRate: 0.01 }),
    ),
  mlp: () => training(mlp(), floats(1, [64, 784]), labels(2, 64, 10), crossEntropy, adam),
  cnn: () => training(cnn(), floats(1, [32, 28, 28, 1]), labels(2, 32, 10), crossEntropy, adam),
  lstm: () =>
    training(
      new nn.Sequential([new nn.LSTM({ units: 128 }), new nn.Dense({ units: 10 })]),
      floats(1, [32, 32, 64]),
      labels(2, 32, 10),
      crossEntropy,
      adam,
    ),
  transformer: () =>
    training(
      new Transformer(),
      labels(1, 16 * 64, 256, [16, 64]),
      labels(2, 16 * 64, 256, [16, 64]),
      crossEntropy,
      adam,
    ),
  resnet: () =>
    training(
      resnet(),
      floats(1, [16, 32, 32, 3]),
      labels(2, 16, 10),
      crossEntropy,
      (parameters) => new optim.SGD(parameters, { learningRate: 0.01, momentum: 0.9 }),
    ),
  autoencoder: () => {
    const x = floats(1, [128, 784]);
    const layers = [512, 64, 512].map((units) => new nn.Dense({ units, activation: 'relu' }));
    return training(
      new nn.Sequential([...layers, new nn.Dense({ units: 784 })]),
      x,
      x,
      (y, p) => nn.losses.meanSquaredError(y, p),
      adam,
    );
  },
  'mlp inference 1': () => inference(mlp(), floats(1, [1, 784])),
  'mlp inference 64': () => inference(mlp(), floats(1, [64, 784])),
  'cnn inference 1': () => inference(cnn(), floats(1, [1, 28, 28, 1])),
  'cnn inference 64': () => inference(cnn(), floats(1, [64, 28, 28, 1])),
  overhead: () => {
    const [w, y] = [tensor(new Float32Array(16), { requiresGrad: true }), tensor(new Float32Array(16).fill(1e-3))];
    return () => {
      let sum: Tensor = w;
      for (let i = 0; i < 1000; i++) sum = sum.add(y);
      const total = sum.sum();
      total.backward();
      w.zeroGrad();
      return total;
    };
  },
};

/** @returns the step of a workload, and how its number is read */
export function prepare(workload: string): { step(): void; value(): number } {
  const step = steps[workload]!();
  let last = step();
  return {
    step: () => {
      last = step();
    },
    value: () => last.toTypedArray()[0]!,
  };
}
