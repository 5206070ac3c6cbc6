import fc from 'fast-check';
import { newBlock } from '../block.js';
import { type DType, dtypes, isFloating } from '../dtype.js';
import { type BlockRecipe, blocksOf, broadcastableShapes, build, shapesOf, unwritten } from '../testing/arbitraries.js';
import * as exact from '../testing/exact.js';
import { broadcastShape, mapped, stored, valuesOf } from '../testing/reference.js';
import * as activation from './activation.js';
import * as arithmetic from './arithmetic.js';
import * as comparison from './comparison.js';
import * as exponential from './exponential.js';
import type { Kernel } from './runs.js';
import { clip, where } from './select.js';

interface Row {
  readonly name: string;
  readonly kernel: Kernel;
  readonly f: (...values: number[]) => number;
  /** @defaultValue all five */
  readonly dtypes?: readonly DType[];
  /** @defaultValue that of the operands */
  readonly result?: DType;
}

const numeric = dtypes.filter((dtype) => dtype !== 'bool');
const floating = dtypes.filter(isFloating);

/** C's pow, which differs from JavaScript's where |a| = 1. */
function pow(a: number, b: number): number {
  if (a === 1) return 1;
  if (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) return 1;
  return a ** b;
}

/** The larger, NaN if either is; −0 is below +0. */
function larger(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === b) return Object.is(a, -0) ? b : a;
  if (a > b) return a;
  return b;
}

const unary: readonly Row[] = [
  { name: 'negative', kernel: arithmetic.negative, f: (x) => -x, dtypes: numeric },
  { name: 'square', kernel: arithmetic.square, f: (x) => x * x, dtypes: numeric },
  { name: 'sqrt', kernel: arithmetic.sqrt, f: (x) => Math.sqrt(x), dtypes: floating },
  { name: 'abs', kernel: arithmetic.abs, f: (x) => (x < 0 ? -x : x + 0), dtypes: numeric },
  { name: 'sign', kernel: arithmetic.sign, f: (x) => (x > 0 ? 1 : x < 0 ? -1 : x), dtypes: numeric },
  { name: 'relu', kernel: activation.relu, f: (x) => (x > 0 || Number.isNaN(x) ? x : 0), dtypes: numeric },
];

const binary: readonly Row[] = [
  { name: 'add', kernel: arithmetic.add, f: (a, b) => a + b, dtypes: numeric },
  { name: 'subtract', kernel: arithmetic.subtract, f: (a, b) => a - b, dtypes: numeric },
  { name: 'multiply', kernel: arithmetic.multiply, f: (a, b) => a * b, dtypes: numeric },
  { name: 'divide', kernel: arithmetic.divide, f: (a, b) => a / b, dtypes: floating },
  { name: 'power', kernel: arithmetic.power, f: pow, dtypes: floating },
  { name: 'maximum', kernel: arithmetic.maximum, f: larger },
  { name: 'minimum', kernel: arithmetic.minimum, f: (a, b) => -larger(-a, -b) },
  { name: 'reluBackward', kernel: activation.reluBackward, f: (g, out) => (out <= 0 ? 0 : g), dtypes: floating },
  { name: 'equal', kernel: comparison.equal, f: (a, b) => Number(a === b), result: 'bool' },
  { name: 'notEqual', kernel: comparison.notEqual, f: (a, b) => Number(!(a === b)), result: 'bool' },
  { name: 'less', kernel: comparison.less, f: (a, b) => Number(a < b), result: 'bool' },
  { name: 'lessEqual', kernel: comparison.lessEqual, f: (a, b) => Number(a < b || a === b), result: 'bool' },
  { name: 'greater', kernel: comparison.greater, f: (a, b) => Number(b < a), result: 'bool' },
  { name: 'greaterEqual', kernel: comparison.greaterEqual, f: (a, b) => Number(b < a || a === b), result: 'bool' },
];

