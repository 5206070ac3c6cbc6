/** Where a run of `fit` is: everything that goes on with it besides the model, its optimizer and the callbacks. */

import { FormatError } from '@cotangent/kernels';
import type { Metric, MetricState, StreamingMetric } from '../metrics/index.js';
import { type NotFinite, written } from '../metrics/metric.js';

/** A run as plain data. */
export interface FitState {
  /** The epoch it is in, or about to begin. */
  readonly epoch: number;
  /** Batches of that epoch that are done. */
  readonly step: number;
  /** Seed of the order of samples. */
  readonly seed: number;
  /** Samples of the epoch so far. */
  readonly samples: number;
  /** By name of a log, the sum over them. */
  readonly sums: Readonly<Record<string, number | NotFinite>>;
  /** What the metrics have seen in the epoch; null for one that cannot tell. */
  readonly metrics: readonly (MetricState | null)[];
  /** Whether a callback has ended the run. */
  readonly stopped: boolean;
}

/** The running totals of a run of `fit`. Callbacks read them, save them and set them. */
export class FitProgress {
  epoch: number;
  step = 0;
  samples = 0;
  stopped = false;
  readonly sums: Map<string, number> = new Map();
  /** Totals of the metrics that a restored run goes on from, until the metrics exist. */
  private waiting: readonly (MetricState | null)[] | null = null;

  constructor(
    initialEpoch: number,
    public seed: number,
    private readonly metrics: () => readonly Metric[],
  ) {
    this.epoch = initialEpoch;
  }

  /** Begins an epoch. */
  beginEpoch(): void {
    this.step = 0;
    this.samples = 0;
    this.sums.clear();
    for (const metric of this.metrics()) metric.reset();
  }

  /** A batch is done. */
  add(size: number, logs: Readonly<Record<string, number>>): void {
    this.step++;
    this.samples += size;
    for (const [name, value] of Object.entries(logs)) this.sums.set(name, (this.sums.get(name) ?? 0) + value * size);
  }

  /** Means over the samples of the epoch so far. */
  means(): Record<string, number> {
    return Object.fromEntries([...this.sums].map(([name, sum]) => [name, sum / this.samples]));
  }

  /** The epoch is over. */
  endEpoch(): void {
    this.epoch++;
    this.step = 0;
    this.samples = 0;
    this.sums.clear();
  }

  /** Everything, as plain data. */
  state(): FitState {
    const { epoch, step, seed, samples, stopped } = this;
    const metrics = this.metrics().map((metric) => (canTell(metric) ? metric.state() : null));
    const sums = Object.fromEntries([...this.sums].map(([name, sum]) => [name, written(sum)]));
    return { epoch, step, seed, samples, sums, metrics, stopped };
  }

  /** Goes on from there. @throws FormatError for something else */
  load(state: FitState): void {
    const { epoch, step, seed, samples, sums, metrics, stopped } = Object(state) as FitState;
    const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
    const valid =
      [epoch, step, seed, samples].every(isCount) &&
      typeof stopped === 'boolean' &&
      Array.isArray(metrics) &&
      typeof sums === 'object' &&
      sums !== null &&
      Object.values(sums).every((sum) => typeof sum === 'number' || typeof sum === 'string');
    if (!valid) throw new FormatError('fit', 'the state of the run is not one that fit has written');
    Object.assign(this, { epoch, step, seed, samples, stopped });
    this.sums.clear();
    for (const [name, sum] of Object.entries(sums)) this.sums.set(name, Number(sum));
    this.waiting = metrics;
    this.restoreMetrics();
  }

  /** Gives the metrics what they had seen, once there are metrics. */
  restoreMetrics(): void {
    const metrics = this.metrics();
    if (this.waiting === null || (metrics.length === 0 && this.waiting.length > 0)) return;
    for (const [i, metric] of metrics.entries()) {
      const state = this.waiting[i];
      if (state !== null && state !== undefined && canTell(metric)) metric.loadState(state);
    }
    this.waiting = null;
  }
}

const canTell = (metric: Metric): metric is Metric & Pick<StreamingMetric, 'state' | 'loadState'> =>
  typeof (metric as Partial<StreamingMetric>).state === 'function' &&
  typeof (metric as Partial<StreamingMetric>).loadState === 'function';
