/**
 * The softmax of attention, in place on a strip of scores: some queries, all their keys.
 *
 * A strip lies as `packed` reads its left-hand matrix, so that products begin with it as it is: rows of `blockDepth` keys, and behind
 * all rows the next keys. Four rows are walked side by side, so that their exponentials do not wait for each other, and to the end of
 * the last vector: keys that do not count, those behind the last one among them, get the score −∞ and the weight 0.
 */

import { exp } from '../../vectorMath/exp.js';
import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { constant, type Expr, op, select, vectorConstant } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmExports } from '../load.js';
import { blockDepth, packedRowElements } from '../matmul/pack.js';

type I32 = Local<'i32'>;

/** Rows that are walked side by side. */
const together = 4;

/** `count` variables of a vector each. */
const vectors = (v: Lanes, count: number): Local<FloatVector>[] =>
  Array.from({ length: count }, () => v.code.local(v.type));

/** Walks the keys from the first to the last, a block of them after the other; `block` gets how many it has. */
function forEachBlock(
  { code }: Lanes,
  columns: Expr<'i32'>,
  starts: readonly (readonly [at: I32, row: Expr<'i32'>])[],
  blockStep: Expr<'i32'>,
  block: (count: I32) => void,
): void {
  const [left, count] = [code.let(columns), code.local('i32')];
  const places = starts.map(([at, row]) => [at, code.let(row)] as const);
  code.while(op('i32.gt_s', left, 0), () => {
    code.set(count, select(left, constant('i32', blockDepth), op('i32.lt_s', left, blockDepth)));
    for (const [at, place] of places) code.set(at, place);
    block(count);
    for (const [, place] of places) code.advance(place, blockStep);
    code.advance(left, -blockDepth);
  });
}

/** Calls `visit`, which must not branch, for each vector of `rows` rows, with the offset of each row from the pointers. */
function forEachVector(
  v: Lanes,
  rows: number,
  columns: Expr<'i32'>,
  starts: readonly (readonly [at: I32, row: Expr<'i32'>])[],
  blockStep: Expr<'i32'>,
  visit: (row: number, offset: number) => void,
  between: () => void = () => {},
): void {
  const { code } = v;
  forEachBlock(v, columns, starts, blockStep, (count) => {
    code.while(op('i32.gt_s', count, 0), () => {
      code.interleave(rows, (row) => visit(row, row * packedRowElements * v.elementBytes));
      between();
      for (const [at] of starts) code.advance(at, 16);
      code.advance(count, -v.width);
    });
  });
}

/** Writes `body` for `together` rows at a time, and for what is left one by one. `body` must move on by that many rows. */
function forEachRow({ code }: Lanes, rows: I32, body: (rows: number) => void): void {
  for (const count of [together, 1]) {
    code.while(op('i32.ge_u', rows, count), () => {
      body(count);
      code.advance(rows, -count);
    });
  }
}

/**
 * `softmax(at, blockStep, rows, columns, seen, seenStep, scale)`: each row becomes its softmax, scaled by `scale` before. Of the first
 * row the first `seen` elements count, of each further one `seenStep` more; the others become 0, and so do all where nothing counts.
 */
function softmaxFunction(type: FloatVector, fused: boolean): Func {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const parameters = {
    at: 'i32',
    blockStep: 'i32',
    rows: 'i32',
    columns: 'i32',
    seen: 'i32',
    seenStep: 'i32',
    scale: element,
  } as const;
  return procedure('softmax', parameters, (code, { at: row, blockStep, rows, columns, seen, seenStep, scale }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const rowBytes = packedRowElements * v.elementBytes;
    const factor = v.let(v.splat(scale as Expr as Expr<'f32'>));
    const at = code.local('i32');
    const index = code.local(type);
    const [counts, largest, sums] = [vectors(v, together), vectors(v, together), vectors(v, together)];
    const firstIndices = vectorConstant<FloatVector>(type, [0, 1, 2, 3].slice(0, v.width));
    forEachRow(v, rows, (count) => {
      const each = Array.from({ length: count }, (_, k) => k);
      const walk = (visit: (row: number, offset: number) => void, between?: () => void): void =>
        forEachVector(v, count, columns, [[at, row]], blockStep, visit, between);
      for (const k of each) {
        const most = code.let(select(seen, columns, op('i32.lt_u', seen, columns)));
        code.set(counts[k]!, v.splat(op(`${element}.convert_i32_u`, most) as Expr as Expr<'f32'>));
        code.set(largest[k]!, v.constant(-Infinity));
        code.advance(seen, seenStep);
      }
      code.set(index, firstIndices);
      walk(
        (k, offset) => {
          const scaled = v.mul(v.load(at, offset), factor);
          const score = v.let(v.select(v.lt(index, counts[k]!), scaled, -Infinity));
          v.store(at, score, offset);
          code.set(largest[k]!, v.pmax(largest[k]!, score));
        },
        () => code.set(index, v.add(index, v.width)),
      );
      for (const k of each) {
        const most = v.across(largest[k]!, (a, b) => v.pmax(a, b));
        // Where nothing counts every e^(−∞ − 0) is 0, and so is their sum.
        code.set(largest[k]!, v.select(v.eq(most, -Infinity), 0, most));
        code.set(sums[k]!, v.constant(0));
      }
      walk((k, offset) => {
        const power = v.let(exp(v, v.let(v.sub(v.load(at, offset), largest[k]!))));
        v.store(at, power, offset);
        code.set(sums[k]!, v.add(sums[k]!, power));
      });
      for (const k of each) {
        const total = v.across(sums[k]!, (a, b) => v.add(a, b));
        code.set(sums[k]!, v.select(v.eq(total, 0), 0, v.div(1, total)));
      }
      walk((k, offset) => v.store(at, v.mul(v.load(at, offset), sums[k]!), offset));
      code.advance(row, count * rowBytes);
    });
  });
}

