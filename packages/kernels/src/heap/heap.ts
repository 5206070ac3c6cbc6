/**
 * The heap: one WebAssembly memory in which tensors live.
 *
 * It is reserved once, large, and never grows, so typed-array views of it never detach; pages cost memory only once
 * they are touched. Blocks come from size-class free lists and are never split:
 *
 *   class 4096:  ▢ → ▢ → ▢ → ∅        lease() takes the last, giveBack() puts it back;
 *   class 5120:  ▢ → ∅                a class only ever grows to its peak
 *
 * Memory that has no owner to release it ("loose": results of plain arithmetic outside every scope) is the garbage
 * collector's to free, and in a synchronous loop the collector's callbacks never run. So small loose
 * storages are JavaScript buffers, which V8 does collect in such a loop, and large ones may hold at most
 * `looseBudgetBytes` of the heap before they become JavaScript buffers too (docs/decisions/0002-memory.md). Small data
 * that users bring, which they mostly keep and use in every step, may hold 1 MiB of the heap.
 */

import { bytesPerElement, createArray, type DType, dtypes, type TypedArray, viewArray } from '../dtype.js';
import { ArgumentError } from '../errors.js';
import { Collector, HeapBlock, type Token } from './collector.js';
import { bytesOfClass, largestRequest, sizeClassCount, sizeClassOf } from './sizeClasses.js';
import { Storage } from './storage.js';

/** How the heap is set up. */
export interface HeapOptions {
  /** Address space to reserve, bytes. Only before the first tensor. @defaultValue 2 GiB, less where the host refuses */
  reserveBytes?: number;
  /** Most bytes of it to use; then tensors become JavaScript buffers. @defaultValue all that was reserved */
  budgetBytes?: number;
  /** Most bytes for tensors that nobody but the garbage collector will release. @defaultValue 64 MiB */
  looseBudgetBytes?: number;
  /** Whether to use WebAssembly at all. Only before the first tensor. @defaultValue true where the host has it */
  webAssembly?: boolean;
}

/** What the heap holds and has done; all sizes in bytes. */
export interface HeapStats {
  /** In blocks that belong to live tensors. */
  readonly liveBytes: number;
  /** Number of those blocks. */
  readonly liveBlocks: number;
  /** The most that `liveBytes` has been since the last `resetHeapStats()`. */
  readonly peakBytes: number;
  /** The part of `liveBytes` that only the garbage collector can release. */
  readonly looseBytes: number;
  /** Address space reserved; 0 without WebAssembly. */
  readonly reservedBytes: number;
  /** The part of it ever touched: what the heap adds to the process's resident memory. */
  readonly touchedBytes: number;
  /** Storages made, in the heap or not. */
  readonly allocations: number;
  /** Of those, served from a free list. */
  readonly freeListHits: number;
  /** Of those, made as JavaScript buffers because a budget was reached. */
  readonly spills: number;
  /** Of those, made as JavaScript buffers because they were small and loose. */
  readonly smallLoose: number;
  /** Blocks that the garbage collector gave back. */
  readonly collected: number;
}

const pageBytes = 64 * 1024;
/** The last bytes are never leased: a SIMD kernel may read (not write) up to a vector past its operand. */
const overrun = 64;
/** All that 32-bit addresses reach. */
const mostPages = 65_536;
/** Loose storages under this many bytes are JavaScript buffers: about as fast to make, and collected anywhere. */
const smallLooseBytes = 4096;
/** But data may hold this much of the heap in small blocks: kernels would copy it there again and again. */
const smallDataBudgetBytes = 2 ** 20;
/** More live blocks than this and new storages spill: bookkeeping has a size too. */
const maxBlocks = 2 ** 20;

const options = {
  reserveBytes: 2 ** 31,
  budgetBytes: Number.POSITIVE_INFINITY,
  looseBudgetBytes: 64 * 2 ** 20,
  webAssembly: hostAllowsWebAssembly(),
};

/** `COTANGENT_WEBASSEMBLY=off` in the environment switches it off where there is an environment (tests, servers). */
function hostAllowsWebAssembly(): boolean {
  const host = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return typeof WebAssembly === 'object' && host.process?.env?.COTANGENT_WEBASSEMBLY !== 'off';
}

