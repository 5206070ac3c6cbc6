/** Random programs: directed graphs of primitives with sharing, views, broadcasting and control flow. */

import type { Shape } from '@cotangent/kernels';
import fc from 'fast-check';
import { arange } from '../create.js';
import { where } from '../functions/elementwise.js';
import { concat } from '../functions/shape.js';
import type { Tensor } from '../tensor.js';
import { narrowed, smoothTensors } from './arbitraries.js';
import type { TensorFunction } from './laws.js';

/** A random function of tensors, smooth where it is drawn, and those tensors. */
export interface Expression {
  readonly inputs: readonly Tensor[];
  readonly f: TensorFunction;
  /** The program, a line for each step: what a failing property prints. */
  toString(): string;
}

/** One step: what it does to earlier values (all of one matrix shape), named by their numbers. */
interface Step {
  readonly operation: string;
  readonly a: number;
  readonly b: number;
}

type Operation = (a: Tensor, b: Tensor) => Tensor;

const everyOther = (shape: Shape): Tensor =>
  arange(shape.reduce((product, extent) => product * extent, 1))
    .remainder(2)
    .equal(0)
    .reshape(shape);

/** Results stay between −3 and 3, so that nothing overflows; all are smooth. */
const operations: Readonly<Record<string, Operation>> = {
  add: (a, b) => a.add(b).mul(0.5),
  subtract: (a, b) => a.sub(b).mul(0.5),
  multiply: (a, b) => a.mul(b).mul(0.3),
  divide: (a, b) => a.div(b.square().add(2)),
  power: (a, b) => a.square().add(0.5).pow(b.mul(0.2)).mul(0.5),
  hypot: (a, b) => a.square().add(b.square()).add(0.1).sqrt().mul(0.4),
  atan2: (a, b) => a.atan2(b.square().add(0.5)),
  tanh: (a) => a.tanh(),
  sin: (a) => a.sin(),
  sigmoid: (a) => a.sigmoid(),
  exp: (a) => a.mul(0.3).exp(),
  log: (a) => a.square().add(1).log(),
  gelu: (a) => a.gelu(),
  softplus: (a) => a.softplus(),
  softmax: (a) => a.softmax(),
  square: (a) => a.square().mul(0.2),
  transposedTwice: (a) => a.T.tanh().T,
  reversed: (a) => a.slice([null, null, -1]),
  rowMean: (a, b) => a.mean({ axis: 1, keepDims: true }).add(b).mul(0.5),
  columnSum: (a, b) => a.sum({ axis: 0 }).mul(0.2).mul(b),
  product: (a, b) => a.matmul(b.T).matmul(a).mul(0.05),
  cumulative: (a) => a.cumsum({ axis: 0 }).mul(0.3),
  running: (a) => a.mul(0.3).add(1).cumprod({ axis: 1 }).mul(0.3),
  shared: (a) => a.mul(a.tanh()).mul(0.5),
  concatenated: (a, b) =>
    concat([a, b], { axis: 1 })
      .slice(null, [a.shape[1]! - 1, 2 * a.shape[1]! - 1])
      .mul(0.9),
  // By place, not by value: a choice by value jumps wherever the value crosses the bound.
  chosen: (a, b) => where(everyOther(a.shape), a.mul(b).mul(0.3), b.sin()),
  flattened: (a) => a.reshape([-1]).sin().reshape(a.shape),
  // Control flow: as many turns as the first value says. It is constant near where it is drawn, so smooth.
  looped: (a, b) => {
    let y = b;
    for (let i = 0; i < (a.shape[0]! % 3) + 1; i++) y = y.mul(0.5).add(a.tanh());
    return y.mul(0.5);
  },
};

/** The operations, by name. */
export const expressionOperations: readonly string[] = Object.keys(operations);

const names = expressionOperations;

/**
 * Random functions of one to three matrices that broadcast together, of `maxSteps` steps at most, with the matrices: float64 values at
 * which everything is smooth.
 *
 * @example
 * fc.assert(fc.property(expressions(), ({ f, inputs }) => { checkGrads(f, inputs); }));
 */
export function expressions({ maxSteps = 8 }: { maxSteps?: number } = {}): fc.Arbitrary<Expression> {
  const shape = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
  const step = fc.record({ operation: fc.constantFrom(...names), a: fc.nat(), b: fc.nat() });
  return shape.chain((whole) =>
    fc
      .tuple(
        fc.array(narrowed(whole), { minLength: 0, maxLength: 2 }),
        fc.array(step, { minLength: 1, maxLength: maxSteps }),
      )
      .chain(([others, steps]) =>
        smoothTensors([whole, ...others], { kinks: [0] }).map((inputs) => expressionOf(whole, inputs, steps)),
      ),
  );
}

function expressionOf(shape: Shape, inputs: readonly Tensor[], drawn: readonly Step[]): Expression {
  const steps = drawn.map(({ operation, a, b }, i) => ({
    operation,
    a: a % (inputs.length + i),
    b: b % (inputs.length + i),
  }));
  return {
    inputs,
    f: (...given) => {
      const values = given.map((x) => x.broadcastTo(shape));
      for (const { operation, a, b } of steps) values.push(operations[operation]!(values[a]!, values[b]!));
      return values[values.length - 1]!.sum({ axis: 0 }).add(values[values.length >> 1]!.mean());
    },
    toString: () =>
      [
        ...inputs.map((x, i) => `x${i} = ${JSON.stringify(x.toArray())} of shape [${x.shape.join(', ')}]`),
        ...steps.map(({ operation, a, b }, i) => `x${inputs.length + i} = ${operation}(x${a}, x${b})`),
      ].join('\n'),
  };
}
