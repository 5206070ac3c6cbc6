/**
 * Results that the tape owns and no backward pass has used. Mostly one comes and uses them; where none does (a model evaluated with
 * its graph recorded, a metric nobody differentiates) only the garbage collector can tell that nobody will, and in a synchronous
 * loop it has no turn. So the oldest are left to it once there are too many.
 */

import { loosen } from '@cotangent/kernels';
import type { Tensor } from './tensor.js';

const host = globalThis as { setTimeout?: (f: () => void, milliseconds: number) => unknown };

/** `waiting` of a tensor that is not in the queue. */
export const notWaiting = -1;

/** Bytes of the heap that a result's memory takes. */
function memoryOf(result: Tensor): number {
  const { storage } = result.memory!;
  return storage.inHeap ? storage.data.BYTES_PER_ELEMENT * storage.length : 0;
}

export class Backlog {
  private queue: Tensor[] = [];
  /** How many of the queue wait still: the others were used. */
  private live = 0;
  private bytes = 0;
  private watching = false;
  /** Views recorded since the last pass, and between that and the one before. */
  private views: Tensor[] = [];
  private olderViews: Tensor[] = [];

  /** @param limit bytes that may wait: at least this, and at least twice the largest graph that was ever used */
  constructor(private limit: number) {}

  /** A result has been recorded. */
  add(result: Tensor): void {
    const { storage } = result.memory!;
    // A view waits with what it looks at, and holds no memory of its own: not as long as that waits, too (see `passed`).
    result.waiting = storage.claims === 1 ? memoryOf(result) : 0;
    if (storage.claims > 1) this.views.push(result);
    if (this.views.length > 2 * this.live + 64) this.views = this.views.filter(({ waiting }) => waiting === 0);
    this.queue.push(result);
    this.live++;
    this.bytes += result.waiting;
    if (this.bytes > this.limit) this.shorten();
    if (this.queue.length > 2 * this.live + 64) this.queue = this.queue.filter(({ waiting }) => waiting !== notWaiting);
    if (!this.watching) this.watch();
  }

  /** A pass has used the result, or it was released. */
  remove(result: Tensor): void {
    if (result.waiting === notWaiting) return;
    this.live--;
    this.bytes -= result.waiting;
    result.waiting = notWaiting;
  }

  /** A pass has used this much memory at once: graphs of that size are usual here. */
  used(bytes: number): void {
    this.limit = Math.max(this.limit, 2 * bytes);
  }

  /**
   * A pass is over, and what the one before it went through is released. Unused views of that (the last state of a recurrent layer,
   * when only its sequence is used) are now all that holds its memory, and count for it.
   */
  passed(): void {
    for (const view of this.olderViews) {
      if (view.waiting !== 0 || view.memory === null || view.memory.storage.claims > 1) continue;
      view.waiting = memoryOf(view);
      this.bytes += view.waiting;
    }
    this.olderViews = this.views;
    this.views = [];
    if (this.bytes > this.limit) this.shorten();
  }

  private shorten(): void {
    let k = 0;
    for (; this.bytes > this.limit; k++) {
      const oldest = this.queue[k]!;
      if (oldest.waiting === notWaiting) continue;
      this.remove(oldest);
      if (oldest.memory !== null) oldest.moveTo(loosen(oldest.memory));
    }
    this.queue.splice(0, k);
  }

  /** The queue keeps its tensors alive: it is emptied when the event loop has a turn, for then the collector has one too. */
  private watch(): void {
    if (host.setTimeout === undefined) return;
    this.watching = true;
    host.setTimeout(() => {
      this.watching = false;
      for (const result of this.queue) result.waiting = notWaiting;
      this.queue = [];
      this.views = [];
      this.olderViews = [];
      this.live = 0;
      this.bytes = 0;
    }, 0);
  }
}
