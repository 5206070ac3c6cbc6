/** Elementwise SIMD kernels over blocks: which function, how many calls, with what pointers. */

import type { Block } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { FloatVector } from './lanes.js';
import { type MapKernel, patternName, type Step } from './mapKernel.js';

/** The lanes that hold a dtype; undefined for those that are not floating. */
export function lanesOf(dtype: DType): FloatVector | undefined {
  return dtype === 'float32' ? 'f32x4' : dtype === 'float64' ? 'f64x2' : undefined;
}

/** The address of the first element of a block that lies in the heap. */
export function pointerOf(block: Block): number {
  return block.offset * bytesPerElement(block.dtype);
}

/** The lanes that all operands of kind `elements` have in common; undefined where they have none or a bool is no byte. */
function commonLanes(kernel: MapKernel, out: Block, inputs: readonly Block[]): FloatVector | undefined {
  let dtype: DType | undefined;
  for (let k = 0; k < inputs.length; k++) {
    const own = inputs[k]!.dtype;
    if (kernel.inputs[k] === 'bools') {
      if (own !== 'bool' && own !== 'uint8') return undefined;
    } else if (dtype === undefined) dtype = own;
    else if (own !== dtype) return undefined;
  }
  if (dtype === undefined || out.dtype !== (kernel.outputs[0] === 'bools' ? 'bool' : dtype)) return undefined;
  return lanesOf(dtype);
}

/** One axis that all operands walk evenly: strides in bytes, 0 where an operand stands still. */
export interface Axis {
  extent: number;
  readonly strides: readonly number[];
}

/** The axes of `shape`, innermost first, with neighbours merged where every operand walks on evenly. */
export function mergedAxes(shape: Shape, operands: readonly Block[]): Axis[] {
  const axes: Axis[] = [];
  const bytes = operands.map((block) => bytesPerElement(block.dtype));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    const strides = operands.map((block, k) => {
      const own = axis - (shape.length - block.shape.length);
      return own < 0 || block.shape[own] === 1 ? 0 : block.strides[own]! * bytes[k]!;
    });
    const last = axes.at(-1);
    if (last?.strides.every((stride, k) => strides[k] === stride * last.extent)) last.extent *= extent;
    else axes.push({ extent, strides });
  }
  return axes;
}

/** How an operand goes with a contiguous output of `size` elements, if it is itself contiguous or one element. */
function stepAlong(block: Block, size: number): Step | undefined {
  if (block.size === size && block.contiguous) return 'each';
  // One number broadcast, as what flows back through a sum is.
  for (let i = 0; i < block.strides.length; i++) if (block.strides[i] !== 0 && block.shape[i] !== 1) return undefined;
  return 'same';
}

/**
 * The commonest cases, without a single allocation: one or two inputs, each contiguous or a scalar. To spread parameters costs
 * some 10 ns, also where there are none.
 */
function runFlat(
  kernel: MapKernel,
  type: FloatVector,
  out: Block,
  a: Block,
  b: Block | undefined,
  parameters: readonly number[],
): boolean {
  const stepA = stepAlong(a, out.size);
  if (b === undefined) {
    if (stepA !== 'each') return false;
    const run = kernel.run(type, 'each')!;
    if (parameters.length === 0) run(1, out.size, pointerOf(out), 0, pointerOf(a), 0);
    else run(1, out.size, pointerOf(out), 0, pointerOf(a), 0, ...parameters);
    return true;
  }
  const stepB = stepAlong(b, out.size);
  if (stepA === undefined || stepB === undefined) return false;
  const pattern = stepA === 'each' ? (stepB === 'each' ? 'each each' : 'each same') : 'same each';
  if (stepA === 'same' && stepB === 'same') return false;
  const run = kernel.run(type, pattern)!;
  if (parameters.length === 0) run(1, out.size, pointerOf(out), 0, pointerOf(a), 0, pointerOf(b), 0);
  else run(1, out.size, pointerOf(out), 0, pointerOf(a), 0, pointerOf(b), 0, ...parameters);
  return true;
}

/**
 * Runs `kernel` if these operands suit it: all in the heap, of one floating dtype, the output contiguous, and each input
 * contiguous or repeated along the innermost of the axes that remain when neighbours are merged. Copies nothing.
 *
 * @returns false where they do not, and nothing was done
 */
export function runMap(
  kernel: MapKernel,
  out: Block,
  inputs: readonly Block[],
  parameters: readonly number[] = noParameters,
): boolean {
  if (!out.storage.inHeap || !out.contiguous) return false;
  for (const input of inputs) if (!input.storage.inHeap) return false;
  const type = commonLanes(kernel, out, inputs);
  if (type === undefined) return false;
  if (out.size === 0) return true;
  if (inputs.length <= 2 && runFlat(kernel, type, out, inputs[0]!, inputs[1], parameters)) return true;
  return runStrided(kernel, type, out, inputs, parameters);
}

const noParameters: readonly number[] = [];

/** Rows of columns: any broadcasting, and slices whose rows are contiguous. */
function runStrided(
  kernel: MapKernel,
  type: FloatVector,
  out: Block,
  inputs: readonly Block[],
  parameters: readonly number[],
): boolean {
  const operands = [out, ...inputs];
  const axes = mergedAxes(out.shape, operands);
  const columns = axes[0] ?? { extent: 1, strides: operands.map((block) => bytesPerElement(block.dtype)) };
  const rows = axes[1] ?? { extent: 1, strides: operands.map(() => 0) };
  const outer = axes.slice(2);
  const steps: Step[] = [];
  for (let k = 1; k < operands.length; k++) {
    const stride = columns.strides[k]!;
    if (stride !== 0 && stride !== bytesPerElement(operands[k]!.dtype)) return false;
    steps.push(stride === 0 ? 'same' : 'each');
  }
  const run = kernel.run(type, patternName(steps));
  if (run === undefined) return false;

  const pointers = operands.map(pointerOf);
  const call = (axis: number): void => {
    if (axis < 0) {
      const moving = pointers.flatMap((pointer, k) => [pointer, rows.strides[k]!]);
      run(rows.extent, columns.extent, ...moving, ...parameters);
      return;
    }
    const { extent, strides } = outer[axis]!;
    for (let i = 0; i < extent; i++) {
      call(axis - 1);
      for (let k = 0; k < pointers.length; k++) pointers[k]! += strides[k]!;
    }
    for (let k = 0; k < pointers.length; k++) pointers[k]! -= extent * strides[k]!;
  };
  call(outer.length - 1);
  return true;
}
