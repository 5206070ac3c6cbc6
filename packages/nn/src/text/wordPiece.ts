/** Word-piece tokens (Schuster and Nakajima 2012) as BERT has them (Devlin et al. 2019). */

import { ArgumentError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, shown } from '../options.js';
import type { TrainTokenizerOptions } from './bytePair.js';
import { specialPattern } from './special.js';

/** Options of `WordPieceTokenizer`. */
export interface WordPieceOptions {
  /** The tokens in the order of their numbers: vocab.txt of BERT, line by line. Those that go on with a word begin with ##. */
  vocabulary: readonly string[];
  /** Whether to make letters small and take their accents away, as uncased models ask. @defaultValue true */
  lowerCase?: boolean;
  /** @defaultValue '[UNK]' */
  unknownToken?: string;
  /** Tokens that are never cut. @defaultValue [PAD], [UNK], [CLS], [SEP], [MASK], as far as the vocabulary has them */
  specialTokens?: readonly string[];
  /** Longer words are unknown. @defaultValue 100 */
  maxCharactersPerWord?: number;
}

const customary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** What BERT takes for punctuation: all of Unicode's, and every sign of ASCII that is no letter or digit. */
const isPunctuation = (c: string): boolean => /[!-/:-@[-`{-~]|\p{P}/u.test(c);

/** Han characters are words of their own. */
const isHan = (c: string): boolean => {
  const n = c.codePointAt(0)!;
  return (
    (n >= 0x4e00 && n <= 0x9fff) ||
    (n >= 0x3400 && n <= 0x4dbf) ||
    (n >= 0x20000 && n <= 0x2ceaf) ||
    (n >= 0xf900 && n <= 0xfaff) ||
    (n >= 0x2f800 && n <= 0x2fa1f)
  );
};

/** Words and signs of a text. */
function wordsOf(text: string, lowerCase: boolean): string[] {
  const prepared = lowerCase
    ? text
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '')
    : text;
  const words: string[] = [];
  let word = '';
  const end = (): void => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const c of prepared) {
    if (/\s/u.test(c)) end();
    else if (c === '\0' || c === '\ufffd' || /\p{Cc}|\p{Cf}/u.test(c)) continue;
    else if (isPunctuation(c) || isHan(c)) {
      end();
      words.push(c);
    } else word += c;
  }
  end();
  return words;
}

/**
 * Texts as numbers of words and parts of words, the longest that the vocabulary has.
 *
 * @throws ArgumentError for a vocabulary without the unknown token, or with a token twice
 * @see https://huggingface.co/learn/llm-course/chapter6/6
 * @example
 * const tokenizer = new nn.text.WordPieceTokenizer({ vocabulary: ['[UNK]', 'un', '##aff', '##able'] });
 * tokenizer.tokens('Unaffable'); // → ["un", "##aff", "##able"]
 */
export class WordPieceTokenizer {
  private readonly vocabulary: readonly string[];
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly lowerCase: boolean;
  private readonly unknownToken: string;
  private readonly specialPattern: RegExp | null;
  private readonly maxCharacters: number;

  constructor(options: WordPieceOptions) {
    const name = 'WordPieceTokenizer';
    checkOptions(name, options, ['vocabulary', 'lowerCase', 'unknownToken', 'specialTokens', 'maxCharactersPerWord']);
    const { vocabulary, unknownToken = '[UNK]' } = options;
    if (!Array.isArray(vocabulary) || !vocabulary.every((token) => typeof token === 'string'))
      throw new ArgumentError(name, `got vocabulary ${shown(vocabulary)}; expected an array of tokens`);
    this.vocabulary = [...vocabulary];
    this.numbers = new Map(this.vocabulary.map((token, i) => [token, i]));
    if (this.numbers.size !== this.vocabulary.length)
      throw new ArgumentError(name, 'got a vocabulary with repeated tokens');
    if (!this.numbers.has(unknownToken))
      throw new ArgumentError(name, `the vocabulary has no ${shown(unknownToken)}`, 'Say which it is: unknownToken.');
    this.unknownToken = unknownToken;
    this.lowerCase = checkBoolean(name, 'lowerCase', options.lowerCase ?? true);
    this.maxCharacters = checkNumber(name, 'maxCharactersPerWord', options.maxCharactersPerWord ?? 100, {
      atLeast: 1,
      whole: true,
    });
    this.specialPattern = specialPattern(
      (options.specialTokens ?? customary).filter((token) => this.numbers.has(token)),
    );
  }

  /**
   * Finds a vocabulary: from characters on, again and again the pair whose parts are rarely apart, count(ab) / (count(a) · count(b)).
   *
   * @throws ArgumentError for a size that leaves no room for the characters
   */
  static train(corpus: Iterable<string>, options: TrainTokenizerOptions & { lowerCase?: boolean }): WordPieceTokenizer {
    const name = 'WordPieceTokenizer.train';
    checkOptions(name, options, ['vocabularySize', 'specialTokens', 'lowerCase']);
    const { lowerCase = true, specialTokens = customary } = options;
    const counts = new Map<string, number>();
    for (const text of typeof corpus === 'string' ? [corpus] : corpus)
      for (const word of wordsOf(text, lowerCase)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const words = [...counts].map(([word, count]) => ({
      parts: [...word].map((c, i) => (i === 0 ? c : `##${c}`)),
      count,
    }));
    const found = new Set(words.flatMap(({ parts }) => parts).sort());
    const atLeast = specialTokens.length + found.size;
    const size = checkNumber(name, 'vocabularySize', options.vocabularySize, { atLeast, whole: true });
    while (specialTokens.length + found.size < size) {
      const single = new Map<string, number>();
      const pairs = new Map<string, number>();
      for (const { parts, count } of words) {
        for (const [i, part] of parts.entries()) {
          single.set(part, (single.get(part) ?? 0) + count);
          if (i > 0) pairs.set(`${parts[i - 1]} ${part}`, (pairs.get(`${parts[i - 1]} ${part}`) ?? 0) + count);
        }
      }
      let best: string | null = null;
      let most = 0;
      for (const [pair, count] of pairs) {
        const [a, b] = pair.split(' ') as [string, string];
        const score = count / (single.get(a)! * single.get(b)!);
        if (score > most || (score === most && best !== null && pair < best)) [best, most] = [pair, score];
      }
      if (best === null) break;
      const [a, b] = best.split(' ') as [string, string];
      const whole = a + b.slice(2);
      found.add(whole);
      for (const word of words) {
        const parts: string[] = [];
        for (let i = 0; i < word.parts.length; i++) {
          if (word.parts[i] === a && word.parts[i + 1] === b) {
            parts.push(whole);
            i++;
          } else parts.push(word.parts[i]!);
        }
        word.parts = parts;
      }
    }
    return new WordPieceTokenizer({ vocabulary: [...specialTokens, ...found], lowerCase, specialTokens });
  }

  /** Number of tokens. */
  get vocabularySize(): number {
    return this.vocabulary.length;
  }

  /** The number of a token; undefined where there is none. */
  tokenToId(token: string): number | undefined {
    return this.numbers.get(token);
  }

  /** The tokens of a text. @throws ArgumentError for something else than text */
  tokens(text: string): string[] {
    if (typeof text !== 'string') throw new ArgumentError('WordPieceTokenizer', `got ${shown(text)}; expected text`);
    const parts = this.specialPattern === null ? [text] : text.split(this.specialPattern);
    return parts.flatMap((part, i) =>
      i % 2 === 1 ? [part] : wordsOf(part, this.lowerCase).flatMap((word) => this.piecesOf(word)),
    );
  }

  /** The longest pieces from the left, or the unknown token for the whole word. */
  private piecesOf(word: string): string[] {
    const characters = [...word];
    if (characters.length > this.maxCharacters) return [this.unknownToken];
    const found: string[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      let piece = '';
      for (; end > start; end--) {
        piece = (start === 0 ? '' : '##') + characters.slice(start, end).join('');
        if (this.numbers.has(piece)) break;
      }
      if (end === start) return [this.unknownToken];
      found.push(piece);
      start = end;
    }
    return found;
  }

  /** Numbers of the tokens of a text. */
  encode(text: string): number[] {
    return this.tokens(text).map((token) => this.numbers.get(token)!);
  }

  /** Words with spaces between: what the text was, but for case, accents and spaces. @throws ArgumentError for unknown numbers */
  decode(ids: Iterable<number>): string {
    return Array.from(ids, (id) => {
      const token = this.vocabulary[id];
      if (token === undefined) throw new ArgumentError('WordPieceTokenizer.decode', `got ${id}, which is no token`);
      return token;
    })
      .join(' ')
      .replaceAll(' ##', '');
  }
}
