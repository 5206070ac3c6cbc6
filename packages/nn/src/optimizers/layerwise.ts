/** Optimizers that look at whole layers: rates by their norms, moments by their rows and columns, directions by their singular vectors. */

import { noGrad, persistent, scope, type Tensor, update, zeros } from '@cotangent/autograd';
import { ArgumentError, adamChange, globalNorm, momentumStep } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { MomentsOptimizer, type MomentsOptions } from './adam.js';
import {
  Optimizer,
  type OptimizerOptions,
  optimizerOptionNames,
  type ParameterState,
  type ParameterStep,
  type Parameters,
  separate,
} from './optimizer.js';
import type { Rate } from './rate.js';

/**
 * Adam whose step is as long, for each parameter, as the parameter itself: with r = m̂ / (√ŝ + ε), w ← w − η ‖w‖ / ‖r‖ · r. For very
 * large batches.
 *
 * @throws ArgumentError for options out of range
 * @see You et al. 2020, arXiv:1904.00962; https://keras.io/api/optimizers/lamb/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Lamb([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.84189, -1.8419]]
 */
export class Lamb extends MomentsOptimizer {
  constructor(options?: MomentsOptions);
  constructor(parameters: Parameters, options?: MomentsOptions);
  constructor(first: Parameters | MomentsOptions = {}, second: MomentsOptions = {}) {
    const [parameters, options] = separate(first, second);
    super('Lamb', parameters, options, ['firstMoment', 'secondMoment']);
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    given: ParameterStep,
  ): void {
    const { beta1, beta2, epsilon } = this;
    const { steps: t } = numbers;
    const step = { rate: 1 / (1 - beta1 ** t), secondFactor: 1 / (1 - beta2 ** t), beta1, beta2, epsilon, ...given };
    noGrad(() =>
      scope(() => {
        const decayed = given.shrink === 1 ? w.detach() : w.detach().mul(given.shrink);
        const change = zeros(w.shape, { dtype: w.dtype });
        const moments = [slots.firstMoment!, slots.secondMoment!];
        update(([c, m, s], [d]) => adamChange(c!, m!, s!, d!, step), [change, ...moments], [g]);
        const [size, length] = [globalNorm([decayed.block]), globalNorm([change.block])];
        const ratio = size > 0 && length > 0 ? size / length : 1;
        w.assign(decayed.sub(change.mul(given.learningRate * ratio)));
      }),
    );
  }
}

/** Options of `LARS`. */
export interface LARSOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.1 */
  learningRate?: Rate;
  /** Share of the velocity kept from step to step. @defaultValue 0 */
  momentum?: number;
  /** The coefficient of trust: how long a step is to its parameter. @defaultValue 0.001 */
  eta?: number;
  /** Keeps the division finite. @defaultValue 1e-8 */
  epsilon?: number;
}

/**
 * SGD with a rate for each layer: v ← μ v − η r (g + λ w), w ← w + v, with r = eta ‖w‖ / (‖g‖ + λ ‖w‖ + ε). Vectors and scalars (biases,
 * scales and shifts) keep r = 1. Its weight decay λ is in the gradient, as in MXNet.
 *
 * @throws ArgumentError for options out of range
 * @see You et al. 2017, arXiv:1708.03888; MXNet's LARS
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.LARS([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.9999, -1.9998]]
 */
export class LARS extends Optimizer {
  private readonly momentum: number;
  private readonly eta: number;
  private readonly epsilon: number;
  private readonly decay: number;

  constructor(options?: Omit<LARSOptions, 'weightDecayMode'>);
  constructor(parameters: Parameters, options?: Omit<LARSOptions, 'weightDecayMode'>);
  constructor(first: Parameters | LARSOptions = {}, second: LARSOptions = {}) {
    const [parameters, options] = separate(first, second);
    const names = optimizerOptionNames.filter((name) => name !== 'weightDecayMode');
    checkOptions('LARS', options, [...names, 'momentum', 'eta', 'epsilon']);
    super('LARS', parameters, { ...options, weightDecayMode: 'l2' }, 0.1, ['velocity']);
    this.momentum = checkNumber('LARS', 'momentum', options.momentum ?? 0, { atLeast: 0, below: 1 });
    this.eta = checkNumber('LARS', 'eta', options.eta ?? 0.001, { above: 0 });
    this.epsilon = checkNumber('LARS', 'epsilon', options.epsilon ?? 1e-8, { atLeast: 0 });
    this.decay = options.weightDecay ?? 0;
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const learningRate = given.learningRate * this.trust(w, g, given);
    const step = { ...given, learningRate, momentum: this.momentum, nesterov: false };
    update(([x, v], [d]) => momentumStep(x!, v!, d!, step), [w, slots.velocity!], [g]);
  }

