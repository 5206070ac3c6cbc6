/** The tape: one node for each recorded operation, linked to the tensors it was computed from. */

import { Recorded } from './anomaly.js';
import { Backlog } from './backlog.js';
import { modes } from './modes.js';
import type { Primitive } from './primitive.js';
import type { Tensor } from './tensor.js';

/** The owner of recorded results: it releases them once their backward pass is over (see `retire`). */
export const tapeOwner: object = { name: 'tape' };

/** What may wait for a backward pass before the oldest of it is left to the garbage collector: as much as loose memory may. */
const backlog = new Backlog(64 * 2 ** 20);

/** Makes the tape the owner of a recorded result. */
export function ownByTape(result: Tensor): void {
  result.owner = tapeOwner;
  if (result.memory !== null) backlog.add(result);
}

/** The tape's result has been released in another way. */
export function forgetResult(result: Tensor): void {
  backlog.remove(result);
}

const nothing: readonly number[] = [];
const noInputs: readonly Tensor[] = [];

/** The lists of booleans of each length up to this, by the bits set in them: nodes share them instead of making their own. */
const fewInputs = 4;
const wantedLists: readonly (readonly (readonly boolean[])[])[] = Array.from({ length: fewInputs + 1 }, (_, length) =>
  Array.from({ length: 2 ** length }, (_, bits) => Array.from({ length }, (_, i) => (bits & (1 << i)) !== 0)),
);

function wantedOf(primitive: Primitive, inputs: readonly Tensor[]): boolean[] {
  return inputs.map(({ node }, i) => node !== null && primitive.hasVjp(i));
}

let nextId = 0;

/** The number that the next node will have: those made before it have smaller ones. */
export function nextNodeId(): number {
  return nextId;
}

/** What a sweep knows about a node. */
export type SweepState = Pick<Node, 'visited' | 'targeted' | 'cursor' | 'needed' | 'cotangent'>;

/** One recorded operation, or (without a primitive) a leaf at which gradients arrive. */
export class Node {
  /** Grows with time, so an operation's number is larger than those of its inputs. */
  readonly id: number = nextId++;
  /** Which inputs the backward pass must pull a cotangent for. */
  readonly wanted: readonly boolean[];
  /** What the kept tensors' versions added up to when they were kept. */
  private readonly versions: number;
  /** True after a backward pass that kept nothing: what the rules need is gone. */
  consumed = false;
  /** True for a leaf that nobody can ask about any more: the stand-in for an argument of a transform that is over. */
  closed = false;
  /** What users want to see or change of the gradient that arrives here. */
  hooks: readonly ((gradient: Tensor) => Tensor)[] | null = null;
  /** Where it was recorded, while anomalies are looked for. */
  readonly recorded: Recorded | null = modes.anomalies === null ? null : new Recorded();
  /** How many recorded operations, not consumed yet, would send a cotangent here, and how many holders. */
  private uses = 0;
  /**
   * Levels of the transforms whose stand-ins lie upstream, the outermost and the innermost; 0 is the user's own leaves. A
   * `vmap` asks which of its two sides a tensor was recorded on.
   */
  readonly lowest: number;
  highest: number;

  // ---- state of the one sweep that is visiting ---------------------------------------------------------------------
  /** Number of the sweep that visited last. */
  visited = 0;
  /** Number of the sweep that was last asked for the cotangent of this node. */
  targeted = 0;
  /** The next input to descend into while the order is being built. */
  cursor = 0;
  /** Whether a target of the sweep lies upstream. */
  needed = false;
  /** What has arrived here so far. */
  cotangent: Tensor | null = null;

  constructor(
    readonly primitive: Primitive | null,
    /** Of a consumed node none: whoever keeps its result (the loss of each step, say) keeps nothing of what it was computed from. */
    public inputs: readonly Tensor[],
    public attributes: unknown,
    /** The result, which the tape releases after the backward pass. */
    public output: Tensor,
    /** For the stand-in of an argument: the level of its transform. */
    level = 0,
  ) {
    // One loop, without a call for each input: this runs for every operation.
    let wantedBits = 0;
    let lowest = -1;
    let highest = level;
    let versions = 0;
    for (let i = 0; i < inputs.length; i++) {
      const upstream = inputs[i]!.node;
      if (upstream === null || !(primitive!.differentiable?.[i] ?? primitive!.hasVjp(i))) continue;
      wantedBits |= 1 << i;
      upstream.uses++;
      if (lowest < 0 || upstream.lowest < lowest) lowest = upstream.lowest;
      if (upstream.highest > highest) highest = upstream.highest;
      const keeps = primitive!.kept?.[i] ?? primitive!.keeps(i);
      for (let k = 0; k < keeps.length; k++) {
        const kept = keeps[k]! < 0 ? output : inputs[keeps[k]!]!;
        kept.pin();
        versions += kept.version;
      }
    }
    this.wanted = inputs.length <= fewInputs ? wantedLists[inputs.length]![wantedBits]! : wantedOf(primitive!, inputs);
    this.lowest = lowest < 0 ? level : lowest;
    this.highest = highest;
    this.versions = versions;
  }

