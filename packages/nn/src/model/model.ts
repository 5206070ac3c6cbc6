/** Models: modules that know how to train themselves, the Keras way. */

import { concat, isTensor, mapTree, noGrad, predictMode, scope, type Tensor, trainMode } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, Generator, type Shape } from '@cotangent/kernels';
import { anyHas, type Callback, type Logs, notify, type RunParameters } from '../callbacks/callback.js';
import { History } from '../callbacks/history.js';
import { ProgressBar, resolveVerbosity, type Verbosity } from '../callbacks/progress.js';
import { RecurrentLayer } from '../layers/recurrent/recurrentLayer.js';
import { Module } from '../module.js';
import { type Optimizer, type OptimizerName, resolveOptimizer } from '../optimizers/index.js';
import { checkBoolean, checkNumber, checkOptions, checkTensor, shown } from '../options.js';
import type { Parameter } from '../parameter.js';
import { outputShapesOf } from '../tracing.js';
import { Breather } from './eventLoop.js';
import {
  alongOutputs,
  type ByOutput,
  classWeights,
  combinedWeights,
  joined,
  type LossLike,
  type Metrics,
  Objective,
  outputsOf,
} from './objective.js';
import { FitProgress } from './progress.js';
import { countOf, type Samples } from './samples.js';
import {
  type ArraySource,
  arraySource,
  type Batch,
  type BatchSource,
  FirstSteps,
  GivenSource,
  isBatchSource,
  type Source,
} from './source.js';
import { printSummary, type SummaryOptions } from './summary.js';

/** Tensors as a model takes or gives them: one, a list, or some by name. */
export type Tensors = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** Options of `compile`. */
export interface CompileOptions {
  /** @defaultValue 'adam' */
  optimizer?: OptimizerName | Optimizer;
  /** One for all outputs, one for each in order, or some by name; null where an output has none. @defaultValue none, for models with a `trainStep` of their own */
  loss?: ByOutput<LossLike>;
  /** Factor of each output's loss, in order or by name. @defaultValue 1 */
  lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /**
   * Measured beside the loss, every sample counting the same; for several outputs lists of them in order or by name. A list or matrix is logged
   * number by number: `f1Score[2]`. @defaultValue none
   */
  metrics?: Metrics;
  /** Measured with `sampleWeight` and `classWeight`. @defaultValue none */
  weightedMetrics?: Metrics;
}

/** What ends a long run from outside. */
interface Abortable {
  /** Ends the run at the next batch: the promise rejects with the signal's reason, and the model stays usable. */
  signal?: AbortSignal;
  /** @defaultValue none */
  callbacks?: readonly Callback[];
}

/** Options of `fit` and `evaluate` about samples that are given as arrays. */
interface WeightOptions {
  /** What each sample counts in the loss and in `weightedMetrics`: [samples], or for each step [samples, time]; by output where there are several. */
  sampleWeight?: Samples;
}

/** Options of `fit`. */
export interface FitOptions extends Abortable, WeightOptions {
  /** Passes over the data: the number of the last epoch, counted from 1. @defaultValue 1 */
  epochs?: number;
  /** Epoch to begin with, counted from 0: where an earlier run ended. @defaultValue 0 */
  initialEpoch?: number;
  /** Batches in an epoch, for generators that do not end. @defaultValue all there are */
  stepsPerEpoch?: number;
  /** Samples in a step. @defaultValue 32 */
  batchSize?: number;
  /** Visit the samples in a new random order each epoch. @defaultValue true */
  shuffle?: boolean;
  /** Seed of that order. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** What each class counts in the loss and in `weightedMetrics`, by its index. @defaultValue 1 */
  classWeight?: Readonly<Record<number, number>>;
  /** Share of the samples, taken from the end before shuffling, to validate on. @defaultValue 0 */
  validationSplit?: number;
  /** `[x, y]`, `[x, y, sampleWeight]`, or batches, to validate on. */
  validationData?: readonly [x: Samples, y?: Samples, sampleWeight?: Samples] | BatchSource;
  /** Samples at a time there. @defaultValue batchSize */
  validationBatchSize?: number;
  /** Batches of validation, where they do not end. @defaultValue all there are */
  validationSteps?: number;
  /** Validate after every so many epochs, or after these (counted from 1). @defaultValue 1 */
  validationFrequency?: number | readonly number[];
  /** 0 silent, 1 a progress bar, 2 one line an epoch, 'auto' 1 in a terminal and else 0. @defaultValue 'auto' */
  verbose?: Verbosity;
}