/** A dtype of the row and operands of it that broadcast together. */
function operands(row: Row, count: number): fc.Arbitrary<readonly [DType, readonly BlockRecipe[]]> {
  return fc
    .constantFrom(...(row.dtypes ?? dtypes))
    .chain((dtype) =>
      broadcastableShapes(count).chain((shapes) =>
        fc.tuple(fc.constant(dtype), fc.tuple(...shapes.map((shape) => blocksOf(shape, { dtype, special: true })))),
      ),
    );
}

/** The zero of an integer has no sign. */
const asStored = (dtype: DType, value: number): number => stored(dtype, isFloating(dtype) ? value : value + 0);

function expectAgreement(row: Row, count: number): void {
  fc.assert(
    fc.property(operands(row, count), ([dtype, recipes]) => {
      const inputs = recipes.map(build);
      const before = inputs.map(valuesOf);
      const shape = inputs.map((block) => block.shape).reduce((a, b) => broadcastShape(a, b)!);
      const out = unwritten(row.result ?? dtype, shape);
      row.kernel(out, inputs, {});
      expect(valuesOf(out)).toEqual(mapped(shape, inputs, row.f).map((x) => asStored(out.dtype, x)));
      expect(inputs.map(valuesOf)).toEqual(before);
    }),
  );
}

