import { isTensor, noGrad, persistent, scope, type Tensor, tensor, zerosLike } from '@cotangent/autograd';
import { ArgumentError, globalNorm, ShapeError, type StepOptions, shapesEqual } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, checkTensor, shown } from '../options.js';
import { Parameter } from '../parameter.js';
import { checkRate, type Rate, rateAt } from './rate.js';
import { loadOptimizerState, type OptimizerState, optimizerStateOf } from './state.js';

/** Options that every optimizer takes. */
export interface OptimizerOptions {
  /** Step size: a number, a schedule of `optim.schedules`, or a function of the number of steps taken. */
  learningRate?: Rate;
  /** λ of weight decay. @defaultValue 0 */
  weightDecay?: number;
  /**
   * `'decoupled'`: w ← w − η λ w before each step, whatever the gradient (Keras, and AdamW everywhere). `'l2'`: λ w is added to the
   * gradient (PyTorch's weight_decay, MXNet's wd). @defaultValue 'decoupled'
   */
  weightDecayMode?: 'decoupled' | 'l2';
  /** The largest norm a gradient may have; a longer one is scaled down to it. @defaultValue no limit */
  clipNorm?: number;
  /** The largest norm all gradients may have together; longer ones are scaled down by one factor. @defaultValue no limit */
  globalClipNorm?: number;
  /** The largest an element of a gradient may be, up or down. @defaultValue no limit */
  clipValue?: number;
  /** How many calls of `step` make one step, with the mean of their gradients. @defaultValue 1 */
  gradientAccumulationSteps?: number;
  /** Whether to keep running means of the parameters, which often generalize better (see `swapAverages`). @defaultValue false */
  useEma?: boolean;
  /** Share of the running mean that each step leaves as it was. @defaultValue 0.99 */
  emaMomentum?: number;
  /** Every so many steps the parameters become their running means. @defaultValue never */
  emaOverwriteFrequency?: number | null;
}

/** The names of those options, for checks. */
export const optimizerOptionNames: readonly string[] = [
  'learningRate',
  'weightDecay',
  'weightDecayMode',
  'clipNorm',
  'globalClipNorm',
  'clipValue',
  'gradientAccumulationSteps',
  'useEma',
  'emaMomentum',
  'emaOverwriteFrequency',
];

/** Parameters with options of their own (PyTorch's param groups, Gluon's lr_mult and wd_mult). */
export interface ParameterGroup {
  readonly parameters: readonly Tensor[];
  /** @defaultValue that of the optimizer */
  readonly learningRate?: Rate;
  /** @defaultValue that of the optimizer */
  readonly weightDecay?: number;
}

/** What an optimizer may be given to change. */
export type Parameters = readonly Tensor[] | readonly ParameterGroup[];

/** What is kept of one parameter from step to step. */
export interface ParameterState {
  /** Tensors by name: moments, velocities, … */
  readonly slots: Record<string, Tensor>;
  /** Numbers by name, `steps` among them: how many it has taken. */
  readonly numbers: { steps: number; [name: string]: number };
}

/** What a step does to one parameter besides its formula. */
export interface ParameterStep extends Required<StepOptions> {
  /** Its step size now. */
  readonly learningRate: number;
}

/**
 * Takes apart what constructors get: parameters and options, or options alone.
 *
 * @throws ArgumentError for a module or a single tensor in place of a list of parameters
 */
export function separate<Options extends object>(
  first: Parameters | Options,
  second: Options,
): [Parameters | undefined, Options] {
  const came = isTensor(first) ? 'a tensor' : 'parameters' in first ? 'a module' : null;
  if (came !== null && !Array.isArray(first)) {
    const mend = came === 'a module' ? 'model.parameters()' : '[w]';
    throw new ArgumentError('Optimizer', `got ${came}; expected an array of parameters`, `Pass ${mend}.`);
  }
  return Array.isArray(first) ? [first as Parameters, second] : [undefined, first as Options];
}

const clippings = ['clipNorm', 'globalClipNorm', 'clipValue'] as const;

/** What scales a gradient of norm `norm` to at most `limit`. NaN where it is not finite: no step is taken unseen (Keras). */
function scaleTo(limit: number, norm: number): number {
  return Number.isFinite(norm) ? Math.min(1, limit / norm) : Number.NaN;
}

