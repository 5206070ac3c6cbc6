import type { Tensor } from '@cotangent/autograd';
import { Adam, type AdamOptions } from './adam.js';

/**
 * Adam with decoupled weight decay: w ← w − η λ w, then Adam's step. λ is `weightDecay`, 0.004 unless told (Keras).
 *
 * Biases and scales are usually left out: `optimizer.excludeFromWeightDecay([layer.bias])`.
 *
 * @see Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization"; https://keras.io/api/optimizers/adamw/
 * @example
 * const optimizer = new optim.AdamW(net.parameters(), { learningRate: 1e-3, weightDecay: 0.01 });
 */
export class AdamW extends Adam {
  protected static override readonly operation: string = 'AdamW';

  constructor(options?: AdamOptions);
  constructor(parameters: readonly Tensor[], options?: AdamOptions);
  constructor(first: readonly Tensor[] | AdamOptions = {}, second: AdamOptions = {}) {
    if (Array.isArray(first)) super(first as readonly Tensor[], { weightDecay: 0.004, ...second });
    else super({ weightDecay: 0.004, ...(first as AdamOptions) });
  }
}
