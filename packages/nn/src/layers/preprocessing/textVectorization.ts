/** Texts as numbers (https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, shown } from '../../options.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type AdaptData, batchesOf, type NestedTokens, tokensOf } from './adapting.js';
import { StringLookup } from './lookup.js';

/** Options of `TextVectorization`. */
export interface TextVectorizationOptions extends LayerOptions {
  /** Largest size of the vocabulary, special tokens included. @defaultValue no limit */
  maxTokens?: number | null;
  /** What is done to a text before anything else: by name, by a function, or null for nothing. @defaultValue 'lowerAndStripPunctuation' */
  standardize?: 'lowerAndStripPunctuation' | 'lower' | 'stripPunctuation' | null | ((text: string) => string);
  /** How it is divided into tokens; null for one token. @defaultValue 'whitespace' */
  split?: 'whitespace' | 'character' | null | ((text: string) => readonly string[]);
  /** Runs of so many tokens become tokens too: all up to a number, or those of a list. @defaultValue null: single tokens */
  ngrams?: number | readonly number[] | null;
  /** 'int': indices of the tokens, 0 for padding, 1 for unknown ones; the others as of `StringLookup`. @defaultValue 'int' */
  outputMode?: 'int' | 'multiHot' | 'count' | 'tfIdf';
  /** In mode 'int', tokens in each row: longer texts are cut off, shorter ones filled up. @defaultValue as many as the longest text has */
  outputSequenceLength?: number | null;
  /** In the other modes, whether rows have `maxTokens` elements even where the vocabulary is smaller. @defaultValue false */
  padToMaxTokens?: boolean;
  /** The tokens, if they are known beforehand, without special ones. @defaultValue learned by `adapt` */
  vocabulary?: readonly string[];
  /** A weight for each of them, in mode 'tfIdf'. @defaultValue learned by `adapt` */
  idfWeights?: readonly number[];
}

/** The punctuation that Keras strips. */
const punctuation = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g;

const standardizations = {
  lower: (text: string): string => text.toLowerCase(),
  stripPunctuation: (text: string): string => text.replace(punctuation, ''),
  lowerAndStripPunctuation: (text: string): string => text.toLowerCase().replace(punctuation, ''),
} as const;

const splits = {
  whitespace: (text: string): string[] => text.split(/\s+/).filter((token) => token !== ''),
  character: (text: string): string[] => [...text],
} as const;

/**
 * Texts as rows of numbers: standardized, split into tokens, looked up in a vocabulary, which `adapt` finds.
 *
 * Input: an array of texts, [batch], or of arrays of one text, [batch, 1].
 *
 * @throws ArgumentError for a call before `adapt`, and for options that exclude each other
 * @see https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
 * @example
 * const layer = await new nn.TextVectorization({ outputSequenceLength: 4 }).adapt(['foo qux bar', 'qux baz']);
 * layer.call(['foo qux bar', 'qux baz']); // → [[3, 2, 5, 0], [2, 4, 0, 0]]
 */
export class TextVectorization extends Layer {
  private readonly lookup: StringLookup;
  private readonly standardize: (text: string) => string;
  private readonly split: (text: string) => readonly string[];
  private readonly ngrams: readonly number[];
  private readonly length: number | null;
  private readonly isInt: boolean;

