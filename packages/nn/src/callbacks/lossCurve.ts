import { checkNumber, checkOptions } from '../options.js';
import type { Callback, CallbackState, Logs } from './callback.js';
import { defaultOutput, type ProgressOutput } from './progress.js';

/** Options of `LossCurve`. */
export interface LossCurveOptions {
  /** Names in the logs to draw. @defaultValue loss and valLoss */
  metrics?: readonly string[];
  /** Lines of the chart. @defaultValue 10 */
  height?: number;
  /** Columns of the chart, at most. @defaultValue 60 */
  width?: number;
  /** Where it is drawn. @defaultValue the process's standard output */
  output?: ProgressOutput;
}

const marks = ['●', '○', '▲', '△'];

/**
 * Lines of a chart of several series in characters, each with a mark of its own, the scale at the left.
 *
 * @param width columns, without the scale; longer series are drawn by the mean of neighbours
 * @example
 * nn.drawCurves({ loss: [3, 2, 1] }, 3, 3).join('\n').includes('loss'); // → true
 */
export function drawCurves(
  series: Readonly<Record<string, readonly number[]>>,
  width: number = 60,
  height: number = 10,
): string[] {
  const names = Object.keys(series);
  const longest = Math.max(1, ...names.map((name) => series[name]!.length));
  const columns = Math.min(width, longest);
  const drawn = names.map((name) =>
    Array.from({ length: columns }, (_, column) => {
      const part = series[name]!.slice(
        Math.floor((column * longest) / columns),
        Math.max(Math.floor((column * longest) / columns) + 1, Math.floor(((column + 1) * longest) / columns)),
      );
      const finite = part.filter(Number.isFinite);
      return finite.length === 0 ? Number.NaN : finite.reduce((sum, value) => sum + value, 0) / finite.length;
    }),
  );
  const all = drawn.flat().filter(Number.isFinite);
  if (all.length === 0) return ['no finite values yet'];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const rowOf = (value: number): number =>
    high === low ? 0 : Math.round(((high - value) / (high - low)) * (height - 1));
  const rows = Array.from({ length: height }, () => new Array<string>(columns).fill(' '));
  for (const [k, values] of drawn.entries())
    for (const [column, value] of values.entries())
      if (Number.isFinite(value)) rows[rowOf(value)]![column] = marks[k % marks.length]!;
  const figures = rows.map((_, row) => {
    const value = height === 1 ? high : high - ((high - low) * row) / (height - 1);
    return value.toPrecision(4).padStart(10);
  });
  const legend = names.map((name, k) => `${marks[k % marks.length]} ${name}`).join('   ');
  return [
    ...rows.map((row, i) => `${figures[i]} ┤${row.join('')}`),
    `${' '.repeat(11)}└${'─'.repeat(columns)}`,
    `${' '.repeat(12)}${legend}`,
  ];
}

/**
 * Draws the loss in the terminal after every epoch, over the last drawing.
 *
 * @throws ArgumentError for options out of range
 * @example new nn.LossCurve({ metrics: ['loss', 'valLoss'], height: 12 })
 */
export class LossCurve implements Callback {
  private readonly metrics: readonly string[];
  private readonly height: number;
  private readonly width: number;
  private readonly output: ProgressOutput;
  private values: Record<string, number[]> = {};
  private drawn = 0;

  constructor(options: LossCurveOptions = {}) {
    checkOptions('LossCurve', options, ['metrics', 'height', 'width', 'output']);
    this.metrics = options.metrics ?? ['loss', 'valLoss'];
    this.height = checkNumber('LossCurve', 'height', options.height ?? 10, { atLeast: 2, whole: true });
    this.width = checkNumber('LossCurve', 'width', options.width ?? 60, { atLeast: 2, whole: true });
    this.output = options.output ?? defaultOutput();
  }

  onTrainBegin(): void {
    this.values = {};
    this.drawn = 0;
  }

  onEpochEnd(_: number, logs: Logs): void {
    for (const name of this.metrics) {
      const value = logs[name];
      if (value === undefined) continue;
      this.values[name] ??= [];
      this.values[name].push(value);
    }
    const room = (this.output.columns?.() ?? Number.POSITIVE_INFINITY) - 14;
    const lines = drawCurves(this.values, Math.max(2, Math.min(this.width, room)), this.height);
    // Up over the last drawing, each line of it cleared; where nothing moves cursors, it is simply drawn again.
    const up = this.drawn > 0 && this.output.isTerminal ? `\u001b[${this.drawn}A` : '';
    const clear = this.output.isTerminal ? '\u001b[2K' : '';
    this.output.write(`${up}${lines.map((line) => `${clear}${line}\n`).join('')}`);
    this.drawn = lines.length;
  }

  stateDict(): CallbackState {
    return { values: this.values };
  }

  loadStateDict({ values }: CallbackState): void {
    this.values = Object.fromEntries(
      Object.entries(values as Record<string, readonly number[]>).map(([name, list]) => [name, [...list]]),
    );
  }
}
