/** The elementwise kernels of an instruction or a few; those that need polynomials are in ../vectorMath. */

import type { Expr } from './expr.js';
import type { FloatVector, Lanes, MaskOf } from './lanes.js';
import { type MapKernel, mapKernel } from './mapKernel.js';

const out = { out: 'elements' } as const;

type Unary = <V extends FloatVector>(v: Lanes<V>, x: Expr<V>) => Expr<V>;
type Binary = <V extends FloatVector>(v: Lanes<V>, a: Expr<V>, b: Expr<V>) => Expr<V>;
type Comparison = <V extends FloatVector>(v: Lanes<V>, a: Expr<V>, b: Expr<V>) => Expr<MaskOf<V>>;

/** A kernel of one operand. `unroll`: vectors to a turn of its loop; `fuses`: whether it uses `madd`. */
export function unaryMap(name: string, unroll: number, f: Unary, fuses = false): MapKernel {
  const inputs = { x: 'elements' } as const;
  return mapKernel({ name, inputs, outputs: out, unroll, fuses, body: (v, { x }) => ({ out: f(v, x) }) });
}

/** A kernel of two operands. */
export function binaryMap(name: string, unroll: number, f: Binary, fuses = false): MapKernel {
  const inputs = { a: 'elements', b: 'elements' } as const;
  return mapKernel({ name, inputs, outputs: out, unroll, fuses, body: (v, { a, b }) => ({ out: f(v, a, b) }) });
}

function comparisonMap(name: string, f: Comparison): MapKernel {
  const inputs = { a: 'elements', b: 'elements' } as const;
  const outputs = { out: 'bools' } as const;
  return mapKernel({ name, inputs, outputs, unroll: 2, body: (v, { a, b }) => ({ out: f(v, a, b) }) });
}

export const add: MapKernel = binaryMap('add', 4, (v, a, b) => v.add(a, b));
export const subtract: MapKernel = binaryMap('subtract', 4, (v, a, b) => v.sub(a, b));
export const multiply: MapKernel = binaryMap('multiply', 4, (v, a, b) => v.mul(a, b));
export const divide: MapKernel = binaryMap('divide', 2, (v, a, b) => v.div(a, b));
export const maximum: MapKernel = binaryMap('maximum', 2, (v, a, b) => v.max(a, b));
export const minimum: MapKernel = binaryMap('minimum', 2, (v, a, b) => v.min(a, b));

export const negative: MapKernel = unaryMap('negative', 4, (v, x) => v.neg(x));
export const abs: MapKernel = unaryMap('abs', 4, (v, x) => v.abs(x));
export const square: MapKernel = unaryMap('square', 4, (v, x) => v.mul(x, x));
export const sqrt: MapKernel = unaryMap('sqrt', 2, (v, x) => v.sqrt(x));
export const reciprocal: MapKernel = unaryMap('reciprocal', 2, (v, x) => v.div(1, x));
export const rsqrt: MapKernel = unaryMap('rsqrt', 2, (v, x) => v.div(1, v.sqrt(x)));

// pmax keeps NaN, being x where nothing is less, and −0; adding +0 makes that +0. Two instructions, where max takes eight.
export const relu: MapKernel = unaryMap('relu', 4, (v, x) => v.add(v.pmax(x, 0), 0));
export const reluBackward: MapKernel = mapKernel({
  name: 'reluBackward',
  inputs: { g: 'elements', result: 'elements' },
  outputs: out,
  unroll: 4,
  body: (v, { g, result }) => ({ out: v.drop(v.le(result, 0), g) }),
});

/** g ⊙ f′, from what f gave (or from x, for the square). Near 1 the factors of 1 − y² keep the places that it would lose. */
const backwardMap = (name: string, f: Binary): MapKernel => binaryMap(name, 2, f);

export const tanhBackward: MapKernel = backwardMap('tanhBackward', (v, g, y) =>
  v.mul(g, v.mul(v.sub(1, y), v.add(1, y))),
);
export const sigmoidBackward: MapKernel = backwardMap('sigmoidBackward', (v, g, y) => v.mul(g, v.mul(y, v.sub(1, y))));
export const squareBackward: MapKernel = backwardMap('squareBackward', (v, g, x) => v.mul(g, v.add(x, x)));

export const equal: MapKernel = comparisonMap('equal', (v, a, b) => v.eq(a, b));
export const notEqual: MapKernel = comparisonMap('notEqual', (v, a, b) => v.ne(a, b));
export const less: MapKernel = comparisonMap('less', (v, a, b) => v.lt(a, b));
export const lessEqual: MapKernel = comparisonMap('lessEqual', (v, a, b) => v.le(a, b));
export const greater: MapKernel = comparisonMap('greater', (v, a, b) => v.gt(a, b));
export const greaterEqual: MapKernel = comparisonMap('greaterEqual', (v, a, b) => v.ge(a, b));