const isGroup = (given: Tensor | ParameterGroup): given is ParameterGroup =>
  typeof given === 'object' && given !== null && !isTensor(given) && 'parameters' in given;

/** A parameter and its gradient. */
export type Pair = readonly [parameter: Tensor, gradient: Tensor];

/**
 * Base of the optimizers. One is given its parameters when it is made (the PyTorch way), or by `compile` (the Keras way).
 *
 * For one of your own, extend it: name the slots that each parameter needs, and write `updateParameter`.
 *
 * @throws ArgumentError for options out of range
 * @example
 * class Descent extends optim.Optimizer {
 *   constructor(parameters: Tensor[]) {
 *     super('Descent', parameters, {}, 0.1);
 *   }
 *   protected override updateParameter(w: Tensor, gradient: Tensor, _state: unknown, { learningRate }: { learningRate: number }) {
 *     w.assign(w.sub(gradient.mul(learningRate)));
 *   }
 * }
 * const w = tensor([1, -2], { requiresGrad: true });
 * const optimizer = new Descent([w]);
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [0.8, -1.6]
 */
export abstract class Optimizer {
  private rate: Rate;
  private bound: readonly Tensor[] = [];
  private readonly groups = new WeakMap<Tensor, Omit<ParameterGroup, 'parameters'>>();
  /** Whether any parameter was given in a group. */
  private grouped = false;
  private readonly undecayed = new WeakSet<Tensor>();
  private readonly states = new Map<Tensor, ParameterState>();
  private readonly weightDecay: number;
  private readonly weightDecayMode: 'decoupled' | 'l2';
  private readonly clipNorm: number | undefined;
  private readonly globalClipNorm: number | undefined;
  private readonly clipValue: number | undefined;
  private readonly accumulationSteps: number;
  private readonly useEma: boolean;
  private readonly emaMomentum: number;
  private readonly emaOverwriteFrequency: number | null;
  /** Whether the running means are in the place of the parameters. */
  private averagesAreIn = false;
  /** Calls whose gradients wait for those that complete a step. @internal */
  waitingCalls = 0;
  /** Steps taken so far. */
  iterations = 0;

  /**
   * @param operation name in messages and in saved states
   * @param parameters what to change, or undefined until `bind`
   * @param learningRate the default one
   * @param slotNames what `createSlots` makes for each parameter
   */
  constructor(
    readonly operation: string,
    parameters: Parameters | undefined,
    options: OptimizerOptions,
    learningRate: number,
    private readonly slotNames: readonly string[] = [],
  ) {
    this.rate = checkRate(operation, options.learningRate ?? learningRate);
    this.weightDecay = checkNumber(operation, 'weightDecay', options.weightDecay ?? 0, { atLeast: 0 });
    const modes = ['decoupled', 'l2'] as const;
    this.weightDecayMode = checkChoice(operation, 'weightDecayMode', options.weightDecayMode ?? 'decoupled', modes);
    const given = clippings.filter((name) => options[name] !== undefined);
    if (given.length > 1) {
      throw new ArgumentError(operation, `got ${given.join(' and ')}; expected at most one way of clipping`);
    }
    for (const name of given) checkNumber(operation, name, options[name], { above: 0 });
    this.clipNorm = options.clipNorm;
    this.globalClipNorm = options.globalClipNorm;
    this.clipValue = options.clipValue;
    const count = { atLeast: 1, whole: true };
    const steps = options.gradientAccumulationSteps ?? 1;
    this.accumulationSteps = checkNumber(operation, 'gradientAccumulationSteps', steps, count);
    this.useEma = options.useEma ?? false;
    this.emaMomentum = checkNumber(operation, 'emaMomentum', options.emaMomentum ?? 0.99, { atLeast: 0, atMost: 1 });
    const frequency = options.emaOverwriteFrequency ?? null;
    this.emaOverwriteFrequency =
      frequency === null ? null : checkNumber(operation, 'emaOverwriteFrequency', frequency, count);
    if (parameters !== undefined) this.bindGroups(parameters);
  }

  /**
   * Step size of the next step. A number may be set at any time; it takes the place of a schedule only if that is set to one, too.
   *
   * @throws ArgumentError for a number set where a schedule rules
   */
  get learningRate(): number {
    return rateAt(this.operation, this.rate, this.iterations);
  }

