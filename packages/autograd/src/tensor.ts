/** The tensor: numbers in memory, and what the tape and the transforms need to know about them. */

import {
  ArgumentError,
  type Block,
  copyOut,
  type DType,
  DTypeError,
  isFloating,
  type Shape,
  ShapeError,
  type Strides,
  shapesEqual,
  showShape,
  sizeOf,
  type TypedArray,
} from '@cotangent/kernels';
import { notWaiting } from './backlog.js';
import type { BackwardOptions } from './backward.js';
import { Branded } from './brand.js';
import { GradientError, ReleasedTensorError } from './errors.js';
import type { EluOptions, GeluOptions } from './functions/activations.js';
import type { HookHandle } from './functions/hooks.js';
import type { AxesOptions, DiagonalOptions, PadOptions } from './functions/rearrange.js';
import type { ArgOptions, ReduceOptions } from './functions/reductions.js';
import type { ScanOptions } from './functions/scan.js';
import type { Range } from './functions/shape.js';
import type { SoftmaxOptions } from './functions/softmax.js';
import type { SortOptions, TopKOptions } from './functions/sorting.js';
import type { NormOptions, QuantileOptions, VarianceOptions } from './functions/statistics.js';
import type { Mapping } from './mapping.js';
import { forgetResult, Node } from './tape.js';
import type { Tracer } from './tracer.js';

/** Nested arrays of numbers, as deep as the tensor has axes; a bare number for a scalar. */
export type NestedArray = number | boolean | NestedArray[];

/** One run of a forward-mode transform. Each that is running has a level of its own, so that nested ones never mix. */
export interface ForwardRun {
  readonly level: number;
  /** Set when it has returned. What the tape kept still carries its tangents, and they mean nothing any more. */
  over: boolean;
}

/** A tangent of forward mode. */
export interface Tangent {
  readonly run: ForwardRun;
  readonly value: Tensor;
}

/** The tangents of runs that are not over. */
export function liveTangents(x: Tensor): readonly Tangent[] {
  if (x.tangents === null) return [];
  return x.tangents.some(({ run }) => run.over) ? x.tangents.filter(({ run }) => !run.over) : x.tangents;
}

/** What a tensor holds inside `vmap`: all examples, along the first axis of one tensor. */
export interface Batch {
  readonly mapping: Mapping;
  readonly examples: Tensor;
}

/**
 * An n-dimensional array of one dtype. Tensors are immutable to their users, except that optimizers and `assign` update
 * parameters in place. Nobody has to free one (docs/architecture/memory.md says who does).
 *
 * Create them with `tensor`, `zeros`, `ones`, `arange`, …; the constructor is for the library's own use.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * x.shape; // → [2, 2]
 * x.mul(2).sum({ axis: 0 }); // → [8, 12]
 */
export class Tensor extends Branded {
  /** Extents, outermost axis first; `[]` for a scalar. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
  /** The operation that made it, for messages. */
  readonly madeBy: string;

  /** The memory, or null once it has been recycled. @internal */
  memory: Block | null;
  /** Where it stands on the tape: null when nothing upstream requires a gradient. @internal */
  node: Node | null = null;
  /** The scope or the tape that will release it; null when only the garbage collector will. @internal */
  owner: object | null = null;
  /** Bytes that wait for a backward pass (see `Backlog`); −1 when nothing does. @internal */
  waiting: number = notWaiting;
  /** How often the tape or a sweep needs the memory, whatever the owner does meanwhile. @internal */
  pins = 0;
  /** Forward-mode tangents, lowest level first. @internal */
  tangents: readonly Tangent[] | null = null;
  /** Inside `vmap`: where its numbers are, one example after the other. It has no memory of its own. @internal */
  batch: Batch | null = null;
  /** Of a tensor that only describes one, without numbers: who receives the calls on it. @internal */
  tracer: Tracer | null = null;
  /** Computed from a derivative whose own derivative was not recorded: differentiating it would be wrong. @internal */
  severed = false;
  private released = false;
  private gradient: Tensor | null = null;
  /** The node of a leaf that has stopped requiring a gradient: what was recorded before leads to it. */
  private idle: Node | null = null;

