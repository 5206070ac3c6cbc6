import { ArgumentError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, shown } from '../options.js';
import { type MetricOptions, StreamingMetric } from './metric.js';

/** A word, or its number. */
export type Token = string | number;

/** Options of `BLEU`. */
export interface BLEUOptions extends MetricOptions {
  /** The longest sequences of words to look at. @defaultValue 4 */
  maxOrder?: number;
  /** Add 1 to the counts of sequences of two words and more, so that none is 0 (Lin & Och 2004). @defaultValue false */
  smooth?: boolean;
}

/** How often each sequence of n tokens stands in a text. */
function countSequences(tokens: readonly Token[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const key = JSON.stringify(tokens.slice(i, i + n));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Of sequences of n tokens in a candidate, how many are in a reference, none more often than in any one of them. */
function countMatches(candidate: readonly Token[], references: readonly (readonly Token[])[], n: number): number {
  const known = references.map((reference) => countSequences(reference, n));
  let matches = 0;
  for (const [key, count] of countSequences(candidate, n)) {
    matches += Math.min(count, Math.max(...known.map((counts) => counts.get(key) ?? 0)));
  }
  return matches;
}

/** The length nearest to that of the candidate; the shorter of two. */
function nearestLength(candidate: readonly Token[], references: readonly (readonly Token[])[]): number {
  const distance = (length: number): number => Math.abs(length - candidate.length);
  const lengths = references.map((reference) => reference.length);
  return lengths.reduce((best, length) => ((distance(length) - distance(best) || length - best) < 0 ? length : best));
}

/**
 * How near translations are to references: the geometric mean of the precisions of sequences of 1 to `maxOrder` words, over all
 * texts together, times exp(1 − r / c) if the translations' length c is less than the references' length r. From 0 to 1; NaN
 * before anything came.
 *
 * It takes lists of tokens, not tensors, and so is not for `compile`.
 *
 * @throws ArgumentError for options out of range
 * @see Papineni et al. 2002, https://aclanthology.org/P02-1040
 * @example
 * const bleu = new nn.metrics.BLEU();
 * bleu.update(['the cat is on the mat'.split(' ')], ['the cat sat on the mat'.split(' ')]);
 */
export class BLEU extends StreamingMetric {
  private readonly maxOrder: number;
  private readonly smooth: boolean;

  constructor(options: BLEUOptions = {}) {
    const operation = 'BLEU';
    checkOptions(operation, options, ['maxOrder', 'smooth', 'name']);
    const { maxOrder = 4, smooth = false } = options;
    checkNumber(operation, 'maxOrder', maxOrder, { above: 0, whole: true });
    checkBoolean(operation, 'smooth', smooth);
    super({ operation, name: 'bleu', size: 2 + 2 * maxOrder, configuration: { maxOrder } }, options);
    this.maxOrder = maxOrder;
    this.smooth = smooth;
  }

  /**
   * Totals: lengths of translations and of references, and for each order matches and sequences.
   *
   * @param references for each translation one list of tokens, or several such lists
   * @param candidates translations, as lists of tokens
   * @throws ArgumentError unless there are references for each translation, and all are lists of tokens
   */
  update(
    references: readonly (readonly Token[] | readonly (readonly Token[])[])[],
    candidates: readonly (readonly Token[])[],
  ): void {
    this.checkLists(references, candidates);
    for (const [i, candidate] of candidates.entries()) {
      const own = references[i]!;
      const several = (Array.isArray(own[0]) ? own : [own]) as readonly (readonly Token[])[];
      this.totals[0]! += candidate.length;
      this.totals[1]! += nearestLength(candidate, several);
      for (let n = 1; n <= this.maxOrder; n++) {
        this.totals[2 * n]! += countMatches(candidate, several, n);
        this.totals[2 * n + 1]! += Math.max(0, candidate.length - n + 1);
      }
    }
  }

  private checkLists(references: unknown, candidates: unknown): void {
    for (const [name, lists] of Object.entries({ references, candidates })) {
      const wrong = Array.isArray(lists) ? lists.find((list) => !Array.isArray(list)) : lists;
      if (wrong === undefined) continue;
      throw new ArgumentError(
        this.name,
        `got ${Array.isArray(lists) ? `${shown(wrong)} in ${name}` : `${name} ${shown(wrong)}`}; expected lists of tokens`,
        "Split texts first: text.split(' ').",
      );
    }
    const [given, expected] = [(references as unknown[]).length, (candidates as unknown[]).length];
    if (given !== expected) {
      throw new ArgumentError(this.name, `got references for ${given} translations; expected them for ${expected}`);
    }
  }

  override result(): number {
    const [length, target] = [this.totals[0]!, this.totals[1]!];
    if (length === 0 && target === 0) return Number.NaN;
    let logarithms = 0;
    for (let n = 1; n <= this.maxOrder; n++) {
      const extra = this.smooth && n > 1 ? 1 : 0;
      logarithms += Math.log((this.totals[2 * n]! + extra) / Math.max(1, this.totals[2 * n + 1]! + extra));
    }
    return Math.exp(logarithms / this.maxOrder + Math.min(0, 1 - target / length));
  }
}
