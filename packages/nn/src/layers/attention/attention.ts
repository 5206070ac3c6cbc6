/** Attention of whole vectors, without heads and projections. */

import { scaledDotProductAttention, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, Generator, isFloating, type Shape, ShapeError } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import type { Module } from '../../module.js';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../../options.js';
import { Parameter } from '../../parameter.js';
import { checkInput, checkInputDType, paddingMask } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type DTypeOption, dtypeOf } from '../weights.js';
import { attentionWeights, bothMasks, causalMask, droppedWeights, shapesOfInputs } from './weights.js';

/** Inputs of `Attention` and `AdditiveAttention`; without a key the value is the key. */
export type AttentionInputs = readonly [query: Tensor, value: Tensor, key?: Tensor];

/** Options of `AdditiveAttention`, and of `Attention` too. */
export interface AdditiveAttentionOptions extends LayerOptions, DTypeOption {
  /** Whether scores are scaled by a learned number (`Attention`) or the features by learned ones. @defaultValue true */
  useScale?: boolean;
  /** Share of the weights set to 0 in training. @defaultValue 0 */
  dropout?: number;
  /** Makes dropout reproducible on its own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Options of `Attention`. */
export interface AttentionOptions extends AdditiveAttentionOptions {
  /** Whether scores are scaled by a learned number. @defaultValue false */
  useScale?: boolean;
  /** Scores are 'dot' products, or the sum of tanh(query + key): 'concat'. @defaultValue 'dot' */
  scoreMode?: 'dot' | 'concat';
}

/** Options of a call of `Attention` and `AdditiveAttention`. */
export interface AttentionCallOptions {
  /** bool [batch, n], false where a query is padding: its output is 0; null for no mask. @defaultValue the mask that travels with the query */
  queryMask?: Tensor | null;
  /** bool [batch, m], false where a value is padding, which nothing attends to; null for no mask. @defaultValue the mask that travels with the value */
  valueMask?: Tensor | null;
  /** Whether query i attends to values 0 to i only. @defaultValue false */
  useCausalMask?: boolean;
}

/** What `callWithScores` adds to them. */
interface WithScores extends AttentionCallOptions {
  returnAttentionScores: true;
}

const callOptionNames = ['queryMask', 'valueMask', 'useCausalMask', 'returnAttentionScores'];

/** What a call comes down to. */
interface Attended {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly mask: Tensor | null;
  readonly causal: boolean;
  readonly dropout: number;
}

/** Base of the two: values averaged with weights softmax(scores). */
abstract class VectorAttention extends Layer {
  readonly dropout: number;
  protected readonly generator: Generator | undefined;

  constructor(options: AdditiveAttentionOptions, more: readonly string[] = []) {
    const name = new.target.name;
    checkOptions(name, options, ['useScale', ...more, 'dropout', 'seed', 'dtype', ...layerOptionNames]);
    super(options);
    this.dropout = checkNumber(name, 'dropout', options.dropout ?? 0, { atLeast: 0, below: 1 });
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** [batch, n, m] */
  protected abstract scores(query: Tensor, key: Tensor): Tensor;

  /** Nothing to build: there are no parameters but of `Attention`'s scale. */
  override build(_inputShapes: Shape | readonly Shape[]): this {
    return this;
  }

  /** @param inputShapes of query, value and perhaps key; one shape stands for all of them */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    const { query, value } = shapesOfInputs(inputShapes);
    return [...query.slice(0, -1), value.at(-1)!];
  }

  /** The output and the weights, [batch, n, m]: Keras's `return_attention_scores`. */
  callWithScores(inputs: AttentionInputs, options: AttentionCallOptions = {}): [output: Tensor, weights: Tensor] {
    return (this as Module).call(inputs, { ...options, returnAttentionScores: true }) as [Tensor, Tensor];
  }