  /** What the rate of a parameter is multiplied by; `g` has the decay in it already. */
  private trust(w: Tensor, g: Tensor, { gradientScale }: ParameterStep): number {
    if (w.rank < 2) return 1;
    const size = globalNorm([w.block]);
    const raw = this.decay === 0 ? g : noGrad(() => scope(() => g.detach().sub(w.detach().mul(this.decay))));
    const slope = globalNorm([raw.block]) * gradientScale;
    return size > 0 && slope > 0 ? (this.eta * size) / (slope + this.decay * size + this.epsilon) : 1;
  }
}

/** Options of `Adafactor`. */
export interface AdafactorOptions extends OptimizerOptions {
  /** Step size, relative to the root mean square of the parameter. @defaultValue 0.001 */
  learningRate?: Rate;
  /** The decay of the second moment is 1 − t to this power. @defaultValue −0.8 */
  beta2Decay?: number;
  /** Added to squared gradients. @defaultValue 1e-30 */
  epsilon1?: number;
  /** The least that a parameter's root mean square counts for. @defaultValue 1e-3 */
  epsilon2?: number;
  /** The largest root mean square of a step before the rate. @defaultValue 1 */
  clipThreshold?: number;
  /** Whether the rate is at most 1 / √t. (Keras's is also where this is false.) @defaultValue true */
  relativeStep?: boolean;
}

/**
 * Adam's second moment from its row and column means alone: memory grows with the sides of a matrix, not with its area. For vectors the
 * whole moment is kept. There is no first moment.
 *
 * @throws ArgumentError for options out of range
 * @see Shazeer & Stern 2018, arXiv:1804.04235; https://keras.io/api/optimizers/adafactor/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Adafactor([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.84189, -1.8419]]
 */
export class Adafactor extends Optimizer {
  private readonly settings: Required<Omit<AdafactorOptions, keyof OptimizerOptions>>;

  constructor(options?: AdafactorOptions);
  constructor(parameters: Parameters, options?: AdafactorOptions);
  constructor(first: Parameters | AdafactorOptions = {}, second: AdafactorOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = ['beta2Decay', 'epsilon1', 'epsilon2', 'clipThreshold', 'relativeStep'];
    checkOptions('Adafactor', options, [...optimizerOptionNames, ...own]);
    super('Adafactor', parameters, options, 0.001);
    const name = 'Adafactor';
    this.settings = {
      beta2Decay: checkNumber(name, 'beta2Decay', options.beta2Decay ?? -0.8, { below: 0 }),
      epsilon1: checkNumber(name, 'epsilon1', options.epsilon1 ?? 1e-30, { atLeast: 0 }),
      epsilon2: checkNumber(name, 'epsilon2', options.epsilon2 ?? 1e-3, { atLeast: 0 }),
      clipThreshold: checkNumber(name, 'clipThreshold', options.clipThreshold ?? 1, { above: 0 }),
      relativeStep: options.relativeStep ?? true,
    };
  }

  protected override createSlots({ shape, dtype }: Tensor): Record<string, Tensor> {
    const make = (extents: readonly number[]): Tensor => scope(() => persistent(zeros(extents, { dtype })));
    if (shape.length < 2) return { squares: make(shape) };
    return { rows: make(shape.slice(0, -1)), columns: make([...shape.slice(0, -2), shape.at(-1)!]) };
  }

