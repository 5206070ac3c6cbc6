/** Being told how training goes. */

import type { Model } from '../model/model.js';

/** Losses and metrics so far, by name; validation ones start with `val`. */
export type Logs = Readonly<Record<string, number>>;

/** How long a run will be. */
export interface RunLength {
  readonly epochs: number;
  /** Batches in an epoch. */
  readonly steps: number;
  readonly samples: number;
  readonly batchSize: number;
}

/** What is trained, and for how long. */
export interface RunParameters extends RunLength {
  readonly model: Model;
}

/** Methods that `fit` calls where they exist; all may be asynchronous. Epochs and batches count from 0. */
export interface Callback {
  onTrainBegin?(run: RunParameters): void | Promise<void>;
  onTrainEnd?(logs: Logs): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  onBatchBegin?(batch: number): void | Promise<void>;
  /** `logs.loss` is this batch's own loss here, metrics are those of the epoch so far; `logs.size` samples were in it. */
  onBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
}
