import type { Callback, Logs } from './callback.js';

/** What `fit` returns: every log of every epoch. */
export class History implements Callback {
  /** Numbers of the epochs, from 0. */
  readonly epochs: number[] = [];
  /** By name, one value an epoch: `loss`, `accuracy`, `valLoss`, … */
  readonly history: Record<string, number[]> = {};

  onEpochEnd(epoch: number, logs: Logs): void {
    this.epochs.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}
