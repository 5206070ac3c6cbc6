/** Rows that become softmax, or zero mean and unit variance; columns too. */

import { exp, log } from '../vectorMath/index.js';
import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { as, type Expr, extractLane, load as loadFrom, op, shuffle } from './expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** Addresses and counts. */
export interface RowFunctions {
  /** (out, x, rows, columns) */
  readonly softmax: WasmFunction;
  readonly logSoftmax: WasmFunction;
  /** (out, x, rows, columns, ε): (x − mean) / √(variance + ε) of each row */
  readonly normalizeRows: WasmFunction;
  /** (sums, squares, x, rows, columns): Σ d and Σ d² of each column in float64, d = x − its first element */
  readonly momentsOfColumns: WasmFunction;
}

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** The lanes as float64, in one or two vectors. */
function widened(type: FloatVector, x: Expr<FloatVector>): readonly Expr<'f64x2'>[] {
  if (type === 'f64x2') return [x as Expr<'f64x2'>];
  const single = x as Expr as Expr<'f32x4'>;
  return [
    op('f64x2.promote_low_f32x4', single),
    op('f64x2.promote_low_f32x4', as('f32x4', shuffle(single, single, upperHalf))),
  ];
}

/** Lane 0 as float64. */
const firstLane = (code: Code, type: FloatVector, x: Expr<FloatVector>): Expr<'f64'> =>
  extractLane(code.let(widened(type, x)[0]!), 0);

/** One number in every lane. */
const everywhere = (v: Lanes<FloatVector>, x: Expr<'f64'>): Expr<FloatVector> =>
  v.type === 'f64x2' ? v.splat(x as Expr as Expr<'f32'>) : v.splat(op('f32.demote_f64', x));

/** Vectors to a turn: chains of operations that wait for each other run side by side. */
const unroll = 4;

/** What a step of `walk` does with one vector, or with one element in every lane of a vector. */
interface Step {
  load(pointer: Local<'i32'>): Expr<FloatVector>;
  store(pointer: Local<'i32'>, x: Expr<FloatVector>): void;
  /** Whether it is one element. */
  readonly tail: boolean;
  /** Which of the vectors of a turn, for accumulators of its own. */
  readonly turn: number;
}

/** Walks a row four vectors at a time, then one by one, and what is left element by element. `body` must not branch. */
function walk(
  code: Code,
  v: Lanes<FloatVector>,
  columns: Expr<'i32'>,
  pointers: readonly Local<'i32'>[],
  starts: readonly Expr<'i32'>[],
  body: (step: Step) => void,
): void {
  const left = code.let(columns);
  for (const [k, pointer] of pointers.entries()) code.set(pointer, starts[k]!);
  const turn = (vectors: number, elements: number): void => {
    code.while(op('i32.ge_u', left, elements), () => {
      const tail = elements === 1;
      code.interleave(vectors, (k) =>
        body({
          load: (pointer) => (tail ? v.loadSplat(pointer) : v.load(pointer, 16 * k)),
          store: (pointer, x) => (tail ? v.storeLane(pointer, v.let(x), 0) : v.store(pointer, x, 16 * k)),
          tail,
          turn: k,
        }),
      );
      for (const pointer of pointers) code.advance(pointer, elements * v.elementBytes);
      code.advance(left, -elements);
    });
  };
  turn(unroll, unroll * v.width);
  turn(1, v.width);
  turn(1, 1);
}

/** A sum in float64: two vectors, and one number for what is left of a row. */
class DoubleSum {
  private readonly halves: readonly Local<'f64x2'>[];
  private readonly rest: Local<'f64'>;
  private readonly d: Lanes<'f64x2'>;

  constructor(
    private readonly code: Code,
    private readonly type: FloatVector,
  ) {
    this.halves = [code.local('f64x2'), code.local('f64x2')];
    this.rest = code.local('f64');
    this.d = new Lanes('f64x2', code);
  }

  clear(): void {
    for (const half of this.halves) this.code.set(half, this.d.constant(0));
    this.code.set(this.rest, extractLane(this.d.constant(0), 0));
  }

  add(x: Local<FloatVector>, tail: boolean): void {
    if (tail) {
      this.code.set(this.rest, op('f64.add', this.rest, firstLane(this.code, this.type, x)));
      return;
    }
    for (const [k, half] of widened(this.type, x).entries())
      this.code.set(this.halves[k]!, this.d.add(this.halves[k]!, half));
  }

  /** Adds the squares of x, taken in float64. */
  addSquare(x: Local<FloatVector>, tail: boolean): void {
    if (tail) {
      const value = this.code.let(firstLane(this.code, this.type, x));
      this.code.set(this.rest, op('f64.add', this.rest, op('f64.mul', value, value)));
      return;
    }
    for (const [k, half] of widened(this.type, x).entries()) {
      const value = this.code.let(half);
      this.code.set(this.halves[k]!, this.d.add(this.halves[k]!, this.d.mul(value, value)));
    }
  }

  total(): Local<'f64'> {
    const both = this.code.let(this.d.add(this.halves[0]!, this.halves[1]!));
    return this.code.let(op('f64.add', op('f64.add', extractLane(both, 0), extractLane(both, 1)), this.rest));
  }
}

