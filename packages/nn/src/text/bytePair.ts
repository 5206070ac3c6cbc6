/** Byte-pair tokens (Sennrich et al. 2016), over bytes as GPT-2 has them (Radford et al. 2019). */

import { ArgumentError, FormatError } from '@cotangent/kernels';
import { fromJson } from '../io/json.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { specialPattern } from './special.js';

/** How GPT-2 cuts a text into pieces before pairs are merged: contractions, words, numbers, other signs, spaces. */
const pieces = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Bytes as characters that can be seen: those of Latin 1 that print are themselves, the others come from 256 on. */
const characterOf: readonly string[] = (() => {
  const prints = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(prints(b) ? b : next++));
})();
const byteOf: ReadonlyMap<string, number> = new Map(characterOf.map((c, b) => [c, b]));

/** Bytes as visible characters, as vocabularies write them. */
const visible = (bytes: Uint8Array): string => Array.from(bytes, (b) => characterOf[b]!).join('');

/** What a byte-pair tokenizer is made of. */
export interface BytePairOptions {
  /** Numbers of the tokens, written in visible characters as in vocab.json of GPT-2. */
  vocabulary: Readonly<Record<string, number>>;
  /** Pairs that are merged, the most frequent first, written with a space between, as in merges.txt. */
  merges: readonly string[];
  /** Tokens that are never cut, with their numbers. @defaultValue none */
  specialTokens?: Readonly<Record<string, number>>;
}

/** Options of `BytePairTokenizer.train`. */
export interface TrainTokenizerOptions {
  /** Number of tokens, special ones included. */
  vocabularySize: number;
  /** Texts that are tokens of their own, numbered first. @defaultValue none */
  specialTokens?: readonly string[];
}

/**
 * Texts as numbers of pieces of bytes: no text is unknown, and `decode` gives back what `encode` was given.
 *
 * @throws ArgumentError for a vocabulary without a number for each token, or merges whose parts or whole it lacks
 * @see https://huggingface.co/learn/llm-course/chapter6/5
 * @example
 * const tokenizer = nn.text.BytePairTokenizer.train(['hello hello help'], { vocabularySize: 260 });
 * tokenizer.decode(tokenizer.encode('hello')); // → hello
 */
export class BytePairTokenizer {
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly tokens: ReadonlyMap<number, string>;
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly special: ReadonlyMap<string, number>;
  private readonly specialText: ReadonlyMap<number, string>;
  private readonly specialPattern: RegExp | null;
  private readonly known = new Map<string, readonly number[]>();

  /** @throws ArgumentError for merges of tokens that the vocabulary does not have, and for numbers that are not whole or given twice */
  constructor(options: BytePairOptions) {
    const name = 'BytePairTokenizer';
    checkOptions(name, options, ['vocabulary', 'merges', 'specialTokens']);
    const { vocabulary, merges, specialTokens = {} } = options;
    const isTable = (table: unknown): boolean => typeof table === 'object' && table !== null && !Array.isArray(table);
    if (!isTable(vocabulary) || !isTable(specialTokens) || !Array.isArray(merges))
      throw new ArgumentError(name, 'expected a vocabulary and special tokens by name, and an array of merges');
    this.numbers = new Map(Object.entries(vocabulary));
    this.special = new Map(Object.entries(specialTokens));
    const all = [
      ...this.numbers.values(),
      ...[...this.special].filter(([token]) => !this.numbers.has(token)).map(([, n]) => n),
    ];
    if (!all.every((n) => Number.isInteger(n) && n >= 0) || new Set(all).size !== all.length)
      throw new ArgumentError(name, 'expected a whole number of its own for each token');
    this.tokens = new Map([...this.numbers].map(([token, n]) => [n, token]));
    this.specialText = new Map([...this.special].map(([token, n]) => [n, token]));
    this.ranks = new Map(merges.map((pair, rank) => [pair, rank]));
    for (const pair of merges) {
      const parts = typeof pair === 'string' ? pair.split(' ') : [];
      if (parts.length !== 2 || ![...parts, parts.join('')].every((token) => this.numbers.has(token)))
        throw new ArgumentError(
          name,
          `got merge ${shown(pair)}; expected two tokens of the vocabulary that make a third`,
        );
    }
    this.specialPattern = specialPattern([...this.special.keys()]);
  }

  /**
   * From the two files of GPT-2 and its relatives.
   *
   * @param vocabulary contents of vocab.json
   * @param merges contents of merges.txt
   * @throws FormatError for contents that are not those
   */
  static fromFiles(
    vocabulary: string,
    merges: string,
    specialTokens: Readonly<Record<string, number>> = {},
  ): BytePairTokenizer {
    const table = fromJson('vocab.json', vocabulary);
    const lines = merges.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#version'));
    return made('vocab.json and merges.txt', {
      vocabulary: table as never,
      merges: lines.map((line) => line.trimEnd()),
      specialTokens,
    });
  }

  /**
   * From Hugging Face's tokenizer.json, if it is of this kind.
   *
   * @throws FormatError for another file, and for a tokenizer of another kind
   * @see https://huggingface.co/docs/tokenizers
   */
  static fromTokenizerJson(text: string, source: string = 'tokenizer.json'): BytePairTokenizer {
    const { model, added_tokens: added = [] } = Object(fromJson(source, text)) as {
      model?: { type?: unknown; vocab?: unknown; merges?: unknown };
      added_tokens?: unknown;
    };
    if (model?.type !== 'BPE' || !Array.isArray(model.merges) || !Array.isArray(added))
      throw new FormatError(source, `has a model of type ${shown(model?.type)}; expected 'BPE' with merges`);
    const merges = model.merges.map((pair: unknown) => (Array.isArray(pair) ? pair.join(' ') : pair)) as string[];
    const specialTokens = Object.fromEntries(
      added.map((token: unknown) => {
        const { content, id } = Object(token) as { content: string; id: number };
        return [content, id];
      }),
    );
    return made(source, { vocabulary: model.vocab as never, merges, specialTokens });
  }

