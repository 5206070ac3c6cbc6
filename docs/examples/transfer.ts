/**
 * Transfer learning: convolutions that have learned to tell 0 to 4 apart are frozen, and tell 5 to 9 apart after a few examples
 * (Keras's example mnist_transfer_cnn.py). Beside it the same network from scratch, on the same few.
 */

import { manualSeed, nn, optim, type Tensor, take, tensor } from 'cotangent';
import { loadMnist } from 'cotangent/node';
import { isMain, type Print } from './support/budget.js';

interface Digits {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Pictures of the digits from one to another, their labels counted from the first. */
function digits(
  { images, labels }: { images: Tensor; labels: Tensor },
  from: number,
  to: number,
  count: number,
): Digits {
  const all = labels.toTypedArray();
  const chosen = Int32Array.from([...all.keys()].filter((i) => all[i]! >= from && all[i]! <= to).slice(0, count));
  const indices = tensor(chosen);
  return { x: take(images, indices).expandDims(-1), y: take(labels, indices).sub(from) };
}

const features = (): nn.Sequential =>
  new nn.Sequential([
    new nn.Conv2D({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Conv2D({ filters: 32, kernelSize: 3, activation: 'relu' }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Flatten(),
  ]);

const classifier = (body: nn.Sequential): nn.Sequential =>
  new nn.Sequential([body, new nn.Dense({ units: 64, activation: 'relu' }), new nn.Dense({ units: 5 })]);

async function fit(model: nn.Sequential, { x, y }: Digits, epochs: number): Promise<void> {
  model.compile({
    optimizer: new optim.Adam(),
    loss: nn.losses.withOptions('sparseCategoricalCrossentropy', { fromLogits: true }),
    metrics: ['accuracy'],
  });
  await model.fit(x, y, { epochs, batchSize: 32, verbose: 0 });
}

/** @returns accuracies on unseen 5 to 9: with the frozen convolutions, and from scratch */
export async function train({
  samples = 10_000,
  few = 100,
  epochs = 2,
  fewEpochs = 20,
  tests = 2000,
  print = console.log as Print,
} = {}): Promise<{ transferred: number; scratch: number }> {
  manualSeed(1);
  const { train: training, test } = loadMnist();
  const low = digits(training, 0, 4, samples);
  const high = digits(training, 5, 9, few);
  const unseen = digits(test, 5, 9, tests);
  const accuracyOf = async (model: nn.Sequential): Promise<number> =>
    (await model.evaluate(unseen.x, unseen.y, { batchSize: 250 })).accuracy!;

  const body = features();
  await fit(classifier(body), low, epochs);
  body.trainable = false;
  const transferred = classifier(body);
  await fit(transferred, high, fewEpochs);
  print(`${transferred.countParameters({ trainable: false })} parameters are frozen`);
  const scratch = classifier(features());
  await fit(scratch, high, fewEpochs);
  const result = { transferred: await accuracyOf(transferred), scratch: await accuracyOf(scratch) };
  print(
    `5 to 9 from ${few} examples: ${(100 * result.transferred).toFixed(1)} % with what 0 to 4 taught, ${(100 * result.scratch).toFixed(1)} % from scratch`,
  );
  return result;
}

if (isMain(import.meta.filename)) void train();
