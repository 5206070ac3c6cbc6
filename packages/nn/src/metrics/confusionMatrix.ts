/** Which classes are taken for which. */

import { moveAxis, noGrad, scope, type Tensor } from '@cotangent/autograd';
import { IndexError, ShapeError, type TypedArray } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, checkTensor } from '../options.js';
import { type Metric, type MetricKind, type MetricOptions, type MetricValue, StreamingMetric } from './metric.js';
import { readPairs, readWeights } from './numbers.js';

/** Options of the metrics that count classes. */
export interface ClassCountOptions extends MetricOptions {
  /** How many classes there are; they count from 0. */
  numClasses: number;
  /** Targets of this class are left out; it may be outside the classes, as −1 or 255. @defaultValue none */
  ignoreClass?: number;
  /** Whether targets are class indices, rather than one number for each class. @defaultValue true */
  sparseYTrue?: boolean;
  /** Whether predictions are class indices, rather than one score for each class. @defaultValue true */
  sparseYPred?: boolean;
  /** Where the classes are in what is not sparse. @defaultValue -1 */
  axis?: number;
}

/** The names of those options, for checks. */
export const classCountOptionNames: readonly string[] = [
  'numClasses',
  'ignoreClass',
  'sparseYTrue',
  'sparseYPred',
  'axis',
  'name',
];

/** Base of the metrics that know how often each class was taken for each: totals are the matrix, row by row. */
export abstract class ClassCounts<Value extends MetricValue = number>
  extends StreamingMetric<Value>
  implements Metric<Value>
{
  protected readonly numClasses: number;
  private readonly ignoreClass: number | undefined;
  private readonly sparse: { readonly yTrue: boolean; readonly yPred: boolean };
  private readonly axis: number;

  constructor(kind: Omit<MetricKind, 'size'>, options: ClassCountOptions) {
    const { operation, configuration } = kind;
    const { numClasses, ignoreClass, sparseYTrue = true, sparseYPred = true, axis = -1 } = options;
    checkNumber(operation, 'numClasses', numClasses, { above: 0, whole: true });
    if (ignoreClass !== undefined) checkNumber(operation, 'ignoreClass', ignoreClass, { whole: true });
    checkBoolean(operation, 'sparseYTrue', sparseYTrue);
    checkBoolean(operation, 'sparseYPred', sparseYPred);
    checkNumber(operation, 'axis', axis, { whole: true });
    const own = { numClasses, ignoreClass: ignoreClass ?? null, ...configuration };
    super({ ...kind, size: numClasses ** 2, configuration: own }, options);
    this.numClasses = numClasses;
    this.ignoreClass = ignoreClass;
    this.sparse = { yTrue: sparseYTrue, yPred: sparseYPred };
    this.axis = axis;
  }

  /** @throws IndexError for a class that is none; ShapeError when shapes do not fit */
  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    noGrad(() =>
      scope(() => {
        const [target, predicted] = [
          this.classesOf('yTrue', yTrue, this.sparse.yTrue),
          this.classesOf('yPred', yPred, this.sparse.yPred),
        ];
        const { targets, predictions, shape } = readPairs(
          this.name,
          target,
          predicted,
          'one prediction for each target',
        );
        this.count(targets, predictions, readWeights(this.name, sampleWeight, yPred, shape));
      }),
    );
  }

  /** Adds to the matrix; classes are looked at before any is counted. */
  protected count(targets: TypedArray, predictions: TypedArray, weights: TypedArray | null): void {
    for (let i = 0; i < targets.length; i++) {
      if (targets[i] === this.ignoreClass) continue;
      this.checkClass('yTrue', targets[i]!, i);
      this.checkClass('yPred', predictions[i]!, i);
    }
    for (let i = 0; i < targets.length; i++) {
      if (targets[i] === this.ignoreClass) continue;
      this.totals[targets[i]! * this.numClasses + predictions[i]!]! += weights === null ? 1 : weights[i]!;
    }
  }

  /** Class indices, from scores where they are not sparse. */
  private classesOf(what: string, x: Tensor, sparse: boolean): Tensor {
    if (sparse) return checkTensor(this.name, what, x);
    const scores = moveAxis(checkTensor(this.name, what, x), this.axis, -1);
    if (scores.shape[scores.rank - 1] !== this.numClasses) {
      throw new ShapeError(this.name, { [what]: x }, `${this.numClasses} classes along axis ${this.axis}`);
    }
    return scores.argmax({ axis: -1 });
  }

  private checkClass(what: string, index: number, position: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.numClasses) return;
    const option = what === 'yTrue' ? 'sparseYTrue' : 'sparseYPred';
    throw new IndexError(
      this.name,
      `got class ${index} in ${what} at position ${position}; expected whole numbers from 0 to ${this.numClasses - 1}`,
      `For one score a class pass { ${option}: false }.`,
    );
  }

  /** A row of the matrix: what targets of a class were taken for. */
  protected row(target: number): number[] {
    return [...this.totals.subarray(target * this.numClasses, (target + 1) * this.numClasses)];
  }

  /** Weights of the targets of each class, of the predictions of each, and of those that are both. */
  protected margins(): { targets: number[]; predictions: number[]; hits: number[] } {
    const rows = Array.from({ length: this.numClasses }, (_, c) => this.row(c));
    return {
      targets: rows.map((row) => row.reduce((sum, weight) => sum + weight, 0)),
      predictions: rows.map((_, c) => rows.reduce((sum, row) => sum + row[c]!, 0)),
      hits: rows.map((row, c) => row[c]!),
    };
  }
}

/**
 * How often targets of each class were taken for each class, or the sums of their weights: rows are targets, columns are
 * predictions.
 *
 * @see https://www.tensorflow.org/api_docs/python/tf/math/confusion_matrix
 * @example
 * const matrix = new nn.metrics.ConfusionMatrix({ numClasses: 2, sparseYPred: false });
 * matrix.update(tensor([0, 1, 1]), tensor([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]]));
 * matrix.result(); // → [[1, 0], [1, 1]]
 */
export class ConfusionMatrix extends ClassCounts<number[][]> {
  /** @param options `numClasses` is required */
  constructor(options: ClassCountOptions) {
    checkOptions('ConfusionMatrix', options, classCountOptionNames);
    super({ operation: 'ConfusionMatrix' }, options);
  }

  override result(): number[][] {
    return Array.from({ length: this.numClasses }, (_, c) => this.row(c));
  }
}
