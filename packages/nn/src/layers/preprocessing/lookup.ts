/** Tokens by their place in a vocabulary (https://keras.io/api/layers/preprocessing_layers/categorical/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import type { Json } from '../../io/json.js';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../../options.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type AdaptData, batchesOf, type NestedTokens, type Token, tokensOf } from './adapting.js';
import { type EncodingMode, encodedShape, encodeIndices } from './encoding.js';
import { binOf } from './hashing.js';

/** Options of the lookups, T the type of a token. */
export interface LookupOptions<T extends Token> extends LayerOptions {
  /** Largest size of the vocabulary, special tokens included. @defaultValue no limit */
  maxTokens?: number | null;
  /** How many indices there are for tokens not in the vocabulary: 0 refuses them; among several, a hash chooses. @defaultValue 1 */
  numOovIndices?: number;
  /** A token that has index 0 in mode 'int', and is left out in the others. @defaultValue null, none */
  maskToken?: T | null;
  /** What `invert` gives for tokens not in the vocabulary. @defaultValue '[UNK]' of text, −1 of numbers */
  oovToken?: T;
  /** The tokens, without special ones, if they are known beforehand. @defaultValue learned by `adapt` */
  vocabulary?: readonly T[];
  /** A weight for each token of `vocabulary`, in mode 'tfIdf'. @defaultValue learned by `adapt` */
  idfWeights?: readonly number[];
  /** Whether to give tokens for indices. @defaultValue false */
  invert?: boolean;
  /** See `CategoryEncoding`; 'tfIdf' is the count times log(1 + documents / (1 + documents with the token)). @defaultValue 'int' */
  outputMode?: EncodingMode | 'tfIdf';
  /** Whether vectors have `maxTokens` elements even where the vocabulary is smaller. @defaultValue false */
  padToMaxTokens?: boolean;
}

const own = ['maxTokens', 'numOovIndices', 'maskToken', 'oovToken', 'vocabulary', 'idfWeights', 'invert', 'outputMode'];

/** Order of tokens: of text by code points. */
function compare(a: Token, b: Token): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

abstract class Lookup<T extends Token> extends Layer {
  private readonly maxTokens: number | null;
  private readonly numOovIndices: number;
  private readonly maskToken: T | null;
  private readonly oovToken: T;
  private readonly invert: boolean;
  private readonly outputMode: EncodingMode | 'tfIdf';
  private readonly padToMaxTokens: boolean;
  private readonly fixed: boolean;
  private tokens: readonly T[] | null = null;
  private weights: readonly number[] | null = null;
  private places = new Map<Token, number>();

  constructor(
    private readonly operation: string,
    private readonly kind: 'string' | 'number',
    oovToken: T,
    options: LookupOptions<T>,
  ) {
    checkOptions(operation, options, [...own, 'padToMaxTokens', ...layerOptionNames]);
    super(options);
    this.maxTokens = options.maxTokens ?? null;
    if (this.maxTokens !== null) checkNumber(operation, 'maxTokens', this.maxTokens, { above: 1, whole: true });
    this.numOovIndices = checkNumber(operation, 'numOovIndices', options.numOovIndices ?? 1, {
      atLeast: 0,
      whole: true,
    });
    this.maskToken = options.maskToken ?? null;
    this.oovToken = options.oovToken ?? oovToken;
    this.invert = checkBoolean(operation, 'invert', options.invert ?? false);
    const modes = ['int', 'oneHot', 'multiHot', 'count', 'tfIdf'] as const;
    this.outputMode = checkChoice(operation, 'outputMode', options.outputMode ?? 'int', modes);
    this.padToMaxTokens = checkBoolean(operation, 'padToMaxTokens', options.padToMaxTokens ?? false);
    if (this.padToMaxTokens && this.maxTokens === null)
      throw new ArgumentError(operation, 'got padToMaxTokens without maxTokens');
    if (this.invert && this.outputMode !== 'int')
      throw new ArgumentError(operation, `got invert with outputMode '${this.outputMode}'; expected 'int'`);
    this.fixed = options.vocabulary !== undefined;
    if ((options.idfWeights !== undefined) !== (this.fixed && this.outputMode === 'tfIdf'))
      throw new ArgumentError(operation, "expected idfWeights exactly with a vocabulary in mode 'tfIdf'");
    if (options.vocabulary !== undefined) this.set(options.vocabulary, options.idfWeights ?? null);
  }

