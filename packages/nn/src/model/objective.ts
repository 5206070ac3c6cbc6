/** What `compile` was told to minimize and to measure, for one output or several. */

import { isTensor, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError, showShape } from '@cotangent/kernels';
import { type LossFunction, type LossName, resolveLoss } from '../losses/index.js';
import { weightedLoss } from '../losses/names.js';
import { type Metric, type MetricLike, metricLogs, resolveMetric } from '../metrics/index.js';
import { checkNumber, shown } from '../options.js';

/** One for all outputs, one for each in order, or some by the name of the output. */
export type ByOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

/** A loss by name or as a function; null for an output that is not compared with anything. */
export type LossLike = LossName | LossFunction | null;

/** Metrics of the one output, or lists of them by output. */
export type Metrics =
  | readonly MetricLike[]
  | readonly (readonly MetricLike[])[]
  | Readonly<Record<string, MetricLike | readonly MetricLike[]>>;

/** What is compared: by output, in order. */
export interface Outputs<T> {
  readonly names: readonly string[];
  readonly values: readonly T[];
}

/** The loss and metrics of one output. */
interface Part {
  readonly name: string;
  readonly loss: LossFunction | null;
  readonly weight: number;
  /** Measured as if every sample counted the same. */
  readonly metrics: readonly Metric[];
  readonly weightedMetrics: readonly Metric[];
}

/** `accuracy` of output `digit` → `digitAccuracy` */
export const joined = (first: string, second: string): string =>
  `${first}${second.charAt(0).toUpperCase()}${second.slice(1)}`;

/** Options of `compile` that say what to minimize and measure. */
export interface ObjectiveOptions {
  readonly loss?: ByOutput<LossLike> | undefined;
  readonly lossWeights?: readonly number[] | Readonly<Record<string, number>> | undefined;
  readonly metrics?: Metrics | undefined;
  readonly weightedMetrics?: Metrics | undefined;
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Losses, weights and metrics, brought into the order of the outputs once these are known. */
export class Objective {
  private parts: readonly Part[] | null = null;
  /** Told when loss and metrics have been settled. */
  prepared: (() => void) | null = null;

  /** Names and kinds are checked at once where they do not depend on the outputs. @throws ArgumentError */
  constructor(private readonly options: ObjectiveOptions) {
    for (const given of flat(options.loss))
      if (given !== null && given !== undefined) resolveLoss('compile', given as LossName);
    for (const role of ['metrics', 'weightedMetrics'] as const) {
      const given = options[role];
      if (given === undefined) continue;
      if (!Array.isArray(given) && !isTable(given))
        throw new ArgumentError(
          'compile',
          `got ${role} ${shown(given)}; expected an array of them, or arrays by output`,
        );
      for (const metric of flat(given).flat()) resolveMetric('compile', metric as MetricLike);
    }
    const { lossWeights } = options;
    if (lossWeights === undefined) return;
    if (!Array.isArray(lossWeights) && !isTable(lossWeights))
      throw new ArgumentError('compile', `got lossWeights ${shown(lossWeights)}; expected numbers by output`);
    for (const weight of Object.values(lossWeights)) checkNumber('compile', 'lossWeights', weight);
  }

  /** Whether nothing in it speaks of several outputs. */
  get isForOneOutput(): boolean {
    const { loss, lossWeights, metrics, weightedMetrics } = this.options;
    const isList = (given: Metrics | undefined): boolean =>
      given === undefined || (Array.isArray(given) && !given.some(Array.isArray));
    const one = loss === undefined || loss === null || typeof loss !== 'object';
    return one && lossWeights === undefined && isList(metrics) && isList(weightedMetrics);
  }

  /** Every metric; none before the first batch has shown the outputs. */
  get metrics(): readonly Metric[] {
    return this.parts?.flatMap(({ metrics, weightedMetrics }) => [...metrics, ...weightedMetrics]) ?? [];
  }

  /** Forgets what the metrics have seen. */
  reset(): void {
    for (const metric of this.metrics) metric.reset();
  }

  /** What the metrics say, by the names in logs. */
  logs(): Record<string, number> {
    const parts = this.parts ?? [];
    const logs: Record<string, number> = {};
    for (const { name, metrics, weightedMetrics } of parts)
      for (const [key, value] of Object.entries(metricLogs([...metrics, ...weightedMetrics])))
        logs[parts.length === 1 ? key : joined(name, key)] = value;
    return logs;
  }

