import type { Callback, CallbackState, Logs } from './callback.js';

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

  stateDict(): CallbackState {
    return { values: { epochs: this.epochs, history: this.history } };
  }

  loadStateDict({ values }: CallbackState): void {
    const { epochs, history } = values as unknown as Pick<History, 'epochs' | 'history'>;
    this.epochs.splice(0, this.epochs.length, ...epochs);
    for (const name of Object.keys(this.history)) delete this.history[name];
    for (const [name, list] of Object.entries(history)) this.history[name] = [...list];
  }
}
