/** Trains a network on MNIST and reports how well it reads. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArgumentError, CotangentError, manualSeed, nn, optim, type Tensor } from 'cotangent';
import { loadMnist } from 'cotangent/node';
import { confusionMatrix, showConfusion } from './confusion.js';
import { smoothed } from './curve.js';
import { drawDigits, type Misread } from './drawDigit.js';
import { type Options, readOptions, UsageError, usage } from './options.js';
import { prepareReport, writeReport } from './report.js';

/** Each epoch takes this much of the learning rate of the one before. */
const decay = 0.4;

/** Where the words go. */
export interface Output {
  out(line: string): void;
  error(line: string): void;
  /** Whether a person is watching a terminal. */
  readonly terminal: boolean;
}

/** Runs the job. @returns the exit code: 0, 1 when it failed, 2 when the command line made no sense */
export async function main(argv: readonly string[], output: Output): Promise<number> {
  try {
    const options = readOptions(argv);
    if (options.help) output.out(usage);
    else await train(options, output);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      output.error(`${error.message}. See npm start -- --help`);
      return 2;
    }
    // What the library refused, and what the system did: a report that cannot be written, a full disk.
    if (error instanceof CotangentError || isSystemError(error)) {
      output.error(error.message);
      return 1;
    }
    throw error;
  }
}

const isSystemError = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && 'syscall' in error;

async function train(options: Options, { out, terminal }: Output): Promise<void> {
  const path = resolve(options.report);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new UsageError(`got --report ${options.report}, a folder; expected a file`);
  }
  prepareReport(path);
  manualSeed(options.seed);
  const { train: all, test } = loadMnist(options.data === null ? {} : { directory: options.data });
  const count = Math.min(options.limit ?? Number.POSITIVE_INFINITY, all.images.shape[0]!);
  const x = all.images.slice([0, count]);
  const y = all.labels.slice([0, count]);
  out(
    `MNIST: ${count.toLocaleString('en-US')} digits to train on, ${test.images.shape[0]!.toLocaleString('en-US')} to test with`,
  );

  const model = nn.sequential([
    new nn.Flatten({ inputShape: [28, 28] }),
    new nn.Dense({ units: options.units, activation: 'relu', kernelInitializer: 'heUniform' }),
    new nn.Dense({ units: 10 }),
  ]);
  model.summary({ print: out });
  const optimizer = new optim.Adam({ learningRate: options.learningRate });
  model.compile({
    optimizer,
    loss: (yTrue, yPred) => nn.losses.sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true }),
    metrics: ['accuracy'],
  });

  const batchLosses: number[] = [];
  const started = performance.now();
  const { history } = await model.fit(x, y, {
    epochs: options.epochs,
    batchSize: options.batchSize,
    validationData: [test.images, test.labels],
    verbose: options.quiet ? 0 : terminal ? 1 : 2,
    callbacks: [
      {
        // Smaller steps from epoch to epoch: far at first, exact at last.
        onEpochBegin: (epoch) => {
          optimizer.learningRate = options.learningRate * decay ** epoch;
        },
        onBatchEnd: (_, { loss }) => void batchLosses.push(loss!),
      },
    ],
  });
  const seconds = (performance.now() - started) / 1000;
  const lost = batchLosses.find((loss) => !Number.isFinite(loss));
  if (lost !== undefined) throw new ArgumentError('train', `the loss became ${lost}`, 'Try a smaller --learning-rate.');

  const evaluated = await model.evaluate(test.images, test.labels, { batchSize: 500 });
  const [loss, accuracy] = [evaluated.loss!, evaluated.accuracy!];
  const { read, confidence } = await readDigits(model, test.images);
  const truth = test.labels.toTypedArray();
  const confusion = confusionMatrix(truth, read, 10);
  const misread = worstMisread(test.images, truth, read, confidence);

  out(`\n${showConfusion(confusion)}`);
  if (misread.length > 0) out(`\nMisread with most confidence:\n\n${drawDigits(misread.slice(0, 3))}`);
  out(`\nFinal training loss: ${history.loss!.at(-1)}`);
  out(`Test accuracy: ${(accuracy * 100).toFixed(2)} %`);

  const stepsPerEpoch = batchLosses.length / options.epochs;
  // The smoothed line looks back over so many batches; a short run has none to lag behind.
  const memory = Math.min(50, Math.max(1, batchLosses.length / 20));
  writeReport(path, {
    title: 'Reading handwritten digits',
    figures: [
      ['Test accuracy', `${(accuracy * 100).toFixed(2)} %`],
      ['Test loss', loss.toFixed(4)],
      ['Training time', `${seconds.toFixed(1)} s`],
      ['Speed', `${Math.round((count * options.epochs) / seconds).toLocaleString('en-US')} samples/s`],
      ['Parameters', model.countParameters().toLocaleString('en-US')],
      ['Seed', String(options.seed)],
      ['Node', process.versions.node],
    ],
    settings: `${options.epochs} ${options.epochs === 1 ? 'epoch' : 'epochs'} over ${count.toLocaleString('en-US')} digits in batches of ${options.batchSize}; ${options.units} hidden units; Adam, learning rate ${options.learningRate}, times ${decay} each epoch.`,
    charts: [
      {
        title: 'Loss',
        description: `Training loss of each batch over ${options.epochs} epochs, from ${batchLosses[0]!.toFixed(2)} to ${batchLosses.at(-1)!.toFixed(2)}.`,
        xLabel: 'epoch',
        xStep: 1,
        yLabel: 'cross-entropy',
        series: [
          { name: 'each batch', points: batchLosses.map((value, i) => [(i + 1) / stepsPerEpoch, value]), faint: true },
          {
            name: 'smoothed',
            points: smoothed(batchLosses, 1 - 1 / memory).map((value, i) => [(i + 1) / stepsPerEpoch, value]),
          },
        ],
      },
      {
        title: 'Accuracy',
        description: `Accuracy after each epoch; the last on test digits is ${(accuracy * 100).toFixed(2)} %.`,
        xLabel: 'epoch',
        xStep: 1,
        yLabel: '%',
        series: [
          { name: 'training', points: history.accuracy!.map((value, i) => [i + 1, value * 100]) },
          { name: 'test', points: history.valAccuracy!.map((value, i) => [i + 1, value * 100]) },
        ],
      },
    ],
    confusion,
    misread,
  });
  out(`Report: ${path}`);
}

/** What the model reads in each image, and how sure it is. */
async function readDigits(
  model: nn.Model,
  images: Tensor,
): Promise<{ read: ArrayLike<number>; confidence: ArrayLike<number> }> {
  const probabilities = (await model.predict(images, { batchSize: 500 })).softmax();
  return {
    read: probabilities.argmax({ axis: 1 }).toTypedArray(),
    confidence: probabilities.max({ axis: 1 }).toTypedArray(),
  };
}

/** The 24 wrong answers given with most confidence. */
function worstMisread(
  images: Tensor,
  truth: ArrayLike<number>,
  read: ArrayLike<number>,
  confidence: ArrayLike<number>,
): Misread[] {
  const wrong = Array.from(truth, (_, i) => i).filter((i) => read[i] !== truth[i]);
  wrong.sort((i, j) => confidence[j]! - confidence[i]!);
  return wrong.slice(0, 24).map((i) => ({
    pixels: images.slice(i).toTypedArray(),
    truth: truth[i]!,
    read: read[i]!,
    confidence: confidence[i]!,
  }));
}
