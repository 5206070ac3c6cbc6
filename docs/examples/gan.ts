/**
 * A generative adversarial network (Goodfellow et al. 2014) on the ring of eight Gaussians of Metz et al. (2017, "Unrolled GANs"), where
 * an ordinary one is known to fall into a few of the eight. A step of one's own trains two networks with two optimizers.
 */

import { Generator, manualSeed, nn, ones, optim, randomNormal, type Tensor, tensor, zeros } from 'cotangent';
import { isMain, type Print } from './support/budget.js';

const modes = Array.from(
  { length: 8 },
  (_, k) => [2 * Math.cos((k * Math.PI) / 4), 2 * Math.sin((k * Math.PI) / 4)] as const,
);

/** Points of the ring. */
export function ring(count: number, generator: Generator): Tensor {
  const centres = Array.from({ length: count }, () => [...modes[Math.floor(generator.uniform() * 8)]!]);
  return tensor(centres).add(randomNormal([count, 2], { generator, standardDeviation: 0.05 }));
}

const perceptron = (outputs: number): nn.Sequential =>
  new nn.Sequential([
    new nn.Dense({ units: 64, activation: 'relu' }),
    new nn.Dense({ units: 64, activation: 'relu' }),
    new nn.Dense({ units: outputs }),
  ]);

/** Generator and discriminator. Each step trains both, one after the other. */
export class GAN extends nn.Model {
  readonly generator = perceptron(2).build([8]);
  readonly discriminator = perceptron(1).build([2]);
  private readonly generatorOptimizer = new optim.Adam(this.generator.parameters(), { learningRate: 1e-3, beta1: 0.5 });
  private readonly discriminatorOptimizer = new optim.Adam(this.discriminator.parameters(), {
    learningRate: 1e-3,
    beta1: 0.5,
  });

  /** Points from noise [n, 8]. */
  override forward(noise: Tensor): Tensor {
    return this.generator.call(noise);
  }

  protected override trainStep({ x, size }: nn.Batch<Tensor>): nn.Logs {
    const judge = (points: Tensor, real: boolean): Tensor =>
      nn.losses.binaryCrossentropy(real ? ones([size, 1]) : zeros([size, 1]), this.discriminator.call(points), {
        fromLogits: true,
      });

    const made = this.generator.call(randomNormal([size, 8]));
    const discriminatorLoss = judge(x, true).add(judge(made.detach(), false));
    this.discriminatorOptimizer.zeroGrad();
    discriminatorLoss.backward();
    this.discriminatorOptimizer.step();

    const generatorLoss = judge(this.generator.call(randomNormal([size, 8])), true);
    this.generatorOptimizer.zeroGrad();
    generatorLoss.backward();
    this.generatorOptimizer.step();
    return { discriminatorLoss: discriminatorLoss.item(), generatorLoss: generatorLoss.item() };
  }
}

/** @returns how many of the eight the generator finds, and which share of its points lie within three standard deviations of one */
export async function train({
  steps = 6000,
  print = console.log as Print,
} = {}): Promise<{ found: number; near: number }> {
  manualSeed(2);
  const random = new Generator(5);
  const model = new GAN();
  model.compile({});
  const batches = nn.data.Dataset.fromGenerator(function* () {
    for (;;) yield [ring(128, random)] as const;
  });
  const epochs = 6;
  await model.fit(batches, {
    epochs,
    stepsPerEpoch: Math.ceil(steps / epochs),
    verbose: 0,
    callbacks: [
      new nn.LambdaCallback({
        onEpochEnd: (epoch, logs) =>
          print(
            `epoch ${epoch + 1}: discriminator ${logs.discriminatorLoss!.toFixed(3)}, generator ${logs.generatorLoss!.toFixed(3)}`,
          ),
      }),
    ],
  });
  const points = (await model.predict(randomNormal([1000, 8]))).toArray() as [number, number][];
  const hits = points
    .map((p) => modes.findIndex((m) => Math.hypot(p[0] - m[0], p[1] - m[1]) < 0.15))
    .filter((k) => k >= 0);
  const counts = modes.map((_, k) => hits.filter((hit) => hit === k).length);
  const found = counts.filter((count) => count >= 10).length;
  print(`${found} of 8 found (${counts.join(' ')} of 1000 points)`);
  return { found, near: hits.length / 1000 };
}

if (isMain(import.meta.filename)) void train();
