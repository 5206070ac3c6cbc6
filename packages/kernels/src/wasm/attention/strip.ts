/**
 * The softmax of attention, in place on a strip of scores: some queries, all their keys. Row by row three passes, over
 * data that the first-level cache holds.
 */

import { exp } from '../../vectorMath/exp.js';
import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { type Expr, op, select } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmExports } from '../load.js';

type I32 = Local<'i32'>;

/** Vectors to a turn. */
const unroll = 4;

/** Where the elements of one turn are: `offset` elements behind the pointers, or one element in every lane. */
interface Place {
  readonly turn: number;
  readonly single: boolean;
}

/** Walks `count` elements of a row; `visit` is written several times, and its copies must not branch. */
function walk(
  v: Lanes,
  pointers: readonly (readonly [at: I32, elementBytes: number])[],
  count: Expr<'i32'>,
  visit: (place: Place) => void,
): void {
  const { code } = v;
  const left = code.let(count);
  const step = (elements: number, body: () => void): void =>
    code.while(op('i32.ge_u', left, elements), () => {
      body();
      for (const [at, bytes] of pointers) code.advance(at, elements * bytes);
      code.advance(left, -elements);
    });
  step(unroll * v.width, () => code.interleave(unroll, (turn) => visit({ turn, single: false })));
  step(v.width, () => visit({ turn: 0, single: false }));
  step(1, () => visit({ turn: 0, single: true }));
}

function read(v: Lanes, at: I32, { turn, single }: Place): Expr<FloatVector> {
  return v.let(single ? v.loadSplat(at) : v.load(at, 16 * turn));
}

function write(v: Lanes, at: I32, value: Expr<FloatVector>, { turn, single }: Place): void {
  if (single) v.storeLane(at, value, 0);
  else v.store(at, value, 16 * turn);
}

/** A sum over a row in fixed lanes: one for each turn, and one for what comes element by element. */
class RowSum {
  private readonly lanes: readonly Local<FloatVector>[];
  private readonly rest: Local<FloatVector>;

  constructor(private readonly v: Lanes) {
    this.lanes = Array.from({ length: unroll }, () => v.code.local(v.type));
    this.rest = v.code.local(v.type);
  }

  clear(): void {
    for (const lane of [...this.lanes, this.rest]) this.v.code.set(lane, this.v.constant(0));
  }

  add(place: Place, term: (sum: Expr<FloatVector>) => Expr<FloatVector>): void {
    const sum = place.single ? this.rest : this.lanes[place.turn]!;
    this.v.code.set(sum, term(sum));
  }

  /** In every lane. */
  total(): Expr<FloatVector> {
    const { v } = this;
    const all = this.lanes.reduce<Expr<FloatVector>>((a, b) => v.add(a, b), v.constant(0));
    return v.let(
      v.add(
        v.across(all, (a, b) => v.add(a, b)),
        this.rest,
      ),
    );
  }
}

/**
 * `softmax(at, rowStep, rows, columns, seen, seenStep, scale, mask, maskStep)`: each row becomes its softmax, scaled by
 * `scale` before. Of the first row the first `seen` elements count, of each further one `seenStep` more; the others
 * become 0, and so do all where nothing counts. `softmaxMasked` counts only where the mask holds, too.
 */
