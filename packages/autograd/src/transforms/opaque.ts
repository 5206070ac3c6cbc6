/** Operations whose derivative is a function of tensors given at run time, instead of a row: custom rules, checkpoints. */

import { copy, type Shape, sizeOf } from '@cotangent/kernels';
import { repeated } from '../batching.js';
import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { concat } from '../functions/shape.js';
import { apply, type BatchCall, Primitive } from '../primitive.js';
import type { Node } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { mapTree, treeLeaves } from '../trees.js';
import { vmap } from './vmap.js';

/** What takes the place of a row's rules. `inputs` are those that were recorded. */
export interface OpaqueRules {
  /** For each input its cotangent, or null for none. Called once in a sweep, whatever the number of inputs. */
  cotangents(gradients: readonly Tensor[], inputs: readonly Tensor[]): readonly (Tensor | null)[];
  /** What a tangent of input i adds to the tangents of the values. */
  tangents(i: number, tangent: Tensor, inputs: readonly Tensor[]): readonly Tensor[] | null;
}

/** Several values as one tensor, for an operation has one result; one value as itself. */
function bundle(name: string, values: readonly Tensor[]): Tensor {
  if (values.length === 1) return values[0]!;
  if (values.some(({ dtype }) => dtype !== values[0]!.dtype)) {
    throw new GradientError(
      name,
      `the function returned tensors of several dtypes (${values.map(({ dtype }) => dtype).join(', ')}); expected one`,
    );
  }
  return concat(values.map((value) => value.reshape([value.size])));
}

function unbundle(bundled: Tensor, shapes: readonly Shape[]): Tensor[] {
  if (shapes.length === 1) return [bundled];
  let start = 0;
  return shapes.map((shape) => {
    const end = start + sizeOf(shape);
    const part = bundled.slice([start, end]).reshape(shape);
    start = end;
    return part;
  });
}

/**
 * A row for one call. Input 0 is the values, computed already: the result is a view of them. The inputs after it are what
 * the values depend on, and all that the rules will look at; a place on the tape without numbers is nothing to look at.
 */
function opaqueRow(
  name: string,
  shapes: readonly Shape[],
  inputs: readonly Tensor[],
  differentiable: number,
  rules: OpaqueRules,
): Primitive<undefined> {
  const kept = inputs.flatMap((x, i) => (x.hasValue ? [i + 1] : []));
  /** What the sweep that is passing has computed, for all inputs at once. */
  let passing: { node: Node; g: Tensor; cotangents: readonly (Tensor | null)[] } | null = null;

  const cotangentsFor = (g: Tensor, node: Node): readonly (Tensor | null)[] => {
    if (passing?.g === g && passing.node === node) return passing.cotangents;
    const cotangents = rules.cotangents(unbundle(g, shapes), node.inputs.slice(1));
    if (cotangents.length !== differentiable) {
      throw new GradientError(
        name,
        `its rule gave ${cotangents.length} cotangents for ${differentiable} inputs`,
        'Return one for each input, null where there is none.',
      );
    }
    passing = { node, g, cotangents };
    return cotangents;
  };

  return new Primitive<undefined>(
    name,
    'any',
    null,
    ([values]) => values!.shape,
    ([values]) => values!.dtype,
    copy,
    (layout) => layout,
    () => kept,
    (i) => i > 0 && i <= differentiable,
    (i, g, node) => {
      const cotangent = cotangentsFor(g, node)[i - 1];
      if (node.wanted.lastIndexOf(true) === i) passing = null;
      return cotangent ?? zerosLike(node.inputs[i]!);
    },
    (i, t, inputs) => {
      // A tangent that the values came with is theirs.
      if (i === 0) return t;
      if (i > differentiable) return null;
      const parts = rules.tangents(i - 1, t, inputs.slice(1));
      return parts && bundle(name, parts);
    },
    (call) => recordForAll(name, shapes, differentiable, rules, call),
    {},
  );
}

/** The same operation on all examples of a vmap: its rules are those of one example, mapped. */
function recordForAll(
  name: string,
  shapes: readonly Shape[],
  differentiable: number,
  rules: OpaqueRules,
  { inputs: [values, ...inputs], mapped: [valuesMapped, ...mapped], size }: BatchCall<undefined>,
): Tensor {
  const all = repeated(values!, valuesMapped!, size);
  const axes = mapped.map((one) => (one ? 0 : null));
  const row = opaqueRow(name, [all.shape], inputs, differentiable, {
    cotangents: ([gradients], recorded) => {
      const one = (g: Tensor, at: readonly Tensor[]) => rules.cotangents(unbundle(g, shapes), at);
      const cotangents = vmap(one, { inAxes: [0, axes] })(gradients!, recorded);
      return cotangents.map((g, i) => (g === null || mapped[i] ? g : g.sum({ axis: 0 })));
    },
    tangents: (i, tangent, recorded) => {
      const one = (t: Tensor, at: readonly Tensor[]) => {
        const parts = rules.tangents(i, t, at);
        return parts && bundle(name, parts);
      };
      const pushed = vmap(one, { inAxes: [mapped[i] ? 0 : null, axes] })(tangent, recorded);
      return pushed && [pushed];
    },
  });
  return apply(row, [all, ...inputs], undefined);
}

/**
 * Records `values` (a tree of tensors that are on no tape) as one operation on `inputs`, of which the first
 * `differentiable` have a derivative, by these rules.
 */
export function recordOpaque<V>(
  name: string,
  values: V,
  inputs: readonly Tensor[],
  differentiable: number,
  rules: OpaqueRules,
): V {
  const leaves = treeLeaves(values);
  if (leaves.length === 0) {
    throw new GradientError(name, 'the function returned no tensor', 'Return a tensor, or a tree of them.');
  }
  const shapes = leaves.map(({ shape }) => shape);
  const row = opaqueRow(name, shapes, inputs, differentiable, rules);
  const recorded = unbundle(apply(row, [bundle(name, leaves), ...inputs], undefined), shapes);
  let next = 0;
  return mapTree(values, () => recorded[next++]!) as V;
}