  /** @param block its memory, or null for a tensor that gets its value later, of the shape and dtype given */
  constructor(block: Block | null, madeBy: string, shape?: Shape, dtype?: DType) {
    super();
    this.memory = block;
    this.shape = block?.shape ?? shape!;
    this.dtype = block?.dtype ?? dtype!;
    this.madeBy = madeBy;
  }

  // ---- what it is -----------------------------------------------------------------------------------------------

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Steps, in elements, between neighbours along each axis of the underlying memory. */
  get strides(): Strides {
    return this.block.strides;
  }

  /** The memory, for kernels. @throws ReleasedTensorError when it has been recycled */
  get block(): Block {
    return this.memory ?? this.refuseToRead();
  }

  /** What reading without memory means; a parameter that has no shape yet has its own answer. */
  protected refuseToRead(): never {
    if (this.tracer !== null) return this.tracer.refuseToRead(this);
    if (this.batch !== null) {
      this.batch.mapping.checkRunning(this);
      throw new ArgumentError(
        'vmap',
        `the numbers of a tensor ${showShape(this.shape)} made by ${this.madeBy} were asked for, and inside the function it stands for ${this.batch.mapping.size} examples at once`,
        'Choose with where(condition, a, b) instead of if, and read results after vmap has returned.',
      );
    }
    throw new ReleasedTensorError(this.madeBy);
  }

  /** Whether there are numbers to read: not before a deferred parameter has its shape, nor once they are recycled. */
  get hasValue(): boolean {
    return this.memory !== null || this.batch !== null;
  }

  /** True once the numbers are gone. Reading such a tensor throws ReleasedTensorError. */
  get isReleased(): boolean {
    return this.memory === null && this.released;
  }

  // ---- reading --------------------------------------------------------------------------------------------------

  /**
   * The one element of a tensor of size 1, as a number.
   *
   * @throws ShapeError for any other size; ReleasedTensorError when the memory has been recycled.
   */
  item(): number {
    const { block } = this;
    if (block.size !== 1)
      throw new ShapeError('item', { x: this.shape }, 'a tensor of one element', 'Use .toArray() or .toTypedArray().');
    return block.data[block.offset]!;
  }

  /**
   * The elements in row-major order, copied: no later operation changes them.
   *
   * @throws ReleasedTensorError when the memory has been recycled.
   */
  toTypedArray(): TypedArray {
    return copyOut(this.block);
  }

  /**
   * The elements as nested arrays (a bare number for a scalar; `true` and `false` for bool).
   *
   * @throws ReleasedTensorError when the memory has been recycled.
   */
  toArray(): NestedArray {
    const values = copyOut(this.block);
    const read = this.dtype === 'bool' ? (i: number) => values[i] !== 0 : (i: number) => values[i]!;
    let next = 0;
    const nest = (axis: number): NestedArray =>
      axis === this.shape.length ? read(next++) : Array.from({ length: this.shape[axis]! }, () => nest(axis + 1));
    return nest(0);
  }

  /** @internal */
  toJSON(): NestedArray {
    return this.toArray();
  }

  // ---- differentiation ------------------------------------------------------------------------------------------

  /** Whether a backward pass reaches this tensor. Settable on leaves: tensors that no recorded operation made. */
  get requiresGrad(): boolean {
    return this.node !== null;
  }

  set requiresGrad(wanted: boolean) {
    if (wanted === this.requiresGrad) return;
    if (!this.isLeaf) {
      throw new GradientError(
        'requiresGrad',
        `got a tensor made by ${this.madeBy}, which is recorded; expected a leaf`,
        'Use .detach() for a copy that is cut off from the tape.',
      );
    }
    if (wanted && !isFloating(this.dtype)) {
      throw new DTypeError(
        'requiresGrad',
        { x: this.dtype },
        'float32 or float64',
        'Integers have no derivative: use .cast().',
      );
    }
    if (wanted && this.batch !== null) {
      throw new GradientError(
        'requiresGrad',
        `got a tensor made by ${this.madeBy} inside vmap; expected one of numbers of its own`,
        'Differentiate inside vmap with grad(), or make the leaf outside.',
      );
    }
    const { node } = this;
    this.node = wanted ? (this.idle ?? new Node(null, [], undefined, this)) : null;
    this.idle = node;
  }

