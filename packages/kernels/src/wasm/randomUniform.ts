/** Uniform float32 numbers and random masks: four counters of Threefry-2x32-20 at a time, bit for bit what `random/threefry.ts` gives. */

import { keySchedule, rotations } from '../random/threefry.js';
import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { as, bits, type Expr, op, shuffle, vectorConstant } from './expr.js';
import { Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

export interface RandomUniformFunctions {
  /**
   * `(to, turns, key0, key1, counter, high, low, span, last)`: eight numbers a turn, low + u · span and at most `last`; `counter` and `high`
   * are the words of the first counter, and the low one does not overflow on the way.
   */
  readonly uniform: WasmFunction;
  /** `(to, turns, key0, key1, counter, high, last)`: eight bools a turn, true where the upper 24 bits of a word are above `last`. */
  readonly mask: WasmFunction;
}

type Words = Local<'i32x4'>;

const firstPairs = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const lastPairs = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const bothLowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

const stream = { to: 'i32', turns: 'i32', key0: 'i32', key1: 'i32', counter: 'i32', high: 'i32' } as const;

/** For each turn the upper 24 bits of its first four and of its last four words, in the order of the stream. */
function eachTurn(
  code: Code,
  { turns, key0, key1, counter, high }: { readonly [N in keyof typeof stream]: Local<'i32'> },
  use: (words: readonly [Words, Words]) => void,
): void {
  const splat = (value: Expr<'i32'>): Words => code.let(op('i32x4.splat', value));
  const add = (a: Expr<'i32x4'>, b: Expr<'i32x4'>): Expr<'i32x4'> => op('i32x4.add', a, b);
  const keys = [splat(key0), splat(key1)];
  const parity = vectorConstant('i32x4', new Array<number>(4).fill(0x1bd11bda));
  keys.push(code.let(bits('v128.xor', bits('v128.xor', keys[0]!, keys[1]!), parity)));
  const counters = code.let(add(op('i32x4.splat', counter), vectorConstant('i32x4', [0, 1, 2, 3])));
  const [x0, x1] = [code.local('i32x4'), code.local('i32x4')];
  const highCounter = splat(high);
  code.repeat(turns, () => {
    code.set(x0, add(counters, keys[0]!));
    code.set(x1, add(highCounter, keys[1]!));
    for (let group = 0; group < 5; group++) {
      for (const turn of rotations[group & 1]!) {
        code.set(x0, add(x0, x1));
        const turned = bits('v128.or', op('i32x4.shl', x1, turn), op('i32x4.shr_u', x1, 32 - turn));
        code.set(x1, bits('v128.xor', turned, x0));
      }
      const [first, second] = keySchedule(group);
      code.set(x0, add(x0, keys[first]!));
      code.set(x1, add(add(x1, keys[second]!), vectorConstant('i32x4', new Array<number>(4).fill(group + 1))));
    }
    const upper = (picks: number[]): Words => code.let(op('i32x4.shr_u', shuffle(x0, x1, picks), 8));
    use([upper(firstPairs), upper(lastPairs)]);
    code.set(counters, add(counters, vectorConstant('i32x4', [4, 4, 4, 4])));
  });
}

const uniform = (): Func =>
  procedure('uniform', { ...stream, low: 'f64', span: 'f64', last: 'f32' }, (code, args) => {
    const [bottom, range] = [code.let(op('f64x2.splat', args.low)), code.let(op('f64x2.splat', args.span))];
    const most = code.let(op('f32x4.splat', args.last));
    const twoOf = (words: Expr<'i32x4'>): Expr<'f32x4'> => {
      const u = op('f64x2.mul', op('f64x2.convert_low_i32x4_s', words), vectorConstant('f64x2', [2 ** -24, 2 ** -24]));
      return op('f32x4.demote_f64x2_zero', op('f64x2.add', bottom, op('f64x2.mul', u, range)));
    };
    eachTurn(code, args, (halves) => {
      for (const [half, words] of halves.entries()) {
        const values = shuffle(twoOf(words), twoOf(as('i32x4', shuffle(words, words, upperHalf))), bothLowHalves);
        code.store(args.to, op('f32x4.pmin', values, most), 16 * half);
      }
      code.advance(args.to, 32);
    });
  });

const mask = (): Func =>
  procedure('mask', { ...stream, last: 'i32' }, (code, args) => {
    const v = new Lanes('f32x4', code);
    const last = code.let(op('i32x4.splat', args.last));
    eachTurn(code, args, (halves) => {
      for (const [half, words] of halves.entries()) v.storeMask(args.to, op('i32x4.gt_s', words, last), 4 * half);
      code.advance(args.to, 8);
    });
  });

/** The functions; there is one type only. */
export const randomUniformModule: (type: 'f32x4') => RandomUniformFunctions = lazyModule(() => [
  uniform(),
  mask(),
]) as never;
