/** Letting the host breathe: timers, input and rendering get a turn in the middle of long work. */

const host = globalThis as { setImmediate?: (f: () => void) => unknown };

/** Resolves after the event loop has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate !== undefined) {
      host.setImmediate(resolve);
      return;
    }
    // Browsers clamp nested timers to 4 ms; a message does not wait.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Gives the host a turn after 20 milliseconds of work, and sooner where another piece like the last one would block it for more
 * than 40.
 */
export class Breather {
  private last = performance.now();
  private before = this.last;

  /** Whether it is time for a turn. To be asked after every piece of work. */
  get isDue(): boolean {
    const now = performance.now();
    const piece = now - this.before;
    this.before = now;
    const worked = now - this.last;
    return worked >= 20 || worked + piece > 40;
  }

  async breathe(): Promise<void> {
    await nextTurn();
    this.last = performance.now();
    this.before = this.last;
  }
}