/** Options of `predict`. */
export interface PredictOptions extends Abortable {
  /** Samples at a time. @defaultValue 32 */
  batchSize?: number;
  /** Batches to take, where they do not end. @defaultValue all there are */
  steps?: number;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends PredictOptions, WeightOptions {}

/** Options of `trainOnBatch` and `testOnBatch`. */
export interface BatchOptions extends WeightOptions {
  /** @defaultValue 1 */
  classWeight?: Readonly<Record<number, number>>;
}

interface Compiled {
  readonly optimizer: Optimizer;
  readonly objective: Objective;
}

const compileOptionNames = ['optimizer', 'loss', 'lossWeights', 'metrics', 'weightedMetrics'];
const evaluateOptionNames = ['batchSize', 'steps', 'sampleWeight', 'signal', 'callbacks'];
const fitOptionNames = [
  'epochs',
  'initialEpoch',
  'stepsPerEpoch',
  'batchSize',
  'shuffle',
  'seed',
  'sampleWeight',
  'classWeight',
  'validationSplit',
  'validationData',
  'validationBatchSize',
  'validationSteps',
  'validationFrequency',
  'verbose',
  'signal',
  'callbacks',
];

/** What a `fit` remembers: an object of a class, in which no module looks for parameters of its own. */
class Running {
  /** What the optimizer changes, found once an epoch. */
  learned: readonly Parameter[] | null = null;
}

const count = { above: 0, whole: true };

/**
 * Base of models. Subclass it with a `forward`, or use `Sequential` or `nn.model`.
 *
 * @example
 * class Line extends nn.Model {
 *   dense = new nn.Dense({ units: 1 });
 *   forward(x: Tensor): Tensor {
 *     return this.dense.call(x);
 *   }
 * }
 * const model = new Line();
 * model.compile({ optimizer: 'sgd', loss: 'mse' });
 * const history = await model.fit(ones([8, 2]), zeros([8, 1]), { epochs: 2, verbose: 0 });
 * history.history.loss!.length; // → 2
 */
export abstract class Model<Outputs extends Tensors = Tensor> extends Module {
  /** Set by callbacks to end a run after the present batch. */
  stopTraining = false;
  private compiled: Compiled | null = null;
  /** The `fit` that is running. */
  private running: Running | null = null;
  /** Of every module in the first call; null before it. */
  private outputShapes: Map<Module, Shape> | null = null;

  /** Shapes of what every module gave in the first call, batch axis first; null before it. @internal */
  get layerShapes(): ReadonlyMap<Module, Shape> | null {
    return this.outputShapes;
  }

  /** Names of the outputs, where they are known before the first call. */
  protected get knownOutputNames(): readonly string[] | null {
    return null;
  }