  /**
   * Finds the merges of a corpus: again and again the pair that occurs most often, of equals the one that comes first in the order of texts.
   *
   * @throws ArgumentError for a vocabularySize that leaves no room for the 256 bytes and the special tokens
   */
  static train(corpus: Iterable<string>, options: TrainTokenizerOptions): BytePairTokenizer {
    const name = 'BytePairTokenizer.train';
    checkOptions(name, options, ['vocabularySize', 'specialTokens']);
    const special = options.specialTokens ?? [];
    const atLeast = 256 + special.length;
    const size = checkNumber(name, 'vocabularySize', options.vocabularySize, { atLeast, whole: true });
    const specialTokens = Object.fromEntries(special.map((token, i) => [token, i]));
    const vocabulary = Object.fromEntries(characterOf.map((c, b) => [c, special.length + b]));
    const words = countPieces(corpus);
    const merges: string[] = [];
    while (special.length + 256 + merges.length < size) {
      const pair = mostFrequentPair(words);
      if (pair === null) break;
      const [a, b] = pair.split(' ') as [string, string];
      if (!(a + b in vocabulary)) vocabulary[a + b] = special.length + 256 + merges.length;
      merges.push(pair);
      for (const word of words) word.parts = joined(word.parts, a, b);
    }
    return new BytePairTokenizer({ vocabulary, merges, specialTokens });
  }

  /** Number of tokens, special ones included. */
  get vocabularySize(): number {
    return new Set([...this.tokens.keys(), ...this.specialText.keys()]).size;
  }

  /** The number of a token written in visible characters, or of a special one; undefined where there is none. */
  tokenToId(token: string): number | undefined {
    return this.special.get(token) ?? this.numbers.get(token);
  }

  /**
   * Numbers of the tokens of a text. Special tokens in it are those.
   *
   * @throws ArgumentError for something else than text
   */
  encode(text: string): number[] {
    if (typeof text !== 'string') throw new ArgumentError('BytePairTokenizer', `got ${shown(text)}; expected text`);
    const parts = this.specialPattern === null ? [text] : text.split(this.specialPattern);
    return parts.flatMap((part, i) =>
      i % 2 === 1
        ? [this.special.get(part)!]
        : [...part.matchAll(pieces)].flatMap(([piece]) => this.encodePiece(piece)),
    );
  }

  private encodePiece(piece: string): readonly number[] {
    const before = this.known.get(piece);
    if (before !== undefined) return before;
    let parts = [...visible(new TextEncoder().encode(piece))];
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      let pair: [string, string] | null = null;
      for (let i = 1; i < parts.length; i++) {
        const rank = this.ranks.get(`${parts[i - 1]} ${parts[i]}`);
        if (rank === undefined || rank >= best) continue;
        best = rank;
        pair = [parts[i - 1]!, parts[i]!];
      }
      if (pair === null) break;
      parts = joined(parts, ...pair);
    }
    const ids = parts.map((part) => {
      const id = this.numbers.get(part);
      if (id !== undefined) return id;
      throw new ArgumentError('BytePairTokenizer', `the vocabulary has no token ${shown(part)}, a single byte`);
    });
    if (this.known.size < 65_536) this.known.set(piece, ids);
    return ids;
  }

  /** The text of some tokens. Bytes that are no UTF-8, where tokens are cut apart, become �. @throws ArgumentError for unknown numbers */
  decode(ids: Iterable<number>): string {
    let text = '';
    let bytes: number[] = [];
    const flush = (): void => {
      text += new TextDecoder().decode(Uint8Array.from(bytes));
      bytes = [];
    };
    for (const id of ids) {
      const special = this.specialText.get(id);
      if (special !== undefined) {
        flush();
        text += special;
        continue;
      }
      const token = this.tokens.get(id);
      if (token === undefined) throw new ArgumentError('BytePairTokenizer.decode', `got ${id}, which is no token`);
      for (const c of token) bytes.push(byteOf.get(c) ?? 63);
    }
    flush();
    return text;
  }
}

/** A tokenizer of what a file says; what is wrong with it is wrong with the file. */
function made(source: string, options: BytePairOptions): BytePairTokenizer {
  try {
    return new BytePairTokenizer(options);
  } catch (error) {
    throw new FormatError(source, (error as Error).message);
  }
}

interface Word {
  parts: string[];
  readonly count: number;
}

/** The pieces of a corpus in visible characters, and how often each occurs. */
function countPieces(corpus: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of typeof corpus === 'string' ? [corpus] : corpus)
    for (const [piece] of text.matchAll(pieces)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return [...counts].map(([piece, count]) => ({ parts: [...visible(new TextEncoder().encode(piece))], count }));
}

/** The pair that occurs most often, if any does. */
function mostFrequentPair(words: readonly Word[]): string | null {
  const counts = new Map<string, number>();
  for (const { parts, count } of words)
    for (let i = 1; i < parts.length; i++) {
      const pair = `${parts[i - 1]} ${parts[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  let best: string | null = null;
  let most = 0;
  for (const [pair, count] of counts)
    if (count > most || (count === most && best !== null && pair < best)) [best, most] = [pair, count];
  return best;
}

/** Parts with every a followed by b made one. */
function joined(parts: readonly string[], a: string, b: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === a && parts[i + 1] === b) {
      result.push(a + b);
      i++;
    } else result.push(parts[i]!);
  }
  return result;
}
