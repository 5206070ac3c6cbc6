import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkNumber, checkTensor } from '../options.js';

/** Options that every optimizer takes. */
export interface OptimizerOptions {
  /** Step size. */
  learningRate?: number;
}

/**
 * Base of the optimizers. One is given its parameters when it is made (the PyTorch way), or by `compile` (the Keras way).
 */
export abstract class Optimizer {
  private rate: number;
  private bound: readonly Tensor[];
  /** Steps taken so far. */
  iterations = 0;

  constructor(
    private readonly operation: string,
    parameters: readonly Tensor[] | undefined,
    learningRate: number,
  ) {
    this.rate = checkNumber(operation, 'learningRate', learningRate, { atLeast: 0 });
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
    for (const [parameter, gradient] of pairs) this.updateParameter(parameter, gradient);
  }

  /** One parameter's share of a step. `iterations` has been advanced already. */
  protected abstract updateParameter(parameter: Tensor, gradient: Tensor): void;
}