/**
 * `mask(at, blockStep, rows, columns, scale, mask, maskStep)`: each score is scaled, and becomes −∞ where the mask does not hold.
 */
function maskFunction(type: FloatVector): Func {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const parameters = {
    at: 'i32',
    blockStep: 'i32',
    rows: 'i32',
    columns: 'i32',
    scale: element,
    mask: 'i32',
    maskStep: 'i32',
  } as const;
  return procedure('mask', parameters, (code, { at: row, blockStep, rows, columns, scale, mask, maskStep }) => {
    const v = new Lanes<FloatVector>(type, code);
    const factor = v.let(v.splat(scale as Expr as Expr<'f32'>));
    const [at, maskAt] = [code.local('i32'), code.local('i32')];
    code.repeat(rows, () => {
      code.set(maskAt, mask);
      forEachBlock(v, columns, [[at, row]], blockStep, (count) => {
        const step = (elements: number): void =>
          code.while(op('i32.ge_s', count, elements), () => {
            const single = elements === 1;
            const score = v.let(v.mul(single ? v.loadSplat(at) : v.load(at), factor));
            const holds = single ? v.loadMaskSplat(maskAt) : v.loadMask(maskAt);
            const masked = v.let(v.select(holds, score, -Infinity));
            if (single) v.storeLane(at, masked, 0);
            else v.store(at, masked);
            code.advance(at, elements * v.elementBytes);
            code.advance(maskAt, elements);
            code.advance(count, -elements);
          });
        step(v.width);
        step(1);
      });
      code.advance(row, packedRowElements * v.elementBytes);
      code.advance(mask, maskStep);
    });
  });
}

/**
 * `backward(dw, w, blockStep, rows, columns, scale)`: cotangents of the weights w become those of the scores they were
 * computed from, scale · w (dw − Σ w dw).
 */
function backwardFunction(type: FloatVector, fused: boolean): Func {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const parameters = { dw: 'i32', w: 'i32', blockStep: 'i32', rows: 'i32', columns: 'i32', scale: element } as const;
  return procedure('backward', parameters, (code, { dw, w, blockStep, rows, columns, scale }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const factor = v.let(v.splat(scale as Expr as Expr<'f32'>));
    const [dwAt, wAt] = [code.local('i32'), code.local('i32')];
    const sums = vectors(v, together);
    forEachRow(v, rows, (count) => {
      const walk = (visit: (row: number, offset: number) => void): void =>
        forEachVector(
          v,
          count,
          columns,
          [
            [dwAt, dw],
            [wAt, w],
          ],
          blockStep,
          visit,
        );
      for (let k = 0; k < count; k++) code.set(sums[k]!, v.constant(0));
      walk((k, offset) => code.set(sums[k]!, v.madd(v.load(dwAt, offset), v.load(wAt, offset), sums[k]!)));
      for (let k = 0; k < count; k++)
        code.set(
          sums[k]!,
          v.across(sums[k]!, (a, b) => v.add(a, b)),
        );
      walk((k, offset) => {
        const distance = v.sub(v.load(dwAt, offset), sums[k]!);
        v.store(dwAt, v.mul(v.mul(v.load(wAt, offset), distance), factor), offset);
      });
      for (const pointer of [dw, w]) code.advance(pointer, count * packedRowElements * v.elementBytes);
    });
  });
}

/** The functions of attention that are not products. */
export function stripFunctions(variant: Variant): readonly Func[] {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [softmaxFunction(type, fused), maskFunction(type), backwardFunction(type, fused)];
}

/** The module of attention. */
export const stripModule: (variant: Variant) => WasmExports = lazyModule(stripFunctions);