  protected override updateParameter(
    w: Tensor,
    given: Tensor,
    { slots, numbers }: ParameterState,
    step: ParameterStep,
  ): void {
    const { beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep } = this.settings;
    const rate = relativeStep ? Math.min(step.learningRate, 1 / Math.sqrt(numbers.steps)) : step.learningRate;
    noGrad(() =>
      scope(() => {
        const g = prepared(given, step);
        const decayed = step.shrink === 1 ? w.detach() : w.detach().mul(step.shrink);
        const squares = g.square().add(epsilon1);
        const decay = 1 - numbers.steps ** beta2Decay;
        const moved = (slot: Tensor, mean: Tensor): Tensor => {
          slot.assign(slot.mul(decay).add(mean.mul(1 - decay)));
          return slot;
        };
        let second: Tensor;
        if (w.rank < 2) second = moved(slots.squares!, squares);
        else {
          const rows = moved(slots.rows!, squares.mean({ axis: -1 }));
          const columns = moved(slots.columns!, squares.mean({ axis: -2 }));
          second = rows
            .div(rows.mean({ axis: -1, keepDims: true }))
            .expandDims(-1)
            .mul(columns.expandDims(-2));
        }
        const change = g.div(second.sqrt());
        const scale = Math.max(epsilon2, rootMeanSquare(decayed)) / Math.max(1, rootMeanSquare(change) / clipThreshold);
        w.assign(decayed.sub(change.mul(rate * scale)));
      }),
    );
  }
}

const rootMeanSquare = (x: Tensor): number => globalNorm([x.block]) / Math.sqrt(x.size);

/** The gradient, scaled and limited as the step says. */
function prepared(g: Tensor, { gradientScale, gradientLimit }: ParameterStep): Tensor {
  const scaled = gradientScale === 1 ? g.detach() : g.detach().mul(gradientScale);
  return gradientLimit === Number.POSITIVE_INFINITY ? scaled : scaled.clip(-gradientLimit, gradientLimit);
}

/** Options of `Muon`. */
export interface MuonOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 */
  learningRate?: Rate;
  /** λ of decoupled weight decay. @defaultValue 0.1 */
  weightDecay?: number;
  /** Share of the velocity kept from step to step. @defaultValue 0.95 */
  momentum?: number;
  /** Look ahead along the velocity. @defaultValue true */
  nesterov?: boolean;
  /** Iterations that bring all singular values near 1. @defaultValue 6 (Keras; PyTorch 5) */
  newtonSchulzSteps?: number;
  /** Parameters that Adam is to change although they are matrices: embeddings, the last layer. @defaultValue none */
  adamParameters?: readonly Tensor[];
  /** Rate of Adam relative to Muon's. @defaultValue 0.1 */
  adamLearningRateRatio?: number;
  /** β₁ of Adam, for vectors and what `adamParameters` names. @defaultValue 0.9 */
  adamBeta1?: number;
  /** β₂ of Adam. @defaultValue 0.999 */
  adamBeta2?: number;
  /** ε of Adam, added before its bias correction. @defaultValue 1e-7 */
  epsilon?: number;
}

/** The quintic whose iteration pushes singular values towards 1 (Jordan 2024). */
const [quinticA, quinticB, quinticC] = [3.4445, -4.775, 2.0315];

/**
 * Momentum whose step has all singular values near 1: v ← μ v + g; w ← w − η √max(1, rows / columns) · orthogonalize(g + μ v). For matrices, and
 * kernels of convolutions as matrices [everything else, out] (Keras leaves those to Adam); vectors and `adamParameters` are changed by Adam.
 *
 * @throws ArgumentError for options out of range
 * @see Jordan 2024, "Muon: An optimizer for hidden layers in neural networks"; https://keras.io/api/optimizers/muon/
 * @example
 * const w = tensor([[3, 0], [0, 2]], { requiresGrad: true });
 * const optimizer = new optim.Muon([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.less(tensor([[3, 1], [1, 2]])).all(); // → true
 */
export class Muon extends Optimizer {
  private readonly settings: Required<Omit<MuonOptions, keyof OptimizerOptions | 'adamParameters'>>;
  private readonly byAdam: ReadonlySet<Tensor>;