  /**
   * Says how to train.
   *
   * @throws ArgumentError for unknown names and options
   * @see https://keras.io/api/models/model_training_apis/
   * @example
   * model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
   */
  compile(options: CompileOptions): void {
    checkOptions('compile', options, compileOptionNames);
    const { loss, lossWeights, metrics, weightedMetrics } = options;
    const objective = new Objective({ loss, lossWeights, metrics, weightedMetrics });
    const optimizer = resolveOptimizer('compile', options.optimizer ?? 'adam');
    if (this.knownOutputNames !== null) objective.prepare(this.knownOutputNames);
    this.compiled = { optimizer, objective };
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

  // ---- one batch: what a subclass may write otherwise ---------------------------------------------------------------

  /** The model's output for the inputs of a batch. */
  protected output(x: unknown): Outputs {
    return (this as Module).call(x) as Outputs;
  }

  /**
   * One step of training: forward, backward, update. Override it for a way of training of your own (GANs, contrastive learning); what
   * it makes is recycled when it returns.
   *
   * @returns numbers by name; `fit` logs their means over the samples, and the metrics of `compile` besides
   * @see https://keras.io/guides/custom_train_step_in_tensorflow/
   * @example
   * class Doubled extends nn.Sequential {
   *   protected override trainStep(batch: nn.Batch) {
   *     const predicted = this.output(batch.x);
   *     const loss = this.computeLoss(batch, predicted).mul(2);
   *     this.minimize(loss);
   *     this.measure(batch, predicted);
   *     return { loss: loss.item() };
   *   }
   * }
   */
  protected trainStep(batch: Batch): Logs {
    const predicted = this.output(batch.x);
    const { loss, parts } = this.lossOfStep('fit', batch, predicted);
    this.minimize(loss!);
    this.measure(batch, predicted);
    return numbers({ loss: loss!, ...parts });
  }

  /** One step of `evaluate`, unrecorded and in inference mode. @returns as `trainStep` */
  protected testStep(batch: Batch): Logs {
    const predicted = this.output(batch.x);
    const { loss, parts } = this.lossOfStep('evaluate', batch, predicted, false);
    this.measure(batch, predicted);
    return numbers({ ...(loss === null ? {} : { loss }), ...parts });
  }

  /** One step of `predict`, unrecorded and in inference mode. */
  protected predictStep(x: unknown): Outputs {
    return this.output(x);
  }

  /**
   * The loss of `compile` for a batch, and the penalties of the model's parameters and layers. Override it for a loss that needs more than
   * targets and predictions: `fit` and `evaluate` take what it gives.
   *
   * @see https://keras.io/api/models/model/ compute_loss
   * @example
   * class Sparse extends nn.Sequential {
   *   protected override computeLoss(batch: nn.Batch, predicted: Tensor): Tensor {
   *     return super.computeLoss(batch, predicted).add(predicted.abs().mean().mul(0.01));
   *   }
   * }
   * @throws ArgumentError where there is no loss, or no targets for it
   */
  protected computeLoss(batch: Batch, predicted: Tensors): Tensor {
    return this.lossOf('computeLoss', batch, predicted).loss!;
  }

  /** What a step is to log: what `computeLoss` gives where a subclass wrote it, else the loss of `compile` with its parts. */
  private lossOfStep(
    operation: string,
    batch: Batch,
    predicted: Tensors,
    required: boolean = true,
  ): { loss: Tensor | null; parts: Record<string, Tensor> } {
    if (this.computeLoss === Model.prototype.computeLoss) return this.lossOf(operation, batch, predicted, required);
    return { loss: checkTensor(operation, 'loss', this.computeLoss(batch, predicted)), parts: {} };
  }

  /** The loss and its parts by output; null where there is none and none is required. */
  private lossOf(
    operation: string,
    { y, sampleWeight }: Batch,
    predicted: Tensors,
    required: boolean = true,
  ): { loss: Tensor | null; parts: Record<string, Tensor> } {
    const { objective } = this.requireCompiled(operation);
    const outputs = outputsOf(operation, predicted, this.knownOutputNames);
    const targets = { names: outputs.names, values: alongOutputs(operation, 'y', y, outputs.names) };
    const weights = alongOutputs(operation, 'sampleWeight', sampleWeight, outputs.names, true);
    const { total, parts } = objective.loss(operation, targets, outputs, weights);
    const all = [...(total === null ? [] : [total]), ...this.losses()];
    if (all.length === 0 && required)
      throw new ArgumentError(operation, 'got no loss', "For example model.compile({ loss: 'meanSquaredError' }).");
    return { loss: all.length === 0 ? null : all.reduce((sum, loss) => sum.add(loss)), parts };
  }

  /** Takes a batch into account in the metrics of `compile`. */
  protected measure({ y, sampleWeight }: Batch, predicted: Tensors): void {
    const { objective } = this.requireCompiled('measure');
    const outputs = outputsOf('measure', predicted, this.knownOutputNames);
    const targets = { names: outputs.names, values: alongOutputs('measure', 'y', y, outputs.names) };
    objective.measure(targets, outputs, alongOutputs('measure', 'sampleWeight', sampleWeight, outputs.names, true));
  }

  /** Backward pass and one step of the optimizer, for the parameters that are trainable. */
  protected minimize(loss: Tensor): void {
    const { optimizer } = this.requireCompiled('fit');
    const parameters = this.running?.learned ?? this.trainableParameters();
    if (optimizer.parameters.length !== parameters.length || parameters.some((p, i) => p !== optimizer.parameters[i]))
      optimizer.bind(parameters);
    optimizer.zeroGrad();
    optimizer.scaleLoss(loss).backward();
    optimizer.step();
    optimizer.zeroGrad();
  }

  private trainableParameters(): readonly Parameter[] {
    const parameters = this.parameters().filter((parameter) => parameter.requiresGrad);
    if (parameters.length > 0) return parameters;
    throw new ArgumentError(
      'fit',
      'none of the parameters is trainable',
      'Set model.trainable = true, or that of a layer.',
    );
  }

  // ---- many batches ---------------------------------------------------------------------------------------------------

  /**
   * Trains the model.
   *
   * @param x samples along the first axis: for one input, for several in a list of tensors, or by name; or batches `[x, y]` or
   *   `[x, y, sampleWeight]` from a dataset, a generator, or a function that makes one
   * @param y one target for each sample, of the structure of the outputs; left out where x gives batches
   * @returns losses and metrics of every epoch
   * @throws ArgumentError before `compile`, for options out of range, NaN targets, no samples, or while another `fit` of the model
   *   runs; ShapeError when x and y differ in their first axis; whatever the layers and the loss throw, with the layer's path
   * @see https://keras.io/api/models/model_training_apis/#fit-method
   * @example
   * const { history } = await model.fit(x, y, { epochs: 3, batchSize: 4, validationSplit: 0.25, verbose: 0 });
   * Object.keys(history); // → ["loss", "valLoss"]
   */
  fit(x: Samples, y?: Samples, options?: FitOptions): Promise<History>;
  fit(batches: BatchSource, options?: FitOptions): Promise<History>;
  async fit(first: Samples | BatchSource, second?: Samples | FitOptions, third?: FitOptions): Promise<History> {
    this.requireCompiled('fit');
    const [x, y, options] = separate<FitOptions>(first, second, third);
    checkOptions('fit', options, fitOptionNames);
    if (this.running !== null)
      throw new ArgumentError('fit', 'this model is being fitted already', 'Await the first fit.');
    this.running = new Running();
    try {
      return await this.runEpochs(this.running, x, y, options);
    } finally {
      this.running = null;
    }
  }

  private async runEpochs(
    running: Running,
    x: Samples | BatchSource,
    y: Samples | undefined,
    options: FitOptions,
  ): Promise<History> {
    const breather = new Breather();
    const { objective } = this.requireCompiled('fit');
    const epochs = checkNumber('fit', 'epochs', options.epochs ?? 1, { atLeast: 0, whole: true });
    const initialEpoch = checkNumber('fit', 'initialEpoch', options.initialEpoch ?? 0, { atLeast: 0, whole: true });
    const verbosity = resolveVerbosity('fit', options.verbose ?? 'auto');
    const shuffle = checkBoolean('fit', 'shuffle', options.shuffle ?? true);
    const own = checkCallbacks('fit', options.callbacks);
    const seed = options.seed ?? Math.floor(defaultGenerator().uniform() * 2 ** 52);
    new Generator(seed); // refuses a seed that is none now, not in the first epoch
    const progress = new FitProgress(initialEpoch, seed, () => objective.metrics);
    const { source, validation } = this.sources(x, y, options, () => (shuffle ? progress.seed : null));
    const isValidated = validationDue(options.validationFrequency ?? 1);
    if (this.knownOutputNames === null && objective.isForOneOutput) objective.prepare(['output']);
    objective.prepared = () => progress.restoreMetrics();

    const history = new History();
    const others: readonly Callback[] = [history, ...(verbosity === 0 ? [] : [new ProgressBar(verbosity)]), ...own];
    const callbacks = [...others.filter((c) => c.savesRun !== true), ...others.filter((c) => c.savesRun === true)];
    const { steps, samples, batchSize } = source;
    const run: RunParameters = { model: this, epochs, steps, samples, batchSize, progress, callbacks };
    const batchLogs = anyHas(callbacks, 'onBatchEnd');
    let logs: Logs = {};

    this.stopTraining = false;
    await notify(callbacks, 'onTrainBegin', run);
    this.stopTraining ||= progress.stopped;
    try {
      while (progress.epoch < epochs && !this.stopTraining) {
        const { epoch } = progress;
        options.signal?.throwIfAborted();
        running.learned = null;
        if (progress.step === 0) {
          progress.beginEpoch();
          await notify(callbacks, 'onEpochBegin', epoch);
        }
        if (breather.isDue) await breather.breathe();
        const draws = source.epoch(epoch, progress.step);
        try {
          for (let next = await draws.next(); !next.done && !this.stopTraining; next = await draws.next()) {
            const { step } = progress;
            const draw = next.value;
            await notify(callbacks, 'onBatchBegin', step);
            const [size, made] = scope(() => {
              const batch = this.weighted('fit', draw.make(), options.classWeight);
              const result = trainMode(() => this.trainStep(batch));
              running.learned ??= this.optimizerParameters();
              return [batch.size, result] as const;
            });
            progress.add(size, made);
            if (batchLogs) await notify(callbacks, 'onBatchEnd', step, { size, ...made, ...objective.logs() });
            if (breather.isDue) await breather.breathe();
            options.signal?.throwIfAborted();
          }
        } finally {
          await draws.return?.();
        }
        logs = { ...progress.means(), ...objective.logs() };
        if (validation !== null && isValidated(epoch)) {
          const validated = await this.test('fit (validation)', validation, own, options.signal);
          const named = Object.entries(validated).map(([name, value]) => [joined('val', name), value]);
          logs = { ...logs, ...Object.fromEntries(named) };
        }
        progress.endEpoch();
        await notify(
          others.filter((c) => c.savesRun !== true),
          'onEpochEnd',
          epoch,
          logs,
        );
        progress.stopped = this.stopTraining;
        await notify(
          callbacks.filter((c) => c.savesRun === true),
          'onEpochEnd',
          epoch,
          logs,
        );
      }
    } finally {
      await source.close?.();
    }
    if (epochs > initialEpoch) this.optimizer.finalizeAverages();
    await notify(callbacks, 'onTrainEnd', logs);
    return history;
  }

  /** What the optimizer was bound to in a step; null where a step of one's own has bound none. */
  private optimizerParameters(): readonly Parameter[] | null {
    const { parameters } = this.optimizer;
    return parameters.length === 0 ? null : (parameters as readonly Parameter[]);
  }

  private sources(
    x: Samples | BatchSource,
    y: Samples | undefined,
    options: FitOptions,
    seed: () => number | null,
  ): { source: Source; validation: Source | null } {
    const batchSize = checkNumber('fit', 'batchSize', options.batchSize ?? 32, count);
    const steps = optionalCount('fit', 'stepsPerEpoch', options.stepsPerEpoch);
    const split = checkNumber('fit', 'validationSplit', options.validationSplit ?? 0, { atLeast: 0, below: 1 });
    const validationBatch = checkNumber('fit', 'validationBatchSize', options.validationBatchSize ?? batchSize, count);
    const validationSteps = optionalCount('fit', 'validationSteps', options.validationSteps);
    const given = options.validationData;
    const validation = given === undefined ? null : validationSource(given, validationBatch, validationSteps);
    if (isBatchSource(x)) {
      for (const name of ['validationSplit', 'sampleWeight', 'batchSize'] as const) {
        if (options[name] === undefined) continue;
        const mend = name === 'validationSplit' ? 'Pass validationData.' : 'It belongs into the batches.';
        throw new ArgumentError('fit', `got ${name} with batches that are made already`, mend);
      }
      return { source: new GivenSource('fit', x, steps), validation };
    }
    const all = arraySource('fit', x, y, options.sampleWeight, batchSize, seed);
    if (steps !== undefined && steps > all.steps)
      throw new ArgumentError(
        'fit',
        `got stepsPerEpoch ${steps}; the samples make ${all.steps} batches of ${batchSize}`,
      );
    if (validation !== null || split === 0) return { source: limitedTo(all, steps), validation };
    const { samples } = all;
    const at = Math.floor(samples * (1 - split));
    if (at === 0 || at === samples) {
      throw new ArgumentError(
        'fit',
        `got validationSplit ${split} of ${samples} samples, which leaves none to train or to validate on`,
      );
    }
    const source = limitedTo(all.slice(0, at, batchSize, seed), steps);
    return {
      source,
      validation: limitedTo(
        all.slice(at, samples, validationBatch, () => null),
        validationSteps,
      ),
    };
  }

  /** A batch with the weights of its classes brought into those of its samples. */
  private weighted(operation: string, batch: Batch, classWeight: BatchOptions['classWeight']): Batch {
    if (classWeight === undefined) return batch;
    if (!isTensor(batch.y))
      throw new ArgumentError(operation, 'got classWeight for a model of several outputs', 'Use sampleWeight.');
    if (batch.sampleWeight !== undefined && !isTensor(batch.sampleWeight))
      throw new ArgumentError(operation, 'got classWeight beside sampleWeight by output', 'Use sampleWeight alone.');
    const byClass = classWeights(operation, classWeight, batch.y);
    return { ...batch, sampleWeight: combinedWeights(batch.sampleWeight, byClass) };
  }

  /**
   * Loss and metrics on data, in inference mode.
   *
   * @param x as `fit` takes them
   * @returns by name: `{ loss, accuracy }`
   * @throws as `fit`
   */
  evaluate(x: Samples, y?: Samples, options?: EvaluateOptions): Promise<Record<string, number>>;
  evaluate(batches: BatchSource, options?: EvaluateOptions): Promise<Record<string, number>>;
  async evaluate(
    first: Samples | BatchSource,
    second?: Samples | EvaluateOptions,
    third?: EvaluateOptions,
  ): Promise<Record<string, number>> {
    this.requireCompiled('evaluate');
    const [x, y, options] = separate<EvaluateOptions>(first, second, third);
    checkOptions('evaluate', options, evaluateOptionNames);
    const callbacks = checkCallbacks('evaluate', options.callbacks);
    const batchSize = checkNumber('evaluate', 'batchSize', options.batchSize ?? 32, count);
    const steps = optionalCount('evaluate', 'steps', options.steps);
    const source = isBatchSource(x)
      ? new GivenSource('evaluate', x, steps)
      : limitedTo(
          arraySource('evaluate', x, y, options.sampleWeight, batchSize, () => null),
          steps,
        );
    return this.test('evaluate', source, callbacks, options.signal);
  }

  private async test(
    operation: string,
    source: Source,
    callbacks: readonly Callback[],
    signal: AbortSignal | undefined,
  ): Promise<Record<string, number>> {
    const { objective } = this.requireCompiled(operation);
    const progress = new FitProgress(0, 0, () => objective.metrics);
    progress.beginEpoch();
    await notify(callbacks, 'onTestBegin', this);
    const batchLogs = anyHas(callbacks, 'onTestBatchEnd');
    await this.through(source, signal, async (make, step) => {
      await notify(callbacks, 'onTestBatchBegin', step);
      const [size, made] = unrecorded(() => {
        const batch = make();
        return [batch.size, this.testStep(batch)] as const;
      });
      progress.add(size, made);
      if (batchLogs) await notify(callbacks, 'onTestBatchEnd', step, { size, ...made, ...objective.logs() });
    });
    const logs = { ...progress.means(), ...objective.logs() };
    await notify(callbacks, 'onTestEnd', logs);
    return logs;
  }

  /**
   * The model's output for every sample, in inference mode.
   *
   * @param x samples as `fit` takes them, or batches (of which targets and weights are left aside)
   * @returns outputs along the first axis, of the structure that the model gives
   * @throws ArgumentError for options out of range
   */
  async predict(x: Samples | BatchSource, options: PredictOptions = {}): Promise<Outputs> {
    checkOptions('predict', options, ['batchSize', 'steps', 'signal', 'callbacks']);
    const callbacks = checkCallbacks('predict', options.callbacks);
    const batchSize = checkNumber('predict', 'batchSize', options.batchSize ?? 32, count);
    const steps = optionalCount('predict', 'steps', options.steps);
    const source = isBatchSource(x)
      ? new GivenSource('predict', x, steps)
      : limitedTo(
          arraySource('predict', x, undefined, undefined, batchSize, () => null),
          steps,
        );
    const parts: Tensor[][] = [];
    let structure: Outputs | null = null;
    await notify(callbacks, 'onPredictBegin', this);
    await this.through(source, options.signal, async (make, step) => {
      await notify(callbacks, 'onPredictBatchBegin', step);
      const kept = unrecorded(() => mapTree(this.predictStep(make().x), (y) => y.detach()) as Outputs);
      structure ??= kept;
      let leaf = 0;
      mapTree(kept, (y) => {
        parts[leaf] ??= [];
        parts[leaf++]!.push(y);
      });
      await notify(callbacks, 'onPredictBatchEnd', step, kept);
    });
    await notify(callbacks, 'onPredictEnd');
    let leaf = 0;
    return mapTree(structure!, () => {
      const pieces = parts[leaf++]!;
      if (pieces.length === 1) return pieces[0]!;
      const all = concat(pieces);
      for (const piece of pieces) piece[Symbol.dispose]();
      return all;
    }) as Outputs;
  }

  /** Goes through the batches of a source, unrecorded and in inference mode, giving the host its turns. */
  private async through(
    source: Source,
    signal: AbortSignal | undefined,
    use: (make: () => Batch, step: number) => Promise<void>,
  ): Promise<void> {
    const breather = new Breather();
    const draws = source.epoch(0, 0);
    let step = 0;
    try {
      for (let next = await draws.next(); !next.done; next = await draws.next()) {
        signal?.throwIfAborted();
        await use(next.value.make, step++);
        if (breather.isDue) await breather.breathe();
      }
    } finally {
      await draws.return?.();
      await source.close?.();
    }
  }

  // ---- a batch at a time ----------------------------------------------------------------------------------------------

  /** One step of training on these samples. @returns the loss, and the metrics since the last `resetMetrics` */
  trainOnBatch(x: Samples, y?: Samples, options: BatchOptions = {}): Logs {
    const { objective } = this.requireCompiled('trainOnBatch');
    return scope(() => {
      const made = trainMode(() => this.trainStep(this.oneBatch('trainOnBatch', x, y, options)));
      return { ...made, ...objective.logs() };
    });
  }

  /** Loss of these samples, in inference mode. @returns as `trainOnBatch` */
  testOnBatch(x: Samples, y?: Samples, options: BatchOptions = {}): Logs {
    const { objective } = this.requireCompiled('testOnBatch');
    return unrecorded(() => {
      const made = this.testStep(this.oneBatch('testOnBatch', x, y, options));
      return { ...made, ...objective.logs() };
    });
  }

  /** The output for these samples, in inference mode. */
  predictOnBatch(x: Samples): Outputs {
    return unrecorded(() => this.predictStep(this.oneBatch('predictOnBatch', x, undefined, {}).x));
  }

  /** Gradients of the loss of these samples for every trainable parameter, by path; nothing is changed. */
  gradientsOnBatch(x: Samples, y?: Samples, options: BatchOptions = {}): Record<string, Float32Array | Float64Array> {
    this.requireCompiled('gradientsOnBatch');
    return scope(() => {
      const batch = this.oneBatch('gradientsOnBatch', x, y, options);
      const parameters = this.namedParameters().filter(([, { requiresGrad }]) => requiresGrad);
      this.zeroGrad();
      this.computeLoss(batch, this.output(batch.x)).backward();
      const found = parameters.flatMap(([path, { grad }]): [string, Float32Array][] =>
        grad === null ? [] : [[path, grad.toTypedArray() as Float32Array]],
      );
      this.zeroGrad();
      return Object.fromEntries(found);
    });
  }

  private oneBatch(operation: string, x: Samples, y: Samples | undefined, options: BatchOptions): Batch {
    checkOptions(operation, options, ['sampleWeight', 'classWeight']);
    const source = arraySource(operation, x, y, options.sampleWeight, 1, () => null);
    const batch = { x: source.x, y: source.y, sampleWeight: source.sampleWeight, size: countOf(source.x) };
    return this.weighted(operation, batch, options.classWeight);
  }

  /** Lets the metrics of `compile` begin anew. */
  resetMetrics(): void {
    this.requireCompiled('resetMetrics').objective.reset();
  }

  protected override get knownShapes(): ReadonlyMap<Module, Shape> | null {
    return this.outputShapes;
  }

  /** Prints the layers, their output shapes and parameters, as far as they are known from the first call. @param options as of every module */
  override summary(options: SummaryOptions = {}): void {
    if (options.inputShape !== undefined) this.build(options.inputShape);
    checkOptions('summary', options, ['inputShape', 'print']);
    printSummary(this, this.outputShapes, options);
  }
}

/** Tells data and targets from options: batches come without targets. */
function separate<Options extends object>(
  first: Samples | BatchSource,
  second: Samples | Options | undefined,
  third: Options | undefined,
): [x: Samples | BatchSource, y: Samples | undefined, options: Options] {
  if (!isBatchSource(first)) return [first, second as Samples | undefined, third ?? ({} as Options)];
  return [first, undefined, (second as Options | undefined) ?? third ?? ({} as Options)];
}

/** Runs `f` unrecorded and in inference mode, recycling what it does not return. */
const unrecorded = <R>(f: () => R): R => noGrad(() => scope(() => predictMode(f)));

const numbers = (tensors: Readonly<Record<string, Tensor>>): Logs =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, x.item()]));

