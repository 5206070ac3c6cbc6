import type { Tensor } from '@cotangent/autograd';
import { shapesEqual } from '@cotangent/kernels';
import { checkTensor } from '../options.js';
import { MeanOf, type Measure } from './means.js';

/** What a name may mean: for one output, for one score a class beside one-hot targets, or beside class indices. */
export type MeasureByKind = Readonly<Record<'binary' | 'categorical' | 'sparse', Measure>>;

/** Which of them targets and predictions of these shapes need, as Keras decides it. */
function kindOf(yTrue: Tensor, yPred: Tensor): keyof MeasureByKind {
  const classes = yPred.shape[yPred.rank - 1] ?? 1;
  const alike = shapesEqual(yTrue.shape, yPred.shape);
  if (classes === 1 || (alike && yPred.rank === 1)) return 'binary';
  return alike ? 'categorical' : 'sparse';
}

/** The metric that a short name such as 'accuracy' means: the shapes of the first batch decide. */
export class Inferred extends MeanOf {
  /** @param name in logs */
  constructor(operation: string, name: string, measures: MeasureByKind) {
    let chosen: Measure | null = null;
    super({ operation }, { name }, (_, yTrue, yPred) => {
      const measure = chosen ?? measures[kindOf(checkTensor(name, 'yTrue', yTrue), checkTensor(name, 'yPred', yPred))];
      const values = measure(name, yTrue, yPred);
      // Not before: a batch that was refused decides nothing.
      chosen = measure;
      return values;
    });
  }
}
