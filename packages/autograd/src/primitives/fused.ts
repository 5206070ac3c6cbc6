/**
 * Operations of many steps as one row: a kernel forward, a kernel for all cotangents backward, and the same operation composed
 * of others. First derivatives run the kernels; everything beyond (derivatives of the backward pass, forward mode) goes
 * through the composition, whose derivatives are exact at any order. So a higher derivative costs what it would without
 * the kernels, and keeps what they do not keep.
 */

import { type DType, type Kernel, type Shape, sizeOf } from '@cotangent/kernels';
import { leadingBatch, repeated } from '../batching.js';
import { concat } from '../functions/shape.js';
import { apply, type BatchCall, type BatchRule, Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { jvp } from '../transforms/jvp.js';
import { vjp } from '../transforms/vjp.js';
import { vmap } from '../transforms/vmap.js';

/** What the backward kernel is told. */
export interface PullAttributes<A> {
  /** The attributes of the operation. */
  readonly attributes: A;
  /** For each input, whether its cotangent is asked for. */
  readonly wanted: readonly boolean[];
}

/** What is said once about a fused operation. */
export interface FusedSpec<A> {
  readonly name: string;
  /** Names of the inputs, those that have a derivative first. */
  readonly inputs: readonly string[];
  /** How many have one. */
  readonly differentiable: number;
  shape(shapes: readonly Shape[], attributes: A): Shape;
  dtype(dtypes: readonly DType[]): DType;
  readonly run: Kernel<A>;
  /** Whether the backward kernel looks at the result, which is then kept. @defaultValue true */
  readonly usesResult?: boolean;
  /** From the cotangent, the inputs and the result (if it is used): the cotangents that are wanted, flat, one behind the other. */
  readonly pull: Kernel<PullAttributes<A>>;
  /** The same result out of other operations. */
  composed(inputs: readonly Tensor[], attributes: A): Tensor;
  /**
   * How vmap runs the operation: `leading` says that all inputs have the same leading axes and that both kernels leave them
   * alone. @defaultValue the composition, mapped
   */
  readonly batch?: BatchRule<A> | 'leading';
}

/** The rows of a fused operation. */
export interface FusedRows<A> {
  readonly forward: Primitive<A>;
  /** All cotangents as one: linear in the first input, the cotangent of the result. */
  readonly backward: Primitive<PullAttributes<A>>;
}

const joined = (parts: readonly Tensor[]): Tensor => concat(parts.map((part) => part.reshape([part.size])));

/** Part i of the wanted parts that lie one behind the other. */
function part(whole: Tensor, i: number, shapes: readonly Shape[], wanted: readonly boolean[]): Tensor {
  let start = 0;
  for (let k = 0; k < i; k++) if (wanted[k]) start += sizeOf(shapes[k]!);
  return whole.slice([start, start + sizeOf(shapes[i]!)]).reshape(shapes[i]!);
}

const shapesOf = (tensors: readonly Tensor[]): Shape[] => tensors.map(({ shape }) => shape);
const wantedIndices = (wanted: readonly boolean[]): number[] => [...wanted.keys()].filter((i) => wanted[i]);

/** `all` with others at some places. */
function replaced(all: readonly Tensor[], places: readonly number[], others: readonly Tensor[]): Tensor[] {
  const result = [...all];
  for (const [k, place] of places.entries()) result[place] = others[k]!;
  return result;
}

/** The wanted cotangents of a function, one behind the other. */
function pullThrough(
  f: (inputs: readonly Tensor[]) => Tensor,
  g: Tensor,
  inputs: readonly Tensor[],
  wanted: readonly boolean[],
): Tensor {
  const places = wantedIndices(wanted);
  const at = places.map((i) => inputs[i]!);
  const [, pullback] = vjp((...xs: Tensor[]) => f(replaced(inputs, places, xs)), at);
  return joined(pullback(g));
}

/** What a tangent of input i alone becomes. */
function pushThrough(
  f: (inputs: readonly Tensor[]) => Tensor,
  i: number,
  t: Tensor,
  inputs: readonly Tensor[],
): Tensor {
  return jvp((x) => f(replaced(inputs, [i], [x])), [inputs[i]!], [t])[1];
}

/** For all examples at once by operations that have rules of their own. */
export function batchThrough<A>(f: (inputs: readonly Tensor[], attributes: A) => Tensor): BatchRule<A> {
  return ({ inputs, mapped, attributes }) =>
    vmap((...at: Tensor[]) => f(at, attributes), { inAxes: mapped.map((one) => (one ? 0 : null)) })(...inputs);
}

/** The backward pass with one leading axis more: what is packed for all examples, sorted by examples. */
function backwardOfAll<A>({ row, inputs, mapped, attributes, size }: BatchCall<PullAttributes<A>>): Tensor {
  const all = inputs.map((x, i) => repeated(x, mapped[i]!, size));
  const packed = apply(row, all, attributes as never);
  const { wanted } = attributes;
  const shapes = shapesOf(all).slice(1);
  const rows = wantedIndices(wanted).map((i) => {
    const shape = shapes[i]!;
    return part(packed, i, shapes, wanted).reshape([size, sizeOf(shape.slice(1))]);
  });
  return concat(rows, { axis: 1 });
}

/** Declares both rows of a fused operation. */
export function fused<A>(spec: FusedSpec<A>): FusedRows<A> {
  const { name, inputs: names, differentiable, usesResult = true } = spec;
  const count = names.length;
  /** The backward pass out of other operations, a function of the cotangent and the inputs. */
  const composedPull =
    ({ attributes, wanted }: PullAttributes<A>) =>
    ([g, ...inputs]: readonly Tensor[]): Tensor =>
      pullThrough((at) => spec.composed(at, attributes), g!, inputs.slice(0, count), wanted);

  const backward = new Primitive<PullAttributes<A>>(
    `${name}Backward`,
    'any',
    ['g', ...names, ...(usesResult ? ['result'] : [])],
    ([_, ...inputs], { wanted }) => [wantedIndices(wanted).reduce((sum, i) => sum + sizeOf(inputs[i]!.shape), 0)],
    ([g]) => g!.dtype,
    spec.pull,
    null,
    () => Array.from({ length: count + 1 }, (_, i) => i),
    // The result is a function of the inputs: what it contributes is in their derivatives already.
    (i) => i <= differentiable,
    (i, packed, node) => part(packed, i, shapesOf(node.inputs), node.wanted),
    (i, t, inputs, _, attributes) =>
      i > differentiable ? null : pushThrough(composedPull(attributes), i, t, inputs.slice(0, count + 1)),
    spec.batch === 'leading' ? backwardOfAll : batchThrough((inputs, attributes) => composedPull(attributes)(inputs)),
    {},
    (v, node) =>
      pullThrough(
        composedPull(node.attributes as PullAttributes<A>),
        v,
        node.inputs.slice(0, count + 1),
        node.wanted.slice(0, count + 1),
      ),
  );
  const everything = [...(usesResult ? [-1] : []), ...names.keys()];
  const forward = new Primitive<A>(
    name,
    'any',
    names,
    (inputs, attributes) => spec.shape(shapesOf(inputs), attributes),
    (inputs) => spec.dtype(inputs.map(({ dtype }) => dtype)),
    spec.run,
    null,
    () => everything,
    (i) => i < differentiable,
    (i, packed, node) => part(packed, i, shapesOf(node.inputs), node.wanted),
    (i, t, inputs, _, attributes) =>
      i < differentiable ? pushThrough((at) => spec.composed(at, attributes), i, t, inputs) : null,
    spec.batch === 'leading' ? leadingBatch() : (spec.batch ?? batchThrough(spec.composed)),
    {},
    (g, node) =>
      apply(backward, [g, ...node.inputs, ...(usesResult ? [node.output] : [])], {
        attributes: node.attributes as A,
        wanted: node.wanted,
      }),
  );
  return { forward, backward };
}
