/** Attention with several heads: what `MultiHeadAttention` and `GroupQueryAttention` share. */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, Generator, type Shape, ShapeError } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import type { Module } from '../../module.js';
import { checkBoolean, checkNumber, checkOptions } from '../../options.js';
import { checkFeatures, checkInput, checkInputDType, checkMask, paddingMask } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { weightOptionNames } from '../weights.js';
import { attend } from './attend.js';
import { type AttentionCache, extendCache } from './cache.js';
import { Projection, type ProjectionOptions } from './projection.js';
import { bothMasks, shapesOfInputs } from './weights.js';

/** Options that attention layers with heads share. */
export interface HeadsOptions extends LayerOptions, ProjectionOptions {
  /** Share of the weights set to 0 in training. @defaultValue 0 */
  dropout?: number;
  /** Makes dropout reproducible on its own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Options of a call of an attention layer with heads. */
export interface HeadsCallOptions {
  /** [batch, m, features], what the queries are compared with. @defaultValue the value */
  key?: Tensor | null;
  /** bool [batch, n, m] or [n, m], true where a query may attend to a key. @defaultValue all true */
  attentionMask?: Tensor | null;
  /** Whether query i attends to keys 0 to i only. @defaultValue false */
  useCausalMask?: boolean;
  /** bool [batch, n], false where a query is padding; null for no mask. @defaultValue the mask that travels with the query */
  queryMask?: Tensor | null;
  /** bool [batch, m], false where a value is padding; null for no mask. @defaultValue the mask that travels with the value */
  valueMask?: Tensor | null;
  /** bool [batch, m], false where a key is padding; null for no mask. @defaultValue the mask that travels with the key */
  keyMask?: Tensor | null;
}

interface WithScores extends HeadsCallOptions {
  returnAttentionScores: true;
}

interface WithCache extends HeadsCallOptions {
  cache: AttentionCache | null;
}

const callOptionNames = [
  'key',
  'attentionMask',
  'useCausalMask',
  'queryMask',
  'valueMask',
  'keyMask',
  'returnAttentionScores',
  'cache',
];

/** Extents that the options of a class say; null where the first input says them. */
export interface HeadExtents {
  readonly heads: number;
  /** Heads of keys and values: a divisor of `heads`, each shared by as many queries. */
  readonly sharedHeads: number;
  readonly keyDim: number | null;
  readonly valueDim: number | null;
  readonly outputShape: Shape | null;
}

/** Base of attention layers with heads: project, attend in each head, project back. */
export abstract class HeadsAttention extends Layer {
  /** kernel [features, heads, keyDim], bias [heads, keyDim] */
  readonly query: Projection;
  /** kernel [features, heads, keyDim], bias [heads, keyDim] */
  readonly key: Projection;
  /** kernel [features, heads, valueDim], bias [heads, valueDim] */
  readonly value: Projection;
  /** kernel [heads, valueDim, ...output], bias [...output] */
  readonly attentionOutput: Projection;
  readonly dropout: number;
  protected override readonly keepsMask = true;
  private readonly extents: HeadExtents;
  private readonly generator: Generator | undefined;

