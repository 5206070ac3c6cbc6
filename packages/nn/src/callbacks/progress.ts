/** Progress as Keras shows it: a bar in a terminal, or one line an epoch. */

import { ArgumentError } from '@cotangent/kernels';
import type { Callback, Logs, RunLength } from './callback.js';

/** 0: silent; 1: a bar that moves; 2: one line an epoch; 'auto': 1 in a terminal, else 0. */
export type Verbosity = 'auto' | 0 | 1 | 2;

/** Where text goes, and what the clock says; replaced in tests. */
export interface ProgressOutput {
  write(text: string): void;
  /** Milliseconds. */
  now(): number;
  /** Characters in a line of the terminal now. @defaultValue no end to it */
  columns?(): number;
  /** Whether a cursor can be moved. @defaultValue false */
  readonly isTerminal?: boolean;
}

interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** The process's standard output, where there is a process. */
function standardOutput(): Terminal | undefined {
  return (globalThis as { process?: { stdout?: Terminal } }).process?.stdout;
}

export function defaultOutput(): ProgressOutput {
  const terminal = standardOutput();
  return {
    write: (text) => {
      if (terminal === undefined) console.log(text.trimEnd());
      else terminal.write(text);
    },
    now: () => performance.now(),
    columns: () => terminal?.columns ?? Number.POSITIVE_INFINITY,
    isTerminal: terminal?.isTTY === true,
  };
}

/** What 'auto' means here and now. @throws ArgumentError for another value */
export function resolveVerbosity(operation: string, verbose: Verbosity): 0 | 1 | 2 {
  if (verbose === 'auto') return standardOutput()?.isTTY === true ? 1 : 0;
  if (verbose === 0 || verbose === 1 || verbose === 2) return verbose;
  throw new ArgumentError(operation, `got verbose ${String(verbose)}; expected 'auto', 0, 1 or 2`);
}

/** The bar gives way to the figures in a narrow terminal. */
const widestBar = 24;
const narrowestBar = 6;
/** A bar is redrawn at most this often. */
const redrawMilliseconds = 100;

/** `5.0000`, `0.0123`, `1.20e-7`: short, and never a wall of digits. */
const figure = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toFixed(4);

/** Seconds as `42 s` or `3:07 min`. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}

/** Said once a run, for nothing good comes after it. */
const notFinite =
  'The loss is no longer a finite number. A lower learningRate or globalClipNorm often helps; detectAnomaly finds where it begins.\n';

/** What the bar needs to know of a run. */
type Run = RunLength & { readonly progress?: { readonly epoch: number } };

/**
 * Shows the loss, metrics, samples a second and the time left.
 *
 * @example
 * const written: string[] = [];
 * const bar = new nn.ProgressBar(2, { write: (text) => written.push(text), now: () => 0 });
 * const model = nn.sequential([new nn.Dense({ units: 1 })]);
 * model.compile({ optimizer: 'sgd', loss: 'mse' });
 * await model.fit(ones([8, 2]), zeros([8, 1]), { epochs: 2, verbose: 0, callbacks: [bar] });
 * written.length; // → 2
 */
export class ProgressBar implements Callback {
  private run: Run = { epochs: 0, steps: 0, samples: 0, batchSize: 0 };
  private epoch = 0;
  private samples = 0;
  private lossSum = 0;
  private epochStarted = 0;
  /** When the last batch was over: validation does not count against the speed of training. */
  private trained = 0;
  private drawn = Number.NEGATIVE_INFINITY;
  private width = 0;
  private warned = false;

  constructor(
    private readonly verbose: 1 | 2,
    private readonly output: ProgressOutput = defaultOutput(),
  ) {}

  onTrainBegin(run: Run): void {
    this.run = run;
    this.warned = false;
    this.begin();
  }

  onEpochBegin(epoch: number): void {
    this.epoch = epoch;
    this.begin();
  }

  private begin(): void {
    this.samples = 0;
    this.lossSum = 0;
    this.epochStarted = this.output.now();
    this.trained = this.epochStarted;
    this.drawn = Number.NEGATIVE_INFINITY;
  }

  onBatchEnd(batch: number, { size = 0, loss = Number.NaN, ...metrics }: Logs): void {
    this.samples += size;
    this.lossSum += loss * size;
    const now = this.output.now();
    this.trained = now;
    if (this.verbose !== 1 || now - this.drawn < redrawMilliseconds) return;
    this.drawn = now;
    // A run that is resumed in the middle of an epoch does not begin it.
    const head = this.head(this.run.progress?.epoch ?? this.epoch);
    const figures = this.figures({ loss: this.lossSum / this.samples, ...metrics });
    // One column stays free: a line that fills the terminal moves the cursor on, and \r no longer goes back to its start.
    const room = (this.output.columns?.() ?? Number.POSITIVE_INFINITY) - 1;
    if (this.run.steps === undefined) {
      this.line(`${head} step ${batch + 1} ${figures}`.slice(0, room));
      return;
    }
    const done = (batch + 1) / this.run.steps;
    const left = ((now - this.epochStarted) * (1 - done)) / done;
    const text = `${figures} · ${duration(left)} left`;
    const width = Math.max(narrowestBar, Math.min(widestBar, room - head.length - text.length - 2));
    const filled = Math.round(Math.min(1, done) * width);
    this.line(`${head} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${text}`.slice(0, room));
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const now = this.output.now();
    this.line(`${this.head(epoch)} ${this.figures(logs)} · ${duration(now - this.epochStarted)}`, '\n');
    this.width = 0;
    if (this.warned || Number.isFinite(logs['loss'] ?? 0)) return;
    this.warned = true;
    this.output.write(notFinite);
  }

  private head(epoch: number): string {
    return `Epoch ${epoch + 1}/${this.run.epochs}`;
  }

  private figures(logs: Logs): string {
    const named = Object.entries(logs).map(([name, value]) => `${name} ${figure(value)}`);
    const perSecond = Math.round(this.samples / Math.max(1e-3, (this.trained - this.epochStarted) / 1000));
    return [...named, `${perSecond.toLocaleString('en-US')} samples/s`].join(' · ');
  }

  /** Rewrites the current line; spaces cover what a longer one left behind. */
  private line(text: string, end: '' | '\n' = ''): void {
    this.output.write(this.verbose === 1 ? `\r${text.padEnd(this.width)}${end}` : text + end);
    this.width = text.length;
  }
}