  /** Makes way for another sweep in the middle of one; returns what `resume` is to be given afterwards. */
  interrupt(): SweepState {
    const { visited, targeted, cursor, needed, cotangent } = this;
    this.cotangent = null;
    return { visited, targeted, cursor, needed, cotangent };
  }

  /** Gives the interrupted sweep back what it knew. */
  resume(state: SweepState): void {
    Object.assign(this, state);
  }

  /** Indices of the tensors that the rule of input i will look at, −1 for the result. */
  private keptFor(i: number): readonly number[] {
    return this.wanted[i] ? (this.primitive!.kept?.[i] ?? this.primitive!.keeps(i)) : nothing;
  }

  /** Visits every tensor that the wanted rules will look at. */
  forEachKept(visit: (tensor: Tensor) => void): void {
    for (let i = 0; i < this.wanted.length; i++) {
      for (const kept of this.keptFor(i)) visit(kept < 0 ? this.output : this.inputs[kept]!);
    }
  }

  /** Whether a kept tensor was changed in place since it was kept. */
  get keptChanged(): boolean {
    let versions = 0;
    for (let i = 0; i < this.wanted.length; i++) {
      const keeps = this.keptFor(i);
      for (let k = 0; k < keeps.length; k++)
        versions += (keeps[k]! < 0 ? this.output : this.inputs[keeps[k]!]!).version;
    }
    return versions !== this.versions;
  }

  /**
   * Lets go of everything the rules would have needed, and of the way upstream. Operations upstream that nothing else leads to, and whose
   * results were released (they stood in a scope, say), can never be reached again and let go too.
   */
  consume(): void {
    if (this.consumed || this.primitive === null) return;
    let unreachable: Node[] | null = null;
    for (let node: Node | undefined = this; node !== undefined; node = unreachable?.pop()) {
      if (node.consumed || node.primitive === null) continue;
      node.consumed = true;
      for (let i = 0; i < node.wanted.length; i++) {
        if (!node.wanted[i]) continue;
        const keeps = node.keptFor(i);
        for (let k = 0; k < keeps.length; k++) (keeps[k]! < 0 ? node.output : node.inputs[keeps[k]!]!).unpin();
        const upstream = node.inputs[i]!.node;
        if (upstream === null || --upstream.uses !== 0 || !upstream.output.handleReleased) continue;
        unreachable ??= [];
        unreachable.push(upstream);
      }
      node.inputs = noInputs;
      node.attributes = undefined;
    }
  }

  /** Another tensor over the same memory becomes the result; what was pinned as the result stays pinned. */
  moveOutput(to: Tensor): void {
    const from = this.output;
    this.output = to;
    if (this.consumed) return;
    this.forEachKept((kept) => {
      if (kept !== to) return;
      to.pin();
      from.unpin();
    });
  }

  /** Somebody may start a sweep here whatever becomes of the result; to be let go of once. */
  hold(): void {
    this.uses++;
  }

  /** The opposite of `hold`. */
  letGo(): void {
    if (--this.uses === 0 && this.output.handleReleased) this.consume();
  }

  /** The result's handle was released: if nothing recorded uses it either, no backward pass can come this way. */
  outputReleased(): void {
    if (this.uses === 0) this.consume();
  }
}

let retired: Tensor[] = [];

/**
 * Takes the results that a finished backward pass went through. They stay readable until the next pass has finished too;
 * then their memory is recycled (the third rule of docs/architecture/memory.md).
 */
export function retire(results: Tensor[]): void {
  const before = retired;
  retired = results;
  let bytes = 0;
  for (const result of results) {
    bytes += Math.max(0, result.waiting);
    backlog.remove(result);
  }
  backlog.used(bytes);
  for (const tensor of before) tensor.release();
  backlog.passed();
}
