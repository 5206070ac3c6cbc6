import fc from 'fast-check';
import { dtypes } from '../dtype.js';
import { bits32 } from '../testing/arbitraries.js';
import type { HeapOptions } from './heap.js';
import { bytesOfClass, sizeClassOf } from './sizeClasses.js';
import type { Storage } from './storage.js';

type HeapModules = typeof import('./heap.js') & typeof import('../block.js') & typeof import('../move/copy.js');

/** The modules that reach the heap, loaded anew with a small heap of their own, whatever COTANGENT_WEBASSEMBLY says. */
function freshHeap(options: HeapOptions = {}): HeapModules {
  let modules: HeapModules | undefined;
  jest.isolateModules(() => {
    modules = { ...require('./heap.js'), ...require('../block.js'), ...require('../move/copy.js') };
  });
  modules!.configureHeap({ webAssembly: true, reserveBytes: 16 * 2 ** 20, ...options });
  return modules!;
}

const KiB = 1024;

describe('the heap', () => {
  it('hands out 16-byte aligned memory that does not overlap', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { allocate } = freshHeap();
        const draw = bits32(seed);
        const held: Storage[] = [];
        for (let i = 0; i < 300; i++) {
          const dtype = dtypes[draw() % dtypes.length]!;
          const storage = allocate(dtype, draw() % 2000, false);
          expect(storage.inHeap).toBe(true);
          expect((storage.start * storage.data.BYTES_PER_ELEMENT) % 16).toBe(0);
          held.push(storage);
          if (draw() % 3 === 0) held.splice(draw() % held.length, 1)[0]!.release();
        }
        const ranges = held
          .map(({ start, length, data }) => [start, start + length].map((index) => index * data.BYTES_PER_ELEMENT))
          .sort(([a], [b]) => a! - b!);
        ranges.reduce((end, range) => {
          expect(range[0]).toBeGreaterThanOrEqual(end);
          return range[1]!;
        }, 0);
      }),
      { numRuns: 10 },
    );
  });

  it('counts live bytes and blocks exactly, and gives all of them back', () => {
    const { allocate, heapStats } = freshHeap();
    const draw = bits32(7);
    const held = new Map<Storage, number>();
    let [live, peak] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      if (draw() % 2 === 0 || held.size === 0) {
        const length = draw() % 5000;
        const bytes = bytesOfClass(sizeClassOf(4 * length));
        held.set(allocate('float32', length, false), bytes);
        live += bytes;
      } else {
        const [storage, bytes] = [...held][draw() % held.size]!;
        storage.release();
        held.delete(storage);
        live -= bytes;
      }
      peak = Math.max(peak, live);
      expect(heapStats()).toMatchObject({ liveBytes: live, liveBlocks: held.size, peakBytes: peak, looseBytes: 0 });
    }
    for (const storage of held.keys()) storage.release();
    expect(heapStats()).toMatchObject({ liveBytes: 0, liveBlocks: 0, peakBytes: peak, spills: 0 });
  });

  it('reuses what was released, and so touches no more memory than the peak of each size', () => {
    const { allocate, heapStats } = freshHeap();
    const first = allocate('float32', 1000, false);
    first.release();
    const second = allocate('int32', 1000, false);
    expect(second.start).toBe(first.start);
    expect(heapStats()).toMatchObject({ allocations: 2, freeListHits: 1 });
    second.release();
    const { touchedBytes } = heapStats();
    for (let i = 0; i < 10_000; i++) allocate('float32', 1000, false).release();
    expect(heapStats()).toMatchObject({ touchedBytes, allocations: 10_002, freeListHits: 10_001 });
  });

  it('frees a storage at its last claim, not before', () => {
    const { allocate, heapStats } = freshHeap();
    const storage = allocate('float32', 1000, false);
    storage.claim();
    storage.release();
    expect([storage.inHeap, heapStats().liveBlocks]).toEqual([true, 1]);
    storage.release();
    expect([storage.inHeap, heapStats().liveBlocks]).toEqual([false, 0]);
    storage.release();
    expect(heapStats().liveBlocks).toBe(0);
  });

  it('resetHeapStats() starts the peak from what is live and the counters from 0', () => {
    const { allocate, heapStats, resetHeapStats } = freshHeap();
    const kept = allocate('float32', 1000, false);
    allocate('float32', 100_000, false).release();
    resetHeapStats();
    const { liveBytes } = heapStats();
    expect(heapStats()).toMatchObject({ peakBytes: liveBytes, liveBlocks: 1, allocations: 0, freeListHits: 0 });
    kept.release();
    expect(heapStats().peakBytes).toBe(liveBytes);
  });
});