  constructor(options?: MuonOptions);
  constructor(parameters: Parameters, options?: MuonOptions);
  constructor(first: Parameters | MuonOptions = {}, second: MuonOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = [
      'momentum',
      'nesterov',
      'newtonSchulzSteps',
      'adamParameters',
      'adamLearningRateRatio',
      'adamBeta1',
      'adamBeta2',
      'epsilon',
    ];
    checkOptions('Muon', options, [...optimizerOptionNames, ...own]);
    super('Muon', parameters, { weightDecay: 0.1, ...options }, 0.001);
    this.settings = {
      momentum: checkNumber('Muon', 'momentum', options.momentum ?? 0.95, { atLeast: 0, below: 1 }),
      nesterov: options.nesterov ?? true,
      newtonSchulzSteps: checkNumber('Muon', 'newtonSchulzSteps', options.newtonSchulzSteps ?? 6, {
        atLeast: 1,
        whole: true,
      }),
      adamLearningRateRatio: checkNumber('Muon', 'adamLearningRateRatio', options.adamLearningRateRatio ?? 0.1, {
        atLeast: 0,
      }),
      adamBeta1: checkNumber('Muon', 'adamBeta1', options.adamBeta1 ?? 0.9, { atLeast: 0, below: 1 }),
      adamBeta2: checkNumber('Muon', 'adamBeta2', options.adamBeta2 ?? 0.999, { atLeast: 0, below: 1 }),
      epsilon: checkNumber('Muon', 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 }),
    };
    if (options.adamParameters !== undefined && !Array.isArray(options.adamParameters))
      throw new ArgumentError('Muon', 'got adamParameters that are no array of tensors');
    this.byAdam = new Set(options.adamParameters ?? []);
  }

  private isAdams(w: Tensor): boolean {
    return w.rank < 2 || this.byAdam.has(w);
  }

  protected override createSlots(w: Tensor): Record<string, Tensor> {
    const make = (): Tensor => scope(() => persistent(zeros(w.shape, { dtype: w.dtype })));
    return this.isAdams(w) ? { firstMoment: make(), secondMoment: make() } : { velocity: make() };
  }

  protected override updateParameter(w: Tensor, given: Tensor, state: ParameterState, step: ParameterStep): void {
    noGrad(() =>
      scope(() => {
        const decayed = step.shrink === 1 ? w.detach() : w.detach().mul(step.shrink);
        const change = this.isAdams(w) ? this.adams(w, given, state, step) : this.orthogonal(given, state, step);
        w.assign(decayed.sub(change.mul(step.learningRate)));
      }),
    );
  }

  private adams(w: Tensor, g: Tensor, { slots, numbers }: ParameterState, given: ParameterStep): Tensor {
    const { adamLearningRateRatio: ratio, adamBeta1: beta1, adamBeta2: beta2, epsilon } = this.settings;
    const { steps: t } = numbers;
    const rate = (ratio * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const step = { rate, secondFactor: 1, beta1, beta2, epsilon, ...given };
    const change = zeros(w.shape, { dtype: w.dtype });
    const moments = [slots.firstMoment!, slots.secondMoment!];
    update(([c, m, s], [d]) => adamChange(c!, m!, s!, d!, step), [change, ...moments], [g]);
    return change;
  }

  private orthogonal(given: Tensor, { slots }: ParameterState, step: ParameterStep): Tensor {
    const { momentum, nesterov, newtonSchulzSteps } = this.settings;
    const g = prepared(given, step);
    const velocity = slots.velocity!;
    velocity.assign(velocity.mul(momentum).add(g));
    const ahead = nesterov ? g.add(velocity.mul(momentum)) : velocity;
    const matrix = ahead.reshape([-1, ahead.shape.at(-1)!]);
    const [rows, columns] = matrix.shape as readonly [number, number];
    const direction = orthogonalize(matrix, newtonSchulzSteps);
    return direction.mul(Math.sqrt(Math.max(1, rows / columns))).reshape(ahead.shape);
  }
}

/** A matrix with the singular vectors of another, and singular values near 1. */
function orthogonalize(matrix: Tensor, steps: number): Tensor {
  const [rows, columns] = matrix.shape as readonly [number, number];
  let x = rows > columns ? matrix.T : matrix;
  x = x.mul(1 / (globalNorm([matrix.block]) + 1e-7));
  for (let k = 0; k < steps; k++) {
    const squares = x.matmul(x.T);
    x = x.mul(quinticA).add(squares.mul(quinticB).add(squares.matmul(squares).mul(quinticC)).matmul(x));
  }
  return rows > columns ? x.T : x;
}
