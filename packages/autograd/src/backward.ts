/** The reverse sweep: cotangents flow from a result to the leaves, each operation pulling them through its vjp. */

import {
  add as addKernel,
  type Block,
  copyInto,
  type DType,
  fill,
  isFloating,
  loosen,
  newBlock,
  type Shape,
  ShapeError,
  type Storage,
  shapesEqual,
  showShape,
} from '@cotangent/kernels';
import { inspectCotangent } from './anomaly.js';
import { GradientError } from './errors.js';
import { modes } from './modes.js';
import { checkOptions } from './options.js';
import { apply } from './primitive.js';
import { identity } from './primitives/reshape.js';
import { Scope, scopes } from './scope.js';
import { type Node, retire, type SweepState, tapeOwner } from './tape.js';
import { isTensor, Tensor } from './tensor.js';

let sweeps = 0;
/** Numbers of the sweeps that are on their way: a rule or a checkpoint may start another one in the middle. */
const running: number[] = [];

/** How a sweep is run. */
interface SweepOptions {
  /** Record the sweep itself, so that its results can be differentiated again. */
  readonly createGraph: boolean;
  /**
   * Called with each target's (or leaf's) whole cotangent; pinned only during the call. If `temporaries` owns it and
   * nothing else looks at its memory, that may be taken over.
   */
  deliver(node: Node, cotangent: Tensor, temporaries: Scope): void;
}

/** The nodes that `roots` depend on, in an order in which every node comes after its inputs. */
export class Order {
  readonly nodes: Node[] = [];
  /** Whether the result also depends on something tracked that is not a target. */
  reachesOutside = false;
  readonly sweep: number = ++sweeps;
  private readonly floor: number;
  /** What sweeps on their way knew about nodes that this one visits too. */
  private interrupted: Map<Node, SweepState> | null = null;

  constructor(
    private readonly operation: string,
    roots: readonly Node[],
    private readonly targets: readonly Node[] | null,
    /** For a transform: the number of the first node that it recorded. What is older is a constant to it, unless a target. */
    begin = -1,
  ) {
    // A node's number is larger than those of its inputs: below the oldest target nothing can lead to a target.
    const oldest =
      targets === null ? -1 : targets.reduce((least, node) => Math.min(least, node.id), Number.POSITIVE_INFINITY);
    this.floor = Math.max(oldest, begin);
    try {
      for (const target of targets ?? []) {
        this.claim(target);
        target.targeted = this.sweep;
      }
      for (const root of roots) {
        if (root.id < this.floor && !this.isTarget(root)) this.reachesOutside = true;
        else if (root.visited !== this.sweep) this.build(root);
      }
    } catch (error) {
      this.end();
      throw error;
    }
  }

  private claim(node: Node): void {
    if (running.length === 0 || !running.includes(node.visited)) return;
    this.interrupted ??= new Map();
    if (!this.interrupted.has(node)) this.interrupted.set(node, node.interrupt());
  }

  /** Nobody asks about visits and targets any more: sweeps that this one interrupted go on. */
  end(): void {
    if (this.interrupted === null) return;
    for (const [node, state] of this.interrupted) node.resume(state);
    this.interrupted = null;
  }