  /** True when no recorded operation made it: data, parameters, and everything that needs no gradient. */
  get isLeaf(): boolean {
    return this.node === null || this.node.primitive === null;
  }

  /**
   * The gradient that `backward()` has accumulated here; null before the first one and after `zeroGrad()`.
   * It belongs to this tensor: setting another one, or null, recycles it.
   *
   * @throws ShapeError, DTypeError when set to a tensor of another shape or dtype
   */
  get grad(): Tensor | null {
    return this.gradient;
  }

  set grad(value: Tensor | null) {
    if (value !== null && !shapesEqual(value.shape, this.shape))
      throw new ShapeError('grad', { grad: value, x: this }, 'a gradient of the shape of x');
    if (value !== null && value.dtype !== this.dtype)
      throw new DTypeError('grad', { grad: value.dtype, x: this.dtype }, 'a gradient of the dtype of x');
    if (this.gradient !== null && this.gradient !== value) this.gradient.release();
    this.gradient = value;
  }

  /** Forgets the accumulated gradient and recycles its memory. */
  zeroGrad(): void {
    this.grad = null;
  }

  // ---- memory ---------------------------------------------------------------------------------------------------

  /** Gives the memory up; it is recycled once no pin holds it. Twice is the same as once. @internal */
  release(): void {
    if (this.released) return;
    this.released = true;
    if (this.waiting !== notWaiting) forgetResult(this);
    if (this.node !== null && this.node.output === this) this.node.outputReleased();
    if (this.pins === 0) this.recycle();
  }

  /** Whether the owner has given it up, though a pin may still hold the memory. @internal */
  get handleReleased(): boolean {
    return this.released;
  }

  /** Another tensor over the same numbers: off the tape, without tangents, and nobody's yet. @internal */
  another(examples: Tensor | undefined = this.batch?.examples): Tensor {
    if (this.batch !== null) {
      const same = new Tensor(null, this.madeBy, this.shape, this.dtype);
      same.batch = { mapping: this.batch.mapping, examples: examples! };
      return same;
    }
    this.block.storage.claim();
    return new Tensor(this.block, this.madeBy);
  }

  /** How often its numbers have been changed in place. @internal */
  get version(): number {
    return this.batch === null ? this.block.storage.version : this.batch.examples.version;
  }

  /** Whether some transform or tape, at whatever level, will ask for a derivative with respect to it. @internal */
  get varies(): boolean {
    return this.node !== null || liveTangents(this).length > 0 || (this.batch?.examples.varies ?? false);
  }

  /** Holds the memory, and that of the tangents and examples, whatever their owner does. @internal */
  pin(): void {
    this.pins++;
    if (this.batch !== null) this.batch.examples.pin();
    if (this.tangents !== null) for (const { value } of this.tangents) value.pin();
  }

  /** @internal */
  unpin(): void {
    if (--this.pins === 0 && this.released) this.recycle();
    if (this.batch !== null) this.batch.examples.unpin();
    if (this.tangents !== null) for (const { value } of this.tangents) value.unpin();
  }

  /** Gives a tensor that may be pinned already its tangents. @internal */
  attachTangents(tangents: readonly Tangent[] | null): void {
    this.tangents = tangents;
    for (let i = 0; i < this.pins; i++) for (const { value } of tangents ?? []) value.pin();
  }

  /** Takes its numbers from this block from now on, and its shape. The claim on the old one is the caller's. @internal */
  moveTo(block: Block): void {
    this.memory = block;
    (this as { shape: Shape }).shape = block.shape;
  }

  /** Becomes the result of another operation, and nobody's yet, though its owner may have released it already: a pin holds it. @internal */
  handOver(madeBy: string): this {
    this.owner = null;
    this.released = false;
    (this as { madeBy: string }).madeBy = madeBy;
    return this;
  }

