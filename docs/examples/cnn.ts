/**
 * Image recognition: a convolutional network on the 60,000 digits of MNIST, the Keras way. LeCun et al. (1998) report 99.2 % for
 * a network of this kind (LeNet-5, http://yann.lecun.com/exdb/mnist/); here at least 99.0 % on one core in under five minutes.
 */

import { manualSeed, nn, optim } from 'cotangent';
import { loadMnist } from 'cotangent/node';
import { isMain, type Print, since } from './support/budget.js';

/** Two convolutions with pooling, and two dense layers. */
export function network(): nn.Sequential {
  return new nn.Sequential([
    new nn.Conv2D({ filters: 16, kernelSize: 5, padding: 'same', activation: 'relu', inputShape: [28, 28, 1] }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Conv2D({ filters: 32, kernelSize: 5, padding: 'same', activation: 'relu' }),
    new nn.MaxPooling2D({ poolSize: 2 }),
    new nn.Flatten(),
    new nn.Dropout({ rate: 0.4 }),
    new nn.Dense({ units: 128, activation: 'relu' }),
    new nn.Dropout({ rate: 0.4 }),
    new nn.Dense({ units: 10 }),
  ]);
}

/** Trains it. @returns accuracy on the test images, or on the first of them */
export async function train({
  epochs = 3,
  samples = 60_000,
  tests = 10_000,
  seed = 1,
  print = console.log as Print,
} = {}): Promise<number> {
  manualSeed(seed);
  const { train: training, test } = loadMnist();
  const [x, y] = [training.images.slice([0, samples]).expandDims(-1), training.labels.slice([0, samples])];
  const model = network();
  model.summary({ print });
  const stepsPerEpoch = Math.ceil(samples / 64);
  model.compile({
    optimizer: new optim.Adam({
      learningRate: new optim.schedules.CosineDecay({ initialLearningRate: 2e-3, decaySteps: epochs * stepsPerEpoch }),
    }),
    loss: nn.losses.withOptions('sparseCategoricalCrossentropy', { fromLogits: true }),
    metrics: ['accuracy'],
  });
  const start = performance.now();
  await model.fit(x, y, {
    epochs,
    batchSize: 64,
    verbose: 0,
    callbacks: [
      new nn.LambdaCallback({
        onEpochEnd: (epoch, { loss, accuracy }) =>
          print(`epoch ${epoch + 1}: loss ${loss!.toFixed(4)}, accuracy ${accuracy!.toFixed(4)}, ${since(start)}`),
      }),
    ],
  });
  const images = test.images.slice([0, tests]).expandDims(-1);
  const { accuracy } = await model.evaluate(images, test.labels.slice([0, tests]), { batchSize: 250 });
  print(`test accuracy ${(100 * accuracy!).toFixed(2)} % after ${since(start)}`);
  return accuracy!;
}

if (isMain(import.meta.filename)) void train();