  /** Depth first and iterative: depth costs heap, not stack. */
  private build(root: Node): void {
    const stack: Node[] = [];
    this.enter(root, stack);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (node.cursor === node.inputs.length) {
        stack.pop();
        this.nodes.push(node);
        continue;
      }
      const i = node.cursor++;
      if (!node.wanted[i]) {
        if (node.inputs[i]!.severed && node.primitive!.hasVjp(i)) this.refuseSevered(node, i);
        continue;
      }
      const upstream = node.inputs[i]!.node;
      // A leaf that has stopped requiring a gradient, or that nobody asks about any more.
      if (upstream === null || (upstream.closed && !this.isTarget(upstream))) continue;
      if (upstream.id < this.floor && !this.isTarget(upstream)) {
        this.reachesOutside = true;
        continue;
      }
      if (upstream.visited !== this.sweep) this.enter(upstream, stack);
      if (upstream.needed) node.needed = true;
    }
    // A child may have become needed after its parent looked: inputs come first, so one pass settles it.
    for (const node of this.nodes) {
      for (let i = 0; i < node.inputs.length; i++) {
        if (node.wanted[i] && node.inputs[i]!.node?.visited === this.sweep && node.inputs[i]!.node!.needed)
          node.needed = true;
      }
    }
  }

  private enter(node: Node, stack: Node[]): void {
    this.claim(node);
    node.visited = this.sweep;
    const isTarget = this.isTarget(node);
    const isLeaf = node.primitive === null;
    node.needed = isTarget || (this.targets === null && isLeaf);
    if (isLeaf && !isTarget) this.reachesOutside = true;
    node.cursor = isTarget ? node.inputs.length : 0;
    if (node.consumed && !isTarget) throw usedUp(this.operation, node);
    stack.push(node);
  }

  private refuseSevered(node: Node, i: number): never {
    throw new GradientError(
      this.operation,
      `input ${node.primitive!.inputs?.[i] ?? i} of ${node.primitive!.name} is a result of grad() whose own derivative was not recorded`,
      'Pass { createGraph: true } to that grad(), nest it in the outer transform, or .detach() its result to treat it as a constant.',
    );
  }

  visits(node: Node): boolean {
    return node.visited === this.sweep;
  }

  /** Whether the sweep was asked for the cotangent of this node. */
  isTarget(node: Node): boolean {
    return node.targeted === this.sweep;
  }

  /** Whether cotangents are delivered here: at the targets, or without any at every leaf. */
  endsAt(node: Node): boolean {
    return this.targets === null ? node.primitive === null : this.isTarget(node);
  }
}

function usedUp(operation: string, node: Node): GradientError {
  return new GradientError(
    operation,
    `a part of the graph (made by ${node.primitive!.name}) was already used by an earlier backward pass, which let go of what it needs`,
    'Give the earlier one { retainGraph: true }, or compute the result again; .detach() a value carried from one step to the next.',
  );
}

/** Whether any leaf that can still be asked about lies upstream. */
export function leadsToLeaf(root: Node): boolean {
  const seen = new Set<Node>();
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    // A used-up node counts as a lead: the backward pass that comes this way has something to say about it.
    if (node.consumed || (node.primitive === null && !node.closed)) return true;
    for (let i = 0; i < node.inputs.length; i++) {
      const upstream = node.wanted[i] ? node.inputs[i]!.node : null;
      if (upstream !== null) stack.push(upstream);
    }
  }
  return false;
}

/** Sends a seed from each root through everything in `order`. */
export function sweep(order: Order, roots: readonly Node[], seeds: readonly Tensor[], options: SweepOptions): void {
  const { createGraph, deliver } = options;
  const temporaries = new Scope();
  const recordingBefore = modes.recording;
  const scopeBefore = scopes.current;
  modes.recording = createGraph;
  // Transforms inside a vjp that is recorded are nested: their results stay on the tape.
  if (createGraph) modes.transformDepth++;
  running.push(order.sweep);
  try {
    for (let i = 0; i < roots.length; i++) {
      // A root older than every target has none of them upstream.
      if (order.visits(roots[i]!)) accumulate(roots[i]!, seeds[i]!, null);
    }
    for (let k = order.nodes.length - 1; k >= 0; k--) {
      const node = order.nodes[k]!;
      if (node.cotangent === null) continue;
      // What the scope was is put back once, at the end: no closure for each node.
      if (node.hooks !== null) {
        scopes.current = createGraph ? null : temporaries;
        showHooks(node);
      }
      const g = node.cotangent;
      if (order.endsAt(node)) {
        scopes.current = null;
        deliver(node, g, temporaries);
      } else {
        scopes.current = createGraph ? scopeBefore : temporaries;
        pullThrough(node, g, order, createGraph ? null : temporaries);
      }
      node.cotangent = null;
      g.unpin();
    }
  } finally {
    scopes.current = scopeBefore;
    modes.recording = recordingBefore;
    if (createGraph) modes.transformDepth--;
    running.pop();
    // After an exception cotangents are left lying: they must not meet the next sweep.
    for (const node of order.nodes) {
      node.cotangent?.unpin();
      node.cotangent = null;
    }
    temporaries.releaseAll();
  }
}