  private recycle(): void {
    const { memory } = this;
    if (memory === null) return;
    this.memory = null;
    memory.storage.release();
  }

  /**
   * Releases the memory now instead of leaving it to its owner or the garbage collector: `using x = …`, or a call.
   * Never needed. Reading the tensor afterwards throws ReleasedTensorError.
   */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Arithmetic takes tensors and numbers, and broadcasts. Every method is also a function of the package, under NumPy's name. */
export interface Tensor {
  // ---- arithmetic ------------------------------------------------------------------------------------------------
  /** this + b */
  add(b: Tensor | number): Tensor;
  /** this − b (`subtract`) */
  sub(b: Tensor | number): Tensor;
  /** this · b, element by element (`multiply`) */
  mul(b: Tensor | number): Tensor;
  /** this / b (`divide`); integers divide to float32 */
  div(b: Tensor | number): Tensor;
  /** thisᵇ (`power`) */
  pow(b: Tensor | number): Tensor;
  /** The larger of two; NaN where either is. */
  maximum(b: Tensor | number): Tensor;
  /** The smaller of two; NaN where either is. */
  minimum(b: Tensor | number): Tensor;
  /** −this (`negative`) */
  neg(): Tensor;
  /** 1 / this */
  reciprocal(): Tensor;
  /** this² */
  square(): Tensor;
  /** √this; gradient +∞ at 0 */
  sqrt(): Tensor;
  /** |this|; gradient 0 at 0 */
  abs(): Tensor;
  /** −1, 0 or 1 */
  sign(): Tensor;
  /** eˣ */
  exp(): Tensor;
  /** ln x */
  log(): Tensor;
  /** tanh x */
  tanh(): Tensor;
  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Tensor;
  /** max(x, 0); gradient 0 at 0 */
  relu(): Tensor;

  // ---- elementary functions -------------------------------------------------------------------------------------------
  /** 2ˣ */
  exp2(): Tensor;
  /** eˣ − 1, exact near 0 where eˣ would round to 1. */
  expm1(): Tensor;
  /** ln(1 + x), exact near 0; −∞ at −1, NaN below. */
  log1p(): Tensor;
  /** log₂ x; −∞ at 0, NaN below. */
  log2(): Tensor;
  /** log₁₀ x; −∞ at 0, NaN below. */
  log10(): Tensor;
  /** sin x, of radians. */
  sin(): Tensor;
  /** cos x, of radians. */
  cos(): Tensor;
  /** tan x, of radians. */
  tan(): Tensor;
  /** arcsin x, −π/2 to π/2; NaN beyond ±1, gradient +∞ at ±1. */
  asin(): Tensor;
  /** arccos x, 0 to π; NaN beyond ±1, gradient −∞ at ±1. */
  acos(): Tensor;
  /** arctan x, −π/2 to π/2. */
  atan(): Tensor;
  /** sinh x = (eˣ − e⁻ˣ) / 2 */
  sinh(): Tensor;
  /** cosh x = (eˣ + e⁻ˣ) / 2 */
  cosh(): Tensor;
  /** arsinh x */
  asinh(): Tensor;
  /** arcosh x; NaN below 1, gradient +∞ at 1. */
  acosh(): Tensor;
  /** artanh x; ±∞ at ±1, NaN beyond. */
  atanh(): Tensor;
  /** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
  erf(): Tensor;
  /** 1 − erf x, without losing the small values of large x. */
  erfc(): Tensor;
  /** 1 / √x; ∞ at 0, NaN below. */
  rsqrt(): Tensor;
  /** ∛x, of negative numbers too; gradient +∞ at 0. */
  cbrt(): Tensor;
  /** The angle of the point (x, this), in all four quadrants. */
  atan2(x: Tensor | number): Tensor;

