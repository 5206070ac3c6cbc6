import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { maskOf, setMask } from '../../masks.js';
import { Module } from '../../module.js';
import { checkOptions, shown } from '../../options.js';
import { checkInput, checkMask } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';

/**
 * A layer applied to each step of a sequence: x [batch, time, ...] → [batch, time, ...output].
 *
 * The steps are one batch of batch · time samples for the layer, so that a batch normalization inside has its statistics over all of them
 * (Keras 3 goes step by step). A mask [batch, time] holds for the output too; what a mask [batch, time, ...] says of the axes behind is
 * handed to the layer, and a step that it hides wholly is hidden in the output.
 *
 * @param options `layer`: a layer or a model, of one input
 * @throws ArgumentError for a layer that is none or does not give one tensor; ShapeError for an input without time, or another mask
 * @see https://keras.io/api/layers/recurrent_layers/time_distributed/
 * @example
 * const layer = new nn.TimeDistributed({ layer: new nn.Conv2D({ filters: 4, kernelSize: 3 }) });
 * layer.call(ones([2, 10, 8, 8, 3])); // [2, 10, 6, 6, 4]
 */
export class TimeDistributed<M extends Module = Module> extends Layer {
  readonly layer: M;

  constructor(options: LayerOptions & { layer: M }) {
    checkOptions('TimeDistributed', options, ['layer', ...layerOptionNames]);
    super(options);
    if (!(options.layer instanceof Module))
      throw new ArgumentError('TimeDistributed', `got layer ${shown(options.layer)}; expected a layer or a model`);
    this.layer = options.layer;
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  /** @param inputShape [time, ...features] */
  override build(inputShape: Shape): this {
    (this.layer as { build?(inputShape: Shape): unknown }).build?.(stepShape(inputShape));
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { layer } = this;
    if (!(layer instanceof Layer))
      throw new ArgumentError('TimeDistributed', `a ${layer.constructor.name} does not say the shape of its output`);
    return [inputShape[0]!, ...layer.computeOutputShape(stepShape(inputShape))];
  }

  override forward(x: Tensor, options: { mask?: Tensor | null } = {}): Tensor {
    checkOptions('TimeDistributed', options, ['mask']);
    checkInput('TimeDistributed', x, 'batch, time, ..., features');
    const [batch, time, ...features] = x.shape as readonly [number, number, ...number[]];
    const mask = this.maskFor(x, options.mask);
    const steps = x.reshape([batch * time, ...features]);
    if (mask !== null && mask.rank > 2) setMask(steps, mask.reshape([batch * time, ...mask.shape.slice(2)]));
    const y: unknown = (this.layer as Module).call(steps);
    if (!isTensor(y))
      throw new ArgumentError(
        'TimeDistributed',
        `got ${shown(y)} from ${this.layer.constructor.name}; expected a tensor`,
      );
    const output = y.reshape([batch, time, ...y.shape.slice(1)]);
    return mask === null ? output : setMask(output, maskAfter(mask, maskOf(y)));
  }

  private maskFor(x: Tensor, given: Tensor | null | undefined): Tensor | null {
    const mask = given === undefined ? maskOf(x) : checkMask('TimeDistributed', 'mask', given);
    if (mask === null || (mask.rank >= 2 && mask.rank <= x.rank && mask.shape.every((n, axis) => n === x.shape[axis])))
      return mask;
    throw new ShapeError('TimeDistributed', { x: x.shape, mask: mask.shape }, 'a mask of the first axes of x');
  }
}

/** The mask of the output: of the step alone, or with the axes behind that the layer kept. */
function maskAfter(mask: Tensor, inner: Tensor | null): Tensor {
  if (mask.rank === 2) return mask;
  if (inner !== null) return inner.reshape([...mask.shape.slice(0, 2), ...inner.shape.slice(1)]);
  return mask.any({ axis: mask.shape.map((_, axis) => axis).slice(2) });
}

function stepShape(inputShape: Shape): Shape {
  if (inputShape.length >= 2) return inputShape.slice(1);
  throw new ShapeError('TimeDistributed', { sample: inputShape }, 'a sample [time, ...features]');
}