/** Lets the hooks change the cotangent that has arrived. */
function showHooks(node: Node): void {
  let g = node.cotangent!;
  for (const hook of node.hooks!) {
    const replaced = hook(g);
    replaced.pin();
    g.unpin();
    g = replaced;
    node.cotangent = g;
  }
}

/** Gives every input of `node` that a target lies behind its share of the cotangent `g`. */
function pullThrough(node: Node, g: Tensor, order: Order, temporaries: Scope | null): void {
  // By a pass that a hook or a rule started in the middle of this one.
  if (node.consumed) throw usedUp('backward', node);
  if (node.keptChanged) {
    throw new GradientError(
      'backward',
      `a tensor that ${node.primitive!.name} keeps for its derivative was changed in place after it was used`,
      'Run backward() before optimizer.step() or assign(), or compute the result again.',
    );
  }
  let begun: Tensor | null = null;
  for (let i = 0; i < node.inputs.length; i++) {
    if (!node.wanted[i]) continue;
    const upstream = node.inputs[i]!.node;
    if (upstream === null || !order.visits(upstream) || !upstream.needed) continue;
    begun ??= begin(g, node);
    const cotangent = pull(i, begun, node);
    const { shape, dtype } = node.inputs[i]!;
    if (!shapesEqual(cotangent.shape, shape)) {
      throw new GradientError(
        node.primitive!.name,
        `its vjp gave a cotangent of shape ${showShape(cotangent.shape)} for an input of shape ${showShape(shape)}`,
        'The vjp of the primitive is wrong.',
      );
    }
    if (cotangent.dtype !== dtype) {
      throw new GradientError(
        node.primitive!.name,
        `its vjp gave a cotangent of dtype ${cotangent.dtype} for an input of dtype ${dtype}`,
        'The vjp of the primitive is wrong.',
      );
    }
    accumulate(upstream, cotangent, temporaries);
  }
  // What this step made and nobody holds as a cotangent is recycled now.
  temporaries?.releaseAll();
}

/** What the rules of a node are given in place of its cotangent. Its operation answers for it, as for its rules. */
function begin(g: Tensor, node: Node): Tensor {
  const row = node.primitive!;
  const { begin } = row;
  if (begin === null) return g;
  const { anomalies, profiler } = modes;
  modes.anomalies = null;
  try {
    return profiler === null ? begin(g, node) : profiler.derive(node, row.name, () => begin(g, node));
  } finally {
    modes.anomalies = anomalies;
  }
}

/** The cotangent of input i. Where anomalies are looked for, its operation answers for it, not those its rule is written in. */
function pull(i: number, g: Tensor, node: Node): Tensor {
  const { anomalies, profiler } = modes;
  const row = node.primitive!;
  if (anomalies === null && profiler === null) return row.pull(i, g, node);
  const run = (): Tensor => row.pull(i, g, node);
  if (anomalies === null) return profiler!.derive(node, row.name, run);
  modes.anomalies = null;
  try {
    const cotangent = profiler === null ? run() : profiler.derive(node, row.name, run);
    inspectCotangent(anomalies, row.name, row.inputs?.[i] ?? i, g, cotangent, node.recorded);
    return cotangent;
  } finally {
    modes.anomalies = anomalies;
  }
}

function accumulate(node: Node, cotangent: Tensor, temporaries: Scope | null): void {
  const before = node.cotangent;
  if (before === null) {
    cotangent.pin();
    node.cotangent = cotangent;
    return;
  }
  // Nobody else looks at the running total: add into it instead of making another one.
  const plain =
    before.batch === null && cotangent.batch === null && before.tangents === null && cotangent.tangents === null;
  const alone = temporaries !== null && before.pins === 1 && before.owner === temporaries;
  if (plain && alone && before.block.storage.claims === 1 && before.block.contiguous) {
    addInto(before.block, cotangent.block);
    return;
  }
  const total = before.add(cotangent);
  total.pin();
  node.cotangent = total;
  before.unpin();
}

