/** From one dtype to another, four elements at a time. */

import type { Block } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { type Func, func } from './assemble.js';
import { anyTrue, as, bits, type Expr, loadAs, op, shuffle, vectorConstant } from './expr.js';
import { Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';
import { pointerOf } from './runMap.js';

/** Four numbers: in one vector or, of float64, in two. */
type Four = readonly [Expr<'f32x4'>] | readonly [Expr<'i32x4'>] | readonly [Expr<'f64x2'>, Expr<'f64x2'>];

const upper = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const lowers = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const lowHalves = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** bool and uint8 are read alike. */
type Pair = `${Exclude<DType, 'bool'>} ${DType}`;

/** `(to, from, elements)`: a multiple of four. 0 where a number does not fit an int32, and what was written is to be written again. */
function convertFunction(pair: Pair): Func {
  const [from, to] = pair.split(' ') as [DType, DType];
  return func('convert', { out: 'i32', x: 'i32', elements: 'i32' }, 'i32', (code, { out, x, elements }) => {
    const [v, d] = [new Lanes('f32x4', code), new Lanes('f64x2', code)];
    const unfit = code.local('i32x4');

    const read = (at: number): Four => {
      if (from === 'float32') return [v.let(v.load(x, at))];
      if (from === 'float64') return [d.let(d.load(x, at)), d.let(d.load(x, at + 16))];
      if (from === 'int32') return [v.let(as('i32x4', v.load(x, at)))];
      const bytes = loadAs('v128.load32_zero', 'i8x16', x, at);
      return [v.let(op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', bytes)))];
    };
    const isSingle = (four: Four): four is readonly [Expr<'f32x4'>] => four[0].type === 'f32x4';
    const isDouble = (four: Four): four is readonly [Expr<'f64x2'>, Expr<'f64x2'>] => four.length === 2;

    const integers = (four: Four): Expr<'i32x4'> => {
      const limit = 2 ** 31;
      // The saturating conversions give what ours does for all that fits, and for NaN: 0.
      if (isSingle(four)) {
        code.set(unfit, v.or(unfit, v.ge(v.abs(four[0]), limit)));
        return op('i32x4.trunc_sat_f32x4_s', four[0]);
      }
      if (!isDouble(four)) return four[0] as Expr<'i32x4'>;
      for (const half of four) code.set(unfit, bits('v128.or', unfit, d.ge(d.abs(half), limit)));
      const [low, high] = four.map((half) => op('i32x4.trunc_sat_f64x2_s_zero', half));
      return shuffle(low!, high!, lowers);
    };
    const singles = (four: Four): Expr<'f32x4'> => {
      if (isSingle(four)) return four[0];
      if (!isDouble(four)) return op('f32x4.convert_i32x4_s', four[0] as Expr<'i32x4'>);
      const [low, high] = four.map((half) => op('f32x4.demote_f64x2_zero', half));
      return shuffle(low!, high!, lowers);
    };
    const doubles = (four: Four): readonly Expr<'f64x2'>[] => {
      if (isDouble(four)) return four;
      const high = (vector: Expr<'f32x4'> | Expr<'i32x4'>) => shuffle(vector, vector, upper);
      if (isSingle(four))
        return [four[0], high(four[0])].map((half) => op('f64x2.promote_low_f32x4', as('f32x4', half)));
      return [four[0], high(four[0])].map((half) => op('f64x2.convert_low_i32x4_s', as('i32x4', half)));
    };
    const truths = (four: Four): Expr<'i32x4'> => {
      if (isSingle(four)) return v.ne(four[0], 0);
      if (!isDouble(four)) return op('i32x4.ne', four[0] as Expr<'i32x4'>, vectorConstant('i32x4', [0, 0, 0, 0]));
      const [low, high] = four.map((half) => as('i32x4', d.ne(half, 0)));
      return shuffle(low!, high!, lowHalves);
    };
    const write = (at: number, four: Four): void => {
      if (to === 'float32') v.store(out, singles(four), at);
      else if (to === 'int32') code.store(out, integers(four), at);
      else if (to === 'bool') v.storeMask(out, truths(four), at);
      else if (to === 'uint8') v.storeBytes(out, integers(four), at);
      else for (const [k, half] of doubles(four).entries()) d.store(out, half, at + 16 * k);
    };

    const [read4, written4] = [4 * bytesPerElement(from), 4 * bytesPerElement(to)];
    for (const fours of [4, 1]) {
      code.while(op('i32.ge_u', elements, 4 * fours), () => {
        for (let k = 0; k < fours; k++) write(k * written4, read(k * read4));
        code.advance(x, fours * read4);
        code.advance(out, fours * written4);
        code.advance(elements, -4 * fours);
      });
    }
    return op('i32.eqz', anyTrue(unfit));
  });
}

const convertModule = lazyModule((pair: Pair) => [convertFunction(pair)]) as unknown as (pair: Pair) => {
  readonly convert: WasmFunction;
};

/**
 * Converts contiguous blocks in the heap.
 *
 * @returns how many elements, in fours; 0 where that needs the plain loop
 */
export function convert(out: Block, x: Block): number {
  const from = x.dtype === 'bool' ? 'uint8' : x.dtype;
  if (from === out.dtype || (from === 'uint8' && x.dtype === out.dtype)) return 0;
  const count = out.size - (out.size % 4);
  return convertModule(`${from} ${out.dtype}`).convert(pointerOf(out), pointerOf(x), count) === 1 ? count : 0;
}