  set learningRate(rate: number) {
    if (typeof this.rate !== 'number' && typeof rate === 'number') {
      throw new ArgumentError(
        this.operation,
        'its learning rate follows a schedule, and a number set now would be lost',
        'Make it with a number, or change the schedule with setSchedule().',
      );
    }
    this.rate = checkRate(this.operation, rate);
  }

  /**
   * Sets what the learning rate follows from now on: a schedule, a function of the number of steps taken, or a number.
   *
   * @throws ArgumentError for a rate that is none, or below 0
   */
  setSchedule(rate: Rate): void {
    this.rate = checkRate(this.operation, rate);
  }

  /** The rate as it was given. @internal */
  get givenRate(): Rate {
    return this.rate;
  }

  /** The tensors this optimizer changes. */
  get parameters(): readonly Tensor[] {
    return this.bound;
  }

  private bindGroups(given: Parameters): void {
    const all = (given as readonly (Tensor | ParameterGroup)[]).flatMap((entry, i): readonly Tensor[] => {
      if (!isGroup(entry)) return [entry];
      checkOptions(`${this.operation} (group ${i})`, entry, ['parameters', 'learningRate', 'weightDecay']);
      if (!Array.isArray(entry.parameters))
        throw new ArgumentError(
          this.operation,
          `got parameters ${shown(entry.parameters)} in group ${i}; expected an array`,
        );
      if (entry.learningRate !== undefined) checkRate(this.operation, entry.learningRate);
      if (entry.weightDecay !== undefined)
        checkNumber(this.operation, 'weightDecay', entry.weightDecay, { atLeast: 0 });
      for (const parameter of entry.parameters) if (isTensor(parameter)) this.groups.set(parameter, entry);
      this.grouped = true;
      return entry.parameters;
    });
    this.bind(all);
  }

  /**
   * Sets which tensors to change. `compile` calls it; the state of tensors that stay is kept, and the options of their groups.
   *
   * @throws ArgumentError for a tensor that is no leaf, or one given twice
   */
  bind(parameters: readonly Tensor[]): void {
    for (const [i, parameter] of parameters.entries()) {
      if (!isTensor(parameter) || !parameter.isLeaf) {
        throw new ArgumentError(
          this.operation,
          `got parameters[${i}] that is not a leaf tensor`,
          'Pass model.parameters(), or tensors made with { requiresGrad: true }.',
        );
      }
    }
    const kept = new Set(parameters);
    if (kept.size !== parameters.length) throw new ArgumentError(this.operation, 'got the same parameter twice');
    this.bound = [...parameters];
    for (const parameter of this.states.keys()) if (!kept.has(parameter)) this.states.delete(parameter);
  }

  /** Leaves these out of weight decay: biases, scales of normalization, embeddings. */
  excludeFromWeightDecay(parameters: readonly Tensor[]): void {
    for (const parameter of parameters) this.undecayed.add(parameter);
  }

  /** Forgets the gradients of its parameters. */
  zeroGrad(): void {
    for (const parameter of this.bound) parameter.zeroGrad();
  }

  /** The loss as it is to be differentiated: itself, but for optimizers that scale it. */
  scaleLoss(loss: Tensor): Tensor {
    return loss;
  }

  /**
   * Changes every parameter that has a `.grad`, in place.
   *
   * @param closure computes the loss; with one, the gradients are forgotten, and computed from it, first
   * @returns the loss that the closure gave
   * @throws ArgumentError when no parameter has a gradient: `backward()` was not called, or not through these parameters
   */
  step(closure?: () => Tensor): number | undefined {
    const loss = closure === undefined ? undefined : this.evaluate(closure);
    this.applyPairs(this.pairs());
    return loss;
  }

  /** Computes a loss and the gradients of its scaled value. */
  protected evaluate(closure: () => Tensor): number {
    this.zeroGrad();
    return scope(() => {
      const loss = closure();
      if (!isTensor(loss) || loss.size !== 1)
        throw new ArgumentError(this.operation, `the closure gave ${shown(loss)}; expected a loss of one element`);
      this.scaleLoss(loss).backward();
      return loss.item();
    });
  }

