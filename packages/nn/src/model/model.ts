/** Models: modules that know how to train themselves, the Keras way. */

import { concat, isTensor, noGrad, predictMode, scope, type Tensor, trainMode } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, Generator, type Shape, showShape } from '@cotangent/kernels';
import type { Callback, Logs, RunParameters } from '../callbacks/callback.js';
import { History } from '../callbacks/history.js';
import { ProgressBar, resolveVerbosity, type Verbosity } from '../callbacks/progress.js';
import { RecurrentLayer } from '../layers/recurrent/recurrentLayer.js';
import { type LossFunction, type LossName, resolveLoss } from '../losses/index.js';
import { type Metric, type MetricName, metricLogs, resolveMetric } from '../metrics/index.js';
import { Module } from '../module.js';
import { type Optimizer, type OptimizerName, resolveOptimizer } from '../optimizers/index.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { outputShapesOf } from '../tracing.js';
import { batchOf, checkTargets, type Data, epochOrder, toSamples } from './batches.js';
import { Breather } from './eventLoop.js';
import { printSummary, type SummaryOptions } from './summary.js';

/** Options of `compile`. */
export interface CompileOptions {
  /** @defaultValue 'adam' */
  optimizer?: OptimizerName | Optimizer;
  loss: LossName | LossFunction;
  /** Measured beside the loss. A list or matrix is logged number by number: `f1Score[2]`. @defaultValue none */
  metrics?: readonly (MetricName | Metric)[];
}

/** Options of `fit`. */
export interface FitOptions {
  /** Passes over the data. @defaultValue 1 */
  epochs?: number;
  /** Samples in a step. @defaultValue 32 */
  batchSize?: number;
  /** Visit the samples in a new random order each epoch. @defaultValue true */
  shuffle?: boolean;
  /** Seed of that order. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** Share of the samples, taken from the end before shuffling, to validate on. @defaultValue 0 */
  validationSplit?: number;
  /** `[x, y]` to validate on after each epoch. */
  validationData?: readonly [Data, Data];
  /** 0 silent, 1 a progress bar, 2 one line an epoch, 'auto' 1 in a terminal and else 0. @defaultValue 'auto' */
  verbose?: Verbosity;
  callbacks?: readonly Callback[];
}

/** Options of `evaluate` and `predict`. */
export interface EvaluateOptions {
  /** Samples at a time. @defaultValue 32 */
  batchSize?: number;
}

interface Compiled {
  readonly optimizer: Optimizer;
  readonly loss: LossFunction;
  readonly metrics: readonly Metric[];
}

const fitOptionNames = [
  'epochs',
  'batchSize',
  'shuffle',
  'seed',
  'validationSplit',
  'validationData',
  'verbose',
  'callbacks',
];

/** Base of models. Subclass it with a `forward`, or use `Sequential`. */
export abstract class Model extends Module {
  private compiled: Compiled | null = null;
  /** Of every module in the first call; null before it. */
  private outputShapes: Map<Module, Shape> | null = null;

  /**
   * Says how to train.
   *
   * @throws ArgumentError for unknown names and options
   * @example
   * model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
   */
  compile(options: CompileOptions): void {
    checkOptions('compile', options, ['optimizer', 'loss', 'metrics']);
    if (options.loss === undefined)
      throw new ArgumentError('compile', 'got no loss', "For example { loss: 'meanSquaredError' }.");
    if (options.metrics !== undefined && !Array.isArray(options.metrics))
      throw new ArgumentError('compile', `got metrics ${shown(options.metrics)}; expected an array of them`);
    this.compiled = {
      optimizer: resolveOptimizer('compile', options.optimizer ?? 'adam'),
      loss: resolveLoss('compile', options.loss),
      metrics: (options.metrics ?? []).map((metric) => resolveMetric('compile', metric)),
    };
  }

  /** The optimizer given to `compile`. @throws ArgumentError before `compile` */
  get optimizer(): Optimizer {
    return this.requireCompiled('optimizer').optimizer;
  }

  private requireCompiled(operation: string): Compiled {
    if (this.compiled === null)
      throw new ArgumentError(
        operation,
        'the model is not compiled',
        'Call model.compile({ optimizer, loss, metrics }) first.',
      );
    return this.compiled;
  }

  /**
   * Gives every parameter its shape by running the model once on zeros (of the dtype of its first parameter).
   *
   * @param inputShape shape of one sample, without the batch axis
   */
  build(inputShape: Shape): this {
    this.outputShapes = null;
    this.dryRun(inputShape);
    this.resetStates();
    return this;
  }

  /** Lets the stateful recurrent layers inside begin anew, from zeros: between sequences that do not belong together. */
  resetStates(): void {
    for (const [, module] of this.namedModules()) if (module instanceof RecurrentLayer) module.resetStates();
  }

