import { fromTypedArray, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import { type Point, strongWolfe } from './lineSearch.js';
import { Optimizer, type Parameters, separate } from './optimizer.js';
import type { Rate } from './rate.js';
import type { OptimizerState } from './state.js';

/** Options of `LBFGS`. */
export interface LBFGSOptions {
  /** The first step along each direction that is tried. @defaultValue 1 */
  learningRate?: Rate;
  /** Iterations in one call of `step`. @defaultValue 20 */
  maxIterations?: number;
  /** Evaluations of the loss in one call of `step`. @defaultValue 1.25 times the iterations */
  maxEvaluations?: number;
  /** No gradient larger than this: done. @defaultValue 1e-7 */
  toleranceGrad?: number;
  /** No change of a parameter or the loss larger than this: done. @defaultValue 1e-9 */
  toleranceChange?: number;
  /** How many changes of the gradient are remembered. @defaultValue 100 */
  historySize?: number;
  /** How far to go along a direction: as far as the strong Wolfe conditions hold, or `learningRate` of it, unseen. @defaultValue 'strongWolfe' */
  lineSearch?: 'strongWolfe' | 'none';
}

/** What L-BFGS knows of the curvature. */
interface Memory {
  direction: Float64Array;
  step: number;
  gradient: Float64Array;
  /** Changes of the gradient, oldest first, and of the parameters. */
  changes: Float64Array[];
  moves: Float64Array[];
  diagonal: number;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
const largestOf = (a: Float64Array): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const addScaled = (a: Float64Array, b: Float64Array, factor: number): void => {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
};

/**
 * Limited-memory BFGS: Newton's direction from the last changes of the gradient, and a line search along it. For whole batches and
 * smooth losses; each `step` evaluates the loss several times, so it takes a closure.
 *
 * @throws ArgumentError for options out of range, and for a step without a closure
 * @see Nocedal & Wright 2006, algorithm 7.4; https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html (whose closure calls
 *   backward itself; this one only computes the loss)
 * @example
 * const optimizer = new optim.LBFGS(net.parameters());
 * optimizer.step(() => nn.losses.meanSquaredError(y, net.call(x)));
 */
export class LBFGS extends Optimizer {
  private readonly maxIterations: number;
  private readonly maxEvaluations: number;
  private readonly toleranceGrad: number;
  private readonly toleranceChange: number;
  private readonly historySize: number;
  private readonly searches: boolean;
  private memory: Memory | null = null;

  constructor(options?: LBFGSOptions);
  constructor(parameters: Parameters, options?: LBFGSOptions);
  constructor(first: Parameters | LBFGSOptions = {}, second: LBFGSOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = ['maxIterations', 'maxEvaluations', 'toleranceGrad', 'toleranceChange', 'historySize', 'lineSearch'];
    checkOptions('LBFGS', options, ['learningRate', ...own]);
    const { learningRate, maxIterations = 20, lineSearch = 'strongWolfe' } = options;
    super('LBFGS', parameters, learningRate === undefined ? {} : { learningRate }, 1);
    const count = { atLeast: 1, whole: true };
    this.maxIterations = checkNumber('LBFGS', 'maxIterations', maxIterations, count);
    const evaluations = options.maxEvaluations ?? Math.floor((maxIterations * 5) / 4);
    this.maxEvaluations = checkNumber('LBFGS', 'maxEvaluations', evaluations, count);
    this.toleranceGrad = checkNumber('LBFGS', 'toleranceGrad', options.toleranceGrad ?? 1e-7, { atLeast: 0 });
    this.toleranceChange = checkNumber('LBFGS', 'toleranceChange', options.toleranceChange ?? 1e-9, { atLeast: 0 });
    this.historySize = checkNumber('LBFGS', 'historySize', options.historySize ?? 100, count);
    this.searches = checkChoice('LBFGS', 'lineSearch', lineSearch, ['strongWolfe', 'none']) === 'strongWolfe';
  }

  /** Forgets the curvature too, unless the parameters are the same. */
  override bind(parameters: readonly Tensor[]): void {
    const same = parameters.length === this.parameters.length && parameters.every((p, i) => p === this.parameters[i]);
    if (!same) this.memory = null;
    super.bind(parameters);
  }

  /**
   * @param closure computes the loss.
   * @returns the loss before the step
   * @throws ArgumentError without a closure
   */
  override step(closure?: () => Tensor): number {
    if (typeof closure !== 'function') {
      throw new ArgumentError(
        'LBFGS',
        'step() got no closure',
        'It evaluates the loss several times: optimizer.step(() => loss(y, net.call(x))).',
      );
    }
    const first = this.evaluate(closure);
    let [loss, gradient] = [first, this.flatGradient()];
    let evaluations = 1;
    for (let round = 1; round <= this.maxIterations && largestOf(gradient) > this.toleranceGrad; round++) {
      const direction = this.nextDirection(gradient);
      const fresh = this.memory === null || this.memory.direction.length === 0;
      const total = gradient.reduce((sum, g) => sum + Math.abs(g), 0);
      const rate = this.learningRate * (fresh ? Math.min(1, 1 / total) : 1);
      const slope = dot(gradient, direction);
      this.memory = { ...this.memory!, direction, gradient, step: rate };
      this.iterations++;
      if (slope > -this.toleranceChange) break;
      const start: Point = { t: 0, value: loss, gradient, slope };
      const before = loss;
      const taken = this.move(closure, start, direction, rate, round === this.maxIterations);
      [loss, gradient] = [taken.point.value, taken.point.gradient];
      this.memory.step = taken.point.t;
      evaluations += taken.evaluations;
      const short = largestOf(direction) * Math.abs(taken.point.t) <= this.toleranceChange;
      if (evaluations >= this.maxEvaluations || short || Math.abs(loss - before) < this.toleranceChange) break;
    }
    return first;
  }

  /** Goes along a direction, and says where it stands then. */
  private move(
    closure: () => Tensor,
    start: Point,
    direction: Float64Array,
    rate: number,
    last: boolean,
  ): { point: Point; evaluations: number } {
    const origin = this.flatParameters();
    const at = (t: number): Point => {
      this.setParameters(origin, direction, t);
      const value = this.evaluate(closure);
      const gradient = this.flatGradient();
      return { t, value, gradient, slope: dot(gradient, direction) };
    };
    if (this.searches) {
      const found = strongWolfe(at, start, rate, largestOf(direction), { toleranceChange: this.toleranceChange });
      this.setParameters(origin, direction, found.point.t);
      return found;
    }
    if (!last) return { point: at(rate), evaluations: 1 };
    this.setParameters(origin, direction, rate);
    return { point: { ...start, t: rate }, evaluations: 0 };
  }

  /** Newton's direction as far as the remembered changes tell, which it adds to first. */
  private nextDirection(gradient: Float64Array): Float64Array {
    const { memory } = this;
    const q = gradient.map((g) => -g);
    if (memory === null) {
      this.memory = { direction: new Float64Array(0), step: 0, gradient, changes: [], moves: [], diagonal: 1 };
      return q;
    }
    const change = gradient.map((g, i) => g - memory.gradient[i]!);
    const move = memory.direction.map((d) => d * memory.step);
    const curvature = dot(change, move);
    if (curvature > 1e-10) {
      if (memory.changes.length === this.historySize) {
        memory.changes.shift();
        memory.moves.shift();
      }
      memory.changes.push(change);
      memory.moves.push(move);
      memory.diagonal = curvature / dot(change, change);
    }
    const { changes, moves, diagonal } = memory;
    const inverse = changes.map((y, i) => 1 / dot(y, moves[i]!));
    const weights = new Array<number>(changes.length);
    for (let i = changes.length - 1; i >= 0; i--) {
      weights[i] = dot(moves[i]!, q) * inverse[i]!;
      addScaled(q, changes[i]!, -weights[i]!);
    }
    for (let i = 0; i < q.length; i++) q[i]! *= diagonal;
    for (let i = 0; i < changes.length; i++) addScaled(q, moves[i]!, weights[i]! - dot(changes[i]!, q) * inverse[i]!);
    return q;
  }

  private flat(read: (parameter: Tensor) => Tensor | null): Float64Array {
    const all = new Float64Array(this.parameters.reduce((sum, p) => sum + p.size, 0));
    let at = 0;
    for (const parameter of this.parameters) {
      const values = read(parameter);
      if (values !== null) all.set(values.toTypedArray(), at);
      at += parameter.size;
    }
    return all;
  }

  private flatGradient(): Float64Array {
    this.pairs(); // refuses a loss that does not depend on the parameters
    return this.flat((parameter) => parameter.grad);
  }

  private flatParameters(): Float64Array {
    return this.flat((parameter) => parameter);
  }

  /** Sets the parameters to origin + t · direction. */
  private setParameters(origin: Float64Array, direction: Float64Array, t: number): void {
    let at = 0;
    for (const parameter of this.parameters) {
      const end = at + parameter.size;
      const values = origin.subarray(at, end).map((x, i) => x + t * direction[at + i]!);
      scope(() => parameter.assign(fromTypedArray(values, parameter.shape).cast(parameter.dtype)));
      at = end;
    }
  }

  /** Gradients alone are not enough for a line search. @throws ArgumentError always */
  override applyPairs(): never {
    throw new ArgumentError('LBFGS', 'applyGradients() cannot search along a line', 'Use step(closure).');
  }

  protected override updateParameter(): never {
    return this.applyPairs();
  }

  override stateDict(): OptimizerState {
    const { memory } = this;
    const numbers: Record<string, number> = { iterations: this.iterations };
    if (typeof this.givenRate === 'number') numbers.learningRate = this.givenRate;
    if (memory === null) return { optimizer: 'LBFGS', numbers, tensors: {} };
    const vector = (values: Float64Array): Tensor => fromTypedArray(values.slice(), [values.length]);
    const rows = Object.fromEntries([
      ...memory.changes.map((values, i): [string, Tensor] => [`changes.${i}`, vector(values)]),
      ...memory.moves.map((values, i): [string, Tensor] => [`moves.${i}`, vector(values)]),
    ]);
    return {
      optimizer: 'LBFGS',
      numbers: { ...numbers, step: memory.step, diagonal: memory.diagonal, history: memory.changes.length },
      tensors: { direction: vector(memory.direction), gradient: vector(memory.gradient), ...rows },
    };
  }

  override loadStateDict(state: OptimizerState): void {
    if (state?.optimizer !== 'LBFGS')
      throw new ArgumentError(
        'LBFGS.loadStateDict',
        `got the state of ${shown(state?.optimizer)}; expected that of LBFGS`,
      );
    const { numbers, tensors } = state;
    const size = this.parameters.reduce((sum, p) => sum + p.size, 0);
    const read = (name: string): Float64Array => {
      const values = tensors[name];
      if (values?.size !== size) {
        throw new ArgumentError(
          'LBFGS.loadStateDict',
          `the state does not fit: '${name}' has ${values?.size ?? 'no'} numbers, expected ${size}`,
          'Make the optimizer for the parameters that it was saved with.',
        );
      }
      return Float64Array.from(values.toTypedArray());
    };
    const history = Array.from({ length: numbers.history ?? 0 }, (_, i) => i);
    const memory: Memory | null =
      tensors.direction === undefined
        ? null
        : {
            direction: read('direction'),
            gradient: read('gradient'),
            step: numbers.step ?? 0,
            diagonal: numbers.diagonal ?? 1,
            changes: history.map((i) => read(`changes.${i}`)),
            moves: history.map((i) => read(`moves.${i}`)),
          };
    this.memory = memory;
    this.iterations = numbers.iterations ?? 0;
    if (numbers.learningRate !== undefined && typeof this.givenRate === 'number')
      this.setSchedule(numbers.learningRate);
  }
}
