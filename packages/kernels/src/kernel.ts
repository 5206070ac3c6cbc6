/** Which of its two implementations a kernel runs: the plain loop, right for everything, or its SIMD twin. The only dispatch. */

import { Block, newBlock } from './block.js';
import { isFloating } from './dtype.js';
import type { Kernel } from './elementwise/runs.js';
import { copyInto } from './move/copy.js';
import { isDeterministic } from './wasm/features.js';
import { simdAvailable } from './wasm/load.js';
import type { MapKernel } from './wasm/mapKernel.js';
import { runMap } from './wasm/runMap.js';
import { runUpdate, type UpdateKernel } from './wasm/update.js';

/** Returns false where these operands do not suit it; the plain loop then fills all of `out`. */
export type SimdTwin<A = unknown> = (out: Block, inputs: readonly Block[], attributes: A) => boolean;

/** When copying operands is worth it. Never, unless told. */
export interface Staging {
  /** From how much work on operands of which some lie in buffers of JavaScript's own those are copied into the heap. */
  readonly outsideFrom?: number;
  /** From how much work on operands in the heap those that are not contiguous are copied. */
  readonly stridedFrom?: number;
  /** Whether the kernel takes operands of any strides, so that copies into the heap may keep theirs. @defaultValue false */
  readonly anyStrides?: boolean;
  /** How much there is to do; the elements of `out` unless told. */
  readonly work?: (out: Block, inputs: readonly Block[]) => number;
}

/**
 * For kernels of an instruction or a few. Staging costs 0.3 to 0.5 µs and 0.3 ns an element; on Node 20 and a Zen 4 core it
 * breaks even at 150 to 200 float32 elements. Strided operands stay with the plain loop: copying a transposed matrix takes as
 * long as the loop over it.
 */
export const cheapStaging: Staging = { outsideFrom: 192 };

/** For exp, log, tanh and the like, which break even at 50 to 120 elements, and at some 500 when an operand is strided. */
export const costlyStaging: Staging = { outsideFrom: 128, stridedFrom: 1024 };

/** A kernel that runs as SIMD where it can. */
export interface DispatchedKernel<A = unknown> extends Kernel<A> {
  /** The plain loop: the reference that the twin is tested against, and what runs where there is no SIMD. */
  readonly plain: Kernel<A>;
}

const never = Number.POSITIVE_INFINITY;
const elementsOf = (out: Block): number => out.size;

/** A plain loop and its SIMD twin as one kernel. */
export function kernel<A = unknown>(plain: Kernel<A>, simd: SimdTwin<A>, staging: Staging = {}): DispatchedKernel<A> {
  const { outsideFrom = never, stridedFrom = never, anyStrides = false, work = elementsOf } = staging;
  const stages = outsideFrom < never || stridedFrom < never;
  const run: Kernel<A> = (out, inputs, attributes) => {
    if (simdAvailable()) {
      if (simd(out, inputs, attributes)) return;
      const outside = !(out.storage.inHeap && areInHeap(inputs));
      // The plain loops call Math.exp and the like, whose last bits are the JavaScript engine's own: deterministic mode
      // avoids them however little there is to do.
      const enough = work(out, inputs) >= (outside ? outsideFrom : stridedFrom) || (stages && isDeterministic());
      if (enough && runStaged(simd, outside, anyStrides, out, inputs, attributes)) return;
    }
    plain(out, inputs, attributes);
  };
  return Object.assign(run, { plain });
}

/**
 * A plain loop and its elementwise SIMD twin as one kernel.
 *
 * @param parameters the twin's parameters, in its order, out of the attributes
 */
export function mapKernelPair<A = unknown>(
  plain: Kernel<A>,
  twin: MapKernel,
  staging: Staging = cheapStaging,
  parameters?: (attributes: A) => readonly number[],
): DispatchedKernel<A> {
  const simd: SimdTwin<A> =
    parameters === undefined
      ? (out, inputs) => runMap(twin, out, inputs)
      : (out, inputs, attributes) => runMap(twin, out, inputs, parameters(attributes));
  return kernel(plain, simd, staging);
}

/**
 * Updates `state` in place by the SIMD kernel; false, and nothing was done, where that needs the plain loop. Nothing is
 * staged: copying as many operands both ways would take as long as the loop.
 */
export function updateInSimd(
  twin: UpdateKernel,
  state: readonly Block[],
  gradient: Block,
  parameters: readonly number[],
): boolean {
  return simdAvailable() && runUpdate(twin, state, gradient, parameters);
}

function areInHeap(blocks: readonly Block[]): boolean {
  for (let k = 0; k < blocks.length; k++) if (!blocks[k]!.storage.inHeap) return false;
  return true;
}

function copyOf(block: Block): Block {
  const copy = newBlock(block.dtype, block.shape, false);
  copyInto(copy, block);
  return copy;
}

/** Whether a view shows as many elements as its storage holds: a transpose, say. */
const isWhole = ({ size, storage }: Block): boolean => size === storage.length;

/** A copy that keeps the strides, for the storage is copied as it lies: faster than putting the elements in order. */
function copyOfWhole({ storage, dtype, shape, strides, offset }: Block): Block {
  const flat = [storage.length];
  const copy = copyOf(new Block(storage, dtype, flat, [1], storage.start));
  return new Block(copy.storage, dtype, shape, strides, copy.offset + offset - storage.start);
}

/**
 * Runs `simd` with copies in the heap, leased for this call: of the operands that lie elsewhere or, where none does, of
 * those that are not contiguous. False, and `out` is as it was, where that does not help.
 */
function runStaged<A>(
  simd: SimdTwin<A>,
  outside: boolean,
  anyStrides: boolean,
  out: Block,
  inputs: readonly Block[],
  attributes: A,
): boolean {
  if (!isFloating(inputs[inputs.length - 1]!.dtype)) return false;
  const copies: Block[] = [];
  let result = out;
  let helps = false;
  try {
    for (let k = 0; k < inputs.length; k++) {
      const input = inputs[k]!;
      if (outside ? input.storage.inHeap : input.contiguous) copies.push(input);
      else {
        const copy = anyStrides && isWhole(input) ? copyOfWhole(input) : copyOf(input);
        copies.push(copy);
        // The heap had no room.
        if (!copy.storage.inHeap) return false;
        helps = true;
      }
    }
    if (outside && !out.storage.inHeap) {
      result = newBlock(out.dtype, out.shape, false);
      if (!result.storage.inHeap) return false;
      helps = true;
    }
    if (!helps || !simd(result, copies, attributes)) return false;
    if (result !== out) copyInto(out, result);
    return true;
  } finally {
    for (let k = 0; k < copies.length; k++) if (copies[k] !== inputs[k]) copies[k]!.storage.release();
    if (result !== out) result.storage.release();
  }
}
