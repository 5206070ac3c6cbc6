/** A graph of calls as a list of steps: what a functional model runs. */

import { apply, isTensor, type Primitive, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import type { Module } from '../module.js';
import { type Call, isSymbolic, nameOfInput, type SymbolicTensor } from './symbolic.js';
import { extentsIn, isOpen, resolved, someNumber } from './unknowns.js';

/** Where a value stands while a program runs. */
export class Slot {
  constructor(readonly index: number) {}
}

/** One call. Plain data, so that a copy of a model gets steps of its own. */
export interface Step {
  readonly module: Module | null;
  readonly row: Primitive | null;
  readonly attributes: unknown;
  /** Trees with slots in the place of what other steps give. */
  readonly inputs: readonly unknown[];
  readonly outputs: unknown;
  /** Shapes of what it gives, as described. */
  readonly shapes: readonly Shape[];
  /** For attributes that hold open extents: the shapes of the inputs as they were described. */
  readonly described: readonly Shape[] | null;
}

/** An input of a program. */
export interface ProgramInput {
  readonly slot: number;
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: Tensor['dtype'];
}

/** Inputs, steps in an order in which they can run, and outputs. */
export interface Program {
  readonly inputs: readonly ProgramInput[];
  readonly steps: readonly Step[];
  /** A tree of slots. */
  readonly outputs: unknown;
  readonly slots: number;
}

/** Whether a value is an object of children. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A tree with some of its leaves replaced. */
export function mapLeaves(tree: unknown, f: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(tree)) return tree.map((child) => mapLeaves(child, f));
  if (isPlain(tree)) return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, mapLeaves(child, f)]));
  return f(tree);
}

/** All leaves of a tree, in order. */
export function leavesOf(tree: unknown): unknown[] {
  const leaves: unknown[] = [];
  mapLeaves(tree, (leaf) => leaves.push(leaf));
  return leaves;
}

/**
 * Orders the calls that lead from inputs to outputs.
 *
 * @throws ArgumentError where an output hangs on an input that is not listed, or on itself
 */
export function compileGraph(operation: string, inputs: readonly SymbolicTensor[], outputs: unknown): Program {
  const slots = new Map<SymbolicTensor, Slot>();
  const slotOf = (x: SymbolicTensor): Slot => {
    const slot = slots.get(x) ?? new Slot(slots.size);
    slots.set(x, slot);
    return slot;
  };
  const named = inputs.map((x, i): ProgramInput => {
    const name = nameOfInput(x) ?? (i === 0 ? 'input' : `input${i}`);
    return { slot: slotOf(x).index, name, shape: x.shape, dtype: x.dtype };
  });
  const given = new Set(inputs);
  const steps: Step[] = [];
  const done = new Set<Call>();
  const open = new Set<Call>();

  const place = (tree: unknown): unknown => mapLeaves(tree, (leaf) => (isSymbolic(leaf) ? slotOf(leaf) : leaf));
  const add = (call: Call): void => {
    const { step } = call;
    const row = 'row' in step ? step.row : null;
    const attributes = 'row' in step ? step.attributes : undefined;
    steps.push({
      module: 'module' in step ? step.module : null,
      row,
      attributes,
      inputs: place(call.inputs) as readonly unknown[],
      outputs: place(call.outputs),
      shapes: leavesOf(call.outputs)
        .filter(isSymbolic)
        .map(({ shape }) => shape),
      described: row !== null && someNumber(attributes, isOpen) ? (call.inputs as Tensor[]).map((x) => x.shape) : null,
    });
    done.add(call);
  };
  // Depth first without recursion: a model may be deeper than the stack.
  const sourcesOf = (call: Call): SymbolicTensor[] => leavesOf(call.inputs).filter(isSymbolic);
  for (const output of leavesOf(outputs).filter(isSymbolic)) {
    const stack: { call: Call; sources: SymbolicTensor[] }[] = [];
    const enter = (x: SymbolicTensor): void => {
      if (given.has(x)) return;
      if (x.call === null) {
        throw new ArgumentError(
          operation,
          `the outputs need the input '${nameOfInput(x) ?? x.madeBy}', which is not among the inputs`,
          'List every nn.input() that the outputs were computed from.',
        );
      }
      if (done.has(x.call)) return;
      if (open.has(x.call)) {
        throw new ArgumentError(
          operation,
          `the graph goes in a circle: the output of ${x.madeBy} is computed from itself`,
          'Unroll it, or use a recurrent layer (nn.RNN with a cell of your own).',
        );
      }
      open.add(x.call);
      stack.push({ call: x.call, sources: sourcesOf(x.call) });
    };
    enter(output);
    while (stack.length > 0) {
      const { call, sources } = stack[stack.length - 1]!;
      const next = sources.shift();
      if (next !== undefined) enter(next);
      else {
        stack.pop();
        open.delete(call);
        add(call);
      }
    }
  }
  return { inputs: named, steps, outputs: place(outputs), slots: slots.size };
}

/** Runs a program on tensors, symbolic ones or real ones, one for each input. @param visit is told what each module gives */
export function runProgram(
  { inputs, steps, outputs, slots }: Program,
  given: readonly Tensor[],
  visit?: (module: Module, output: unknown) => void,
): unknown {
  const values: unknown[] = new Array(slots);
  for (const [i, { slot }] of inputs.entries()) values[slot] = given[i];
  const fetch = (tree: unknown): unknown =>
    mapLeaves(tree, (leaf) => (leaf instanceof Slot ? values[leaf.index] : leaf));
  for (const step of steps) {
    const found = fetch(step.inputs) as Tensor[];
    const result =
      step.module === null
        ? operate(step, found)
        : (step.module.call as (...inputs: readonly unknown[]) => unknown).apply(step.module, found);
    if (step.module !== null) visit?.(step.module, result);
    store(step.outputs, result, values);
  }
  return fetch(outputs);
}

function operate({ row, attributes, described }: Step, inputs: readonly Tensor[]): Tensor {
  if (described === null || inputs.some(isSymbolic)) return apply(row!, inputs, attributes);
  const real = resolved(
    attributes,
    extentsIn(
      described,
      inputs.map((x) => x.shape),
    ),
  );
  return apply(row!, inputs, real);
}

/** Puts what a step gave where other steps look for it. */
function store(places: unknown, result: unknown, values: unknown[]): void {
  if (places instanceof Slot) values[places.index] = result;
  else if (isTensor(places) || typeof places !== 'object' || places === null) return;
  else
    for (const [key, place] of Object.entries(places as Record<string, unknown>))
      store(place, (result as Record<string, unknown>)[key], values);
}
