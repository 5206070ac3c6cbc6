import { createArray, type DType, type TypedArray } from './dtype.js';
import { allocate } from './heap/heap.js';
import type { Storage } from './heap/storage.js';
import { contiguousStrides, isContiguous, type Layout, type Strides } from './layout.js';
import { type Shape, sizeOf } from './shape.js';

/**
 * What every kernel takes and fills: elements of one dtype in some memory, seen through a shape and strides.
 *
 * Element `[i, j, …]` is `data[offset + i * strides[0] + j * strides[1] + …]`. Where the storage lies in the heap,
 * `data` is a view of the whole heap, so kernels need no view of their own.
 */
export class Block implements Layout {
  readonly data: TypedArray;

  constructor(
    readonly storage: Storage,
    readonly dtype: DType,
    readonly shape: Shape,
    readonly strides: Strides,
    /** Index in `data` of the first element. */
    readonly offset: number,
    readonly size: number = sizeOf(shape),
    readonly contiguous: boolean = isContiguous(shape, strides),
  ) {
    this.data = storage.data;
  }

  /** The same memory under another layout. The caller decides whether to claim the storage. */
  view(layout: Layout): Block {
    return new Block(this.storage, this.dtype, layout.shape, layout.strides, layout.offset);
  }
}

/**
 * What contiguous blocks of one dtype and shape have in common; whoever makes many of them keeps it. The shape that they share is not
 * frozen, and readonly to TypeScript alone: V8 reads frozen arrays more slowly, and a small training step took a fifth longer.
 */
export class Form {
  readonly size: number;
  readonly strides: Strides;

  constructor(
    readonly dtype: DType,
    readonly shape: Shape,
  ) {
    this.size = sizeOf(shape);
    this.strides = contiguousStrides(shape);
  }

  /**
   * A block of this form with unspecified content.
   *
   * @param loose nobody but the garbage collector will release it
   * @param data a user brings its numbers, and will likely keep them
   */
  newBlock(loose: boolean, data: boolean = false): Block {
    const { dtype, shape, size, strides } = this;
    const storage = allocate(dtype, size, loose, data);
    return new Block(storage, dtype, shape, strides, storage.start, size, true);
  }
}

/** A contiguous block with unspecified content; see `Form.newBlock`. */
export function newBlock(dtype: DType, shape: Shape, loose: boolean, data: boolean = false): Block {
  return new Form(dtype, shape).newBlock(loose, data);
}

/** The elements in row-major order, in an array of their own that no later operation changes. */
export function copyOut(block: Block): TypedArray {
  const { data, offset, size } = block;
  if (block.contiguous) return data.slice(offset, offset + size);
  const result = createArray(block.dtype, size);
  let next = 0;
  const visit = (axis: number, from: number): void => {
    if (axis === block.shape.length) {
      result[next++] = data[from]!;
      return;
    }
    for (let i = 0; i < block.shape[axis]!; i++) visit(axis + 1, from + i * block.strides[axis]!);
  };
  visit(0, offset);
  return result;
}
