import { embedding, noGrad, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { functionalCall } from '../functionalCall.js';
import { type InitializerLike, resolveInitializer } from '../initializers/index.js';
import { maskOf, setMask } from '../masks.js';
import { Module } from '../module.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { Parameter } from '../parameter.js';
import { Embedding, ReversibleEmbedding } from './embedding.js';
import { Layer } from './layer.js';

/** Options of `LoRA`. */
export interface LoRAOptions<M extends Module = Module> {
  /** What is adapted: a layer or a whole model, built or loaded. Its parameters are frozen. */
  layer: M;
  /** Columns of A and rows of B. */
  rank: number;
  /** The product A B is scaled by alpha / rank. @defaultValue `rank` (Keras) */
  alpha?: number;
  /** Paths of the parameters that are adapted. @defaultValue every kernel inside, and the table of an `Embedding` */
  targets?: readonly string[];
  /** Of A. @defaultValue 'heUniform' (Keras) */
  aInitializer?: InitializerLike;
  /** Of B: zeros leave the layer as it was. @defaultValue 'zeros' */
  bInitializer?: InitializerLike;
  /** Name in `summary()`. @defaultValue the class in camelCase, numbered in the model */
  name?: string;
}

/** The two factors of what is added to a parameter. */
interface Adapter {
  /** [...leading axes of the parameter, rank] */
  readonly a: Parameter;
  /** [rank, last axis of the parameter] */
  readonly b: Parameter;
}

/**
 * Low-rank adaptation: a layer whose kernels W are frozen and used as W + alpha / rank · A B, of which only A and B are learned. B begins
 * as 0, so that at first nothing changes.
 *
 * Takes and gives what the layer does: `Dense`, `EinsumDense`, `Embedding`, attention, convolutions, blocks, models. Each call adds the
 * product to the kernels; `merge()` does it once and for all, for serving. Of an `Embedding` only the rows that are asked for are adapted.
 *
 * @throws ArgumentError for options out of range, a layer without values, and targets that are not parameters of two axes at least
 * @see Hu et al. 2021, arXiv:2106.09685; Keras's `enable_lora`, https://keras.io/api/layers/core_layers/dense/
 * @example
 * const attention = new nn.MultiHeadAttention({ numHeads: 2, keyDim: 4 });
 * const words = zeros([1, 3, 8]);
 * attention.call(words, words); // its parameters get their shapes
 * const adapted = new nn.LoRA({ layer: attention, rank: 2, targets: ['query.kernel', 'value.kernel'] });
 * const optimizer = new optim.Adam(adapted.parameters().filter((p) => p.trainable));
 * // … train …
 * const plain = adapted.merge();
 */
export class LoRA<M extends Module = Module> extends Layer {
  readonly layer: M;
  readonly rank: number;
  readonly alpha: number;
  /** By the path of what they adapt. */
  readonly adapters: Readonly<Record<string, Adapter>>;

  constructor(options: LoRAOptions<M>) {
    checkOptions('LoRA', options, ['layer', 'rank', 'alpha', 'targets', 'aInitializer', 'bInitializer', 'name']);
    super(options.name === undefined ? {} : { name: options.name });
    if (!(options.layer instanceof Module))
      throw new ArgumentError('LoRA', `got layer ${shown(options.layer)}; expected a layer or a model`);
    this.layer = options.layer;
    this.rank = checkNumber('LoRA', 'rank', options.rank, { above: 0, whole: true });
    this.alpha = checkNumber('LoRA', 'alpha', options.alpha ?? this.rank, { above: 0 });
    const [a, b] = [options.aInitializer ?? 'heUniform', options.bInitializer ?? 'zeros'].map((initializer) =>
      resolveInitializer('LoRA', initializer),
    );
    const adapters = targetsOf(this.layer, options.targets).map(([path, { shape, dtype }]): [string, Adapter] => {
      const factors = { a: new Parameter({ initializer: a!, dtype }), b: new Parameter({ initializer: b!, dtype }) };
      factors.a.materialize([...shape.slice(0, -1), this.rank]);
      factors.b.materialize([this.rank, shape.at(-1)!]);
      return [path, factors];
    });
    this.adapters = Object.fromEntries(adapters);
    this.layer.trainable = false;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { layer } = this;
    if (layer instanceof Layer) return layer.computeOutputShape(inputShape);
    throw new ArgumentError('LoRA', `a ${layer.constructor.name} does not say the shape of its output`);
  }

  override forward(...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    // Adding to a whole table for the sake of a few of its rows would cost more than all the rest.
    if (this.layer instanceof Embedding && !(this.layer instanceof ReversibleEmbedding))
      return this.adaptedRows(this.layer, inputs[0] as Tensor) as ReturnType<M['forward']>;
    return functionalCall(this.layer, this.adaptedParameters(), ...inputs);
  }

  /** A copy of the layer with A B added to its kernels, all of it trainable: it computes the same, and is like any other. */
  merge(): M {
    const merged = this.layer.clone();
    const parameters = new Map(merged.namedParameters());
    noGrad(() =>
      scope(() => {
        for (const [path, adapted] of Object.entries(this.adaptedParameters())) parameters.get(path)!.assign(adapted);
      }),
    );
    merged.trainable = true;
    return merged;
  }

  /** W + alpha / rank · A B, by the path of W. */
  private adaptedParameters(): Record<string, Tensor> {
    const parameters = new Map(this.layer.namedParameters());
    return Object.fromEntries(
      Object.entries(this.adapters).map(([path, { a, b }]) => [
        path,
        parameters.get(path)!.add(a.matmul(b).mul(this.alpha / this.rank)),
      ]),
    );
  }

  private adaptedRows(layer: Embedding, x: Tensor): Tensor {
    const rows = layer.call(x);
    const { a, b } = this.adapters.embeddings!;
    const change = embedding(x.cast('int32'), a).matmul(b);
    const adapted = rows.add(change.mul(this.alpha / this.rank));
    const mask = maskOf(rows);
    return mask === null ? adapted : setMask(adapted, mask);
  }
}

/** The parameters to adapt, by path. */
function targetsOf(layer: Module, targets: readonly string[] | undefined): [string, Parameter][] {
  const named = new Map(layer.namedParameters());
  const isKernel = (path: string): boolean =>
    /(^|\.)kernel$/.test(path) || (path === 'embeddings' && layer instanceof Embedding);
  const paths = targets ?? [...named.keys()].filter(isKernel);
  if (!Array.isArray(paths) || paths.length === 0)
    throw new ArgumentError(
      'LoRA',
      targets === undefined
        ? `got a ${layer.constructor.name} without kernels`
        : `got targets ${Array.isArray(targets) ? '[]' : shown(targets)}; expected paths`,
      `Name some of ${[...named.keys()].join(', ')} in targets.`,
    );
  return (paths as readonly string[]).map((path) => {
    const parameter = named.get(path);
    if (parameter === undefined)
      throw new ArgumentError('LoRA', `got target '${path}'; the parameters are ${[...named.keys()].join(', ')}`);
    if (!parameter.hasValue)
      throw new ArgumentError(
        'LoRA',
        `'${path}' has no shape yet`,
        'Call the layer once before, build it with an input shape, or load its state.',
      );
    if (parameter.rank < 2)
      throw new ArgumentError(
        'LoRA',
        `got target '${path}' of shape [${parameter.shape.join(', ')}]; expected two axes at least`,
      );
    return [path, parameter];
  });
}