  /** Settles which loss and metrics belong to which output. @throws ArgumentError for names and numbers that are not those of the outputs */
  prepare(names: readonly string[]): readonly Part[] {
    if (this.parts !== null) {
      if (this.parts.length === names.length && this.parts.every(({ name }, i) => name === names[i])) return this.parts;
      const before = this.parts.map(({ name }) => name).join(', ');
      throw new ArgumentError('compile', `got outputs ${names.join(', ')} after ${before}`, 'Compile anew.');
    }
    const { loss, lossWeights, metrics, weightedMetrics } = this.options;
    const losses = byOutput<LossLike>('loss', loss, names, true);
    const weights = byOutput<number>('lossWeights', lossWeights, names, false);
    const [plain, weighted] = [
      metricsOf('metrics', metrics, names),
      metricsOf('weightedMetrics', weightedMetrics, names),
    ];
    this.parts = names.map((name, i) => {
      const own = losses[i];
      return {
        name,
        loss: own === undefined || own === null ? null : resolveLoss('compile', own),
        weight: weights[i] ?? 1,
        metrics: plain[i]!,
        weightedMetrics: weighted[i]!,
      };
    });
    this.prepared?.();
    return this.parts;
  }

  /** The weighted sum of the losses, and each of them by its name in logs where there are several. */
  loss(
    operation: string,
    targets: Outputs<Tensor | undefined>,
    predictions: Outputs<Tensor>,
    weights: readonly (Tensor | undefined)[],
  ): { total: Tensor | null; parts: Record<string, Tensor> } {
    const parts: Record<string, Tensor> = {};
    let total: Tensor | null = null;
    for (const [i, { name, loss, weight }] of this.prepare(predictions.names).entries()) {
      if (loss === null) continue;
      const yTrue = targets.values[i];
      if (yTrue === undefined)
        throw new ArgumentError(
          operation,
          predictions.names.length === 1 ? 'got no targets y' : `got no targets for the output '${name}'`,
        );
      const value = scalarLoss(operation, weightedLoss(operation, loss, yTrue, predictions.values[i]!, weights[i]));
      if (predictions.names.length > 1) parts[joined(name, 'loss')] = value;
      const weighted = weight === 1 ? value : value.mul(weight);
      total = total === null ? weighted : total.add(weighted);
    }
    return { total, parts };
  }

  /** Takes a batch into account. */
  measure(
    targets: Outputs<Tensor | undefined>,
    predictions: Outputs<Tensor>,
    weights: readonly (Tensor | undefined)[],
  ): void {
    for (const [i, { metrics, weightedMetrics }] of this.prepare(predictions.names).entries()) {
      const yTrue = targets.values[i];
      if (yTrue === undefined) continue;
      for (const metric of metrics) metric.update(yTrue, predictions.values[i]!);
      for (const metric of weightedMetrics) metric.update(yTrue, predictions.values[i]!, weights[i]);
    }
  }
}

function flat(given: unknown): unknown[] {
  if (given === undefined) return [];
  if (Array.isArray(given)) return given;
  return isTable(given) ? Object.values(given) : [given];
}

/** What each output gets. @param shared whether one thing given alone is for all of them */
function byOutput<T>(
  role: string,
  given: ByOutput<T> | undefined,
  names: readonly string[],
  shared: boolean,
): readonly (T | undefined)[] {
  if (given === undefined || given === null) return names.map(() => undefined);
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as readonly T[];
    throw new ArgumentError(
      'compile',
      `got ${given.length} ${role}; expected one for each output: ${names.join(', ')}`,
    );
  }
  if (isTable(given)) {
    const unknown = Object.keys(given).filter((name) => !names.includes(name));
    if (unknown.length === 0) return names.map((name) => (given as Readonly<Record<string, T>>)[name]);
    throw new ArgumentError('compile', `got ${role} for '${unknown[0]}'; the outputs are ${names.join(', ')}`);
  }
  if (shared) return names.map(() => given as T);
  throw new ArgumentError('compile', `got ${role} ${shown(given)}; expected one for each output`);
}

