/** Rows that become softmax, or zero mean and unit variance; columns too. */

import { expOfNegative, log } from '../vectorMath/index.js';
import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { as, constant, type Expr, extractLane, load as loadFrom, op, select, shuffle } from './expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** Addresses and counts. */
export interface RowFunctions {
  /** (out, x, rows, columns) */
  readonly softmax: WasmFunction;
  readonly logSoftmax: WasmFunction;
  /** (out, x, rows, columns, ε): (x − mean) / √(variance + ε) of each row */
  readonly normalizeRows: WasmFunction;
  /** (out, x, rows, columns, ε, γ, β): the same times a row γ, plus a row β */
  readonly normalizeRowsScaled: WasmFunction;
  /** (out, x, rows, columns, ε, γ, anything): γ x / √(mean x² + ε) of each row */
  readonly rmsNormalizeRows: WasmFunction;
  /** (out, g, y, rows, columns) */
  readonly softmaxBackward: WasmFunction;
  readonly logSoftmaxBackward: WasmFunction;
  /** (out, g, x, rows, columns, ε) */
  readonly normalizeRowsBackward: WasmFunction;
  /** (out, g, x, rows, columns, ε, γ, dγ, dβ): the same for γ g; what γ and β get is added to dγ and dβ */
  readonly normalizeRowsScaledBackward: WasmFunction;
  /** (out, g, x, rows, columns, ε, γ, dγ, anything): what flows back through `rmsNormalizeRows`; what γ gets is added to dγ */
  readonly rmsNormalizeRowsBackward: WasmFunction;
  /** (sums, x, anything, rows, columns): adds Σ d and Σ d² of each column, d = x − its first element, to two arrays of float64 */
  readonly momentsOfColumns: WasmFunction;
  /** (sums, x, g, rows, columns): and Σ g and Σ g d to two more */
  readonly gradientMomentsOfColumns: WasmFunction;
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

/**
 * Walks a row four vectors at a time, then one by one, and what is left element by element. `body` must not branch. `after`: what is
 * done behind the bodies of a turn, but not of single elements.
 */
function walk(
  code: Code,
  v: Lanes<FloatVector>,
  columns: Expr<'i32'>,
  pointers: readonly Local<'i32'>[],
  starts: readonly Expr<'i32'>[],
  body: (step: Step) => void,
  after?: () => void,
): void {
  for (const [k, pointer] of pointers.entries()) code.set(pointer, starts[k]!);
  walkOn(code, v, columns, pointers, body, after);
}

/** Elements of a row that are summed in its own lanes, before their sums are added in float64. */
const stretch = 512;

/** As `walk`, in stretches that `sums` are told the ends of. */
function walkSumming(
  code: Code,
  v: Lanes<FloatVector>,
  columns: Expr<'i32'>,
  pointers: readonly Local<'i32'>[],
  starts: readonly Expr<'i32'>[],
  sums: readonly LaneSum[],
  body: (step: Step) => void,
): void {
  for (const [k, pointer] of pointers.entries()) code.set(pointer, starts[k]!);
  for (const sum of sums) sum.clear();
  const left = code.let(columns);
  code.while(left, () => {
    const now = code.let(select(left, constant('i32', stretch), op('i32.lt_u', left, stretch)));
    walkOn(code, v, now, pointers, body);
    for (const sum of sums) sum.flush();
    code.set(left, op('i32.sub', left, now));
  });
}

/** Walks so many elements from where the pointers are. */
function walkOn(
  code: Code,
  v: Lanes<FloatVector>,
  count: Expr<'i32'>,
  pointers: readonly Local<'i32'>[],
  body: (step: Step) => void,
  after?: () => void,
): void {
  const left = code.let(count);
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
      if (!tail) after?.();
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

  total(): Local<'f64'> {
    const both = this.code.let(this.d.add(this.halves[0]!, this.halves[1]!));
    return this.code.let(op('f64.add', op('f64.add', extractLane(both, 0), extractLane(both, 1)), this.rest));
  }
}

/** A sum in the lanes of the row, one vector for each of a turn and one for single elements; stretch by stretch it goes on in float64. */
class LaneSum {
  private readonly lanes: readonly Local<FloatVector>[];
  private readonly single: Local<FloatVector>;
  private readonly whole: Local<'f64'>;

  constructor(
    private readonly code: Code,
    private readonly v: Lanes<FloatVector>,
  ) {
    this.lanes = Array.from({ length: unroll }, () => code.local(v.type));
    this.single = code.local(v.type);
    this.whole = code.local('f64');
  }

  clear(): void {
    const { code, v } = this;
    for (const lane of [...this.lanes, this.single]) code.set(lane, v.constant(0));
    code.set(this.whole, constant('f64', 0));
  }