class Heap {
  readonly memory: WebAssembly.Memory | null;
  readonly reservedBytes: number;
  private readonly views = {} as Record<DType, TypedArray>;
  private readonly freeLists: HeapBlock[][] = Array.from({ length: sizeClassCount }, () => []);
  private readonly collector = new Collector((block) => {
    this.stats.collected++;
    this.giveBack(block);
  });
  /** In small loose blocks of data, bytes. */
  private smallData = 0;
  /** First byte never leased; starts above 0 so that no block has the address 0. */
  private top = 64;

  readonly stats = {
    liveBytes: 0,
    liveBlocks: 0,
    peakBytes: 0,
    looseBytes: 0,
    allocations: 0,
    freeListHits: 0,
    spills: 0,
    smallLoose: 0,
    collected: 0,
  };

  constructor() {
    this.memory = options.webAssembly ? reserve(options.reserveBytes) : null;
    const buffer = this.memory?.buffer;
    this.reservedBytes = buffer?.byteLength ?? 0;
    if (buffer === undefined) return;
    for (const dtype of dtypes)
      this.views[dtype] = viewArray(dtype, buffer, 0, this.reservedBytes / bytesPerElement(dtype));
  }

  get touchedBytes(): number {
    return this.memory === null ? 0 : this.top;
  }

  /** Storage of `length` elements with unspecified content. `loose`: nobody but the garbage collector will release it. */
  allocate(dtype: DType, length: number, loose: boolean, data: boolean): Storage {
    const bytes = length * bytesPerElement(dtype);
    const stats = this.stats;
    stats.allocations++;
    if (this.memory === null) return javaScriptStorage(dtype, length);
    const small = loose && bytes < smallLooseBytes;
    if (small && !(data && this.smallData < smallDataBudgetBytes)) {
      stats.smallLoose++;
      return javaScriptStorage(dtype, length);
    }
    const overBudget = loose && stats.looseBytes + bytesOfClass(sizeClassOf(bytes)) > options.looseBudgetBytes;
    const block = overBudget ? null : this.lease(bytes);
    if (block === null) {
      stats.spills++;
      return javaScriptStorage(dtype, length);
    }
    if (loose) {
      block.loose = true;
      stats.looseBytes += block.bytes;
      block.small = small;
      if (small) this.smallData += block.bytes;
    }
    const token = this.collector.watch(block);
    return new Storage(this.views[dtype], block.pointer / bytesPerElement(dtype), length, block, token, this);
  }

  /** Takes back a block that its last claimant released. */
  free(block: HeapBlock, token: Token): void {
    this.collector.forget(block, token);
    this.giveBack(block);
  }

  /** Makes a held block loose, unless it is one of those that `allocate` would not have put here as loose. */
  loosen(block: HeapBlock): boolean {
    if (block.bytes < smallLooseBytes || this.stats.looseBytes + block.bytes > options.looseBudgetBytes) return false;
    block.loose = true;
    this.stats.looseBytes += block.bytes;
    return true;
  }

  private lease(bytes: number): HeapBlock | null {
    if (bytes > largestRequest || this.stats.liveBlocks >= maxBlocks) return null;
    const wanted = sizeClassOf(bytes);
    const stats = this.stats;
    const block = this.takeFree(wanted) ?? this.extend(wanted) ?? this.takeLarger(wanted);
    if (block === null) return null;
    stats.liveBlocks++;
    stats.liveBytes += block.bytes;
    if (stats.liveBytes > stats.peakBytes) stats.peakBytes = stats.liveBytes;
    return block;
  }

  private takeFree(sizeClass: number): HeapBlock | null {
    const block = this.freeLists[sizeClass]!.pop();
    if (block === undefined) return null;
    this.stats.freeListHits++;
    return block;
  }

  /** A new block from memory never used before, or null at the budget. */
  private extend(sizeClass: number): HeapBlock | null {
    const bytes = bytesOfClass(sizeClass);
    if (this.top + bytes > Math.min(options.budgetBytes, this.reservedBytes - overrun)) return null;
    const block = new HeapBlock(this.top, sizeClass, bytes);
    this.top += bytes;
    return block;
  }

