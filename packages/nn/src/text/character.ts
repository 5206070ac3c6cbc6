import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';

/**
 * Texts as numbers of their characters (code points).
 *
 * @throws ArgumentError in encoding for a character that it does not know
 * @example
 * const tokenizer = new nn.text.CharacterTokenizer('hello world');
 * tokenizer.decode(tokenizer.encode('hold')); // → hold
 */
export class CharacterTokenizer {
  /** The characters, in the order of their numbers. */
  readonly characters: readonly string[];
  private readonly numbers: ReadonlyMap<string, number>;

  /** @param text whose characters are known, numbered in the order of their code points */
  constructor(text: string) {
    if (typeof text !== 'string' || text === '')
      throw new ArgumentError('CharacterTokenizer', `got ${shown(text)}; expected text`);
    this.characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    this.numbers = new Map(this.characters.map((c, i) => [c, i]));
  }

  /** Number of characters. */
  get vocabularySize(): number {
    return this.characters.length;
  }

  /** Numbers of the characters of a text. @throws ArgumentError for a character that it does not know */
  encode(text: string): number[] {
    return Array.from(text, (c) => {
      const n = this.numbers.get(c);
      if (n !== undefined) return n;
      throw new ArgumentError(
        'CharacterTokenizer',
        `got ${shown(c)}, which is none of its ${this.vocabularySize} characters`,
      );
    });
  }

  /** The text of some characters. @throws ArgumentError for a number that is none of its characters */
  decode(ids: Iterable<number>): string {
    return Array.from(ids, (id) => {
      const c = this.characters[id];
      if (c !== undefined) return c;
      throw new ArgumentError('CharacterTokenizer.decode', `got ${id}; expected numbers below ${this.vocabularySize}`);
    }).join('');
  }
}