  /** Adds x, times y where that is given. */
  add({ tail, turn }: Step, x: Expr<FloatVector>, y?: Expr<FloatVector>): void {
    const { code, v } = this;
    const lane = tail ? this.single : this.lanes[turn]!;
    code.set(lane, y === undefined ? v.add(lane, x) : v.madd(x, y, lane));
  }

  flush(): void {
    const { code, v } = this;
    const d = new Lanes('f64x2', code);
    const halves = this.lanes.flatMap((lane) => widened(v.type, lane));
    const both = code.let(halves.reduce((a, b) => d.add(a, b)));
    const single = firstLane(code, v.type, this.single);
    const sum = op('f64.add', op('f64.add', extractLane(both, 0), extractLane(both, 1)), single);
    code.set(this.whole, op('f64.add', this.whole, sum));
    for (const lane of [...this.lanes, this.single]) code.set(lane, v.constant(0));
  }

  total(): Local<'f64'> {
    return this.whole;
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
        code.set(largest[turn]!, v.pmax(largest[turn]!, load(from))),
      );
      // A NaN that this passes by makes the total NaN, and so the row.
      const all = v.pmax(v.pmax(largest[0]!, largest[1]!), v.pmax(largest[2]!, largest[3]!));
      const shift = v.let(v.across(v.let(all), (a, b) => v.pmax(a, b)));
      sum.clear();
      const logs = name === 'logSoftmax';
      const powers: Local<FloatVector>[] = [];
      walk(
        code,
        v,
        columns,
        [from, to],
        [x, out],
        ({ load, store, tail }) => {
          const power = v.let(expOfNegative(v, v.let(v.sub(load(from), shift))));
          if (!logs) store(to, power);
          if (tail) sum.add(power, true);
          else powers.push(power);
        },
        () => {
          // Pairs of vectors in the lanes, and those sums in float64.
          const [a, b, c, e] = powers.splice(0);
          sum.add(b === undefined ? a! : v.let(v.add(v.add(a!, b), v.add(c!, e!))), false);
        },
      );
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

/** What rows are normalized by, and whether they are scaled and shifted then. */
type RowKind = 'plain' | 'scaled' | 'rms';

/**
 * (x − mean) / √(variance + ε) of each row; `scaled`: then times a row of scales, plus a row of shifts. `rms`: scaled, and with 0 in
 * the place of mean and shift.
 */
function normalizeRows(variant: Variant, kind: RowKind): Func {
  const type = lanesOfVariant(variant);
  return procedure(
    { plain: 'normalizeRows', scaled: 'normalizeRowsScaled', rms: 'rmsNormalizeRows' }[kind],
    { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32', epsilon: 'f64', gamma: 'i32', beta: 'i32' },
    (code, { out, x, rows, columns, epsilon, gamma, beta }) => {
      const v = new Lanes<FloatVector>(type, code, isFused(variant));
      const bytes = code.let(op('i32.mul', columns, v.elementBytes));
      const [from, to, atGamma, atBeta] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
      const sum = new LaneSum(code, v);
      const count = code.let(op('f64.convert_i32_u', columns));
      code.repeat(rows, () => {
        let centered = (value: Expr<FloatVector>): Expr<FloatVector> => value;
        if (kind !== 'rms') {
          walkSumming(code, v, columns, [from], [x], [sum], (step) => sum.add(step, step.load(from)));
          const mean = v.let(everywhere(v, op('f64.div', sum.total(), count)));
          centered = (value) => v.sub(value, mean);
        }
        walkSumming(code, v, columns, [from], [x], [sum], (step) => {
          const distance = v.let(centered(step.load(from)));
          sum.add(step, distance, distance);
        });
        const variance = op('f64.add', op('f64.div', sum.total(), count), epsilon);
        const scale = v.let(v.div(1, v.sqrt(everywhere(v, variance))));
        const [pointers, starts] =
          kind === 'scaled'
            ? [[from, atGamma, atBeta, to] as const, [x, gamma, beta, out] as const]
            : [[from, atGamma, to] as const, [x, gamma, out] as const];
        walk(code, v, columns, pointers, starts, ({ load, store }) => {
          const normalized = v.mul(centered(load(from)), scale);
          if (kind === 'plain') store(to, normalized);
          else if (kind === 'rms') store(to, v.mul(normalized, load(atGamma)));
          else store(to, v.madd(v.let(normalized), v.let(load(atGamma)), v.let(load(atBeta))));
        });
        code.set(x, op('i32.add', x, bytes));
        code.set(out, op('i32.add', out, bytes));
      });
    },
  );
}

/** y (g − Σ y g), or g − eʸ Σ g, of each row: what flows back through softmax and its logarithm. */
function softmaxRowsBackward(name: 'softmaxBackward' | 'logSoftmaxBackward', variant: Variant): Func {
  const type = lanesOfVariant(variant);
  const parameters = { out: 'i32', g: 'i32', y: 'i32', rows: 'i32', columns: 'i32' } as const;
  return procedure(name, parameters, (code, { out, g, y, rows, columns }) => {
    const v = new Lanes<FloatVector>(type, code, isFused(variant));
    const bytes = code.let(op('i32.mul', columns, v.elementBytes));
    const [fromG, fromY, to] = [code.local('i32'), code.local('i32'), code.local('i32')];
    const sum = new DoubleSum(code, type);
    const logs = name === 'logSoftmaxBackward';
    code.repeat(rows, () => {
      sum.clear();
      walk(code, v, columns, [fromG, fromY], [g, y], ({ load, tail }) =>
        sum.add(v.let(logs ? load(fromG) : v.mul(load(fromG), load(fromY))), tail),
      );
      const total = v.let(everywhere(v, sum.total()));
      walk(code, v, columns, [fromG, fromY, to], [g, y, out], ({ load, store }) =>
        store(
          to,
          logs
            ? v.sub(load(fromG), v.mul(expOfNegative(v, v.let(load(fromY))), total))
            : v.mul(load(fromY), v.sub(load(fromG), total)),
        ),
      );
      for (const pointer of [g, y, out]) code.advance(pointer, bytes);
    });
  });
}

/**
 * What flows back through `normalizeRows`: s (g − mean g − d s² mean(g d)) with d = x − mean x and s = 1 / √(variance + ε). `scaled`: g is
 * multiplied by a row of scales first, and Σ g d s and Σ g of each column are added to two more rows. `rms`: scaled, with 0 in the
 * place of both means, and no sums of g.
 */
function normalizeRowsBackward(variant: Variant, kind: RowKind): Func {
  const type = lanesOfVariant(variant);
  const scaled = kind !== 'plain';
  const parameters = {
    out: 'i32',
    g: 'i32',
    x: 'i32',
    rows: 'i32',
    columns: 'i32',
    epsilon: 'f64',
    gamma: 'i32',
    sumGamma: 'i32',
    sumBeta: 'i32',
  } as const;
  const name = {
    plain: 'normalizeRowsBackward',
    scaled: 'normalizeRowsScaledBackward',
    rms: 'rmsNormalizeRowsBackward',
  }[kind];
  return procedure(name, parameters, (code, { out, g, x, rows, columns, epsilon, gamma, sumGamma, sumBeta }) => {
    const v = new Lanes<FloatVector>(type, code, isFused(variant));
    const bytes = code.let(op('i32.mul', columns, v.elementBytes));
    const [fromG, fromX, to, atGamma, atSum] = [
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
    ];
    const [sum, products] = [new LaneSum(code, v), new LaneSum(code, v)];
    const count = code.let(op('f64.convert_i32_u', columns));
    /** Walks rows of g and x, and where it is scaled those of the scales and of some sums. */
    const walkRow = (
      more: readonly Local<'i32'>[],
      starts: readonly Expr<'i32'>[],
      sums: Expr<'i32'>,
      adding: readonly LaneSum[],
      body: (step: Step, gradient: Local<FloatVector>, raw: Local<FloatVector>) => void,
    ): void => {
      const pointers = scaled ? [fromX, fromG, atGamma, atSum, ...more] : [fromX, fromG, ...more];
      const all = scaled ? [x, g, gamma, sums, ...starts] : [x, g, ...starts];
      const visit = (step: Step): void => {
        const raw = v.let(step.load(fromG));
        body(step, scaled ? v.let(v.mul(raw, step.load(atGamma))) : raw, raw);
      };
      if (adding.length === 0) walk(code, v, columns, pointers, all, visit);
      else walkSumming(code, v, columns, pointers, all, adding, visit);
    };
    code.repeat(rows, () => {
      let centered = (value: Expr<FloatVector>): Expr<FloatVector> => value;
      let centeredG = centered;
      if (kind !== 'rms') {
        walkRow([], [], sumBeta, [sum, products], (step, gradient, raw) => {
          sum.add(step, step.load(fromX));
          products.add(step, gradient);
          if (scaled) step.store(atSum, v.add(step.load(atSum), raw));
        });
        const mean = v.let(everywhere(v, op('f64.div', sum.total(), count)));
        const meanG = v.let(everywhere(v, op('f64.div', products.total(), count)));
        centered = (value) => v.sub(value, mean);
        centeredG = (value) => v.sub(value, meanG);
      }
      walkRow([], [], sumGamma, [sum, products], (step, gradient) => {
        const distance = v.let(centered(step.load(fromX)));
        sum.add(step, distance, distance);
        products.add(step, distance, centeredG(gradient));
      });
      const variance = code.let(op('f64.add', op('f64.div', sum.total(), count), epsilon));
      const bend = v.let(everywhere(v, op('f64.div', op('f64.div', products.total(), count), variance)));
      const scale = v.let(v.div(1, v.sqrt(everywhere(v, variance))));
      walkRow([to], [out], sumGamma, [], ({ load, store }, gradient, raw) => {
        const distance = v.let(centered(load(fromX)));
        if (scaled) store(atSum, v.add(load(atSum), v.mul(raw, v.mul(distance, scale))));
        store(to, v.mul(v.sub(centeredG(gradient), v.mul(distance, bend)), scale));
      });
      for (const pointer of [g, x, out]) code.advance(pointer, bytes);
    });
  });
}

/** Rows whose sums for γ and β are added up in the lanes of x, before they are added in double precision. */
export const rowsAtOnce = 128;

/** Rows that are summed in registers before their sums are added to memory. */
const bandRows = 64;

/** Σ d and Σ d² of each column in float64, d = x − its first element; with g also Σ g and Σ g d. One array behind the other. */
function momentsOfColumns(variant: Variant, withGradient: boolean): Func {
  const type = lanesOfVariant(variant);
  const name = withGradient ? 'gradientMomentsOfColumns' : 'momentsOfColumns';
  const parameters = { sums: 'i32', x: 'i32', g: 'i32', rows: 'i32', columns: 'i32' } as const;
  return procedure(name, parameters, (code, { sums, x, g, rows, columns }) => {
    const v = new Lanes<FloatVector>(type, code, isFused(variant));
    const d = new Lanes('f64x2', code);
    const rowBytes = code.let(op('i32.mul', columns, v.elementBytes));
    const arrayBytes = code.let(op('i32.mul', columns, 8));
    const first = code.let(x);
    const [fromX, fromG, shift, to] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
    const [atX, atG, atSum] = [code.local('i32'), code.local('i32'), code.local('i32')];
    const [left, band] = [code.local('i32'), code.local('i32')];
    // A band is summed in the lanes of x, and bands in float64.
    const totals = Array.from({ length: withGradient ? 4 : 2 }, () => code.local(type));
    const columnsOf = (elements: number): void => {
      code.while(op('i32.ge_u', left, elements), () => {
        const load = (at: Local<'i32'>): Local<FloatVector> => v.let(elements === 1 ? v.loadSplat(at) : v.load(at));
        const base = load(shift);
        for (const total of totals) code.set(total, v.constant(0));
        code.set(atX, fromX);
        code.set(atG, fromG);
        code.repeat(band, () => {
          const distance = v.let(v.sub(load(atX), base));
          const [sum, squares, sumG, products] = totals;
          code.set(sum!, v.add(sum!, distance));
          code.set(squares!, v.madd(distance, distance, squares!));
          if (withGradient) {
            const gradient = load(atG);
            code.set(sumG!, v.add(sumG!, gradient));
            code.set(products!, v.madd(gradient, distance, products!));
          }
          code.advance(atX, rowBytes);
          if (withGradient) code.advance(atG, rowBytes);
        });
        code.set(atSum, to);
        for (const total of totals) {
          const wide = widened(type, total).map((half) => d.let(half));
          if (elements === 1) code.store(atSum, op('f64.add', loadFrom('f64', atSum), extractLane(wide[0]!, 0)));
          else for (const [k, half] of wide.entries()) d.store(atSum, d.add(d.load(atSum, 16 * k), half), 16 * k);
          code.advance(atSum, arrayBytes);
        }
        for (const pointer of [fromX, fromG, shift]) code.advance(pointer, elements * v.elementBytes);
        code.advance(to, 8 * elements);
        code.advance(left, -elements);
      });
    };
    code.while(rows, () => {
      code.set(band, select(constant('i32', bandRows), rows, op('i32.gt_u', rows, bandRows)));
      code.set(fromX, x);
      code.set(fromG, g);
      code.set(shift, first);
      code.set(to, sums);
      code.set(left, columns);
      columnsOf(v.width);
      columnsOf(1);
      for (const pointer of [x, g]) code.advance(pointer, op('i32.mul', band, rowBytes));
      code.set(rows, op('i32.sub', rows, band));
    });
  });
}

/** The functions of a variant. */
export const rowFunctions: (variant: Variant) => RowFunctions = lazyModule((variant: Variant) => [
  softmaxRows('softmax', variant),
  softmaxRows('logSoftmax', variant),
  normalizeRows(variant, 'plain'),
  normalizeRows(variant, 'scaled'),
  normalizeRows(variant, 'rms'),
  softmaxRowsBackward('softmaxBackward', variant),
  softmaxRowsBackward('logSoftmaxBackward', variant),
  normalizeRowsBackward(variant, 'plain'),
  normalizeRowsBackward(variant, 'scaled'),
  normalizeRowsBackward(variant, 'rms'),
  momentsOfColumns(variant, false),
  momentsOfColumns(variant, true),
]) as never;
