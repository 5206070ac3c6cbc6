import { isTensor, type Tensor, treeLeaves } from '@cotangent/autograd';
import { ArgumentError, type Shape, showShape } from '@cotangent/kernels';
import { maskOf, masksInUse, setMask } from '../masks.js';
import { Module } from '../module.js';
import { type Regularizer, type RegularizerLike, resolveRegularizer } from '../regularizers.js';

/** Options that every layer takes. */
export interface LayerOptions {
  /** Name in `summary()`. @defaultValue the class in camelCase, numbered in the model */
  name?: string;
  /** Shape of one input, without the batch axis: lets a layer, or the model it is the first of, build itself before it sees data. */
  inputShape?: Shape;
  /** A penalty on the output that is added to the loss (see `Module.losses`). @defaultValue none */
  activityRegularizer?: RegularizerLike | null;
}

/** The names of those options, for checks. */
export const layerOptionNames: readonly string[] = ['name', 'inputShape', 'activityRegularizer'];

/**
 * Base of the layers: a module with a name, that may know the shape of its input beforehand.
 *
 * @throws ArgumentError for an `inputShape` that is no shape, or a regularizer that is none
 * @example
 * class Scale extends nn.Layer {
 *   factor = new nn.Parameter(tensor([3]));
 *   forward(x: Tensor): Tensor {
 *     return x.mul(this.factor);
 *   }
 * }
 * new Scale({ name: 'scale' }).call(tensor([1, 2])); // → [3, 6]
 */
export abstract class Layer extends Module {
  readonly name: string | undefined;
  readonly inputShape: Shape | undefined;
  private readonly activityRegularizer: Regularizer | null;
  /** Whether a mask of the input holds for the output too: true of layers that leave the time axis as it is. */
  protected readonly keepsMask: boolean = false;

  constructor(options: LayerOptions = {}) {
    super();
    this.name = options.name;
    this.inputShape = options.inputShape;
    this.activityRegularizer = resolveRegularizer(new.target.name, options.activityRegularizer);
    if (
      this.inputShape !== undefined &&
      (!Array.isArray(this.inputShape) || !this.inputShape.every((n) => Number.isInteger(n) && n > 0))
    ) {
      const came = Array.isArray(this.inputShape) ? showShape(this.inputShape) : String(this.inputShape);
      throw new ArgumentError(
        new.target.name,
        `got inputShape ${came}; expected positive whole numbers, without the batch axis`,
      );
    }
  }

  /**
   * Gives the parameters their shapes and first values, for inputs of a shape (without the batch axis). The first call does it too.
   */
  build(_inputShape: Shape): this {
    return this;
  }

  /**
   * Shape of the output for one input of a shape, both without the batch axis.
   *
   * @throws what `call` would throw for an input of that shape
   */
  computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  /** The mask of the output, from that of the input; null where none makes sense. */
  protected computeMask(mask: Tensor, _input: Tensor, _output: Tensor): Tensor | null {
    return this.keepsMask ? mask : null;
  }

  protected override afterForward(inputs: readonly unknown[], output: unknown): void {
    if (masksInUse()) this.handOnMask(inputs[0], output);
    if (this.activityRegularizer === null) return;
    for (const y of treeLeaves(output)) this.addLoss(this.activityRegularizer.apply(y));
  }

  private handOnMask(input: unknown, output: unknown): void {
    if (!isTensor(input) || !isTensor(output) || maskOf(output) !== null) return;
    const mask = maskOf(input);
    const handedOn = mask === null ? null : this.computeMask(mask, input, output);
    if (handedOn !== null) setMask(output, handedOn);
  }
}
