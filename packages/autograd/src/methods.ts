/** Installs the functions as methods. What each does is said where it is declared, in the interface below `Tensor`. */

import { ArgumentError } from '@cotangent/kernels';
import { backward } from './backward.js';
import { display } from './display.js';
import { displayHTML } from './displayHTML.js';
import * as activations from './functions/activations.js';
import * as contractions from './functions/contractions.js';
import * as elementary from './functions/elementary.js';
import * as elementwise from './functions/elementwise.js';
import { registerHook, retainGrad } from './functions/hooks.js';
import { assign, detach } from './functions/memory.js';
import { matmul } from './functions/products.js';
import * as rearrange from './functions/rearrange.js';
import * as reductions from './functions/reductions.js';
import * as rounding from './functions/rounding.js';
import * as scan from './functions/scan.js';
import * as shape from './functions/shape.js';
import * as softmax from './functions/softmax.js';
import * as sorting from './functions/sorting.js';
import * as statistics from './functions/statistics.js';
import { Tensor } from './tensor.js';

/** Every method that is a function of the tensor it is called on. Arithmetic has PyTorch's short names. */
const methods = {
  add: elementwise.add,
  sub: elementwise.subtract,
  mul: elementwise.multiply,
  div: elementwise.divide,
  pow: elementwise.power,
  maximum: elementwise.maximum,
  minimum: elementwise.minimum,
  neg: elementwise.negative,
  reciprocal: elementwise.reciprocal,
  square: elementwise.square,
  sqrt: elementwise.sqrt,
  abs: elementwise.abs,
  sign: elementwise.sign,
  exp: elementwise.exp,
  log: elementwise.log,
  tanh: elementwise.tanh,
  sigmoid: elementwise.sigmoid,
  relu: elementwise.relu,
  exp2: elementary.exp2,
  expm1: elementary.expm1,
  log1p: elementary.log1p,
  log2: elementary.log2,
  log10: elementary.log10,
  sin: elementary.sin,
  cos: elementary.cos,
  tan: elementary.tan,
  asin: elementary.asin,
  acos: elementary.acos,
  atan: elementary.atan,
  sinh: elementary.sinh,
  cosh: elementary.cosh,
  asinh: elementary.asinh,
  acosh: elementary.acosh,
  atanh: elementary.atanh,
  erf: elementary.erf,
  erfc: elementary.erfc,
  rsqrt: elementary.rsqrt,
  cbrt: elementary.cbrt,
  atan2: elementary.atan2,
  softplus: activations.softplus,
  silu: activations.silu,
  gelu: activations.gelu,
  elu: activations.elu,
  floor: rounding.floor,
  ceil: rounding.ceil,
  round: rounding.round,
  trunc: rounding.trunc,
  remainder: rounding.remainder,
  floorDivide: rounding.floorDivide,
  isnan: rounding.isnan,
  isinf: rounding.isinf,
  isfinite: rounding.isfinite,
  equal: elementwise.equal,
  notEqual: elementwise.notEqual,
  less: elementwise.less,
  lessEqual: elementwise.lessEqual,
  greater: elementwise.greater,
  greaterEqual: elementwise.greaterEqual,
  logicalAnd: elementwise.logicalAnd,
  logicalOr: elementwise.logicalOr,
  logicalXor: elementwise.logicalXor,
  logicalNot: elementwise.logicalNot,
  where: elementwise.where,
  clip: elementwise.clip,
  cast: elementwise.cast,
  sum: reductions.sum,
  mean: reductions.mean,
  max: reductions.max,
  min: reductions.min,
  argmax: reductions.argmax,
  argmin: reductions.argmin,
  sumTo: reductions.sumTo,
  any: statistics.any,
  all: statistics.all,
  prod: statistics.prod,
  variance: statistics.variance,
  std: statistics.std,
  logSumExp: statistics.logSumExp,
  norm: statistics.norm,
  median: statistics.median,
  cumsum: scan.cumsum,
  cumprod: scan.cumprod,
  sort: sorting.sort,
  argsort: sorting.argsort,
  topK: sorting.topK,
  reshape: shape.reshape,
  permute: shape.permute,
  swapAxes: shape.swapAxes,
  broadcastTo: shape.broadcastTo,
  expandDims: shape.expandDims,
  squeeze: shape.squeeze,
  slice: shape.slice,
  take: shape.take,
  flip: rearrange.flip,
  roll: rearrange.roll,
  tile: rearrange.tile,
  repeat: rearrange.repeat,
  split: rearrange.split,
  unstack: rearrange.unstack,
  pad: rearrange.pad,
  moveAxis: rearrange.moveAxis,
  tril: rearrange.tril,
  triu: rearrange.triu,
  diagonal: rearrange.diagonal,
  trace: rearrange.trace,
  dot: contractions.dot,
  matmul,
  softmax: softmax.softmax,
  logSoftmax: softmax.logSoftmax,
  detach,
  assign,
  backward,
  registerHook,
  retainGrad,
  toString: display,
  toHTML: displayHTML,
} as const;

/** Names of the installed methods; a test holds them equal to the interface. */
export const methodNames: readonly string[] = Object.keys(methods);

for (const [name, f] of Object.entries(methods) as [string, (x: Tensor, ...rest: unknown[]) => unknown][]) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return f(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

Object.defineProperties(Tensor.prototype, {
  T: {
    get(this: Tensor) {
      return shape.permute(this);
    },
  },
  mT: {
    get(this: Tensor) {
      return shape.transposeMatrices(this);
    },
  },
  // `x + 1` and `x > 0` would be a text and false: JavaScript has no operators for objects.
  [Symbol.toPrimitive]: {
    value(this: Tensor, hint: string) {
      if (hint === 'string') return display(this);
      throw new ArgumentError(
        'Tensor',
        'got an operator of JavaScript, which knows no tensors; expected a method',
        'Write x.add(y) for x + y, x.greater(0) for x > 0; x.item() is the number of a tensor that has one.',
      );
    },
  },
  // Node's console.log and the REPL ask for this.
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: Tensor) {
      return display(this);
    },
  },
  // Notebooks (Deno's Jupyter kernel) ask for this.
  [Symbol.for('Jupyter.display')]: {
    value(this: Tensor) {
      return { 'text/plain': display(this), 'text/html': displayHTML(this) };
    },
  },
});
