/**
 * Language: is a first name a woman's or a man's? A recurrent network reads its letters. Some 5,000 English names of the npm package
 * `human-names`. The baseline is what the last letter alone says.
 */

import { createRequire } from 'node:module';
import { manualSeed, nn, optim, tensor } from 'cotangent';
import { isMain, type Print } from './support/budget.js';

const load = createRequire(import.meta.url);
const alphabet = ' abcdefghijklmnopqrstuvwxyz';

/** Names in small letters, those of both left out, and whether each is a woman's. */
export function names(): [name: string, female: number][] {
  const read = (kind: string): Set<string> =>
    new Set((load(`human-names/data/${kind}-human-names-en.json`) as string[]).map((name) => name.toLowerCase()));
  const [female, male] = [read('female'), read('male')];
  const plain = (name: string): boolean => /^[a-z]{2,12}$/.test(name);
  return [
    ...[...female].filter((name) => plain(name) && !male.has(name)).map((name): [string, number] => [name, 1]),
    ...[...male].filter((name) => plain(name) && !female.has(name)).map((name): [string, number] => [name, 0]),
  ];
}

/** Accuracy of saying what is more frequent among the names with the same last letter. */
function byLastLetter(
  training: readonly (readonly [string, number])[],
  test: readonly (readonly [string, number])[],
): number {
  const votes = new Map<string, number>();
  for (const [name, female] of training) votes.set(name.at(-1)!, (votes.get(name.at(-1)!) ?? 0) + 2 * female - 1);
  const guess = (name: string): number => ((votes.get(name.at(-1)!) ?? 0) > 0 ? 1 : 0);
  return test.filter(([name, female]) => guess(name) === female).length / test.length;
}

/** Trains on four fifths of the names. @returns accuracy on the others, and that of the last letter alone */
export async function train({
  epochs = 30,
  print = console.log as Print,
} = {}): Promise<{ accuracy: number; baseline: number }> {
  manualSeed(1);
  const all = names();
  const ids = all.map(([name]) => [...name].map((letter) => alphabet.indexOf(letter)));
  const x = nn.utils.padSequences(ids, { maxLength: 12 });
  const y = tensor(all.map(([, female]) => [female]));
  const [[xTrain, xTest], [yTrain, yTest], [training, test]] = nn.data.trainTestSplit([x, y, all], {
    testSize: 0.2,
    seed: 2,
  });
  const model = new nn.Sequential([
    new nn.Embedding({ inputDim: alphabet.length, outputDim: 24, maskZero: true }),
    new nn.SpatialDropout1D({ rate: 0.1 }),
    new nn.Bidirectional({ layer: new nn.LSTM({ units: 48 }) }),
    new nn.Dropout({ rate: 0.5 }),
    new nn.Dense({ units: 1 }),
  ]);
  model.compile({
    optimizer: new optim.Adam({ learningRate: 3e-3 }),
    loss: nn.losses.withOptions('binaryCrossentropy', { fromLogits: true }),
    metrics: [new nn.metrics.BinaryAccuracy({ threshold: 0, name: 'accuracy' })],
  });
  await model.fit(xTrain, yTrain, {
    epochs,
    batchSize: 64,
    verbose: 0,
    validationSplit: 0.1,
    callbacks: [
      new nn.EarlyStopping({ patience: 6, restoreBestWeights: true }),
      new nn.LambdaCallback({
        onEpochEnd: (epoch, logs) =>
          print(
            `epoch ${epoch + 1}: accuracy ${logs.accuracy!.toFixed(3)}, validation ${logs.valAccuracy!.toFixed(3)}`,
          ),
      }),
    ],
  });
  const { accuracy } = await model.evaluate(xTest, yTest, { batchSize: 256 });
  const baseline = byLastLetter(training, test);
  print(
    `${(100 * accuracy!).toFixed(1)} % of names it has not seen; by the last letter alone: ${(100 * baseline).toFixed(1)} %`,
  );
  return { accuracy: accuracy!, baseline };
}

if (isMain(import.meta.filename)) void train();