  /** The parameters that have gradients, with them. */
  protected pairs(): readonly Pair[] {
    const pairs: Pair[] = [];
    for (const parameter of this.bound) {
      const { grad } = parameter;
      if (grad !== null) pairs.push([parameter, grad]);
    }
    if (pairs.length === 0) {
      throw new ArgumentError(
        this.operation,
        this.bound.length === 0 ? 'it has no parameters' : 'none of its parameters has a gradient',
        this.bound.length === 0
          ? `Pass them to the constructor: new ${this.operation}(model.parameters()).`
          : 'Call loss.backward() before step().',
      );
    }
    return pairs;
  }

  /**
   * Changes the parameters by gradients computed elsewhere (`grad`, `valueAndGrad`), in place.
   *
   * @param gradients one for each parameter, in order, of its shape
   * @throws ArgumentError for another number of gradients than of parameters
   */
  applyGradients(gradients: readonly Tensor[]): void {
    if (gradients.length !== this.bound.length) {
      throw new ArgumentError(this.operation, `got ${gradients.length} gradients for ${this.bound.length} parameters`);
    }
    this.applyPairs(
      this.bound.map((parameter, i): Pair => {
        return [parameter, checkTensor(this.operation, `gradients[${i}]`, gradients[i])];
      }),
    );
  }

  /** Takes one step, or part of one where gradients are accumulated. @internal */
  applyPairs(pairs: readonly Pair[]): void {
    // All are looked at before any is changed: a refused step leaves no model half updated.
    for (let i = 0; i < pairs.length; i++) {
      const parameter = pairs[i]![0];
      const gradient = pairs[i]![1];
      if (!shapesEqual(parameter.block.shape, gradient.block.shape))
        throw new ShapeError(this.operation, { parameter, gradient }, 'a gradient of the shape of its parameter');
    }
    const whole = this.accumulationSteps === 1 ? pairs : this.accumulate(pairs);
    if (whole === null) return;
    const rate = this.learningRate;
    // By what the count is before this step, for all of them.
    const rates = this.grouped ? whole.map(([parameter]) => this.groupRate(parameter) ?? rate) : null;
    this.iterations++;
    const scaleOfAll =
      this.globalClipNorm === undefined
        ? 1
        : scaleTo(this.globalClipNorm, globalNorm(whole.map(([, gradient]) => gradient.block)));
    for (let i = 0; i < whole.length; i++) {
      const parameter = whole[i]![0];
      const gradient = whole[i]![1];
      const scale = this.clipNorm === undefined ? scaleOfAll : scaleTo(this.clipNorm, globalNorm([gradient.block]));
      this.change(parameter, gradient, rates?.[i] ?? rate, scale);
    }
    if (this.accumulationSteps > 1) this.forgetAccumulated(whole);
  }

  /** The rate of a parameter's group, if that has one of its own. */
  private groupRate(parameter: Tensor): number | undefined {
    const own = this.groups.get(parameter)?.learningRate;
    return own === undefined ? undefined : rateAt(this.operation, own, this.iterations);
  }

  /** Changes one parameter, decayed, clipped, constrained and averaged. */
  private change(parameter: Tensor, gradient: Tensor, learningRate: number, gradientScale: number): void {
    const state = this.stateOf(parameter);
    state.numbers.steps++;
    const gradientLimit = this.clipValue ?? Number.POSITIVE_INFINITY;
    const decay = this.decayOf(parameter);
    if (decay > 0 && this.weightDecayMode === 'l2') {
      noGrad(() =>
        scope(() => {
          const scaled = gradient.mul(gradientScale).clip(-gradientLimit, gradientLimit);
          const decayed = scaled.add(parameter.detach().mul(decay));
          const step = { learningRate, shrink: 1, gradientScale: 1, gradientLimit: Number.POSITIVE_INFINITY };
          this.updateParameter(parameter, decayed, state, step);
        }),
      );
    } else {
      const step = { learningRate, shrink: 1 - learningRate * decay, gradientScale, gradientLimit };
      this.updateParameter(parameter, gradient, state, step);
    }
    if (parameter instanceof Parameter && parameter.constraint !== null) {
      const { constraint } = parameter;
      noGrad(() => scope(() => parameter.assign(constraint.apply(parameter.detach()))));
    }
    if (this.useEma) this.average(parameter, state);
  }

  private decayOf(parameter: Tensor): number {
    const decay = (this.grouped ? this.groups.get(parameter)?.weightDecay : undefined) ?? this.weightDecay;
    return decay === 0 || this.undecayed.has(parameter) ? 0 : decay;
  }

