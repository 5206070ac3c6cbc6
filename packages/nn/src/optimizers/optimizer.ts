import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, globalNorm, ShapeError, type StepOptions, shapesEqual } from '@cotangent/kernels';
import { checkNumber, checkTensor } from '../options.js';

/** Options that every optimizer takes. */
export interface OptimizerOptions {
  /** Step size. */
  learningRate?: number;
  /** λ of decoupled weight decay: w ← w − η λ w before each step, whatever the gradient. @defaultValue 0 */
  weightDecay?: number;
  /** The largest norm a gradient may have; a longer one is scaled down to it. @defaultValue no limit */
  clipNorm?: number;
  /** The largest norm all gradients may have together; longer ones are scaled down by one factor. @defaultValue no limit */
  globalClipNorm?: number;
  /** The largest an element of a gradient may be, up or down. @defaultValue no limit */
  clipValue?: number;
}

/** The names of those options, for checks. */
export const optimizerOptionNames: readonly string[] = [
  'learningRate',
  'weightDecay',
  'clipNorm',
  'globalClipNorm',
  'clipValue',
];

const clippings = ['clipNorm', 'globalClipNorm', 'clipValue'] as const;

/** What scales a gradient of norm `norm` to at most `limit`. NaN where it is not finite: no step is taken unseen (Keras). */
function scaleTo(limit: number, norm: number): number {
  return Number.isFinite(norm) ? Math.min(1, limit / norm) : Number.NaN;
}

/**
 * Base of the optimizers. One is given its parameters when it is made (the PyTorch way), or by `compile` (the Keras way).
 */
export abstract class Optimizer {
  private rate: number;
  private bound: readonly Tensor[];
  private readonly undecayed = new WeakSet<Tensor>();
  private readonly weightDecay: number;
  private readonly clipNorm: number | undefined;
  private readonly globalClipNorm: number | undefined;
  private readonly clipValue: number | undefined;
  /** Steps taken so far. */
  iterations = 0;

  constructor(
    private readonly operation: string,
    parameters: readonly Tensor[] | undefined,
    learningRate: number,
    options: Omit<OptimizerOptions, 'learningRate'> = {},
  ) {
    this.rate = checkNumber(operation, 'learningRate', learningRate, { atLeast: 0 });
    this.weightDecay = checkNumber(operation, 'weightDecay', options.weightDecay ?? 0, { atLeast: 0 });
    const given = clippings.filter((name) => options[name] !== undefined);
    if (given.length > 1) {
      throw new ArgumentError(operation, `got ${given.join(' and ')}; expected at most one way of clipping`);
    }
    for (const name of given) checkNumber(operation, name, options[name], { above: 0 });
    this.clipNorm = options.clipNorm;
    this.globalClipNorm = options.globalClipNorm;
    this.clipValue = options.clipValue;
    this.bound = [];
    if (parameters !== undefined) this.bind(parameters);
  }

  /** Step size; may be changed at any time. */
  get learningRate(): number {
    return this.rate;
  }

  set learningRate(value: number) {
    this.rate = checkNumber(this.operation, 'learningRate', value, { atLeast: 0 });
  }

  /** The tensors this optimizer changes. */
  get parameters(): readonly Tensor[] {
    return this.bound;
  }

  /** Sets which tensors to change. `compile` calls it; the state of tensors that stay is kept. */
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
    if (new Set(parameters).size !== parameters.length)
      throw new ArgumentError(this.operation, 'got the same parameter twice');
    this.bound = [...parameters];
  }

  /** Leaves these out of weight decay: biases, scales of normalization, embeddings. */
  excludeFromWeightDecay(parameters: readonly Tensor[]): void {
    for (const parameter of parameters) this.undecayed.add(parameter);
  }

  /** Forgets the gradients of its parameters. */
  zeroGrad(): void {
    for (const parameter of this.bound) parameter.zeroGrad();
  }

  /**
   * Changes every parameter that has a `.grad`, in place.
   *
   * @throws ArgumentError when none has one: `backward()` was not called, or not through these parameters
   */
  step(): void {
    const pairs = this.bound.flatMap((parameter) =>
      parameter.grad === null ? [] : [[parameter, parameter.grad] as const],
    );
    if (pairs.length === 0) {
      throw new ArgumentError(
        this.operation,
        this.bound.length === 0 ? 'it has no parameters' : 'none of its parameters has a gradient',
        this.bound.length === 0
          ? 'Pass them to the constructor: new Adam(model.parameters()).'
          : 'Call loss.backward() before step().',
      );
    }
    this.applyPairs(pairs);
  }

  /**
   * Changes the parameters by gradients computed elsewhere (`grad`, `valueAndGrad`), in place.
   *
   * @param gradients one for each parameter, in order, of its shape
   */
  applyGradients(gradients: readonly Tensor[]): void {
    if (gradients.length !== this.bound.length) {
      throw new ArgumentError(this.operation, `got ${gradients.length} gradients for ${this.bound.length} parameters`);
    }
    this.applyPairs(
      this.bound.map((parameter, i) => {
        return [parameter, checkTensor(this.operation, `gradients[${i}]`, gradients[i])] as const;
      }),
    );
  }

  private applyPairs(pairs: readonly (readonly [Tensor, Tensor])[]): void {
    // All are looked at before any is changed: a refused step leaves no model half updated.
    for (const [parameter, gradient] of pairs) {
      if (!shapesEqual(parameter.block.shape, gradient.block.shape))
        throw new ShapeError(this.operation, { parameter, gradient }, 'a gradient of the shape of its parameter');
    }
    this.iterations++;
    const scaleOfAll =
      this.globalClipNorm === undefined
        ? 1
        : scaleTo(this.globalClipNorm, globalNorm(pairs.map(([, gradient]) => gradient.block)));
    for (const [parameter, gradient] of pairs) {
      this.updateParameter(parameter, gradient, {
        shrink: this.undecayed.has(parameter) ? 1 : 1 - this.rate * this.weightDecay,
        gradientScale: this.clipNorm === undefined ? scaleOfAll : scaleTo(this.clipNorm, globalNorm([gradient.block])),
        gradientLimit: this.clipValue ?? Number.POSITIVE_INFINITY,
      });
    }
  }

  /**
   * One parameter's share of a step. `iterations` has been advanced already.
   *
   * @param options how to decay the parameter and clip the gradient on the way
   */
  protected abstract updateParameter(parameter: Tensor, gradient: Tensor, options: Required<StepOptions>): void;
}