function softmaxRows(name: 'softmax' | 'logSoftmax', variant: Variant): Func {
  const type = lanesOfVariant(variant);
  return procedure(name, { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32' }, (code, { out, x, rows, columns }) => {
    const v = new Lanes<FloatVector>(type, code, isFused(variant));
    const bytes = code.let(op('i32.mul', columns, v.elementBytes));
    const [from, to] = [code.local('i32'), code.local('i32')];
    const largest = Array.from({ length: unroll }, () => code.local(type));
    const sum = new DoubleSum(code, type);
    code.repeat(rows, () => {
      const first = v.let(v.loadSplat(x));
      for (const lane of largest) code.set(lane, first);
      walk(code, v, columns, [from], [x], ({ load, turn }) =>
        code.set(largest[turn]!, v.max(largest[turn]!, load(from))),
      );
      const all = v.max(v.max(largest[0]!, largest[1]!), v.max(largest[2]!, largest[3]!));
      const shift = v.let(v.across(v.let(all), (a, b) => v.max(a, b)));
      sum.clear();
      const logs = name === 'logSoftmax';
      walk(code, v, columns, [from, to], [x, out], ({ load, store, tail }) => {
        const power = v.let(exp(v, v.let(v.sub(load(from), shift))));
        if (!logs) store(to, power);
        sum.add(power, tail);
      });
      const total = sum.total();
      if (logs) {
        const logTotal = v.let(log(v, v.let(everywhere(v, total))));
        walk(code, v, columns, [from, to], [x, out], ({ load, store }) =>
          store(to, v.sub(v.sub(load(from), shift), logTotal)),
        );
      } else {
        const share = v.let(v.div(1, everywhere(v, total)));
        walk(code, v, columns, [to], [out], ({ load, store }) => store(to, v.mul(load(to), share)));
      }
      code.set(x, op('i32.add', x, bytes));
      code.set(out, op('i32.add', out, bytes));
    });
  });
}

function normalizeRows(variant: Variant): Func {
  const type = lanesOfVariant(variant);
  return procedure(
    'normalizeRows',
    { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32', epsilon: 'f64' },
    (code, { out, x, rows, columns, epsilon }) => {
      const v = new Lanes<FloatVector>(type, code, isFused(variant));
      const bytes = code.let(op('i32.mul', columns, v.elementBytes));
      const [from, to] = [code.local('i32'), code.local('i32')];
      const sum = new DoubleSum(code, type);
      const count = code.let(op('f64.convert_i32_u', columns));
      code.repeat(rows, () => {
        sum.clear();
        walk(code, v, columns, [from], [x], ({ load, tail }) => sum.add(v.let(load(from)), tail));
        const mean = v.let(everywhere(v, op('f64.div', sum.total(), count)));
        sum.clear();
        walk(code, v, columns, [from], [x], ({ load, tail }) => sum.addSquare(v.let(v.sub(load(from), mean)), tail));
        const variance = op('f64.add', op('f64.div', sum.total(), count), epsilon);
        const scale = v.let(v.div(1, v.sqrt(everywhere(v, variance))));
        walk(code, v, columns, [from, to], [x, out], ({ load, store }) =>
          store(to, v.mul(v.sub(load(from), mean), scale)),
        );
        code.set(x, op('i32.add', x, bytes));
        code.set(out, op('i32.add', out, bytes));
      });
    },
  );
}

function momentsOfColumns(type: FloatVector): Func {
  return procedure(
    'momentsOfColumns',
    { sums: 'i32', squares: 'i32', x: 'i32', rows: 'i32', columns: 'i32' },
    (code, { sums, squares, x, rows, columns }) => {
      const v = new Lanes<FloatVector>(type, code);
      const d = new Lanes('f64x2', code);
      const bytes = code.let(op('i32.mul', columns, v.elementBytes));
      const first = code.let(x);
      const [from, shift, sum, square, left] = [0, 1, 2, 3, 4].map(() => code.local('i32')) as [
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
      ];
      code.repeat(rows, () => {
        code.set(from, x);
        code.set(shift, first);
        code.set(sum, sums);
        code.set(square, squares);
        code.set(left, columns);
        code.while(op('i32.ge_u', left, v.width), () => {
          for (const [k, [value, base]] of zip(
            widened(type, v.let(v.load(from))),
            widened(type, v.let(v.load(shift))),
          )) {
            const distance = d.let(d.sub(value, base));
            d.store(sum, d.add(d.load(sum, 16 * k), distance), 16 * k);
            d.store(square, d.add(d.load(square, 16 * k), d.mul(distance, distance)), 16 * k);
          }
          for (const pointer of [from, shift]) code.advance(pointer, 16);
          for (const pointer of [sum, square]) code.advance(pointer, 8 * v.width);
          code.advance(left, -v.width);
        });
        code.while(left, () => {
          const value = firstLane(code, type, v.let(v.loadSplat(from)));
          const base = firstLane(code, type, v.let(v.loadSplat(shift)));
          const distance = code.let(op('f64.sub', value, base));
          code.store(sum, op('f64.add', loadFrom('f64', sum), distance));
          code.store(square, op('f64.add', loadFrom('f64', square), op('f64.mul', distance, distance)));
          for (const pointer of [from, shift]) code.advance(pointer, v.elementBytes);
          for (const pointer of [sum, square]) code.advance(pointer, 8);
          code.advance(left, -1);
        });
        code.set(x, op('i32.add', x, bytes));
      });
    },
  );
}

const zip = <A, B>(a: readonly A[], b: readonly B[]): IterableIterator<[number, [A, B]]> =>
  a.map((x, k): [A, B] => [x, b[k]!]).entries();

/** The functions of a variant. */
export const rowFunctions: (variant: Variant) => RowFunctions = lazyModule((variant: Variant) => [
  softmaxRows('softmax', variant),
  softmaxRows('logSoftmax', variant),
  normalizeRows(variant),
  momentsOfColumns(lanesOfVariant(variant)),
]) as never;