function checkCallbacks(operation: string, callbacks: readonly Callback[] | undefined): readonly Callback[] {
  const given = callbacks ?? [];
  if (Array.isArray(given) && given.every((callback) => typeof callback === 'object' && callback !== null))
    return given;
  const came = Array.isArray(given) ? `[${given.map(shown).join(', ')}]` : shown(given);
  throw new ArgumentError(
    operation,
    `got callbacks ${came}; expected an array of callbacks`,
    'For example [new nn.EarlyStopping()].',
  );
}

function optionalCount(operation: string, name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : checkNumber(operation, name, value, count);
}

const limitedTo = (source: ArraySource, steps: number | undefined): Source =>
  steps === undefined || steps >= source.steps ? source : new FirstSteps(source, steps);

function validationSource(
  given: NonNullable<FitOptions['validationData']>,
  batchSize: number,
  steps: number | undefined,
): Source {
  if (isBatchSource(given)) return new GivenSource('fit (validationData)', given, steps);
  if (!Array.isArray(given) || given.length < 1 || given.length > 3)
    throw new ArgumentError(
      'fit',
      `got validationData ${shown(given)}; expected [x, y], [x, y, sampleWeight] or batches`,
    );
  const [x, y, sampleWeight] = given as readonly [Samples, Samples?, Samples?];
  return limitedTo(
    arraySource('fit (validationData)', x, y, sampleWeight, batchSize, () => null),
    steps,
  );
}

function validationDue(frequency: number | readonly number[]): (epoch: number) => boolean {
  if (Array.isArray(frequency)) {
    for (const epoch of frequency) checkNumber('fit', 'validationFrequency', epoch, count);
    return (epoch) => frequency.includes(epoch + 1);
  }
  const every = checkNumber('fit', 'validationFrequency', frequency as number, count);
  return (epoch) => (epoch + 1) % every === 0;
}