export const where: MapKernel = mapKernel({
  name: 'where',
  inputs: { condition: 'bools', a: 'elements', b: 'elements' },
  outputs: out,
  unroll: 2,
  body: (v, { condition, a, b }) => ({ out: v.select(condition, a, b) }),
});

export const dropout: MapKernel = mapKernel({
  name: 'dropout',
  inputs: { x: 'elements', mask: 'bools' },
  outputs: out,
  parameters: ['scale'],
  unroll: 4,
  body: (v, { x, mask }, { scale }) => ({ out: v.keep(mask, v.mul(x, scale)) }),
});

/** (a − b) · scale */
export const scaledDifference: MapKernel = mapKernel({
  name: 'scaledDifference',
  inputs: { a: 'elements', b: 'elements' },
  outputs: out,
  parameters: ['scale'],
  unroll: 2,
  body: (v, { a, b }, { scale }) => ({ out: v.mul(v.sub(a, b), scale) }),
});

export const floor: MapKernel = unaryMap('floor', 2, (v, x) => v.floor(x));
export const ceil: MapKernel = unaryMap('ceil', 2, (v, x) => v.ceil(x));
export const round: MapKernel = unaryMap('round', 2, (v, x) => v.nearest(x));
export const trunc: MapKernel = unaryMap('trunc', 2, (v, x) => v.trunc(x));
export const sign: MapKernel = unaryMap('sign', 2, (v, x) => {
  const signed = v.copySign(v.constant(1), x);
  return v.select(v.or(v.gt(x, 0), v.lt(x, 0)), signed, x);
});

export const clip: MapKernel = mapKernel({
  name: 'clip',
  inputs: { x: 'elements' },
  outputs: out,
  parameters: ['low', 'high'],
  unroll: 2,
  // In this order NaN goes through both.
  body: (v, { x }, { low, high }) => ({ out: v.pmin(v.pmax(x, low), high) }),
});

function testMap(name: string, f: <V extends FloatVector>(v: Lanes<V>, x: Expr<V>) => Expr<MaskOf<V>>): MapKernel {
  const outputs = { out: 'bools' } as const;
  return mapKernel({ name, inputs: { x: 'elements' }, outputs, unroll: 2, body: (v, { x }) => ({ out: f(v, x) }) });
}

export const isnan: MapKernel = testMap('isnan', (v, x) => v.ne(x, x));
export const isinf: MapKernel = testMap('isinf', (v, x) => v.eq(v.abs(x), Infinity));
export const isfinite: MapKernel = testMap('isfinite', (v, x) => v.lt(v.abs(x), Infinity));

/** sum + a · b, for sums in place. */
export const multiplyAdd: MapKernel = mapKernel({
  name: 'multiplyAdd',
  inputs: { sum: 'elements', a: 'elements', b: 'elements' },
  outputs: out,
  broadcast: false,
  unroll: 2,
  fuses: true,
  body: (v, { sum, a, b }) => ({ out: v.madd(a, b, sum) }),
});

/** (x − mean) · scale, of a row of means and scales. */
export const normalizeColumns: MapKernel = mapKernel({
  name: 'normalizeColumns',
  inputs: { x: 'elements', mean: 'elements', scale: 'elements' },
  outputs: out,
  broadcast: false,
  unroll: 2,
  body: (v, { x, mean, scale }) => ({ out: v.mul(v.sub(x, mean), scale) }),
});

/** (x − mean) · scale + shift, of rows of means, scales and shifts. */
export const normalizeColumnsScaled: MapKernel = mapKernel({
  name: 'normalizeColumnsScaled',
  inputs: { x: 'elements', mean: 'elements', scale: 'elements', shift: 'elements' },
  outputs: out,
  broadcast: false,
  fuses: true,
  unroll: 2,
  body: (v, { x, mean, scale, shift }) => ({ out: v.madd(v.let(v.sub(x, mean)), scale, shift) }),
});

/** (g − meanG − (x − mean) · bend) · scale, of rows of means, bends and scales. */
export const normalizeColumnsBackward: MapKernel = mapKernel({
  name: 'normalizeColumnsBackward',
  inputs: { g: 'elements', x: 'elements', mean: 'elements', meanG: 'elements', bend: 'elements', scale: 'elements' },
  outputs: out,
  broadcast: false,
  body: (v, { g, x, mean, meanG, bend, scale }) => ({
    out: v.mul(v.sub(v.sub(g, meanG), v.mul(v.sub(x, mean), bend)), scale),
  }),
});