  constructor(options: HeadsOptions, own: readonly string[], extentsOf: (operation: string) => HeadExtents) {
    const name = new.target.name;
    checkOptions(name, options, [
      ...own,
      'dropout',
      'seed',
      'useBias',
      ...weightOptionNames('kernel', 'bias'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.extents = extentsOf(name);
    this.dropout = checkNumber(name, 'dropout', options.dropout ?? 0, { atLeast: 0, below: 1 });
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
    this.query = new Projection(name, options);
    this.key = new Projection(name, options);
    this.value = new Projection(name, options);
    this.attentionOutput = new Projection(name, options, 2);
    if (this.inputShape !== undefined) this.build(this.inputShape);
  }

  /** Builds for query, value and perhaps key of these shapes, without the batch axis; one shape stands for all of them. */
  override build(inputShapes: Shape | readonly Shape[]): this {
    const { query, value, key } = shapesOfInputs(inputShapes);
    const features = query.at(-1)!;
    const { heads, sharedHeads, keyDim, valueDim, outputShape } = this.extents;
    const width = keyDim ?? Math.floor(features / heads);
    if (width === 0)
      throw new ShapeError(this.constructor.name, { query }, `at least ${heads} features, one for each head`);
    this.query.build([features], [heads, width]);
    this.key.build([key.at(-1)!], [sharedHeads, width]);
    this.value.build([value.at(-1)!], [sharedHeads, valueDim ?? width]);
    this.attentionOutput.build([heads, valueDim ?? width], outputShape ?? [features]);
    return this;
  }

  /** For query, value and perhaps key of these shapes, without the batch axis; one shape stands for all of them. */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    const { query } = shapesOfInputs(inputShapes);
    return [...query.slice(0, -1), ...(this.extents.outputShape ?? query.slice(-1))];
  }

  /** The output and the weights, [batch, heads, n, m]: Keras's `return_attention_scores`. */
  callWithScores(query: Tensor, value: Tensor, options: HeadsCallOptions = {}): [output: Tensor, weights: Tensor] {
    return (this as Module).call(query, value, { ...options, returnAttentionScores: true }) as [Tensor, Tensor];
  }

  /**
   * The output, and all keys and values so far: those of earlier calls, and behind them those of this one. Causal masks count from
   * the first of all. For decoding one step at a time.
   *
   * @param value null where there is nothing new: the queries attend to the cache
   * @param cache what the call before returned; null to begin
   * @param options an `attentionMask` is over all keys, [batch, n, all]; other masks are of what is new
   */
  callWithCache(
    query: Tensor,
    value: Tensor | null,
    cache: AttentionCache | null,
    options: HeadsCallOptions = {},
  ): [output: Tensor, cache: AttentionCache] {
    return (this as Module).call(query, value, { ...options, cache }) as [Tensor, AttentionCache];
  }

  override forward(query: Tensor, value: Tensor, options: WithScores): [Tensor, Tensor];
  override forward(query: Tensor, value: Tensor | null, options: WithCache): [Tensor, AttentionCache];
  override forward(query: Tensor, value: Tensor, options?: HeadsCallOptions): Tensor;
  override forward(
    query: Tensor,
    value: Tensor | null,
    options: Partial<WithScores & WithCache> = {},
  ): Tensor | [Tensor, Tensor | AttentionCache] {
    const name = this.constructor.name;
    checkOptions(name, options, callOptionNames);
    const withWeights = checkBoolean(name, 'returnAttentionScores', options.returnAttentionScores ?? false);
    const causal = checkBoolean(name, 'useCausalMask', options.useCausalMask ?? false);
    const { cache } = options;
    if (withWeights && cache !== undefined)
      throw new ArgumentError(name, 'got returnAttentionScores and a cache; expected one of them');
    this.checkInputs(query, value, options.key ?? value);
    const seen = this.keysAndValues(value, options, cache ?? null);
    const queryMask = paddingMask(name, 'queryMask', options.queryMask, query);
    const padding = bothMasks(queryMask?.expandDims(2) ?? null, seen.mask?.expandDims(1) ?? null);
    const extents = [query.shape[0]!, query.shape[1]!, seen.key.shape[1]!];
    const [averaged, weights] = attend(this.query.call(query), seen.key, seen.value, {
      mask: bothMasks(checkAttentionMask(name, options.attentionMask, extents), padding),
      causalFrom: causal ? (cache?.key.shape[1] ?? 0) : null,
      dropout: this.training ? this.dropout : 0,
      generator: this.generator,
      withWeights,
    });
    const output = this.attentionOutput.call(averaged);
    if (queryMask !== null) setMask(output, queryMask);
    if (withWeights) return [output, weights!];
    return cache === undefined ? output : [output, seen];
  }

  private checkInputs(query: Tensor, value: Tensor | null, key: Tensor | null): void {
    const name = this.constructor.name;
    const given = value === null || key === null ? { query } : { query, value, key };
    for (const [role, x] of Object.entries(given)) {
      checkInput(name, x, 'batch, time, features', role);
      checkInputDType(name, x, this.query.kernel.dtype, role);
    }
    const fits = Object.values(given).every((x) => x.shape[0] === query.shape[0]) && key?.shape[1] === value?.shape[1];
    if (!fits)
      throw new ShapeError(
        name,
        Object.fromEntries(Object.entries(given).map(([role, x]) => [role, x.shape])),
        'query [batch, n, ...], value [batch, m, ...] and key [batch, m, ...]',
      );
    if (!this.query.kernel.hasValue && value !== null && key !== null)
      this.build([query.shape, value.shape, key.shape]);
    for (const [role, x] of Object.entries(given))
      checkFeatures(name, x, this[role as 'query' | 'value' | 'key'].kernel.shape[0]!, role);
  }

  /** What there is to attend to: the cache, and behind it what is new. */
  private keysAndValues(value: Tensor | null, options: HeadsCallOptions, cache: AttentionCache | null): AttentionCache {
    const name = this.constructor.name;
    if (value === null) {
      if (cache !== null) return cache;
      throw new ArgumentError(name, 'got no value and no cache; expected one of them');
    }
    const key = options.key ?? value;
    const mask = bothMasks(
      paddingMask(name, 'valueMask', options.valueMask, value),
      paddingMask(name, 'keyMask', options.keyMask, key),
    );
    return extendCache(cache, { key: this.key.call(key), value: this.value.call(value), mask });
  }
}

function checkAttentionMask(operation: string, given: Tensor | null | undefined, shape: Shape): Tensor | null {
  const mask = checkMask(operation, 'attentionMask', given);
  if (mask === null) return null;
  const fits =
    mask.rank >= 2 &&
    mask.rank <= 3 &&
    mask.shape.every((extent, i) => extent === 1 || extent === shape[i + 3 - mask.rank]);
  if (fits) return mask;
  throw new ShapeError(operation, { attentionMask: mask.shape }, `attentionMask [${shape.join(', ')}], [batch, n, m]`);
}