describe('budgets', () => {
  it('beyond budgetBytes storages are JavaScript buffers, and calculations over both are right', () => {
    const { newBlock, copyInto, fill, heapStats } = freshHeap({ budgetBytes: 100 * KiB });
    const blocks = Array.from({ length: 10 }, (_, i) => {
      const block = newBlock('float32', [5000], false);
      fill(block, i);
      return block;
    });
    const inHeap = blocks.filter(({ storage }) => storage.inHeap).length;
    expect(inHeap).toBeGreaterThan(0);
    expect(heapStats()).toMatchObject({ spills: 10 - inHeap, liveBlocks: inHeap });
    expect(heapStats().touchedBytes).toBeLessThanOrEqual(100 * KiB);
    copyInto(blocks[0]!, blocks[9]!);
    copyInto(blocks[8]!, blocks[1]!);
    blocks.forEach((block, i) => {
      const value = [9, 1, 2, 3, 4, 5, 6, 7, 1, 9][i]!;
      expect(block.data.slice(block.offset, block.offset + 5000).every((x) => x === value)).toBe(true);
    });
    for (const { storage } of blocks) storage.release();
    expect(heapStats()).toMatchObject({ liveBytes: 0, liveBlocks: 0 });
  });

  it('at the budget a larger free block serves, and counts as reuse', () => {
    const { allocate, heapStats } = freshHeap({ budgetBytes: 12 * KiB });
    allocate('uint8', 8 * KiB, false).release();
    const smaller = allocate('uint8', 5 * KiB, false);
    expect(smaller.inHeap).toBe(true);
    expect(heapStats()).toMatchObject({ freeListHits: 1, liveBytes: 8 * KiB, spills: 0 });
    // A block of more than twice the size stays for those who need it.
    smaller.release();
    const rest = allocate('uint8', 3 * KiB, false);
    expect(rest.inHeap).toBe(true);
    expect(rest.start).not.toBe(smaller.start);
    // That was the last memory never used before: now such a request spills, though the block of 8 KiB is free.
    expect(allocate('uint8', 3 * KiB, false).inHeap).toBe(false);
    expect(heapStats()).toMatchObject({ freeListHits: 1, spills: 1 });
  });

  it('loose storages hold at most looseBudgetBytes of the heap', () => {
    const { allocate, heapStats } = freshHeap({ looseBudgetBytes: 64 * KiB });
    const held = Array.from({ length: 20 }, () => allocate('uint8', 9 * KiB, true));
    const { looseBytes, liveBytes, spills } = heapStats();
    expect(looseBytes).toBe(liveBytes);
    expect(looseBytes).toBeLessThanOrEqual(64 * KiB);
    expect(looseBytes).toBeGreaterThan(64 * KiB - 10 * KiB);
    expect(spills).toBe(held.filter(({ inHeap }) => !inHeap).length);
    expect(allocate('uint8', 9 * KiB, false).inHeap).toBe(true);
    held.find(({ inHeap }) => inHeap)!.release();
    expect(allocate('uint8', 9 * KiB, true).inHeap).toBe(true);
  });

  it('a block that was loose counts as loose no longer once others lease it', () => {
    const { allocate, heapStats } = freshHeap();
    allocate('uint8', 9 * KiB, true).release();
    const held = allocate('uint8', 9 * KiB, false);
    expect(held.held).toBe(true);
    expect(heapStats()).toMatchObject({ freeListHits: 1, looseBytes: 0 });
    held.release();
    expect(heapStats()).toMatchObject({ looseBytes: 0, liveBytes: 0 });
  });

  it('small loose storages are JavaScript buffers and never touch the heap', () => {
    const { allocate, heapStats } = freshHeap();
    for (let i = 0; i < 100; i++) expect(allocate('float32', 1023, true).inHeap).toBe(false);
    expect(heapStats()).toMatchObject({ smallLoose: 100, liveBlocks: 0, touchedBytes: 64, spills: 0 });
    expect(allocate('float32', 1024, true).inHeap).toBe(true);
  });

  it('but small data may hold 1 MiB of the heap', () => {
    const { allocate, heapStats } = freshHeap();
    const allocateData = () => allocate('float32', 1023, true, true);
    const kept = Array.from({ length: 256 }, allocateData);
    expect(kept.every(({ inHeap }) => inHeap)).toBe(true);
    for (let i = 0; i < 100; i++) expect(allocateData().inHeap).toBe(false);
    expect(heapStats()).toMatchObject({ smallLoose: 100, liveBlocks: 256, looseBytes: 1024 * KiB, spills: 0 });
    // One that is given back leaves its room to the next.
    kept[0]!.release();
    expect([allocateData().inHeap, allocateData().inHeap]).toEqual([true, false]);
  });

  it('loosen(block) leaves a whole block where it is, within the budget, and copies otherwise', () => {
    const { newBlock, loosen, fill, copyOut, heapStats } = freshHeap({ looseBudgetBytes: 16 * KiB });
    const block = newBlock('float32', [2500], false);
    expect([block.storage.held, heapStats().looseBytes]).toEqual([true, 0]);
    expect(loosen(block)).toBe(block);
    expect([block.storage.held, heapStats().looseBytes]).toEqual([false, 10 * KiB]);

    const second = newBlock('float32', [50, 50], false);
    fill(second, 3);
    const copied = loosen(second); // the budget is spent
    expect([copied.storage.inHeap, second.storage.inHeap]).toEqual([false, false]);
    expect([...copyOut(copied)].every((x) => x === 3)).toBe(true);
    expect(copied.shape).toEqual([50, 50]);

    block.storage.release();
    expect(heapStats()).toMatchObject({ looseBytes: 0, liveBytes: 0, liveBlocks: 0 });
    expect(loosen(copied)).toBe(copied);
  });

  it('loosen(block) copies out of memory that others look at too', () => {
    const { newBlock, loosen, fill, heapStats } = freshHeap();
    const whole = newBlock('float32', [2, 2500], false);
    fill(whole, 1);
    whole.storage.claim();
    const row = whole.view({ shape: [2500], strides: [1], offset: whole.offset + 2500 });
    const loose = loosen(row);
    expect(loose.storage).not.toBe(whole.storage);
    expect([whole.storage.claims, whole.storage.held]).toEqual([1, true]);
    whole.storage.release();
    expect(heapStats().liveBytes).toBe(heapStats().looseBytes);
  });
});