  /** Runs the model; the first time, it remembers the shape of every module's output for `summary`. */
  override call(...inputs: Parameters<this['forward']>): ReturnType<this['forward']> {
    if (this.outputShapes !== null) return super.call(...inputs);
    const [result, shapes] = outputShapesOf(() => super.call(...inputs));
    this.outputShapes = shapes;
    return result;
  }

  private output(x: Tensor): Tensor {
    return (this as Module).call(x) as Tensor;
  }

  /**
   * Trains the model.
   *
   * @param x samples along the first axis
   * @param y one target for each sample
   * @returns losses and metrics of every epoch
   * @throws ArgumentError before `compile`, for options out of range, NaN targets or no samples; ShapeError when x and y
   *   differ in their first axis; whatever the layers and the loss throw, with the layer's path
   * @example
   * const history = await model.fit(x, y, { epochs: 3, batchSize: 64, validationSplit: 0.1 });
   */
  async fit(x: Data, y: Data, options: FitOptions = {}): Promise<History> {
    const compiled = this.requireCompiled('fit');
    checkOptions('fit', options, fitOptionNames);
    const epochs = checkNumber('fit', 'epochs', options.epochs ?? 1, { atLeast: 0, whole: true });
    const batchSize = checkNumber('fit', 'batchSize', options.batchSize ?? 32, { above: 0, whole: true });
    const verbosity = resolveVerbosity('fit', options.verbose ?? 'auto');
    const own = options.callbacks ?? [];
    if (!Array.isArray(own)) throw new ArgumentError('fit', `got callbacks ${shown(own)}; expected an array of them`);
    const { train, validation } = this.splitData(x, y, options);
    const samples = train.x.shape[0]!;
    const run: RunParameters = { model: this, epochs, batchSize, samples, steps: Math.ceil(samples / batchSize) };

    const history = new History();
    const callbacks: Callback[] = [history, ...(verbosity === 0 ? [] : [new ProgressBar(verbosity)]), ...own];
    const generator = options.seed === undefined ? defaultGenerator() : new Generator(options.seed);
    const breather = new Breather();
    let logs: Logs = {};

    for (const callback of callbacks) await callback.onTrainBegin?.(run);
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch);
      for (const metric of compiled.metrics) metric.reset();
      const order = epochOrder(samples, options.shuffle ?? true, generator);
      let lossSum = 0;
      for (let step = 0; step < run.steps; step++) {
        for (const callback of callbacks) await callback.onBatchBegin?.(step);
        const start = step * batchSize;
        const end = Math.min(samples, start + batchSize);
        const loss = trainMode(() => this.trainStep(compiled, train, order, start, end));
        lossSum += loss * (end - start);
        const batchLogs = { size: end - start, loss, ...metricLogs(compiled.metrics) };
        for (const callback of callbacks) await callback.onBatchEnd?.(step, batchLogs);
        await breather.breathe();
      }
      logs = { loss: lossSum / samples, ...metricLogs(compiled.metrics) };
      if (validation !== null) {
        const validated = await this.evaluate(validation.x, validation.y, { batchSize });
        logs = {
          ...logs,
          ...Object.fromEntries(Object.entries(validated).map(([name, value]) => [validationName(name), value])),
        };
      }
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs);
    }
    for (const callback of callbacks) await callback.onTrainEnd?.(logs);
    return history;
  }

  private splitData(x: Data, y: Data, options: FitOptions): { train: Samples; validation: Samples | null } {
    const all = { x: toSamples('fit', 'x', x), y: toSamples('fit', 'y', y) };
    checkTargets('fit', all.x, all.y);
    if (options.validationData !== undefined) {
      if (!Array.isArray(options.validationData))
        throw new ArgumentError('fit', `got validationData ${shown(options.validationData)}; expected [x, y]`);
      const [vx, vy] = options.validationData as readonly [Data, Data];
      const validation = { x: toSamples('fit', 'validationData[0]', vx), y: toSamples('fit', 'validationData[1]', vy) };
      checkTargets('fit (validationData)', validation.x, validation.y);
      return { train: all, validation };
    }
    const split = checkNumber('fit', 'validationSplit', options.validationSplit ?? 0, { atLeast: 0, below: 1 });
    if (split === 0) return { train: all, validation: null };
    const samples = all.x.shape[0]!;
    const at = Math.floor(samples * (1 - split));
    if (at === 0 || at === samples) {
      throw new ArgumentError(
        'fit',
        `got validationSplit ${split} of ${samples} samples, which leaves none to train or to validate on`,
      );
    }
    return {
      train: { x: all.x.slice([0, at]), y: all.y.slice([0, at]) },
      validation: { x: all.x.slice([at, null]), y: all.y.slice([at, null]) },
    };
  }

  /** The loss of a batch, and the penalties of the model's parameters and layers. */
  private totalLoss(operation: string, loss: LossFunction, yTrue: Tensor, predicted: Tensor): Tensor {
    const ofData = scalarLoss(operation, loss(yTrue, predicted));
    return this.losses().reduce((sum, penalty) => sum.add(penalty), ofData);
  }

  /** Forward, backward, update on one batch; everything made on the way is recycled at once. Returns the loss. */
  private trainStep(
    { optimizer, loss, metrics }: Compiled,
    { x, y }: Samples,
    order: Int32Array | null,
    start: number,
    end: number,
  ): number {
    return scope(() => {
      const [xBatch, yBatch] = [batchOf(x, order, start, end), batchOf(y, order, start, end)];
      const predicted = this.output(xBatch);
      const batchLoss = this.totalLoss('fit', loss, yBatch, predicted);
      const parameters = this.parameters().filter((parameter) => parameter.requiresGrad);
      if (parameters.length === 0) {
        throw new ArgumentError(
          'fit',
          'none of the parameters is trainable',
          'Set model.trainable = true, or that of a layer.',
        );
      }
      if (optimizer.parameters.length !== parameters.length || parameters.some((p, i) => p !== optimizer.parameters[i]))
        optimizer.bind(parameters);
      optimizer.zeroGrad();
      optimizer.scaleLoss(batchLoss).backward();
      optimizer.step();
      optimizer.zeroGrad();
      for (const metric of metrics) metric.update(yBatch, predicted);
      return batchLoss.item();
    });
  }

  /**
   * Loss and metrics on data, in inference mode.
   *
   * @returns by name: `{ loss, accuracy }`
   * @throws as `fit`
   */
  async evaluate(x: Data, y: Data, options: EvaluateOptions = {}): Promise<Record<string, number>> {
    const { loss, metrics } = this.requireCompiled('evaluate');
    checkOptions('evaluate', options, ['batchSize']);
    const data = { x: toSamples('evaluate', 'x', x), y: toSamples('evaluate', 'y', y) };
    checkTargets('evaluate', data.x, data.y);
    for (const metric of metrics) metric.reset();
    let lossSum = 0;
    await this.forEachBatch('evaluate', data.x, options, (predicted, start, end) => {
      const yBatch = batchOf(data.y, null, start, end);
      lossSum += this.totalLoss('evaluate', loss, yBatch, predicted).item() * (end - start);
      for (const metric of metrics) metric.update(yBatch, predicted);
    });
    return { loss: lossSum / data.x.shape[0]!, ...metricLogs(metrics) };
  }

  /**
   * The model's output for every sample, in inference mode.
   *
   * @returns outputs along the first axis
   */
  async predict(x: Data, options: EvaluateOptions = {}): Promise<Tensor> {
    checkOptions('predict', options, ['batchSize']);
    const outputs: Tensor[] = [];
    await this.forEachBatch('predict', toSamples('predict', 'x', x), options, (predicted) => {
      outputs.push(predicted.detach());
    });
    if (outputs.length === 0) throw new ArgumentError('predict', 'got no samples: the first axis of x is 0');
    if (outputs.length === 1) return outputs[0]!;
    const all = concat(outputs);
    for (const part of outputs) part[Symbol.dispose]();
    return all;
  }

  private async forEachBatch(
    operation: string,
    x: Tensor,
    options: EvaluateOptions,
    use: (predicted: Tensor, start: number, end: number) => void,
  ): Promise<void> {
    const batchSize = checkNumber(operation, 'batchSize', options.batchSize ?? 32, { above: 0, whole: true });
    const breather = new Breather();
    const samples = x.shape[0]!;
    for (let start = 0; start < samples; start += batchSize) {
      const end = Math.min(samples, start + batchSize);
      noGrad(() => scope(() => predictMode(() => use(this.output(batchOf(x, null, start, end)), start, end))));
      await breather.breathe();
    }
  }

  /** Prints the layers, their output shapes and parameters, as far as they are known from the first call. @param options as of every module */
  override summary(options: SummaryOptions = {}): void {
    if (options.inputShape !== undefined) this.build(options.inputShape);
    checkOptions('summary', options, ['inputShape', 'print']);
    printSummary(this, this.outputShapes, options);
  }
}

interface Samples {
  readonly x: Tensor;
  readonly y: Tensor;
}

function scalarLoss(operation: string, loss: unknown): Tensor {
  if (isTensor(loss) && loss.size === 1) return loss;
  throw new ArgumentError(
    operation,
    `the loss gave ${isTensor(loss) ? `shape ${showShape(loss.shape)}` : typeof loss}; expected a tensor of one element`,
    'Reduce it with .mean().',
  );
}

/** `loss` → `valLoss` */
const validationName = (name: string): string => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;
