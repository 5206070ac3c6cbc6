/** A running `vmap`: how a call for all its examples is run, recorded and pushed forward. */

import { ArgumentError, isFloating, type Shape, shapesEqual, showShape } from '@cotangent/kernels';
import { zeros } from './create.js';
import { modes } from './modes.js';
import { apply, type BatchCall, below, type Primitive, pushTangents } from './primitive.js';
import { concat } from './primitives/reshape.js';
import { scopes } from './scope.js';
import { Node, ownByTape } from './tape.js';
import { liveTangents, Tensor } from './tensor.js';

/** What a random function inside `vmap` does. */
export type Randomness = 'error' | 'same' | 'different';

/**
 * What the tensors of one `vmap` have in common. Its level says what lies inside it: transforms of higher levels see one
 * example; those of lower levels, and the user's tape, see the tensor that holds all of them.
 */
export class Mapping {
  /** How many `vmap`s it lies in, itself included. */
  readonly depth: number;
  /** Set once the function has returned: nothing may compute with its tensors any more. */
  over = false;

  constructor(
    readonly level: number,
    /** Number of examples. */
    readonly size: number,
    readonly randomness: Randomness,
    /** The `vmap` around this one. */
    readonly outer: Mapping | null,
  ) {
    this.depth = outer === null ? 1 : outer.depth + 1;
  }

  /** One tensor that stands for every example. */
  wrap(examples: Tensor, madeBy: string): Tensor {
    const x = new Tensor(null, madeBy, examples.shape.slice(1), examples.dtype);
    x.batch = { mapping: this, examples };
    scopes.current?.adopt(x);
    return x;
  }

  /** Whether `x` differs from example to example of this `vmap`. */
  maps(x: Tensor): boolean {
    return x.batch !== null && x.batch.mapping === this;
  }

  /** @throws ArgumentError for a tensor that left the function other than as its result */
  checkRunning(x: Tensor): void {
    if (!this.over) return;
    throw new ArgumentError(
      'vmap',
      `a tensor ${showShape(x.shape)} made by ${x.madeBy} inside vmap was used after vmap had returned`,
      'Return it from the function.',
    );
  }

  /**
   * Runs a primitive for all examples. Transforms and tape outside see that on the tensors of all examples; what runs
   * inside is recorded and pushed forward here, on what stands for one.
   *
   * @param shape of the result of one example
   */
  apply<A>(row: Primitive<A>, inputs: readonly Tensor[], attributes: A, shape: Shape): Tensor {
    const { level, size } = this;
    const mapped = inputs.map((input) => this.maps(input));
    this.checkRunning(inputs[mapped.indexOf(true)]!);
    const outside = inputs.map((input, i) => (mapped[i] ? input.batch!.examples : this.seenFromOutside(input)));
    const call: BatchCall<A> = { row, inputs: outside, mapped, attributes, size, shape };
    const examples = row.batch === null ? this.oneByOne(row, call) : row.batch(call);
    if (!shapesEqual(examples.shape, [size, ...shape])) {
      throw new ArgumentError(
        row.name,
        `its batch rule gave shape ${showShape(examples.shape)}; expected ${showShape([size, ...shape])}`,
        'The batch rule of the primitive is wrong.',
      );
    }

    const out = this.wrap(examples, row.name);
    let tracked = false;
    let dual = false;
    for (let i = 0; i < inputs.length; i++) {
      const { node, severed } = inputs[i]!;
      if (modes.recording && row.hasVjp(i)) {
        if (node !== null && node.highest >= level && isFloating(examples.dtype)) tracked = true;
        if (severed) out.severed = true;
      }
      if (liveTangents(inputs[i]!).some(({ run }) => run.level >= level)) dual = true;
    }
    if (tracked) {
      out.node = new Node(row as Primitive, inputs, attributes, out);
      if (out.owner === null) ownByTape(out);
    }
    if (dual) out.attachTangents(pushTangents(row, inputs, out, attributes, level));
    return out;
  }

  /** What all examples share, without the tape and the tangents of transforms inside this `vmap`. */
  private seenFromOutside(x: Tensor): Tensor {
    const node = x.node !== null && x.node.lowest >= this.level ? null : x.node;
    const plain = below(x, this.level);
    if (node === plain.node) return plain;
    const cut = plain.another();
    cut.tangents = plain.tangents;
    cut.severed = plain.severed;
    scopes.current?.adopt(cut);
    return cut;
  }

  /** The call for one example after the other: right for every row. */
  private oneByOne<A>(row: Primitive<A>, { inputs, mapped, attributes, size, shape }: BatchCall<A>): Tensor {
    const results: Tensor[] = [];
    for (let k = 0; k < size; k++) {
      const result = apply(
        row,
        inputs.map((x, i) => (mapped[i] ? x.slice(k) : x)),
        attributes,
      );
      results.push(result.expandDims(0));
    }
    if (results.length > 0) return apply(concat, results, { axis: 0 });
    return zeros([0, ...shape], { dtype: row.dtype(inputs, attributes) });
  }
}
