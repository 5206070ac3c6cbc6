import { Adam, type AdamOptions } from './adam.js';
import { type Parameters, separate } from './optimizer.js';

/**
 * Adam with decoupled weight decay: w ← w − η λ w, then Adam's step. λ is `weightDecay`, 0.004 unless told (Keras; PyTorch 0.01).
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
  constructor(parameters: Parameters, options?: AdamOptions);
  constructor(first: Parameters | AdamOptions = {}, second: AdamOptions = {}) {
    const [parameters, options] = separate(first, second);
    const decaying = { weightDecay: 0.004, ...options };
    if (parameters === undefined) super(decaying);
    else super(parameters, decaying);
  }
}
