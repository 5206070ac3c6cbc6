/** What every metric is, and the running totals that those of this package keep. */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';

/** What a metric gives: one number, one for each class or threshold, or a matrix of them. */
export type MetricValue = number | readonly number[] | readonly (readonly number[])[];

/** Something measured over many batches: what `compile` takes. */
export interface Metric<Value extends MetricValue = MetricValue> {
  /** Key in logs and history. */
  readonly name: string;
  /** Takes a batch into account. @param sampleWeight how much each sample counts. @defaultValue 1 each */
  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void;
  /** The value over everything since the last reset. */
  result(): Value;
  reset(): void;
}

/** Options of every metric. */
export interface MetricOptions {
  /** Key in logs and history. @defaultValue the name of the class, with a small first letter */
  name?: string;
}

/** Everything a metric has seen, as plain data: what a checkpoint stores. */
export interface MetricState {
  /** The class. */
  readonly metric: string;
  /** Its options, but for the name. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Those that are not finite as text, which JSON keeps and numbers like them it does not. */
  readonly totals: readonly (number | NotFinite)[];
}

export type NotFinite = 'NaN' | 'Infinity' | '-Infinity';

const notFinite: readonly unknown[] = ['NaN', 'Infinity', '-Infinity'] satisfies NotFinite[];

/** A number as JSON keeps it. */
export const written = (total: number): number | NotFinite =>
  Number.isFinite(total) ? total : (String(total) as NotFinite);

/** What a class tells the base about itself. */
export interface MetricKind {
  /** The class, for messages: a class's own name does not survive a minifier. */
  readonly operation: string;
  /** Its name in logs unless the user gives one. @defaultValue the class, with a small first letter */
  readonly name?: string;
  /** How many totals there are; 0 while the first batch has to tell. */
  readonly size: number;
  /** Options that decide what is counted: only metrics that agree in them can be merged. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/**
 * Base of the metrics. All that one remembers are a few totals over what it has seen, in double precision; as a rule sums, so
 * that two metrics merge by adding. Batches give what one piece gives.
 *
 * @throws ArgumentError for a name that is no text
 * @example
 * class Largest extends nn.metrics.StreamingMetric implements nn.Metric<number> {
 *   constructor() {
 *     super({ operation: 'Largest', size: 1 }, {});
 *   }
 *   update(_: Tensor, yPred: Tensor) {
 *     this.totals[0] = Math.max(this.totals[0]!, yPred.max().item());
 *   }
 *   protected override combine([largest]: readonly number[]) {
 *     this.totals[0] = Math.max(this.totals[0]!, largest!);
 *   }
 *   override result() {
 *     return this.totals[0]!;
 *   }
 * }
 */
export abstract class StreamingMetric<Value extends MetricValue = number> {
  readonly name: string;
  protected totals: Float64Array;
  protected readonly operation: string;
  private readonly size: number;
  private readonly configuration: Readonly<Record<string, unknown>>;

  constructor({ operation, name, size, configuration = {} }: MetricKind, options: MetricOptions) {
    const given = options.name ?? name ?? operation.charAt(0).toLowerCase() + operation.slice(1);
    if (typeof given !== 'string' || given === '') {
      throw new ArgumentError(operation, `got name ${shown(given)}; expected text`);
    }
    this.name = given;
    this.operation = operation;
    this.size = size;
    this.configuration = configuration;
    this.totals = new Float64Array(size);
  }

  /** The value over everything since the last reset. */
  abstract result(): Value;

  /** Forgets everything seen. */
  reset(): void {
    this.totals = new Float64Array(this.size);
  }

  /**
   * Takes in everything that another metric of the same class and options has seen: of another worker, or another part of
   * the data.
   *
   * @throws ArgumentError when classes, options or numbers of classes differ
   */
  merge(other: this): void {
    if (!(other instanceof StreamingMetric)) {
      throw new ArgumentError(`${this.operation}.merge`, `got ${shown(other)}; expected another ${this.operation}`);
    }
    this.add('merge', other.state());
  }

  /** Everything seen, as plain data. */
  state(): MetricState {
    return { metric: this.operation, configuration: this.configuration, totals: Array.from(this.totals, written) };
  }

  /**
   * Goes on from what `state()` gave, forgetting what was seen.
   *
   * @throws ArgumentError when it is that of another class, or of other options
   */
  loadState(state: MetricState): void {
    const before = this.totals;
    this.reset();
    try {
      this.add('loadState', state);
    } catch (error) {
      this.totals = before;
      throw error;
    }
  }

  private add(method: string, state: MetricState): void {
    const operation = `${this.operation}.${method}`;
    const { metric, configuration, totals } = Object(state) as Partial<MetricState>;
    if (metric !== this.operation) {
      throw new ArgumentError(operation, `got one of ${shown(metric)}; expected one of '${this.operation}'`);
    }
    const [theirs, ours] = [JSON.stringify(configuration), JSON.stringify(this.configuration)];
    if (theirs !== ours) throw new ArgumentError(operation, `got one with options ${theirs}; expected ${ours}`);
    if (!Array.isArray(totals) || !totals.every((total) => typeof total === 'number' || notFinite.includes(total))) {
      throw new ArgumentError(operation, `got totals ${shown(totals)}; expected an array of numbers`);
    }
    if (totals.length === 0) return;
    if (this.totals.length === 0) this.totals = new Float64Array(totals.length);
    if (totals.length !== this.totals.length) {
      throw new ArgumentError(
        operation,
        `got ${totals.length} totals; expected ${this.totals.length}`,
        'Both have to be of the same number of outputs or classes.',
      );
    }
    this.combine(totals.map(Number));
  }

  /** Takes in the totals of another, as many as these. */
  protected combine(totals: readonly number[]): void {
    for (const [i, total] of totals.entries()) this.totals[i]! += total;
  }

  /** Makes room for `each` totals of every output, and `more`, if there were none yet; else fails unless there is as much. */
  protected makeRoom(outputs: number, each: number, more: number = 0): void {
    const count = more + outputs * each;
    if (this.totals.length === 0) this.totals = new Float64Array(count);
    if (this.totals.length === count) return;
    throw new ArgumentError(
      this.name,
      `got ${outputs} outputs along the last axis; expected ${(this.totals.length - more) / each}`,
      'Their number has to stay the same until reset().',
    );
  }
}

/** The numbers of a result with where they stand in it: '' for a number alone, '[2]' in a list, '[0][1]' in a matrix. */
function* entriesOf(value: MetricValue, place: string = ''): Generator<[string, number]> {
  if (typeof value === 'number') yield [place, value];
  else for (const [i, element] of value.entries()) yield* entriesOf(element, `${place}[${i}]`);
}

/**
 * The results as logs hold them, a number by its name: `accuracy`, `f1Score[2]`, `confusionMatrix[0][1]`.
 *
 * @example
 * const accuracy = new nn.metrics.BinaryAccuracy();
 * accuracy.update(tensor([[1], [0]]), tensor([[0.9], [0.8]]));
 * nn.metrics.metricLogs([accuracy]); // → {"binaryAccuracy": 0.5}
 */
export function metricLogs(metrics: readonly Metric[]): Record<string, number> {
  return Object.fromEntries(
    metrics.flatMap((metric) => [...entriesOf(metric.result())].map(([place, value]) => [metric.name + place, value])),
  );
}