function metricsOf(role: string, given: Metrics | undefined, names: readonly string[]): readonly (readonly Metric[])[] {
  const resolve = (list: unknown): Metric[] =>
    (Array.isArray(list) ? list : list === undefined || list === null ? [] : [list]).map((metric) =>
      resolveMetric('compile', metric as MetricLike),
    );
  if (given !== undefined && Array.isArray(given) && !given.some(Array.isArray)) {
    if (names.length === 1) return [resolve(given)];
    if (given.length === 0) return names.map(() => []);
    throw new ArgumentError(
      'compile',
      `got one list of ${role} for the outputs ${names.join(', ')}`,
      `Say which belong to which: { ${role}: { ${names[0]}: [...] } }.`,
    );
  }
  return byOutput<unknown>(role, given as ByOutput<unknown> | undefined, names, false).map(resolve);
}

function scalarLoss(operation: string, loss: unknown): Tensor {
  if (isTensor(loss) && loss.size === 1) return loss;
  throw new ArgumentError(
    operation,
    `the loss gave ${isTensor(loss) ? `shape ${showShape(loss.shape)}` : typeof loss}; expected a tensor of one element`,
    'Reduce it with .mean().',
  );
}

/** Tensors by output, in order, from what a model gives: one, a list, or some by name. */
export function outputsOf(operation: string, given: unknown, names: readonly string[] | null): Outputs<Tensor> {
  if (isTensor(given)) return { names: names?.length === 1 ? names : ['output'], values: [given] };
  if (Array.isArray(given) && given.length > 0 && given.every(isTensor))
    return { names: names?.length === given.length ? names : given.map((_, i) => `output${i}`), values: given };
  if (isTable(given) && Object.values(given).every(isTensor) && Object.keys(given).length > 0)
    return { names: Object.keys(given), values: Object.values(given) as Tensor[] };
  throw new ArgumentError(
    operation,
    `the model gave ${shown(given)}; expected a tensor, a list of tensors, or tensors by name`,
  );
}

/** Targets or weights in the order of the outputs; one alone is for the one output. */
export function alongOutputs(
  operation: string,
  role: string,
  given: unknown,
  names: readonly string[],
  shared: boolean = false,
): readonly (Tensor | undefined)[] {
  if (given === undefined) return names.map(() => undefined);
  if (isTensor(given)) {
    if (names.length === 1 || shared) return names.map(() => given);
    throw new ArgumentError(operation, `got one tensor for ${role}; expected one for each output: ${names.join(', ')}`);
  }
  if (Array.isArray(given) && given.every(isTensor)) {
    if (given.length === names.length) return given;
    throw new ArgumentError(
      operation,
      `got ${given.length} ${role}; expected one for each output: ${names.join(', ')}`,
    );
  }
  if (isTable(given)) {
    const unknown = Object.keys(given).filter((name) => !names.includes(name));
    if (unknown.length > 0)
      throw new ArgumentError(operation, `got ${role} for '${unknown[0]}'; the outputs are ${names.join(', ')}`);
    return names.map((name) => given[name] as Tensor | undefined);
  }
  throw new ArgumentError(operation, `got ${role} ${shown(given)}; expected tensors`);
}

/**
 * What each sample of a batch counts by its class.
 *
 * @param yTrue class indices [batch] or [batch, 1], or one score for each class [batch, classes]
 * @throws ShapeError for targets of another rank; ArgumentError for a class without a weight
 */
export function classWeights(operation: string, classWeight: Readonly<Record<number, number>>, yTrue: Tensor): Tensor {
  const indices = yTrue.rank === 2 && yTrue.shape[1]! > 1 ? yTrue.argmax({ axis: 1 }) : yTrue;
  if (indices.rank > 2 || (indices.rank === 2 && indices.shape[1] !== 1))
    throw new ShapeError(
      operation,
      { y: yTrue },
      'class indices [batch] or one-hot classes [batch, classes] for classWeight',
    );
  const weights = Float32Array.from(indices.toTypedArray(), (index) => {
    const weight = classWeight[index];
    if (weight !== undefined) return weight;
    throw new ArgumentError(
      operation,
      `got a sample of class ${index}, and classWeight has only ${Object.keys(classWeight).join(', ')}`,
    );
  });
  return tensor(weights);
}

/** The product of weights, where both are given; those with fewer axes stand for the samples. */
export function combinedWeights(a: Tensor | undefined, b: Tensor): Tensor {
  if (a === undefined) return b;
  return a.mul(b.reshape([b.shape[0]!, ...new Array<number>(a.rank - 1).fill(1)]));
}
