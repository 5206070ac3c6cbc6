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

/** Gives the host a turn when this many milliseconds have passed since the last one. */
export class Breather {
  private last = performance.now();

  constructor(private readonly milliseconds: number = 20) {}

  /** Whether it is time for a turn. */
  get isDue(): boolean {
    return performance.now() - this.last >= this.milliseconds;
  }

  async breathe(): Promise<void> {
    if (!this.isDue) return;
    await nextTurn();
    this.last = performance.now();
  }
}
