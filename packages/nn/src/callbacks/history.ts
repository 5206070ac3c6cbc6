import { htmlTable, Shown, textTable } from '../notebook/display.js';
import { curvesOf } from '../seeing/curves.js';
import { figure, lineChart, onPaper } from '../seeing/svg.js';
import type { Callback, CallbackState, Logs } from './callback.js';

/** Epochs at either end that a table shows. */
const edge = 10;

/**
 * What `fit` returns: every log of every epoch.
 *
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 1 })]);
 * model.compile({ optimizer: 'sgd', loss: 'mse' });
 * const history = await model.fit(ones([8, 2]), zeros([8, 1]), { epochs: 3, verbose: 0 });
 * history.epochs; // → [0, 1, 2]
 * history.history.loss!.length; // → 3
 */
export class History extends Shown implements Callback {
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

  /** A line for each epoch, and curves, as HTML. Notebooks show it. */
  override toHTML(): string {
    const curves = curvesOf(this.history).map(({ name, series }) => onPaper(lineChart(name, series)));
    return `<div>${htmlTable('History', this.cells())}${curves.join('')}</div>`;
  }

  /** A line for each epoch. */
  override toString(): string {
    return textTable(this.cells());
  }

  /** A long run is abridged in the middle. */
  private cells(): string[][] {
    const names = Object.keys(this.history);
    const line = (i: number): string[] => [
      String(this.epochs[i]),
      ...names.map((name) => {
        // What began later (validation of every other epoch, say) has fewer values than there were epochs.
        const value = this.history[name]!.length === this.epochs.length ? this.history[name]![i] : undefined;
        return value === undefined ? '' : figure(value);
      }),
    ];
    const count = this.epochs.length;
    const lines = (from: number, to: number): string[][] => this.epochs.slice(from, to).map((_, i) => line(from + i));
    const rows =
      count <= 2 * edge
        ? lines(0, count)
        : [...lines(0, edge), ['…', ...names.map(() => '…')], ...lines(count - edge, count)];
    return [['epoch', ...names], ...rows];
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