  /** Moves the running mean of a parameter; the first time, it is the parameter itself (Keras). */
  private average(parameter: Tensor, { slots, numbers }: ParameterState): void {
    const momentum = numbers.steps === 1 ? 0 : this.emaMomentum;
    const { average } = slots as { average: Tensor };
    noGrad(() => scope(() => average.assign(average.mul(momentum).add(parameter.detach().mul(1 - momentum)))));
    const frequency = this.emaOverwriteFrequency;
    if (frequency !== null && this.iterations % frequency === 0) parameter.assign(average);
  }

  /** Exchanges the parameters with their running means: before evaluating, and once more to go on training. @throws ArgumentError without `useEma` */
  swapAverages(): void {
    if (!this.useEma)
      throw new ArgumentError(this.operation, 'it keeps no running means', 'Make it with { useEma: true }.');
    this.averagesAreIn = !this.averagesAreIn;
    for (const [parameter, { slots, numbers }] of this.states) {
      if (numbers.steps === 0) continue;
      scope(() => {
        const current = tensor(parameter.detach());
        parameter.assign(slots.average!);
        slots.average!.assign(current);
      });
    }
  }

  /** Lets the parameters be their running means for good: what `fit` does at its end (Keras). Does nothing without `useEma`. */
  finalizeAverages(): void {
    if (!this.useEma) return;
    for (const [parameter, { slots, numbers }] of this.states) {
      if (numbers.steps === 0) continue;
      if (this.averagesAreIn) slots.average!.assign(parameter.detach());
      else parameter.assign(slots.average!);
    }
    this.averagesAreIn = false;
  }

  /** Adds gradients up; their means, once there are enough of them, and else null. */
  private accumulate(pairs: readonly Pair[]): readonly Pair[] | null {
    noGrad(() =>
      scope(() => {
        for (const [parameter, gradient] of pairs) {
          const sum = this.stateOf(parameter).slots.accumulated!;
          sum.assign(sum.add(gradient.detach().mul(1 / this.accumulationSteps)));
        }
      }),
    );
    this.waitingCalls = (this.waitingCalls + 1) % this.accumulationSteps;
    return this.waitingCalls > 0
      ? null
      : pairs.map(([parameter]): Pair => [parameter, this.stateOf(parameter).slots.accumulated!]);
  }

  private forgetAccumulated(pairs: readonly Pair[]): void {
    for (const [, sum] of pairs) scope(() => sum.assign(zerosLike(sum)));
  }

  /** What is kept of a parameter, made when it is first asked for. @internal */
  stateOf(parameter: Tensor): ParameterState {
    let state = this.states.get(parameter);
    if (state === undefined) {
      state = { slots: this.allSlots(parameter), numbers: { steps: 0 } };
      this.states.set(parameter, state);
    }
    return state;
  }

  private allSlots(parameter: Tensor): Record<string, Tensor> {
    const zeros = (): Tensor => scope(() => persistent(zerosLike(parameter)));
    return {
      ...this.createSlots(parameter),
      ...(this.accumulationSteps > 1 ? { accumulated: zeros() } : {}),
      ...(this.useEma ? { average: zeros() } : {}),
    };
  }

  /** The first values of what is kept of a parameter: zeros of its shape under each name, unless overridden. */
  protected createSlots(parameter: Tensor): Record<string, Tensor> {
    return Object.fromEntries(this.slotNames.map((name) => [name, scope(() => persistent(zerosLike(parameter)))]));
  }

  /**
   * Everything the next steps depend on but the parameters themselves, as numbers and copies of tensors: with both restored, training
   * goes on as if it had never stopped. A schedule is not part of it, but for what a `ReduceOnPlateau` has seen.
   */
  stateDict(): OptimizerState {
    return optimizerStateOf(this);
  }

  /**
   * Goes on from a state that `stateDict()` of an optimizer of the same class and options gave, for as many parameters.
   *
   * @throws ArgumentError for a state of another class, or that does not fit; nothing has changed then
   */
  loadStateDict(state: OptimizerState): void {
    loadOptimizerState(this, state);
  }

  /**
   * One parameter's share of a step. `iterations` and `state.numbers.steps` have been advanced already.
   *
   * @param step its rate now, and how to decay the parameter and clip the gradient on the way
   */
  protected abstract updateParameter(
    parameter: Tensor,
    gradient: Tensor,
    state: ParameterState,
    step: ParameterStep,
  ): void;
}
