import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Storage } from './storage.js';

/** A heap of its own. */
function freshHeap(): typeof import('./heap.js') {
  let heap: typeof import('./heap.js') | undefined;
  jest.isolateModules(() => {
    heap = require('./heap.js');
  });
  heap!.configureHeap({ webAssembly: true, reserveBytes: 16 * 2 ** 20 });
  return heap!;
}

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects, and lets the callbacks of finalization run: they are tasks of their own. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs `f`, which can ask how many registrations there were since. Counted by hand: a spy of jest's would keep what is registered. */
async function countingRegistrations(f: (registered: () => number) => Promise<void>): Promise<void> {
  const { register } = FinalizationRegistry.prototype;
  let registered = 0;
  FinalizationRegistry.prototype.register = function (...given) {
    registered++;
    register.apply(this, given);
  };
  try {
    await f(() => registered);
  } finally {
    FinalizationRegistry.prototype.register = register;
  }
}

describe('the garbage collector', () => {
  it('gives back what was dropped, held and loose, small and large', async () => {
    const { allocate, heapStats } = freshHeap();
    (() => {
      for (let i = 0; i < 500; i++) allocate('float32', 100 + i, false);
      for (let i = 0; i < 10; i++) allocate('float32', 100_000, true);
    })();
    expect(heapStats().liveBlocks).toBe(510);
    await collect();
    // The last group is still open for further blocks, and one token may linger on the stack.
    const { collected, liveBlocks, looseBytes, liveBytes } = heapStats();
    expect(collected).toBeGreaterThanOrEqual(510 - 2 * 64);
    expect(liveBlocks).toBe(510 - collected);
    expect(looseBytes).toBeLessThanOrEqual(liveBytes);
  });

  it('never gives back the block of a storage that is still referenced', async () => {
    const { allocate, heapStats } = freshHeap();
    const kept: Storage[] = [];
    (() => {
      for (let i = 0; i < 1000; i++) {
        const storage = allocate('float32', 50, false);
        storage.data.fill(i, storage.start, storage.start + 50);
        if (i % 300 === 0) kept.push(storage);
      }
    })();
    await collect();
    expect(heapStats().collected).toBeGreaterThan(0);
    // New tenants move into what was given back, and only there.
    for (let i = 0; i < 2000; i++) {
      const storage = allocate('float32', 50, false);
      storage.data.fill(-1, storage.start, storage.start + 50);
    }
    expect(kept.map(({ data, start }) => [data[start], data[start + 49]])).toEqual(
      [0, 300, 600, 900].map((value) => [value, value]),
    );
  });

  it('does not give back a second time what was released explicitly', async () => {
    const { allocate, heapStats } = freshHeap();
    (() => {
      const storages = Array.from({ length: 640 }, () => allocate('float32', 50, false));
      storages.forEach((storage, i) => {
        if (i % 2 === 0) storage.release();
      });
    })();
    await collect();
    const { collected, liveBlocks } = heapStats();
    expect(collected).toBeGreaterThanOrEqual(320 - 64);
    expect(collected).toBeLessThanOrEqual(320);
    expect(liveBlocks).toBe(320 - collected);
    // Were one block on a free list twice, two of these would share it.
    const starts = Array.from({ length: 1500 }, () => allocate('float32', 50, false).start);
    expect(new Set(starts).size).toBe(1500);
  });

  it('takes over a block that was released and leased again in another group', async () => {
    const { allocate, heapStats } = freshHeap();
    (() => {
      for (let round = 0; round < 20; round++) {
        const storages = Array.from({ length: 100 }, () => allocate('float32', 50, false));
        if (round < 19) for (const storage of storages) storage.release();
      }
    })();
    expect(heapStats()).toMatchObject({ liveBlocks: 100, freeListHits: 1900 });
    await collect();
    expect(heapStats().collected).toBeGreaterThanOrEqual(1);
    expect(heapStats().liveBlocks).toBe(100 - heapStats().collected);
  });

  it('uses the places of an open group again, and still gives back what is dropped there', async () => {
    await countingRegistrations(async (registered) => {
      const { allocate, heapStats } = freshHeap();
      (() => {
        const kept = Array.from({ length: 20 }, () => allocate('float32', 50, false));
        // More blocks than a group holds, and never more than twenty-one at a time.
        for (let round = 0; round < 500; round++) {
          allocate('float32', 50, false).release();
          kept[round % 20]!.release();
          kept[round % 20] = allocate('float32', 50, false);
        }
        expect(registered()).toBe(1);
        // Closes the group, so that nothing but storages holds its token.
        for (let i = 0; i < 64; i++) allocate('float32', 50, false);
      })();
      expect(heapStats().liveBlocks).toBe(84);
      await collect();
      expect(heapStats().collected).toBeGreaterThanOrEqual(64);
      expect(heapStats().liveBlocks).toBe(84 - heapStats().collected);
    });
  });

  it('uses closed groups again once they are empty, whatever still looks at storages that were released', async () => {
    await countingRegistrations(async (registered) => {
      const { allocate, heapStats } = freshHeap();
      const make = (): Storage[] => Array.from({ length: 640 }, () => allocate('float32', 50, false));
      const seen: Storage[] = [];
      (() => {
        for (let round = 0; round < 20; round++) {
          const storages = make();
          expect(registered()).toBe(10);
          for (const storage of storages) storage.release();
          seen.push(...storages);
        }
        make();
      })();
      expect(registered()).toBe(10);
      await collect();
      expect(heapStats().collected).toBeGreaterThanOrEqual(640 - 2 * 64);
      expect(heapStats().liveBlocks).toBe(640 - heapStats().collected);
      expect(seen.every(({ inHeap }) => !inHeap)).toBe(true);
      // Were one block on a free list twice, two of these would share it.
      const starts = make().map(({ start }) => start);
      expect(new Set(starts).size).toBe(640);
    });
  });
});