  /** At the budget a free block of up to twice the size is better than none. */
  private takeLarger(sizeClass: number): HeapBlock | null {
    const last = Math.min(sizeClass + 4, sizeClassCount - 1);
    for (let larger = sizeClass + 1; larger <= last; larger++) {
      const block = this.takeFree(larger);
      if (block !== null) return block;
    }
    return null;
  }

  private giveBack(block: HeapBlock): void {
    this.stats.liveBlocks--;
    this.stats.liveBytes -= block.bytes;
    if (block.loose) {
      block.loose = false;
      this.stats.looseBytes -= block.bytes;
      if (block.small) this.smallData -= block.bytes;
      block.small = false;
    }
    this.freeLists[block.sizeClass]!.push(block);
  }
}

function javaScriptStorage(dtype: DType, length: number): Storage {
  let data: TypedArray;
  try {
    data = createArray(dtype, length);
  } catch {
    const bytes = length * bytesPerElement(dtype);
    throw new ArgumentError(
      'allocate',
      `got ${length} elements of ${dtype} (${bytes} bytes); expected no more than the host has room for`,
    );
  }
  return new Storage(data, 0, length, null, null, null);
}

/** Asks for `bytes` of address space and settles for less; null when the host gives none at all. */
function reserve(bytes: number): WebAssembly.Memory | null {
  for (let pages = Math.min(Math.floor(bytes / pageBytes), mostPages); pages >= 16; pages = Math.floor(pages / 2)) {
    // Shared where possible, so that workers can run kernels over the same memory.
    for (const shared of [true, false]) {
      try {
        return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
      } catch {
        // Refused: no shared memory here, or not this much address space. The next attempt asks for less.
      }
    }
  }
  return null;
}

let heap: Heap | null = null;

/** The heap, made on first use so that importing the library costs nothing. */
function theHeap(): Heap {
  heap ??= new Heap();
  return heap;
}

/**
 * Storage for `length` elements of `dtype`; its content is whatever was there before.
 *
 * @param loose nobody but the garbage collector will release it
 * @param data a user brings its numbers
 */
export function allocate(dtype: DType, length: number, loose: boolean, data: boolean = false): Storage {
  return theHeap().allocate(dtype, length, loose, data);
}

/** The WebAssembly memory that kernels run over; null without WebAssembly. */
export function heapMemory(): WebAssembly.Memory | null {
  return theHeap().memory;
}

/**
 * Changes budgets at any time, and the reservation before the first tensor is made.
 *
 * @throws ArgumentError for sizes that are not positive, and for a reservation that comes too late.
 * @example
 * configureHeap({ looseBudgetBytes: 16 * 2 ** 20 });
 */
export function configureHeap(changes: HeapOptions): void {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(options, name)) {
      throw new ArgumentError(
        'configureHeap',
        `got unknown option '${name}'; expected one of ${Object.keys(options).join(', ')}`,
      );
    }
    if (name === 'webAssembly' ? typeof value !== 'boolean' : !(typeof value === 'number' && value > 0)) {
      throw new ArgumentError(
        'configureHeap',
        `got ${name} ${String(value)}; expected ${name === 'webAssembly' ? 'a boolean' : 'a positive number of bytes'}`,
      );
    }
  }
  if (heap !== null && (changes.reserveBytes !== undefined || changes.webAssembly !== undefined)) {
    throw new ArgumentError(
      'configureHeap',
      'got reserveBytes or webAssembly after the heap was made',
      'Call it before the first tensor.',
    );
  }
  Object.assign(options, changes);
}

/**
 * What the heap holds now and has done so far.
 *
 * @example
 * heapStats().liveBytes <= heapStats().peakBytes; // → true
 */
export function heapStats(): HeapStats {
  const { stats, reservedBytes, touchedBytes } = theHeap();
  return { ...stats, reservedBytes, touchedBytes };
}

/**
 * Starts `peakBytes` afresh from what is live now, and the counters from 0.
 *
 * @example
 * resetHeapStats();
 * heapStats().peakBytes === heapStats().liveBytes; // → true
 */
export function resetHeapStats(): void {
  const { stats } = theHeap();
  Object.assign(stats, {
    peakBytes: stats.liveBytes,
    allocations: 0,
    freeListHits: 0,
    spills: 0,
    smallLoose: 0,
    collected: 0,
  });
}
