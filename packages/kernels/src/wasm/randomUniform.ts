/** Uniform float32 numbers: four counters of Threefry-2x32-20 at a time, bit for bit what `random/threefry.ts` gives. */

import { keySchedule, rotations } from '../random/threefry.js';
import { type Func, procedure } from './assemble.js';
import type { Local } from './code.js';
import { as, bits, type Expr, op, shuffle, vectorConstant } from './expr.js';
import { lazyModule, type WasmFunction } from './load.js';

export interface RandomUniformFunctions {
  /**
   * `(to, turns, key0, key1, counter, high, low, span, last)`: eight numbers a turn, low + u · span and at most `last`; `counter` and `high`
   * are the words of the first counter, and the low one does not overflow on the way.
   */
  readonly uniform: WasmFunction;
}

type Words = Local<'i32x4'>;

const firstPairs = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const lastPairs = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const bothLowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

const uniform = (): Func =>
  procedure(
    'uniform',
    {
      to: 'i32',
      turns: 'i32',
      key0: 'i32',
      key1: 'i32',
      counter: 'i32',
      high: 'i32',
      low: 'f64',
      span: 'f64',
      last: 'f32',
    },
    (code, { to, turns, key0, key1, counter, high, low, span, last }) => {
      const splat = (value: Expr<'i32'>): Words => code.let(op('i32x4.splat', value));
      const add = (a: Expr<'i32x4'>, b: Expr<'i32x4'>): Expr<'i32x4'> => op('i32x4.add', a, b);
      const keys = [splat(key0), splat(key1)];
      keys.push(
        code.let(
          bits(
            'v128.xor',
            bits('v128.xor', keys[0]!, keys[1]!),
            vectorConstant('i32x4', new Array<number>(4).fill(0x1bd11bda)),
          ),
        ),
      );
      const [bottom, range] = [code.let(op('f64x2.splat', low)), code.let(op('f64x2.splat', span))];
      const most = code.let(op('f32x4.splat', last));
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
        const twoOf = (words: Expr<'i32x4'>): Expr<'f32x4'> => {
          const u = op(
            'f64x2.mul',
            op('f64x2.convert_low_i32x4_s', words),
            vectorConstant('f64x2', [2 ** -24, 2 ** -24]),
          );
          return op('f32x4.demote_f64x2_zero', op('f64x2.add', bottom, op('f64x2.mul', u, range)));
        };
        for (const [half, picks] of [firstPairs, lastPairs].entries()) {
          const words = code.let(op('i32x4.shr_u', shuffle(x0, x1, picks), 8));
          const values = shuffle(twoOf(words), twoOf(as('i32x4', shuffle(words, words, upperHalf))), bothLowHalves);
          code.store(to, op('f32x4.pmin', values, most), 16 * half);
        }
        code.set(counters, add(counters, vectorConstant('i32x4', [4, 4, 4, 4])));
        code.advance(to, 32);
      });
    },
  );

/** The function; there is one type only. */
export const randomUniformModule: (type: 'f32x4') => RandomUniformFunctions = lazyModule(() => [uniform()]) as never;
