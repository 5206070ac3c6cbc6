/**
 * Data compression: 784 pixels of a digit through 32 numbers and back (https://blog.keras.io/building-autoencoders-in-keras.html,
 * which reports a binary cross-entropy of about 0.09), and a variational autoencoder (Kingma and Welling 2014) whose two numbers
 * place digits on a plane. Writes pictures: above the digits, below what came back.
 */

import { writeFileSync } from 'node:fs';
import { concat, manualSeed, nn, optim, randomNormal, type Tensor, tensor } from 'cotangent';
import { loadMnist, writeAtomically } from 'cotangent/node';
import { isMain, type Print, since } from './support/budget.js';

/** 784 → 128 → 32 → 128 → 784. */
export const autoencoder = (): nn.Sequential =>
  new nn.Sequential([
    new nn.Dense({ units: 128, activation: 'relu', inputShape: [784] }),
    new nn.Dense({ units: 32, activation: 'relu', name: 'code' }),
    new nn.Dense({ units: 128, activation: 'relu' }),
    new nn.Dense({ units: 784, activation: 'sigmoid' }),
  ]);

/** Encoder to a mean and a variance, a draw, decoder; loss = reconstruction + divergence, in a step of its own. */
export class VariationalAutoencoder extends nn.Model {
  private readonly hidden = new nn.Dense({ units: 256, activation: 'relu' });
  private readonly mean = new nn.Dense({ units: 2 });
  private readonly logVariance = new nn.Dense({ units: 2 });
  private readonly decoder = new nn.Sequential([
    new nn.Dense({ units: 256, activation: 'relu' }),
    new nn.Dense({ units: 784 }),
  ]);

  /** Probabilities of ink for points of the plane. */
  decode(z: Tensor): Tensor {
    return this.decoder.call(z).sigmoid();
  }

  override forward(x: Tensor): Tensor {
    return this.decode(this.mean.call(this.hidden.call(x)));
  }

  /** Negative evidence lower bound, in nats a picture. */
  private bound(x: Tensor): Tensor {
    const h = this.hidden.call(x);
    const [mean, logVariance] = [this.mean.call(h), this.logVariance.call(h)];
    const z = mean.add(logVariance.mul(0.5).exp().mul(randomNormal(mean.shape)));
    const scores = this.decoder.call(z);
    const reconstruction = nn.losses.binaryCrossentropy(x, scores, { fromLogits: true }).mul(784);
    const divergence = mean.square().add(logVariance.exp()).sub(1).sub(logVariance).sum({ axis: 1 }).mul(0.5).mean();
    return reconstruction.add(divergence);
  }

  protected override trainStep({ x }: nn.Batch): nn.Logs {
    const bound = this.bound(x);
    this.minimize(bound);
    return { bound: bound.item() };
  }

  protected override testStep({ x }: nn.Batch): nn.Logs {
    return { bound: this.bound(x).item() };
  }
}

/** Pictures [n, 784] in rows of so many, as one picture for `encodePng`. */
export function sheet(pictures: Tensor, columns: number): Tensor {
  const rows = pictures.shape[0]! / columns;
  return pictures
    .reshape([rows, columns, 28, 28])
    .permute([0, 2, 1, 3])
    .reshape([rows * 28, columns * 28, 1])
    .mul(-255)
    .add(255)
    .clip(0, 255)
    .cast('uint8');
}

/** Trains both. @param folder where to put the pictures; null for nowhere */
export async function train({
  epochs = 5,
  samples = 60_000,
  folder = null as string | null,
  print = console.log as Print,
} = {}): Promise<{ crossentropy: number; blank: number; bound: number; firstBound: number; picture: Uint8Array }> {
  manualSeed(1);
  const { train: training, test } = loadMnist();
  const x = training.images.slice([0, samples]).reshape([samples, 784]);
  const xTest = test.images.slice([0, 1000]).reshape([1000, 784]);
  const start = performance.now();
  const report = new nn.LambdaCallback({
    onEpochEnd: (epoch, logs) =>
      print(
        `epoch ${epoch + 1}: ${Object.entries(logs)
          .map(([name, value]) => `${name} ${value.toFixed(4)}`)
          .join(', ')}, ${since(start)}`,
      ),
  });
  const options = { epochs, batchSize: 128, verbose: 0, callbacks: [report] } as const;

  print('autoencoder: 784 pixels in 32 numbers');
  const model = autoencoder();
  model.compile({ optimizer: new optim.Adam({ learningRate: 2e-3 }), loss: 'binaryCrossentropy' });
  const compressed = await model.fit(x, x, { ...options, validationData: [xTest, xTest] });
  const { loss: crossentropy } = await model.evaluate(xTest, xTest, { batchSize: 250 });
  // What one picture for all of them, their mean, would cost.
  const mean = xTest.mean({ axis: 0, keepDims: true }).broadcastTo([1000, 784]);
  const blank = nn.losses.binaryCrossentropy(xTest, mean).item();
  print(`unseen digits: ${crossentropy!.toFixed(4)} nats a pixel; their mean: ${blank.toFixed(4)}`);

  const rows = concat([xTest.slice([0, 10]), await model.predict(xTest.slice([0, 10]))]);
  const picture = await nn.data.encodePng(sheet(rows, 10));

  print('variational autoencoder: 784 pixels in 2 numbers');
  const vae = new VariationalAutoencoder();
  vae.compile({ optimizer: new optim.Adam({ learningRate: 2e-3 }) });
  const { history } = await vae.fit(x, undefined, options);
  const { bound } = await vae.evaluate(xTest);
  print(`unseen digits: ${bound!.toFixed(1)} nats a picture`);
  if (folder !== null) {
    // The plane of the two numbers, from −2 to 2 each.
    const grid = Array.from({ length: 100 }, (_, i) => [(i % 10) / 2.25 - 2, Math.floor(i / 10) / 2.25 - 2]);
    const plane = sheet(vae.decode(tensor(grid)).detach(), 10);
    writeFileSync(`${folder}/reconstructions.png`, picture);
    writeFileSync(`${folder}/plane.png`, await nn.data.encodePng(plane));
    const pictures = { 'above digits, below what came back': sheet(rows, 10), 'the plane of the two numbers': plane };
    const html = await nn.report({ title: 'Autoencoder', history: compressed, model, pictures });
    await writeAtomically(`${folder}/autoencoder.html`, html);
    print(`pictures and a report in ${folder}`);
  }
  return { crossentropy: crossentropy!, blank, bound: bound!, firstBound: history.bound![0]!, picture };
}

if (isMain(import.meta.filename)) void train({ folder: process.argv[2] ?? '.' });
