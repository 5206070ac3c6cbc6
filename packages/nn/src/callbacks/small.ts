/** Callbacks of a few lines (https://keras.io/api/callbacks/). */

import { ArgumentError } from '@cotangent/kernels';
import type { Model, Tensors } from '../model/model.js';
import { checkBoolean, checkOptions, shown } from '../options.js';
import type { Callback, Logs, RunParameters } from './callback.js';

/**
 * Ends training when a batch's loss is NaN or infinite.
 *
 * @see https://keras.io/api/callbacks/terminate_on_nan/
 * @example new nn.TerminateOnNaN()
 */
export class TerminateOnNaN implements Callback {
  /** The batch whose loss it was, from 0; null while there was none. */
  stoppedBatch: number | null = null;
  private model: Model<Tensors> | null = null;

  onTrainBegin({ model }: RunParameters): void {
    this.model = model;
    this.stoppedBatch = null;
  }

  onBatchEnd(batch: number, { loss = 0 }: Logs): void {
    if (Number.isFinite(loss)) return;
    this.stoppedBatch = batch;
    this.model!.stopTraining = true;
  }
}

const hooks = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onBatchBegin',
  'onBatchEnd',
  'onTestBegin',
  'onTestEnd',
  'onTestBatchBegin',
  'onTestBatchEnd',
  'onPredictBegin',
  'onPredictEnd',
  'onPredictBatchBegin',
  'onPredictBatchEnd',
] as const;

/** Functions for some of the methods of a callback. */
export type LambdaCallbackOptions = Pick<Callback, (typeof hooks)[number]>;

/**
 * A callback of functions. An object with these methods does as well; this one refuses names that are none.
 *
 * @throws ArgumentError for another name, or a value that is no function
 * @see https://keras.io/api/callbacks/lambda_callback/
 * @example new nn.LambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) })
 */
export class LambdaCallback implements Callback {
  constructor(options: LambdaCallbackOptions) {
    checkOptions('LambdaCallback', options, hooks);
    for (const [name, hook] of Object.entries(options))
      if (typeof hook !== 'function')
        throw new ArgumentError('LambdaCallback', `got ${name} ${shown(hook)}; expected a function`);
    Object.assign(this, options);
  }
}

/** Options of `SwapEMAWeights`. */
export interface SwapEMAWeightsOptions {
  /** Whether the running means are in place from the end of each epoch to the beginning of the next too, for callbacks that save. @defaultValue false */
  swapOnEpoch?: boolean;
}

/**
 * Lets evaluation and prediction see the running means of the parameters, which an optimizer made with `useEma` keeps.
 *
 * @throws ArgumentError in `fit` for an optimizer without them
 * @see https://keras.io/api/callbacks/swap_ema_weights/
 * @example
 * model.compile({ optimizer: new optim.Adam({ useEma: true }), loss: 'mse' });
 * await model.fit(x, y, { validationSplit: 0.25, verbose: 0, callbacks: [new nn.SwapEMAWeights()] });
 */
export class SwapEMAWeights implements Callback {
  private readonly swapOnEpoch: boolean;
  private model: Model<Tensors> | null = null;
  private averagesAreIn = false;

  constructor(options: SwapEMAWeightsOptions = {}) {
    checkOptions('SwapEMAWeights', options, ['swapOnEpoch']);
    this.swapOnEpoch = checkBoolean('SwapEMAWeights', 'swapOnEpoch', options.swapOnEpoch ?? false);
  }

  private swap(averages: boolean): void {
    if (this.averagesAreIn === averages) return;
    this.model!.optimizer.swapAverages();
    this.averagesAreIn = averages;
  }

  onTrainBegin({ model }: RunParameters): void {
    this.model = model;
  }

  onEpochBegin(): void {
    if (this.swapOnEpoch) this.swap(false);
  }

  onEpochEnd(): void {
    if (this.swapOnEpoch) this.swap(true);
  }

  /** `fit` has made the running means the parameters. */
  onTrainEnd(): void {
    this.averagesAreIn = false;
  }

  onTestBegin(model: Model<Tensors>): void {
    this.model = model;
    this.swap(true);
  }

  onTestEnd(): void {
    this.swap(false);
  }

  onPredictBegin(model: Model<Tensors>): void {
    this.model = model;
    this.swap(true);
  }

  onPredictEnd(): void {
    this.swap(false);
  }
}
