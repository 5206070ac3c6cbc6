/** How elementwise kernels walk their operands: broadcasting, strides and views are undone here, once. */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import type { Strides } from '../layout.js';
import type { Shape } from '../shape.js';

/** A kernel fills `out` from `inputs`. `attributes` are whatever else the operation needs to know. */
export type Kernel<A = unknown> = (out: Block, inputs: readonly Block[], attributes: A) => void;

/** Strides of `block` for walking it as if it had `shape`: 0 along the axes that broadcasting repeats. */
function broadcastStrides(block: Block, shape: Shape): Strides {
  if (block.shape.length === shape.length && block.shape.every((extent, i) => extent === shape[i]))
    return block.strides;
  const missing = shape.length - block.shape.length;
  return shape.map((_, i) => (i < missing || block.shape[i - missing] === 1 ? 0 : block.strides[i - missing]!));
}

/**
 * Calls `visit(at, n, steps)` for each innermost run: operand k has its next `n` elements at `at[k]`, `at[k] + steps[k]`, ….
 * Neighbouring axes that every operand walks evenly are merged, so that contiguous data is one run.
 */
export function forEachRun(
  shape: Shape,
  operands: readonly Block[],
  visit: (at: readonly number[], n: number, steps: readonly number[]) => void,
): void {
  const all = operands.map((block) => broadcastStrides(block, shape));
  // Merged axes, innermost first.
  const extents: number[] = [];
  const strides: number[][] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 0) return;
    if (extent === 1) continue;
    const last = extents.length - 1;
    if (last >= 0 && all.every((s, k) => s[axis] === strides[last]![k]! * extents[last]!)) {
      extents[last]! *= extent;
    } else {
      extents.push(extent);
      strides.push(all.map((s) => s[axis]!));
    }
  }
  const at = operands.map((block) => block.offset);
  if (extents.length === 0) {
    visit(
      at,
      1,
      at.map(() => 0),
    );
    return;
  }
  const index = new Array<number>(extents.length).fill(0);
  for (;;) {
    visit(at, extents[0]!, strides[0]!);
    let axis = 1;
    for (; axis < extents.length; axis++) {
      const step = strides[axis]!;
      if (++index[axis]! < extents[axis]!) {
        for (let k = 0; k < at.length; k++) at[k]! += step[k]!;
        break;
      }
      index[axis] = 0;
      for (let k = 0; k < at.length; k++) at[k]! -= step[k]! * (extents[axis]! - 1);
    }
    if (axis >= extents.length) return;
  }
}

/** `out[o + i] = f(x[at + i · step])` for i < n. */
export type UnaryRun = (out: TypedArray, o: number, x: TypedArray, at: number, step: number, n: number) => void;

/** `out[o + i] = f(a[atA + i · stepA], b[atB + i · stepB])` for i < n. */
export type BinaryRun = (
  out: TypedArray,
  o: number,
  a: TypedArray,
  atA: number,
  stepA: number,
  b: TypedArray,
  atB: number,
  stepB: number,
  n: number,
) => void;

/** A kernel from one loop over a run; `out` is contiguous and has the shape of `x`. */
export function unary(run: UnaryRun): Kernel {
  return (out, [x]) => {
    if (x!.contiguous) run(out.data, out.offset, x!.data, x!.offset, 1, out.size);
    else forEachRun(out.shape, [out, x!], (at, n, steps) => run(out.data, at[0]!, x!.data, at[1]!, steps[1]!, n));
  };
}

/** A kernel from one loop over a run; `out` is contiguous and has the shape that `a` and `b` broadcast to. */
export function binary(run: BinaryRun): Kernel {
  return (out, [a, b]) => {
    const wholeA = a!.contiguous && a!.size === out.size;
    const wholeB = b!.contiguous && b!.size === out.size;
    if ((wholeA || a!.size === 1) && (wholeB || b!.size === 1)) {
      run(out.data, out.offset, a!.data, a!.offset, wholeA ? 1 : 0, b!.data, b!.offset, wholeB ? 1 : 0, out.size);
      return;
    }
    forEachRun(out.shape, [out, a!, b!], (at, n, steps) => {
      run(out.data, at[0]!, a!.data, at[1]!, steps[1]!, b!.data, at[2]!, steps[2]!, n);
    });
  };
}

/**
 * A kernel from a function of one number. The callback is called through one shared loop, which V8 cannot inline
 * for many different callbacks: right for every dtype and view, some 5 ns an element slower than a loop of its own.
 *
 * @example
 * const cube = elementwise('cube', { run: mapUnary((x) => x ** 3), uses: ['x'], derivative: ({ x }) => x.square().mul(3) });
 * apply(cube, [tensor([1, 2, 3])], undefined); // → [1, 8, 27]
 */
export function mapUnary(f: (x: number) => number): Kernel {
  return unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = f(x[at + i * step]!);
  });
}

/**
 * A kernel from a function of two numbers; see `mapUnary`.
 *
 * @example
 * const scaledSum = pairwise('scaledSum', {
 *   run: mapBinary((a, b) => a + 2 * b),
 *   keeps: { a: [], b: [] },
 *   vjp: { a: (g) => g, b: (g) => g.mul(2) },
 * });
 * apply(scaledSum, [tensor([1, 2]), tensor([10, 20])], undefined); // → [21, 42]
 */
export function mapBinary(f: (a: number, b: number) => number): Kernel {
  return binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
    for (let i = 0; i < n; i++) out[o + i] = f(a[atA + i * stepA]!, b[atB + i * stepB]!);
  });
}