  // ---- activations and rounding ---------------------------------------------------------------------------------------
  /** ln(1 + eˣ) */
  softplus(): Tensor;
  /** x σ(x) */
  silu(): Tensor;
  /** x Φ(x); by tanh with `{ approximate: true }` */
  gelu(options?: GeluOptions): Tensor;
  /** x above 0, α (eˣ − 1) from there down */
  elu(options?: EluOptions): Tensor;
  /** The largest whole number not above this. */
  floor(): Tensor;
  /** The smallest whole number not below this. */
  ceil(): Tensor;
  /** The nearest whole number, halves to the even one. */
  round(): Tensor;
  /** The whole part. */
  trunc(): Tensor;
  /** this − b ⌊this/b⌋, with the sign of b */
  remainder(b: Tensor | number): Tensor;
  /** ⌊this / b⌋ */
  floorDivide(b: Tensor | number): Tensor;
  /** Whether this is NaN. */
  isnan(): Tensor;
  /** Whether this is ∞ or −∞. */
  isinf(): Tensor;
  /** Whether this is neither infinite nor NaN. */
  isfinite(): Tensor;

  // ---- comparison and choice; comparisons give bool -----------------------------------------------------------------
  /** this = b */
  equal(b: Tensor | number): Tensor;
  /** this ≠ b */
  notEqual(b: Tensor | number): Tensor;
  /** this < b */
  less(b: Tensor | number): Tensor;
  /** this ≤ b */
  lessEqual(b: Tensor | number): Tensor;
  /** this > b */
  greater(b: Tensor | number): Tensor;
  /** this ≥ b */
  greaterEqual(b: Tensor | number): Tensor;
  /** Whether both are true. */
  logicalAnd(b: Tensor): Tensor;
  /** Whether either is true. */
  logicalOr(b: Tensor): Tensor;
  /** Whether one is true and the other is not. */
  logicalXor(b: Tensor): Tensor;
  /** Whether this is false. */
  logicalNot(): Tensor;
  /** `a` where this (bool) holds, else `b`. */
  where(a: Tensor | number, b: Tensor | number): Tensor;
  /** Held between two bounds. */
  clip(low: number, high: number): Tensor;
  /** The same numbers in another dtype. */
  cast(dtype: DType): Tensor;

  // ---- reductions; over all axes unless `axis` names some ------------------------------------------------------------
  /** Σ, pairwise in double precision */
  sum(options?: ReduceOptions): Tensor;
  /** Σ / count */
  mean(options?: ReduceOptions): Tensor;
  /** Largest element; equal ones share the gradient. */
  max(options?: ReduceOptions): Tensor;
  /** Smallest element; equal ones share the gradient. */
  min(options?: ReduceOptions): Tensor;
  /** Index of the first largest element, int32. */
  argmax(options?: ArgOptions): Tensor;
  /** Index of the first smallest element, int32. */
  argmin(options?: ArgOptions): Tensor;
  /** Sums over the axes that broadcasting from `shape` repeated. */
  sumTo(shape: Shape): Tensor;
  /** Whether any element is true (not 0). */
  any(options?: ReduceOptions): Tensor;
  /** Whether all elements are true (not 0). */
  all(options?: ReduceOptions): Tensor;
  /** Π; exact derivatives with any number of zeros */
  prod(options?: ReduceOptions): Tensor;
  /** Σ (x − mean)² / (count − ddof); ddof is 0 */
  variance(options?: VarianceOptions): Tensor;
  /** √variance */
  std(options?: VarianceOptions): Tensor;
  /** ln Σ eˣ */
  logSumExp(options?: ReduceOptions): Tensor;
  /** (Σ |x|ᵖ)^(1/p), p being `order` (2); gradient 0 at 0 */
  norm(options?: NormOptions): Tensor;
  /** The (lower) middle value. */
  median(options?: QuantileOptions): Tensor;
  /** Running sums along an axis. */
  cumsum(options?: ScanOptions): Tensor;
  /** Running products along an axis. */
  cumprod(options?: ScanOptions): Tensor;
  /** In order along an axis. */
  sort(options?: SortOptions): Tensor;
  /** The indices that sort. */
  argsort(options?: SortOptions): Tensor;
  /** The k largest along an axis, and where they are. */
  topK(k: number, options?: TopKOptions): { values: Tensor; indices: Tensor };