  private get maskIndices(): number {
    return this.maskToken !== null && this.outputMode === 'int' ? 1 : 0;
  }

  private get offset(): number {
    return this.maskIndices + this.numOovIndices;
  }

  private set(tokens: readonly T[], weights: readonly number[] | null): void {
    const valid = Array.isArray(tokens) && tokens.every((token) => typeof token === this.kind);
    if (!valid) throw new ArgumentError(this.operation, `expected a vocabulary of ${this.kind}s`);
    const places = new Map(tokens.map((token, i): [Token, number] => [token, i + this.offset]));
    if (places.size !== tokens.length) throw new ArgumentError(this.operation, 'got a vocabulary with repeated tokens');
    if (this.maxTokens !== null && tokens.length + this.offset > this.maxTokens)
      throw new ArgumentError(
        this.operation,
        `got ${tokens.length} tokens; expected at most ${this.maxTokens - this.offset}`,
      );
    const weighed = weights === null || (Array.isArray(weights) && weights.every(Number.isFinite));
    if (
      !weighed ||
      (weights === null) !== (this.outputMode !== 'tfIdf') ||
      (weights?.length ?? tokens.length) !== tokens.length
    )
      throw new ArgumentError(
        this.operation,
        "expected a finite idf weight for each token in mode 'tfIdf', and none otherwise",
      );
    [this.tokens, this.weights, this.places] = [[...tokens], weights, places];
  }

  /** The tokens in the order of their indices: mask, unknown, then by frequency. @throws ArgumentError before `adapt` */
  getVocabulary(options: { includeSpecialTokens?: boolean } = {}): T[] {
    const tokens = this.known();
    if (options.includeSpecialTokens === false) return [...tokens];
    const mask = this.maskIndices === 1 ? [this.maskToken as T] : [];
    return [...mask, ...new Array<T>(this.numOovIndices).fill(this.oovToken), ...tokens];
  }

  /** How many indices there are, with those of special tokens. @throws ArgumentError before `adapt` */
  vocabularySize(): number {
    return this.known().length + this.offset;
  }

  private known(): readonly T[] {
    if (this.tokens !== null) return this.tokens;
    throw new ArgumentError(this.operation, 'it has no vocabulary yet', 'Call await layer.adapt(data) first.');
  }

  /**
   * Finds the vocabulary: tokens by how often they occur, of equals the larger first. A document of 'tfIdf' is what the last axis holds.
   *
   * @throws ArgumentError if the vocabulary was given
   */
  async adapt(data: AdaptData): Promise<this> {
    const operation = `${this.operation}.adapt`;
    if (this.fixed) throw new ArgumentError(operation, 'the layer was made with a vocabulary');
    const counts = new Map<Token, number>();
    const documents = new Map<Token, number>();
    let total = 0;
    for await (const batch of batchesOf(operation, data)) {
      const { tokens, shape } = tokensOf(operation, batch);
      const length = shape.at(-1) ?? 1;
      for (const token of tokens) {
        this.check(operation, token);
        counts.set(token, (counts.get(token) ?? 0) + 1);
      }
      for (let at = 0; at < tokens.length; at += length) {
        total++;
        for (const token of new Set(tokens.slice(at, at + length)))
          documents.set(token, (documents.get(token) ?? 0) + 1);
      }
    }
    for (const special of [this.maskToken, this.oovToken]) if (special !== null) counts.delete(special);
    const room = this.maxTokens === null ? counts.size : Math.max(0, this.maxTokens - this.offset);
    const sorted = [...counts].sort(([a, n], [b, m]) => m - n || compare(b, a)).slice(0, room);
    const tokens = sorted.map(([token]) => token as T);
    const weights = tokens.map((token) => Math.log(1 + total / (1 + documents.get(token)!)));
    this.set(tokens, this.outputMode === 'tfIdf' ? weights : null);
    return this;
  }