  override forward(inputs: AttentionInputs, options: WithScores): [Tensor, Tensor];
  override forward(inputs: AttentionInputs, options?: AttentionCallOptions): Tensor;
  override forward(inputs: AttentionInputs, options: Partial<WithScores> = {}): Tensor | [Tensor, Tensor] {
    const name = this.constructor.name;
    checkOptions(name, options, callOptionNames);
    const [query, value, key = value] = checkAttentionInputs(name, inputs);
    const dtype = this.parameters()[0]?.dtype ?? query.dtype;
    for (const [role, x] of Object.entries({ query, value, key })) checkInputDType(name, x, dtype, role);
    if (this.parameters().some((parameter) => !parameter.hasValue)) this.build([query.shape, value.shape, key.shape]);
    const queryMask = paddingMask(name, 'queryMask', options.queryMask, query);
    const valueMask = paddingMask(name, 'valueMask', options.valueMask, value);
    const attended: Attended = {
      query,
      key,
      value,
      mask: valueMask?.expandDims(1) ?? null,
      causal: checkBoolean(name, 'useCausalMask', options.useCausalMask ?? false),
      dropout: this.training ? this.dropout : 0,
    };
    const withWeights = checkBoolean(name, 'returnAttentionScores', options.returnAttentionScores ?? false);
    const [averaged, weights] = withWeights ? this.attendWithWeights(attended) : [this.attend(attended), null];
    if (queryMask === null) return weights === null ? averaged : [averaged, weights];
    const output = setMask(queryMask.expandDims(-1).where(averaged, 0), queryMask);
    return weights === null ? output : [output, weights];
  }

  protected attend(attended: Attended): Tensor {
    return this.attendWithWeights(attended)[0];
  }

  private attendWithWeights({ query, key, value, mask, causal, dropout }: Attended): [Tensor, Tensor] {
    const scores = this.scores(query, key);
    const triangle = causal ? causalMask(query.shape[1]!, key.shape[1]!) : null;
    const weights = droppedWeights(attentionWeights(scores, bothMasks(triangle, mask)), dropout, this.generator);
    return [weights.matmul(value), weights];
  }
}

function checkAttentionInputs(operation: string, inputs: AttentionInputs): AttentionInputs {
  if (!Array.isArray(inputs) || inputs.length < 2 || inputs.length > 3)
    throw new ArgumentError(
      operation,
      `got ${Array.isArray(inputs) ? `${inputs.length} inputs` : shown(inputs)}; expected [query, value] or [query, value, key]`,
    );
  const [query, value, key = value] = inputs as unknown as [Tensor, Tensor, Tensor?];
  for (const [role, x] of Object.entries({ query, value, key }))
    checkInput(operation, x, 'batch, time, features', role);
  if (!isFloating(query.dtype))
    throw new DTypeError(operation, { query: query.dtype }, 'a floating dtype', 'Convert with .cast().');
  const fits =
    query.shape[0] === value.shape[0] &&
    query.shape[0] === key.shape[0] &&
    query.shape[2] === key.shape[2] &&
    value.shape[1] === key.shape[1];
  if (fits) return [query, value, key];
  throw new ShapeError(
    operation,
    { query: query.shape, value: value.shape, key: key.shape },
    'query [batch, n, d], value [batch, m, e] and key [batch, m, d]',
  );
}

/**
 * Luong's attention: values averaged with weights softmax(query · keyᵀ).
 *
 * Input [query, value, key], [batch, n, d], [batch, m, e] and [batch, m, d], of which the key may be left out; output [batch, n, e].
 * Scores are query · key, times `scale` with `useScale`; with `scoreMode` 'concat' concatScoreWeight Σ tanh(scale (query + key)). Both
 * numbers are learned and begin as 1. Dot products are not divided by √d: `MultiHeadAttention` does that. Their matrix is
 * never in memory, except in `callWithScores`.
 *
 * A query that may attend to nothing gets 0 (Keras: the mean of all values).
 *
 * @throws ArgumentError for options out of range or other inputs than two or three; ShapeError, DTypeError for inputs that do not fit
 * @see https://keras.io/api/layers/attention_layers/attention/; Luong et al. 2015, arXiv:1508.04025
 * @example
 * const [query, value] = [zeros([2, 3, 4]), zeros([2, 5, 4])];
 * new nn.Attention().call([query, value], { useCausalMask: true }).shape; // → [2, 3, 4]
 * const [output, weights] = new nn.Attention().callWithScores([query, value]);
 * weights.shape; // → [2, 3, 5]
 */
export class Attention extends VectorAttention {
  /** [], or null without `useScale` */
  readonly scale: Parameter | null;
  /** [], or null unless scoreMode is 'concat' */
  readonly concatScoreWeight: Parameter | null;