describe('elementwise kernels', () => {
  it.each(unary.map((row) => [row.name, row] as const))(
    '%s(x) is what its formula says for every dtype, view and number',
    (_, row) => expectAgreement(row, 1),
  );

  it.each(binary.map((row) => [row.name, row] as const))(
    '%s(a, b) is what its formula says for every dtype, broadcast, view and number',
    (_, row) => expectAgreement(row, 2),
  );

  it('where(condition, a, b) picks for every broadcast and view', () => {
    const cases = broadcastableShapes(3).chain(([c, a, b]) =>
      fc
        .constantFrom(...dtypes)
        .chain((dtype) =>
          fc.tuple(
            blocksOf(c!, { dtype: 'bool' }),
            blocksOf(a!, { dtype, special: true }),
            blocksOf(b!, { dtype, special: true }),
          ),
        ),
    );
    fc.assert(
      fc.property(cases, (recipes) => {
        const inputs = recipes.map(build);
        const shape = inputs.map((block) => block.shape).reduce((a, b) => broadcastShape(a, b)!);
        const out = unwritten(inputs[1]!.dtype, shape);
        where(out, inputs, {});
        expect(valuesOf(out)).toEqual(mapped(shape, inputs, (c, a, b) => (c !== 0 ? a! : b!)));
      }),
    );
  });

  it('clip(x, low, high) holds x between its bounds and keeps NaN', () => {
    const cases = shapesOf().chain((shape) =>
      fc.tuple(blocksOf(shape, { dtype: 'float64', special: true }), fc.double({ noNaN: true, min: -2, max: 2 })),
    );
    fc.assert(
      fc.property(cases, ([recipe, low]) => {
        const x = build(recipe);
        const out = unwritten('float64', x.shape);
        clip(out, [x], { low, high: low + 1 });
        const expected = valuesOf(x).map((v) => {
          if (v < low) return low;
          if (v > low + 1) return low + 1;
          return v;
        });
        // The zero of a bound and the zero of an element are one to clip.
        expect(valuesOf(out).map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
      }),
    );
  });
});

describe('functions of the exponential', () => {
  const rows: readonly [string, Kernel, (x: number) => number, (x: exact.Exact) => exact.Exact][] = [
    ['exp', exponential.exp, Math.exp, exact.exp],
    ['log', exponential.log, Math.log, exact.log],
    ['tanh', activation.tanh, Math.tanh, exact.tanh],
    ['sigmoid', activation.sigmoid, (x) => 1 / (1 + Math.exp(-x)), exact.sigmoid],
  ];

  it.each(rows)('%s(x) is within 2 ulp of the exact value for every view', (name, kernel, rough, precise) => {
    // Beyond it the answer is beyond doubt, and the exact one would have a million digits.
    const limit = name === 'log' ? Number.MAX_VALUE : 750;
    const cases = fc
      .constantFrom(...floating)
      .chain((dtype) => shapesOf({ maxRank: 2 }).chain((shape) => blocksOf(shape, { dtype, special: true })));
    fc.assert(
      fc.property(cases, (recipe) => {
        const x = build(recipe);
        const out = unwritten(x.dtype, x.shape);
        kernel(out, [x], {});
        const format = x.dtype === 'float32' ? ([23, -149] as const) : ([52, -1074] as const);
        const values = valuesOf(x);
        valuesOf(out).forEach((y, i) => {
          const value = values[i]!;
          const expected = stored(x.dtype, rough(value));
          if (!Number.isFinite(expected) || expected === 0 || Math.abs(value) > limit) expect(y).toBe(expected);
          else expect(exact.ulps(y, precise(exact.exactly(value)), ...format)).toBeLessThanOrEqual(2);
        });
      }),
    );
  });

  it('sigmoid keeps its small values where 1 + e⁻ˣ would lose them', () => {
    const x = newBlock('float64', [4], true);
    x.data.set([-40, -700, 40, -0], x.offset);
    const out = unwritten('float64', [4]);
    activation.sigmoid(out, [x], {});
    const [a, b, c, d] = valuesOf(out);
    expect(a! / Math.exp(-40)).toBeCloseTo(1, 14);
    expect(b! / Math.exp(-700)).toBeCloseTo(1, 14);
    expect([c, d]).toEqual([1, 0.5]);
  });
});

describe('IEEE 754 corners', () => {
  it.each<[string, Kernel, number[], number]>([
    ['divide', arithmetic.divide, [1, -0], Number.NEGATIVE_INFINITY],
    ['divide', arithmetic.divide, [0, 0], Number.NaN],
    ['power', arithmetic.power, [Number.NaN, 0], 1],
    ['power', arithmetic.power, [1, Number.NaN], 1],
    ['power', arithmetic.power, [-1, Number.NEGATIVE_INFINITY], 1],
    ['power', arithmetic.power, [-8, 1 / 3], Number.NaN],
    ['maximum', arithmetic.maximum, [Number.NaN, 1], Number.NaN],
    ['minimum', arithmetic.minimum, [1, Number.NaN], Number.NaN],
    ['maximum', arithmetic.maximum, [-0, 0], 0],
    ['equal', comparison.equal, [Number.NaN, Number.NaN], 0],
    ['notEqual', comparison.notEqual, [Number.NaN, Number.NaN], 1],
    ['equal', comparison.equal, [0, -0], 1],
    ['relu', activation.relu, [Number.NaN], Number.NaN],
    ['relu', activation.relu, [-0], 0],
    ['sign', arithmetic.sign, [Number.NaN], Number.NaN],
    ['sqrt', arithmetic.sqrt, [-1], Number.NaN],
    ['log', exponential.log, [0], Number.NEGATIVE_INFINITY],
  ])('%s: %# %p', (_, kernel, values, expected) => {
    const inputs = values.map((value) => {
      const block = newBlock('float64', [], true);
      block.data[block.offset] = value;
      return block;
    });
    const out = unwritten('float64', []);
    kernel(out, inputs, {});
    expect(valuesOf(out)).toEqual([expected]);
  });

  it('reluBackward stops NaN and ∞ where nothing flows', () => {
    const g = newBlock('float32', [3], true);
    g.data.set([Number.NaN, Number.POSITIVE_INFINITY, 2], g.offset);
    const out = unwritten('float32', [3]);
    out.data.set([0, 0, 5], out.offset);
    const dx = unwritten('float32', [3]);
    activation.reluBackward(dx, [g, out], {});
    expect(valuesOf(dx)).toEqual([0, 0, 2]);
  });
});