/** total ← total + x, in place. */
function addInto(total: Block, x: Block): void {
  addKernel(total, [total, x], undefined);
}

/** Options of `backward`. */
export interface BackwardOptions {
  /** Cotangent of the result, of its shape. @defaultValue 1, for a result with one element */
  gradient?: Tensor;
  /** Keep what a further backward pass through the same graph needs. @defaultValue the value of `createGraph` */
  retainGraph?: boolean;
  /** Record the backward pass, so that the gradients can be differentiated themselves. @defaultValue false */
  createGraph?: boolean;
  /** Accumulate into the `.grad` of these leaves only. @defaultValue every leaf that requires a gradient */
  inputs?: readonly Tensor[];
}

const backwardOptionNames = ['gradient', 'retainGraph', 'createGraph', 'inputs'];

/**
 * Computes the derivative of `y` with respect to every leaf that requires a gradient, and adds it to their `.grad`.
 *
 * What took part stays readable until the next `backward()` has finished and is recycled then.
 *
 * @throws GradientError when `y` depends on nothing that requires a gradient, has more than one element and no
 *   `gradient` was given, or its graph was used up by an earlier pass; ShapeError for a `gradient` of another shape than y
 * @example
 * const w = tensor([1, 2], { requiresGrad: true });
 * w.square().sum().backward();
 * w.grad; // → [2, 4]
 */
export function backward(y: Tensor, options: BackwardOptions = {}): void {
  checkOptions('backward', options, backwardOptionNames);
  const { gradient, createGraph = false, retainGraph = createGraph } = options;
  if (y.batch !== null) {
    throw new GradientError(
      'backward',
      `got a result made by ${y.madeBy} inside vmap, where it stands for ${y.batch.mapping.size} examples`,
      'Differentiate inside vmap with grad(), or call backward() on what vmap returns.',
    );
  }
  const { dtype } = y.block; // of a result that has been released, that is what there is to say
  const root = y.node;
  if (root === null) throw nothingToDifferentiate('backward', y);
  if (gradient !== undefined) checkSeed(y, gradient);
  else if (y.size !== 1) {
    throw new GradientError(
      'backward',
      `got a result of shape ${showShape(y.shape)}; expected one element`,
      'Reduce it with .sum() or .mean(), or pass { gradient } of its shape.',
    );
  }

  const targets = options.inputs === undefined ? null : options.inputs.map(leafNode);
  const order = new Order('backward', [root], targets);
  // What the pass makes on the way is released when it ends; with createGraph, the gradients' own graph pins its share.
  const made = new Scope();
  const before = scopes.current;
  scopes.current = made;
  try {
    const seed = gradient?.cast(dtype) ?? onesOf(y.shape, dtype, made);
    sweep(order, [root], [seed], createGraph ? intoRecordedGrad : intoGrad);
  } finally {
    scopes.current = before;
    order.end();
    made.releaseAll();
  }
  if (retainGraph) {
    entrust(order.nodes);
    return;
  }
  const results: Tensor[] = [];
  for (const node of order.nodes) {
    if (node.primitive === null) continue;
    node.consume();
    if (node.output.owner === tapeOwner) results.push(node.output);
  }
  retire(results);
}

const intoGrad: SweepOptions = {
  createGraph: false,
  deliver: (node, g, temporaries) => addToGrad(node.output, g, temporaries),
};
const intoRecordedGrad: SweepOptions = { createGraph: true, deliver: (node, g) => addRecorded(node.output, g) };

/** What a backward pass starts from, made without the checks of what users give. */
function onesOf(shape: Shape, dtype: DType, scope: Scope): Tensor {
  const block = newBlock(dtype, shape, false);
  fill(block, 1);
  const seed = new Tensor(block, 'ones');
  scope.adopt(seed);
  return seed;
}

