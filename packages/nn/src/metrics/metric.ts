import type { Tensor } from '@cotangent/autograd';

/** Something measured over many batches. */
export interface Metric {
  /** Key in logs and history. */
  readonly name: string;
  /** Takes a batch into account. */
  update(yTrue: Tensor, yPred: Tensor): void;
  /** The value over everything since the last reset; NaN when there was nothing. */
  result(): number;
  reset(): void;
}