describe('configureHeap(options)', () => {
  it.each([
    [{ budgetBytes: 0 }, 'configureHeap: got budgetBytes 0; expected a positive number of bytes'],
    [{ looseBudgetBytes: Number.NaN }, 'configureHeap: got looseBudgetBytes NaN; expected a positive number of bytes'],
    [{ webAssembly: 1 }, 'configureHeap: got webAssembly 1; expected a boolean'],
    [
      { constructor: 1 },
      "configureHeap: got unknown option 'constructor'; expected one of reserveBytes, budgetBytes, looseBudgetBytes, webAssembly",
    ],
  ])('refuses %j', (options, message) => {
    const { configureHeap, allocate } = freshHeap();
    expect(() => configureHeap({ looseBudgetBytes: 1, ...options } as object)).toThrow(message);
    // Nothing of a refused call took effect.
    expect(allocate('uint8', 8 * KiB, true).inHeap).toBe(true);
  });

  it('changes the reservation only before the heap is made, budgets at any time', () => {
    const { configureHeap, allocate } = freshHeap();
    allocate('float32', 1, false);
    expect(() => configureHeap({ reserveBytes: 2 ** 20 })).toThrow(
      'configureHeap: got reserveBytes or webAssembly after the heap was made. Call it before the first tensor.',
    );
    expect(() => configureHeap({ budgetBytes: 2 ** 20 })).not.toThrow();
  });

  it('settles for what 32-bit addresses reach', () => {
    const { heapStats } = freshHeap({ reserveBytes: Number.POSITIVE_INFINITY });
    expect(heapStats().reservedBytes).toBeGreaterThan(0);
    expect(heapStats().reservedBytes).toBeLessThanOrEqual(2 ** 32);
  });

  it('without WebAssembly everything is a JavaScript buffer', () => {
    const { allocate, heapMemory, heapStats } = freshHeap({ webAssembly: false });
    const storage = allocate('float64', 10, false);
    expect(storage.inHeap).toBe(false);
    expect(storage.data).toHaveLength(10);
    expect(heapMemory()).toBeNull();
    expect(heapStats()).toMatchObject({ reservedBytes: 0, touchedBytes: 0, liveBytes: 0, allocations: 1, spills: 0 });
    expect(storage.loosen()).toBe(true);
    storage.release();
  });
});

describe('allocate(dtype, length, loose)', () => {
  it('says so when the host has no room', () => {
    const { allocate } = freshHeap();
    expect(() => allocate('float32', 1e15, false)).toThrow(
      'allocate: got 1000000000000000 elements of float32 (4000000000000000 bytes); expected no more than the host has room for',
    );
  });
});
