import type { TypedArray } from '../dtype.js';
import type { HeapBlock, Token } from './collector.js';

/**
 * The memory behind one or more tensors: a block of the heap, or a buffer of JavaScript's own.
 *
 * Tensors that share a storage (views) each hold a claim. When the last claim is given up explicitly the block is
 * free for reuse at once; claims that are merely dropped are the garbage collector's business.
 */
export class Storage {
  /** Claims not given up yet. */
  claims = 1;
  /** Counts in-place changes, so that a backward pass can tell that a kept value is no longer what it was. */
  version = 0;

  constructor(
    /** The whole heap seen as this dtype, or the buffer itself. Index with `start`. */
    readonly data: TypedArray,
    /** Index in `data` of the first element. */
    readonly start: number,
    /** Elements. */
    readonly length: number,
    /** The heap block, or null when JavaScript owns the memory. */
    private block: HeapBlock | null,
    /** While this storage holds it, its group is not collected. */
    private token: Token | null,
    private readonly heap: { free(block: HeapBlock, token: Token): void; loosen(block: HeapBlock): boolean } | null,
  ) {}

  /** True while this storage lies in the heap (and not in a JavaScript buffer, and has not been freed). */
  get inHeap(): boolean {
    return this.block !== null;
  }

  /** True for heap memory that somebody other than the garbage collector will release. */
  get held(): boolean {
    return this.block !== null && !this.block.loose;
  }

  /** Leaves the memory to the garbage collector from now on. False where the heap has no room for such tenants. */
  loosen(): boolean {
    return this.block === null || this.block.loose || this.heap!.loosen(this.block);
  }

  /** One more tensor looks at this memory. */
  claim(): void {
    this.claims++;
  }

  /** A tensor stops looking; the last one frees the block. */
  release(): void {
    if (--this.claims > 0 || this.block === null) return;
    const { block, token } = this;
    this.block = null;
    // Another tenant of the group may need it collected while somebody still looks at this storage.
    this.token = null;
    this.heap!.free(block, token!);
  }
}