  // ---- shape and place; without a copy where strides allow -----------------------------------------------------------
  /** The same elements under another shape; one extent may be −1. */
  reshape(shape: Shape): Tensor;
  /** Axis i of the result is axis `axes[i]`; reversed by default. */
  permute(axes?: readonly number[]): Tensor;
  /** Exchanges two axes. */
  swapAxes(a: number, b: number): Tensor;
  /** Repeats axes of extent 1 up to `shape`. */
  broadcastTo(shape: Shape): Tensor;
  /** Inserts an axis of extent 1. */
  expandDims(axis: number): Tensor;
  /** Drops axes of extent 1. */
  squeeze(axis?: number | readonly number[]): Tensor;
  /** A part: per axis an index, `[start, stop, step]`, or null for all. */
  slice(...ranges: readonly Range[]): Tensor;
  /** The slices at `indices` (int32) along an axis. */
  take(indices: Tensor, options?: { readonly axis?: number }): Tensor;
  /** The elements in reverse along axes. */
  flip(options?: AxesOptions): Tensor;
  /** Moved on along an axis; what falls off comes in again. */
  roll(shift: number, options?: { readonly axis?: number }): Tensor;
  /** Laid several times along each axis. */
  tile(counts: readonly number[]): Tensor;
  /** Every element several times in a row along an axis. */
  repeat(count: number, options?: { readonly axis?: number }): Tensor;
  /** Parts along an axis: as many equal ones, or cut before the indices. */
  split(parts: number | readonly number[], options?: { readonly axis?: number }): Tensor[];
  /** The slices along an axis. */
  unstack(options?: { readonly axis?: number }): Tensor[];
  /** Wider at the ends of axes. */
  pad(widths: readonly (number | readonly [number, number])[], options?: PadOptions): Tensor;
  /** One axis at another place. */
  moveAxis(from: number, to: number): Tensor;
  /** The lower triangle of each matrix. */
  tril(options?: DiagonalOptions): Tensor;
  /** The upper triangle of each matrix. */
  triu(options?: DiagonalOptions): Tensor;
  /** A diagonal of each matrix. */
  diagonal(options?: DiagonalOptions): Tensor;
  /** The sum of the diagonal of each matrix. */
  trace(options?: DiagonalOptions): Tensor;
  /** Σ over the last axis of this and the last but one of b. */
  dot(b: Tensor): Tensor;
  /** All axes reversed. */
  readonly T: Tensor;
  /** The last two axes exchanged: the transpose of each matrix. */
  readonly mT: Tensor;

  // ---- products and softmax ------------------------------------------------------------------------------------------
  /** Matrix product of the last two axes. */
  matmul(b: Tensor): Tensor;
  /** eˣ / Σ eˣ along `axis` (−1) */
  softmax(options?: SoftmaxOptions): Tensor;
  /** ln softmax along `axis` (−1) */
  logSoftmax(options?: SoftmaxOptions): Tensor;

  // ---- tape and memory -----------------------------------------------------------------------------------------------
  /** The same numbers, cut off from the tape and safe to keep. */
  detach(): Tensor;
  /** Overwrites the numbers in place. */
  assign(value: Tensor): Tensor;
  /** Adds the derivative of this to the `.grad` of every leaf. */
  backward(options?: BackwardOptions): void;
  /** Calls `hook` with the gradient that arrives here; what it returns takes its place. */
  registerHook(hook: (gradient: Tensor) => Tensor | undefined): HookHandle;
  /** Lets this result have a `.grad`, as leaves have. */
  retainGrad(): void;
  /** dtype, shape and numbers */
  toString(): string;
  /** The same as an HTML table, the middle of long axes left out; notebooks show it. */
  toHTML(): string;
}

export { isTensor } from './brand.js';

/**
 * The numbers; inside `vmap` those of all examples. For checks that hold for each of them.
 *
 * @example
 * allNumbers(tensor([1, 2, 3])).length; // → 3
 */
export function allNumbers(x: Tensor): TypedArray {
  return x.batch === null ? x.toTypedArray() : allNumbers(x.batch.examples);
}
