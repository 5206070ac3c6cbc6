/** Being told how training goes (https://keras.io/api/callbacks/base_callback/). */

import type { Json } from '../io/json.js';
import type { Model, Tensors } from '../model/model.js';
import type { FitProgress } from '../model/progress.js';
import type { StateDict } from '../state.js';

/** Losses and metrics so far, by name; validation ones start with `val`. */
export type Logs = Readonly<Record<string, number>>;

/** How long a run will be. */
export interface RunLength {
  readonly epochs: number;
  /** Batches in an epoch; undefined where the data does not say. */
  readonly steps: number | undefined;
  /** Samples in an epoch; undefined where the data does not say. */
  readonly samples: number | undefined;
  /** Undefined where batches come ready-made. */
  readonly batchSize: number | undefined;
}

/** What is trained, and for how long. */
export interface RunParameters extends RunLength {
  readonly model: Model<Tensors>;
  /** Where the run is: what a checkpoint stores, and what it is resumed from. */
  readonly progress: FitProgress;
  /** All callbacks of the run, in the order in which they are called. */
  readonly callbacks: readonly Callback[];
}

/** What a callback keeps, as plain data and tensors. */
export interface CallbackState {
  readonly values: Json;
  readonly tensors?: StateDict;
}

/**
 * Methods that `fit`, `evaluate` and `predict` call where they exist; all may be asynchronous. Epochs and batches count from 0. Set
 * `model.stopTraining = true` to end the run after this batch.
 */
export interface Callback {
  onTrainBegin?(run: RunParameters): void | Promise<void>;
  onTrainEnd?(logs: Logs): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  onBatchBegin?(batch: number): void | Promise<void>;
  /** `logs.loss` is this batch's own loss here, metrics are those of the epoch so far; `logs.size` samples were in it. */
  onBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  /** Before `evaluate`, also that of `fit` on validation data. */
  onTestBegin?(model: Model<Tensors>): void | Promise<void>;
  onTestEnd?(logs: Logs): void | Promise<void>;
  onTestBatchBegin?(batch: number): void | Promise<void>;
  onTestBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  onPredictBegin?(model: Model<Tensors>): void | Promise<void>;
  onPredictEnd?(): void | Promise<void>;
  onPredictBatchBegin?(batch: number): void | Promise<void>;
  onPredictBatchEnd?(batch: number, predictions: Tensors): void | Promise<void>;
  /** What it needs to go on after an interruption; checkpoints store it. */
  stateDict?(): CallbackState;
  /** Goes on from what `stateDict` gave. */
  loadStateDict?(state: CallbackState): void;
  /** Whether it saves the run: it is called after all others, so that what it saves has theirs. @defaultValue false */
  readonly savesRun?: boolean;
}

type Hook = Exclude<keyof Callback, 'stateDict' | 'loadStateDict' | 'savesRun'>;

/** Calls one method of every callback that has it, in order, waiting for those that take time. */
export async function notify<H extends Hook>(
  callbacks: readonly Callback[],
  hook: H,
  ...given: Parameters<NonNullable<Callback[H]>>
): Promise<void> {
  for (const callback of callbacks) {
    const done = (callback[hook] as ((...given: unknown[]) => void | Promise<void>) | undefined)?.(...given);
    if (done !== undefined) await done;
  }
}

/** Whether any callback has one of the methods. */
export function anyHas(callbacks: readonly Callback[], ...hooks: readonly Hook[]): boolean {
  return callbacks.some((callback) => hooks.some((hook) => callback[hook] !== undefined));
}
