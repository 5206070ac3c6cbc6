/** Shares of predictions that are right (https://keras.io/api/metrics/accuracy_metrics/). */

import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import { ShapeError, shapesEqual } from '@cotangent/kernels';
import type { Metric } from './metric.js';

/** Counts of hits, from a function that says for each sample whether it was one. */
class HitRate implements Metric {
  private hits = 0;
  private samples = 0;

  constructor(
    readonly name: string,
    private readonly hit: (yTrue: Tensor, yPred: Tensor) => Tensor,
  ) {}

  update(yTrue: Tensor, yPred: Tensor): void {
    noGrad(() =>
      scope(() => {
        const hits = this.hit(yTrue, yPred);
        this.hits += hits.sum().item();
        this.samples += hits.size;
      }),
    );
  }

  result(): number {
    return this.samples === 0 ? Number.NaN : this.hits / this.samples;
  }

  reset(): void {
    this.hits = 0;
    this.samples = 0;
  }
}

/** x [...] from [..., 1] where the other has one axis less. */
const withoutLastOne = (x: Tensor, other: Tensor): Tensor =>
  x.rank === other.rank + 1 && x.shape[x.rank - 1] === 1 ? x.squeeze(-1) : x;

/** Class indices [...] from [...] or [..., 1]. */
const indices = (yTrue: Tensor, yPred: Tensor): Tensor =>
  (yTrue.rank === yPred.rank && yTrue.shape[yTrue.rank - 1] === 1 ? yTrue.squeeze(-1) : yTrue).cast('int32');

/**
 * Share of samples whose largest prediction is at the class index: targets [...], predictions [..., classes].
 */
export class SparseCategoricalAccuracy extends HitRate {
  constructor(name: string = 'sparseCategoricalAccuracy') {
    super(name, (yTrue, yPred) => {
      const labels = indices(yTrue, yPred);
      if (!shapesEqual(labels.shape, yPred.shape.slice(0, -1))) {
        throw new ShapeError(name, { yTrue, yPred }, 'yTrue [...] and yPred [..., classes]');
      }
      return yPred.argmax({ axis: -1 }).equal(labels);
    });
  }
}

/** Share of samples whose largest prediction is where the largest target is: both [..., classes]. */
export class CategoricalAccuracy extends HitRate {
  constructor(name: string = 'categoricalAccuracy') {
    super(name, (yTrue, yPred) => {
      if (!shapesEqual(yTrue.shape, yPred.shape))
        throw new ShapeError(name, { yTrue, yPred }, 'equal shapes [..., classes]');
      return yPred.argmax({ axis: -1 }).equal(yTrue.argmax({ axis: -1 }));
    });
  }
}

/**
 * Share of predictions on the right side of the threshold (strictly above counts as 1). Targets are 0 or 1, of the shape
 * of the predictions, where a last axis of extent 1 may be missing.
 */
export class BinaryAccuracy extends HitRate {
  constructor(name: string = 'binaryAccuracy', threshold: number = 0.5) {
    super(name, (yTrue, yPred) => {
      const [targets, predictions] = [withoutLastOne(yTrue, yPred), withoutLastOne(yPred, yTrue)];
      if (!shapesEqual(targets.shape, predictions.shape)) throw new ShapeError(name, { yTrue, yPred }, 'equal shapes');
      return predictions.greater(threshold).cast(targets.dtype).equal(targets);
    });
  }
}

/** `accuracy`: what it means is decided by the shapes of the first batch, as Keras decides it. */
export class InferredAccuracy implements Metric {
  readonly name = 'accuracy';
  private actual: Metric | null = null;

  update(yTrue: Tensor, yPred: Tensor): void {
    this.actual ??= this.choose(yTrue, yPred);
    this.actual.update(yTrue, yPred);
  }

  private choose(yTrue: Tensor, yPred: Tensor): Metric {
    const classes = yPred.shape[yPred.rank - 1] ?? 1;
    const alike = shapesEqual(yTrue.shape, yPred.shape);
    if (classes === 1 || (alike && yPred.rank === 1)) return new BinaryAccuracy(this.name);
    return alike ? new CategoricalAccuracy(this.name) : new SparseCategoricalAccuracy(this.name);
  }

  result(): number {
    return this.actual?.result() ?? Number.NaN;
  }

  reset(): void {
    this.actual?.reset();
  }
}