function softmaxFunction(type: FloatVector, fused: boolean, masked: boolean): Func {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const parameters = {
    at: 'i32',
    rowStep: 'i32',
    rows: 'i32',
    columns: 'i32',
    seen: 'i32',
    seenStep: 'i32',
    scale: element,
    mask: 'i32',
    maskStep: 'i32',
  } as const;
  return procedure(masked ? 'softmaxMasked' : 'softmax', parameters, (code, args) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const scale = v.let(v.splat(args.scale as Expr as Expr<'f32'>));
    const [at, maskAt] = [code.local('i32'), code.local('i32')];
    const count = code.local('i32');
    const largest = Array.from({ length: unroll }, () => code.local(v.type));
    const sum = new RowSum(v);
    const { at: row, mask, columns, seen } = args;

    code.repeat(args.rows, () => {
      code.set(count, select(seen, columns, op('i32.lt_u', seen, columns)));
      for (const lane of largest) code.set(lane, v.constant(-Infinity));
      code.set(at, row);
      code.set(maskAt, mask);
      const pointers = [[at, v.elementBytes], ...(masked ? [[maskAt, 1] as const] : [])] as const;
      walk(v, pointers, count, (place) => {
        let score = v.let(v.mul(read(v, at, place), scale));
        if (masked) {
          const holds = place.single ? v.loadMaskSplat(maskAt) : v.loadMask(maskAt, place.turn * v.width);
          score = v.let(v.select(holds, score, -Infinity));
        }
        write(v, at, score, place);
        code.set(largest[place.turn]!, v.pmax(largest[place.turn]!, score));
      });
      const pairs = (a: Expr<FloatVector>, b: Expr<FloatVector>): Expr<FloatVector> => v.pmax(a, b);
      const most = v.across((largest as Expr<FloatVector>[]).reduce(pairs), pairs);
      // Where nothing counts every e^(−∞ − 0) is 0, and so is their sum.
      const shift = v.let(v.select(v.eq(most, -Infinity), 0, most));

      sum.clear();
      code.set(at, row);
      walk(v, [[at, v.elementBytes]], count, (place) => {
        const power = v.let(exp(v, v.let(v.sub(read(v, at, place), shift))));
        write(v, at, power, place);
        sum.add(place, (lane) => v.add(lane, power));
      });
      const total = sum.total();
      const factor = v.let(v.select(v.eq(total, 0), 0, v.div(1, total)));

      code.set(at, row);
      walk(v, [[at, v.elementBytes]], count, (place) => write(v, at, v.mul(read(v, at, place), factor), place));
      walk(v, [[at, v.elementBytes]], op('i32.sub', columns, count), (place) => write(v, at, v.constant(0), place));

      code.advance(row, args.rowStep);
      code.advance(mask, args.maskStep);
      code.advance(seen, args.seenStep);
    });
  });
}

/**
 * `backward(dw, w, rowStep, rows, columns, scale)`: cotangents of the weights w become those of the scores they were
 * computed from, scale · w (dw − Σ w dw).
 */
function backwardFunction(type: FloatVector, fused: boolean): Func {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const parameters = { dw: 'i32', w: 'i32', rowStep: 'i32', rows: 'i32', columns: 'i32', scale: element } as const;
  return procedure('backward', parameters, (code, args) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const scale = v.let(v.splat(args.scale as Expr as Expr<'f32'>));
    const [dwAt, wAt] = [code.local('i32'), code.local('i32')];
    const pointers = [
      [dwAt, v.elementBytes],
      [wAt, v.elementBytes],
    ] as const;
    const sum = new RowSum(v);
    const start = (): void => {
      code.set(dwAt, args.dw);
      code.set(wAt, args.w);
    };
    code.repeat(args.rows, () => {
      sum.clear();
      start();
      walk(v, pointers, args.columns, (place) => {
        const [dw, w] = [read(v, dwAt, place), read(v, wAt, place)];
        sum.add(place, (lane) => v.madd(w, dw, lane));
      });
      const mean = sum.total();
      start();
      walk(v, pointers, args.columns, (place) => {
        const [dw, w] = [read(v, dwAt, place), read(v, wAt, place)];
        write(v, dwAt, v.mul(v.mul(w, v.sub(dw, mean)), scale), place);
      });
      code.advance(args.dw, args.rowStep);
      code.advance(args.w, args.rowStep);
    });
  });
}

/** The functions of attention that are not products. */
export function stripFunctions(variant: Variant): readonly Func[] {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [softmaxFunction(type, fused, false), softmaxFunction(type, fused, true), backwardFunction(type, fused)];
}

/** The module of attention. */
export const stripModule: (variant: Variant) => WasmExports = lazyModule(stripFunctions);