  constructor(options: TextVectorizationOptions = {}) {
    const name = 'TextVectorization';
    const own = ['maxTokens', 'standardize', 'split', 'ngrams', 'outputMode', 'outputSequenceLength', 'padToMaxTokens'];
    checkOptions(name, options, [...own, 'vocabulary', 'idfWeights', ...layerOptionNames]);
    super(options);
    const { standardize = 'lowerAndStripPunctuation', split = 'whitespace', ngrams = null } = options;
    const names = ['lowerAndStripPunctuation', 'lower', 'stripPunctuation'] as const;
    this.standardize =
      standardize === null
        ? (text) => text
        : typeof standardize === 'function'
          ? standardize
          : standardizations[checkChoice(name, 'standardize', standardize, names)];
    this.split =
      split === null
        ? (text) => [text]
        : typeof split === 'function'
          ? split
          : splits[checkChoice(name, 'split', split, ['whitespace', 'character'] as const)];
    const given = ngrams === null ? [1] : typeof ngrams === 'number' ? upTo(ngrams) : ngrams;
    for (const n of given.length === 0 ? [0] : given) checkNumber(name, 'ngrams', n, { atLeast: 1, whole: true });
    this.ngrams = given;
    const outputMode = checkChoice(name, 'outputMode', options.outputMode ?? 'int', [
      'int',
      'multiHot',
      'count',
      'tfIdf',
    ] as const);
    this.isInt = outputMode === 'int';
    this.length = options.outputSequenceLength ?? null;
    if (this.length !== null) checkNumber(name, 'outputSequenceLength', this.length, { atLeast: 1, whole: true });
    if (this.length !== null && !this.isInt)
      throw new ArgumentError(name, `got outputSequenceLength with outputMode '${outputMode}'; expected 'int'`);
    if (options.padToMaxTokens === true && this.isInt)
      throw new ArgumentError(name, "got padToMaxTokens with outputMode 'int'; expected another");
    const { maxTokens = null, vocabulary, idfWeights, padToMaxTokens = false } = options;
    this.lookup = new StringLookup({
      maxTokens,
      maskToken: '',
      outputMode,
      padToMaxTokens,
      ...(vocabulary === undefined ? {} : { vocabulary }),
      ...(idfWeights === undefined ? {} : { idfWeights }),
    });
  }

  /** The tokens of a text, before they are looked up. @throws ArgumentError for something else than text */
  tokens(text: string): string[] {
    if (typeof text !== 'string') throw new ArgumentError('TextVectorization', `got ${shown(text)}; expected text`);
    const single = this.split(this.standardize(text));
    return this.ngrams.flatMap((n) =>
      n === 1
        ? [...single]
        : Array.from({ length: Math.max(0, single.length - n + 1) }, (_, i) => single.slice(i, i + n).join(' ')),
    );
  }

  /** Tokens of texts, filled up to one length. */
  private rows(x: Tensor | NestedTokens, length: number | null): string[][] {
    const { tokens, shape } = tokensOf('TextVectorization', x);
    if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1)))
      throw new ShapeError('TextVectorization', { x: shape }, 'texts [batch] or [batch, 1]');
    const rows = tokens.map((text) => this.tokens(text as string));
    const longest = length ?? Math.max(0, ...rows.map((row) => row.length));
    return rows.map((row) => Array.from({ length: longest }, (_, i) => row[i] ?? ''));
  }

  /** Finds the vocabulary. @throws ArgumentError if it was given */
  async adapt(data: AdaptData): Promise<this> {
    const rows = this.rows.bind(this);
    async function* tokenized(): AsyncGenerator<NestedTokens[]> {
      for await (const batch of batchesOf('TextVectorization.adapt', data)) yield rows(batch, null);
    }
    await this.lookup.adapt(tokenized());
    return this;
  }

  /** The tokens in the order of their indices. @throws ArgumentError before `adapt` */
  getVocabulary(options: { includeSpecialTokens?: boolean } = {}): string[] {
    return this.lookup.getVocabulary(options);
  }

  /** How many indices there are. @throws ArgumentError before `adapt` */
  vocabularySize(): number {
    return this.lookup.vocabularySize();
  }

  override computeOutputShape(inputShape: Shape): Shape {
    if (!this.isInt) return this.lookup.computeOutputShape([1]);
    if (this.length === null)
      throw new ShapeError(
        'TextVectorization',
        { sample: inputShape },
        'outputSequenceLength, for a shape known beforehand',
      );
    return [this.length];
  }

  /** @returns int32 [batch, tokens] in mode 'int', else float32 [batch, vocabulary] */
  override forward(x: Tensor | NestedTokens): Tensor {
    return this.lookup.call(this.rows(x, this.length)) as Tensor;
  }
}

const upTo = (n: number): number[] => Array.from({ length: Math.max(0, n) }, (_, i) => i + 1);