function leafNode(input: Tensor): Node {
  if (!isTensor(input) || !input.isLeaf || input.node === null) {
    throw new GradientError(
      'backward',
      'got an input that is not a leaf requiring a gradient',
      'Set requiresGrad on it before the forward pass.',
    );
  }
  return input.node;
}

/** The error for a result that nothing recorded leads to. */
export function nothingToDifferentiate(operation: string, y: Pick<Tensor, 'severed' | 'madeBy'>): GradientError {
  if (y.severed) {
    return new GradientError(
      operation,
      `the result of ${y.madeBy} comes from grad(), whose own derivative was not recorded`,
      'Pass { createGraph: true } to that grad(), or nest it in the outer transform.',
    );
  }
  return new GradientError(
    operation,
    `the result of ${y.madeBy} depends on nothing that requires a gradient`,
    'Create a leaf with { requiresGrad: true }, compute outside noGrad(), and do not detach on the way.',
  );
}

function checkSeed(y: Tensor, gradient: Tensor): void {
  if (!isTensor(gradient))
    throw new GradientError('backward', `got a gradient that is ${typeof gradient}; expected a tensor`);
  if (!shapesEqual(gradient.shape, y.shape))
    throw new ShapeError('backward', { gradient, y }, 'a gradient of the shape of y');
  if (!isFloating(gradient.dtype))
    throw new GradientError('backward', `got a gradient of dtype ${gradient.dtype}; expected ${y.dtype}`);
}

/**
 * Leaves the results of a pass that kept its graph to the garbage collector as well: another pass may come and retire
 * them, or none. What is a view of a leaf's or of data's memory is not the tape's to move.
 */
function entrust(nodes: readonly Node[]): void {
  const foreign = new Set<Storage>();
  for (const { inputs } of nodes) {
    for (const { owner, memory } of inputs) if (owner !== tapeOwner && memory !== null) foreign.add(memory.storage);
  }
  for (const { output } of nodes) {
    const { owner, memory } = output;
    if (owner !== tapeOwner || memory === null || foreign.has(memory.storage)) continue;
    if (!memory.storage.loosen()) output.moveTo(loosen(memory));
  }
}

/** leaf.grad ← leaf.grad + g, recorded; a tensor of its own, for leaves may share g. */
function addRecorded(leaf: Tensor, g: Tensor): void {
  const gradient = leaf.grad === null ? apply(identity, [g], undefined) : leaf.grad.add(g);
  gradient.owner = leaf;
  leaf.grad = gradient;
}

/** leaf.grad ← leaf.grad + g */
function addToGrad(leaf: Tensor, g: Tensor, temporaries: Scope): void {
  const before = leaf.grad;
  // In place, unless a view of it is looking.
  if (before !== null && before.node === null && before.block.contiguous && before.block.storage.claims === 1) {
    addInto(before.block, g.block);
    before.block.storage.version++;
    return;
  }
  // A leaf that its user disposed of has no memory left, and the pass goes on for the others.
  const held = leaf.memory?.storage.held ?? false;
  const gradient = before === null ? takeOver(g, 'backward', held, temporaries) : before.add(g);
  gradient.owner = leaf; // released by zeroGrad, so views of it must not share its memory
  leaf.grad = gradient;
}

/**
 * A tensor of the numbers of `g`, and nobody's: `g` itself where it is one of the sweep's temporaries and alone uses its memory, else
 * one with a copy. `held`: it will have an owner.
 */
export function takeOver(g: Tensor, madeBy: string, held: boolean, temporaries: Scope): Tensor {
  const { block } = g;
  const alone = block.contiguous && block.storage.claims === 1 && g.owner === temporaries && g.pins === 1;
  if (alone && (held || block.storage.loosen())) {
    if (g.node === null && g.tangents === null && !g.severed) return g.handOver(madeBy);
    // The sweep unpins g next, and releases it; from then on the claim made here is the only one.
    block.storage.claim();
    return new Tensor(block, madeBy);
  }
  const copied = newBlock(block.dtype, block.shape, !held);
  copyInto(copied, block);
  return new Tensor(copied, madeBy);
}