  constructor(options: AttentionOptions = {}) {
    super(options, ['scoreMode']);
    const dtype = dtypeOf('Attention', options);
    const mode = checkChoice('Attention', 'scoreMode', options.scoreMode ?? 'dot', ['dot', 'concat']);
    const one = (): Parameter => {
      const parameter = new Parameter({ initializer: 'ones', dtype });
      parameter.materialize([]);
      return parameter;
    };
    this.scale = checkBoolean('Attention', 'useScale', options.useScale ?? false) ? one() : null;
    this.concatScoreWeight = mode === 'concat' ? one() : null;
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    if (this.concatScoreWeight === null) {
      const products = query.matmul(key.mT);
      return this.scale === null ? products : products.mul(this.scale);
    }
    const sums = query.expandDims(2).add(key.expandDims(1));
    const scaled = this.scale === null ? sums : sums.mul(this.scale);
    return scaled.tanh().sum({ axis: -1 }).mul(this.concatScoreWeight);
  }

  protected override attend(attended: Attended): Tensor {
    if (this.concatScoreWeight !== null) return super.attend(attended);
    const { query, key, value, mask, causal, dropout } = attended;
    return scaledDotProductAttention(this.scale === null ? query : query.mul(this.scale), key, value, {
      ...(mask !== null && { mask }),
      ...(this.generator !== undefined && { generator: this.generator }),
      causal,
      dropout,
      scale: 1,
    });
  }
}

/**
 * Bahdanau's attention: values averaged with weights softmax(Σ scale ⊙ tanh(query + key)), the sum over features.
 *
 * Input [query, value, key], [batch, n, d], [batch, m, e] and [batch, m, d], of which the key may be left out; output [batch, n, e]. scale [d]
 * is learned and made on the first call (Glorot uniform); without `useScale` it is 1.
 *
 * A query that may attend to nothing gets 0 (Keras: the mean of all values).
 *
 * @throws as `Attention`; ArgumentError for options out of range
 * @see https://keras.io/api/layers/attention_layers/additive_attention/; Bahdanau et al. 2014, arXiv:1409.0473
 * @example
 * const [query, value] = [zeros([2, 3, 4]), zeros([2, 5, 4])];
 * new nn.AdditiveAttention().call([query, value]).shape; // → [2, 3, 4]
 */
export class AdditiveAttention extends VectorAttention {
  /** [d], or null without `useScale` */
  readonly scale: Parameter | null;

  constructor(options: AdditiveAttentionOptions = {}) {
    super(options);
    const dtype = dtypeOf('AdditiveAttention', options);
    this.scale = checkBoolean('AdditiveAttention', 'useScale', options.useScale ?? true)
      ? new Parameter({ initializer: 'glorotUniform', dtype })
      : null;
  }

  override build(inputShapes: Shape | readonly Shape[]): this {
    this.scale?.materialize([shapesOfInputs(inputShapes).query.at(-1)!]);
    return this;
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    const sums = query.expandDims(2).add(key.expandDims(1)).tanh();
    return (this.scale === null ? sums : sums.mul(this.scale)).sum({ axis: -1 });
  }
}
