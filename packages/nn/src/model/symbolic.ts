/**
 * Symbolic tensors: a shape and a dtype, and the call that made them. Layers and functions called on them describe a model
 * (Keras's Functional API); nothing is computed.
 */

import {
  mapTree,
  noGrad,
  type Primitive,
  persistent,
  predictMode,
  scope,
  Tensor,
  type Tracer,
  treeLeaves,
  zeros,
} from '@cotangent/autograd';
import { ArgumentError, type DType, type Shape, ShapeError, showShape } from '@cotangent/kernels';
import type { Module } from '../module.js';
import { checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import { symbolically } from '../tracing.js';
import { batchExtent, generalized, isOpen, isSpoiled, openExtent, probed, someNumber } from './unknowns.js';

/** A call on symbolic tensors. */
export interface Call {
  /** What was called: a module, or the row of an operation with its attributes. */
  readonly step: { readonly module: Module } | { readonly row: Primitive; readonly attributes: unknown };
  /** What it was given: any tree, with symbolic tensors among its leaves. */
  readonly inputs: readonly unknown[];
  /** What it gave: a tree of symbolic tensors. Set once they exist. */
  outputs: unknown;
}

/**
 * A tensor of a model that is being described.
 *
 * @example
 * const x = nn.input({ shape: [4] });
 * x instanceof nn.SymbolicTensor; // → true
 * new nn.Dense({ units: 2 }).call(x).rank; // → 2
 */
export class SymbolicTensor extends Tensor {
  /** @param call what made it; null for an input of a model */
  constructor(
    shape: Shape,
    dtype: DType,
    readonly call: Call | null,
    madeBy: string,
  ) {
    super(null, madeBy, shape, dtype);
    this.tracer = describing;
  }
}

/** Whether a value is a symbolic tensor. */
export const isSymbolic = (value: unknown): value is SymbolicTensor => value instanceof SymbolicTensor;

const lambda = 'Compute it in a layer of its own: new nn.Lambda({ function: (x) => … }).';

/** Receives the calls of functions on symbolic tensors. */
const describing: Tracer = {
  apply(row, inputs, attributes, shape, dtype) {
    const batch = inputs.find(isSymbolic)!.shape[0];
    const spoiled =
      someNumber([attributes, shape], isSpoiled) ||
      inputs.some((x) => !isSymbolic(x) && x.size === 1 && isSpoiled(x.item()));
    if (spoiled || (batch !== undefined && isOpen(batch) && !isOpen(shape[0] ?? 0))) {
      throw new ShapeError(
        row.name,
        Object.fromEntries(inputs.map((x, i) => [row.inputs?.[i] ?? `input ${i}`, x.shape])),
        'an operation that leaves the batch axis first and needs no extent that is still open',
        lambda,
      );
    }
    const learned = inputs.find((x) => !isSymbolic(x) && x.requiresGrad);
    if (learned !== undefined) {
      throw new ArgumentError(
        row.name,
        `got a symbolic tensor and a ${learned.madeBy} that requires a gradient, which would belong to no layer`,
        'Put the operation into a module that has the parameter in a field.',
      );
    }
    const constants = inputs.map((x) => (isSymbolic(x) ? x : persistent(x)));
    const call: Call = { step: { row: row as Primitive, attributes }, inputs: constants, outputs: null };
    const output = new SymbolicTensor(shape, dtype, call, row.name);
    call.outputs = output;
    return output;
  },
  refuseToRead(x) {
    throw new ArgumentError(
      x.madeBy,
      `the numbers of a symbolic tensor ${showShape(x.shape)} were asked for, and it has none: it only describes a model`,
      lambda,
    );
  },
};

/** Options of `nn.input`. */
export interface InputOptions {
  /** Of one sample, without the batch axis; null for an extent that may differ from batch to batch. */
  shape: readonly (number | null)[];
  /** @defaultValue 'float32' */
  dtype?: DType;
  /** Name of the input, in messages and in data given by name. @defaultValue 'input', numbered in the model */
  name?: string;
  /** Number of samples of every batch, where that is fixed (stateful recurrent layers). @defaultValue open */
  batchSize?: number | null;
}

const inputNames = new WeakMap<SymbolicTensor, string>();

/** The name that an input was given. */
export const nameOfInput = (x: SymbolicTensor): string | undefined => inputNames.get(x);

/**
 * An input of a model: a symbolic tensor to call layers and functions on (Keras's `Input`).
 *
 * @throws ArgumentError for a shape that is none
 * @see https://keras.io/guides/functional_api/
 * @example
 * const x = nn.input({ shape: [784] });
 * const hidden = new nn.Dense({ units: 64, activation: 'relu' }).call(x);
 * const model = nn.model({ inputs: x, outputs: new nn.Dense({ units: 10 }).call(hidden) });
 */
export function input(options: InputOptions): Tensor {
  checkOptions('input', options, ['shape', 'dtype', 'name', 'batchSize']);
  const { shape, dtype = 'float32', name, batchSize = null } = options;
  if (!Array.isArray(shape) || !shape.every((n) => n === null || (Number.isInteger(n) && n > 0)))
    throw new ArgumentError(
      'input',
      `got shape ${Array.isArray(shape) ? `[${shape.map(String).join(', ')}]` : shown(shape)}; expected positive whole numbers, or null for open extents, without the batch axis`,
    );
  checkChoice('input', 'dtype', dtype, ['float32', 'float64', 'int32', 'uint8', 'bool']);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new ArgumentError('input', `got name ${shown(name)}; expected text`);
  if (batchSize !== null) checkNumber('input', 'batchSize', batchSize, { atLeast: 1, whole: true });
  symbolically.call = callSymbolically;
  const x = new SymbolicTensor(
    [batchSize ?? batchExtent(), ...shape.map((extent, axis) => extent ?? openExtent(axis))],
    dtype,
    null,
    name ?? 'input',
  );
  if (name !== undefined) inputNames.set(x, name);
  return x;
}

/** Calls a module on symbolic tensors: it is tried out on zeros, which builds it and shows what it gives. */
function callSymbolically(module: Module, inputs: readonly unknown[]): unknown {
  const shapes = treeLeaves(inputs)
    .filter(isSymbolic)
    .map(({ shape }) => shape);
  if (shapes.length === 0) return undefined;
  const call: Call = { step: { module }, inputs, outputs: null };
  const open = shapes.some((shape) => shape.some(isOpen));
  let others: readonly Shape[] | null = null;
  if (open)
    tryOut(module, inputs, 1, (output) => {
      others = treeLeaves(output).map(({ shape }) => shape);
    });
  tryOut(module, inputs, 0, (output) => {
    const found = treeLeaves(output);
    if (found.length === 0 || (others !== null && others.length !== found.length))
      throw new ArgumentError(
        module.constructor.name,
        `gave ${found.length} tensors for symbolic inputs; expected one at least, and the same number for every batch`,
      );
    let leaf = 0;
    call.outputs = mapTree(output, (x) => {
      const shape = generalized(x.shape, others?.[leaf++] ?? x.shape, shapes);
      return new SymbolicTensor(shape, x.dtype, call, module.constructor.name);
    });
  });
  return call.outputs;
}

/** Runs a module on zeros of one of the trial sizes. */
function tryOut(module: Module, inputs: readonly unknown[], trial: 0 | 1, use: (output: unknown) => void): void {
  noGrad(() =>
    scope(() =>
      predictMode(() => {
        const real = mapTree(inputs, (x) => (isSymbolic(x) ? zeros(probed(x.shape, trial), { dtype: x.dtype }) : x));
        use((module.call as (...inputs: readonly unknown[]) => unknown).apply(module, real as unknown[]));
      }),
    ),
  );
  for (const [, inner] of module.namedModules()) (inner as { resetStates?: () => void }).resetStates?.();
}