  private check(operation: string, token: Token): void {
    if (typeof token !== this.kind) throw new ArgumentError(operation, `got ${shown(token)}; expected a ${this.kind}`);
  }

  override extraState(): Json {
    return this.tokens === null ? null : { tokens: this.tokens, weights: this.weights };
  }

  override loadExtraState(state: Json): void {
    const { tokens, weights } = Object(state) as { tokens: readonly T[]; weights: readonly number[] | null };
    this.set(tokens, weights ?? null);
  }

  private get depth(): number {
    return this.padToMaxTokens ? this.maxTokens! : this.vocabularySize();
  }

  override computeOutputShape(inputShape: Shape): Shape {
    if (this.outputMode === 'int') return inputShape;
    return encodedShape([0, ...inputShape], this.outputMode, this.depth).slice(1);
  }

  private indexOf(token: Token): number {
    this.check(this.operation, token);
    if (token === this.maskToken) return this.outputMode === 'int' ? 0 : -1;
    const place = this.places.get(token);
    if (place !== undefined) return place;
    const n = this.numOovIndices;
    if (n === 0)
      throw new ArgumentError(
        this.operation,
        `got ${shown(token)}, which is not in the vocabulary`,
        'Make room with numOovIndices: 1.',
      );
    if (n === 1) return this.maskIndices;
    const bin = typeof token === 'number' ? ((token % n) + n) % n : binOf(token, n, [0, 0]);
    return this.maskIndices + bin;
  }

  /** @returns int32 in mode 'int', else float32; nested arrays of tokens with `invert` */
  override forward(x: Tensor | NestedTokens): Tensor | NestedTokens {
    const { tokens, shape } = tokensOf(this.operation, x);
    if (this.invert) {
      const vocabulary = this.getVocabulary();
      return nested(
        tokens.map((index) => vocabulary[index as number] ?? this.oovToken),
        shape,
      );
    }
    const known = this.known();
    const indices = Int32Array.from(tokens, (token) => this.indexOf(token));
    if (this.outputMode !== 'tfIdf') return encodeIndices(indices, shape, this.outputMode, this.depth);
    const weights = this.weights!;
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / Math.max(1, known.length);
    const each = Array.from(indices, (index) => weights[index - this.offset] ?? mean);
    return encodeIndices(indices, shape, 'count', this.depth, each);
  }
}

function nested(values: readonly Token[], shape: Shape): NestedTokens {
  if (shape.length === 0) return values[0]!;
  const [extent, ...rest] = shape as [number, ...number[]];
  const size = values.length / Math.max(1, extent);
  return Array.from({ length: extent }, (_, i) => nested(values.slice(i * size, (i + 1) * size), rest));
}

/**
 * Text by its place in a vocabulary. Among several indices for unknown text, SipHash-2-4 with key 0 chooses (Keras: FarmHash64).
 *
 * @throws ArgumentError for a call before `adapt`, and for unknown text where `numOovIndices` is 0
 * @see https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
 * @example new nn.StringLookup({ vocabulary: ['a', 'b'] }).call(['b', 'c']) // → [2, 0]
 */
export class StringLookup extends Lookup<string> {
  constructor(options: LookupOptions<string> = {}) {
    super('StringLookup', 'string', '[UNK]', options);
  }
}

/**
 * Whole numbers by their place in a vocabulary. Among several indices for unknown numbers, the remainder chooses.
 *
 * @throws ArgumentError for a call before `adapt`, and for unknown numbers where `numOovIndices` is 0
 * @see https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
 * @example new nn.IntegerLookup({ vocabulary: [12, 36] }).call([36, 7]) // → [2, 0]
 */
export class IntegerLookup extends Lookup<number> {
  constructor(options: LookupOptions<number> = {}) {
    super('IntegerLookup', 'number', -1, options);
  }
}
