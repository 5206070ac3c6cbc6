/** Where the time goes: every kernel that runs, with the operation and the layer it runs for. */

import { bytesPerElement, type DType, type Shape, sizeOf } from '@cotangent/kernels';
import { whereabouts } from './anomaly.js';
import { modes } from './modes.js';

/** Why a kernel ran: for a result, for a gradient, or to change parameters in place. */
export type Phase = 'forward' | 'backward' | 'update';

/** One run of a kernel. */
export interface ProfileEvent {
  /** The operation as the user called it; in the backward phase the one whose derivative was computed. */
  readonly operation: string;
  /** What ran. */
  readonly kernel: string;
  readonly phase: Phase;
  /** The layer it ran for, by its path in the model; '' outside all of them. */
  readonly path: string;
  /** Milliseconds since profiling began. */
  readonly start: number;
  readonly milliseconds: number;
  /** Size of the result. */
  readonly bytes: number;
}

/** The sum of some events. */
export interface ProfileRow {
  /** An operation or the path of a layer. */
  readonly name: string;
  readonly phase: Phase;
  readonly calls: number;
  readonly milliseconds: number;
  /** Of the time of all events. */
  readonly share: number;
  readonly bytes: number;
}

/** Gathers events while `profile` runs its function. */
export class Profiler {
  readonly events: ProfileEvent[] = [];
  private readonly began: number;
  private readonly places = new WeakMap<object, string>();
  /** The operation whose derivative is being computed. */
  private behind: { readonly operation: string; readonly path: string } | null = null;

  constructor(private readonly now: () => number) {
    this.began = now();
  }

  /** Milliseconds since it began. */
  get elapsed(): number {
    return this.now() - this.began;
  }

  /** Runs a kernel. */
  time<R>(kernel: string, phase: 'forward' | 'update', shape: Shape, dtype: DType, run: () => R): R {
    const start = this.elapsed;
    const result = run();
    const milliseconds = this.elapsed - start;
    const bytes = sizeOf(shape) * bytesPerElement(dtype);
    const { behind } = this;
    this.events.push(
      behind === null
        ? { operation: kernel, kernel, phase, path: whereabouts.current?.() ?? '', start, milliseconds, bytes }
        : { operation: behind.operation, kernel, phase: 'backward', path: behind.path, start, milliseconds, bytes },
    );
    return result;
  }

  /** Remembers which layer a node was recorded in. */
  remember(node: object): void {
    this.places.set(node, whereabouts.current?.() ?? '');
  }

  /** Runs the derivative of a node. */
  derive<R>(node: object, operation: string, run: () => R): R {
    const before = this.behind;
    this.behind ??= { operation, path: this.places.get(node) ?? '' };
    try {
      return run();
    } finally {
      this.behind = before;
    }
  }
}

/**
 * What `profile` found.
 *
 * @example
 * const found = profile(() => ones([64, 64]).matmul(ones([64, 64])));
 * found.table('operation').includes('matmul'); // → true
 */
export class Profile<R = unknown> {
  constructor(
    /** What the function gave. */
    readonly result: R,
    readonly events: readonly ProfileEvent[],
    /** Milliseconds from beginning to end, what ran between kernels included. */
    readonly milliseconds: number,
  ) {}

  /** Time and bytes by operation and phase, the longest first. */
  operations(): ProfileRow[] {
    return this.summed(({ operation }) => operation);
  }

  /** Time and bytes by layer and phase, the longest first. */
  layers(): ProfileRow[] {
    return this.summed(({ path }) => path);
  }

  private summed(nameOf: (event: ProfileEvent) => string): ProfileRow[] {
    const rows = new Map<string, { name: string; phase: Phase; calls: number; milliseconds: number; bytes: number }>();
    let total = 0;
    for (const event of this.events) {
      const key = `${nameOf(event)}\n${event.phase}`;
      const row = rows.get(key) ?? { name: nameOf(event), phase: event.phase, calls: 0, milliseconds: 0, bytes: 0 };
      rows.set(key, row);
      row.calls++;
      row.milliseconds += event.milliseconds;
      row.bytes += event.bytes;
      total += event.milliseconds;
    }
    return [...rows.values()]
      .sort((a, b) => b.milliseconds - a.milliseconds)
      .map((row) => ({ ...row, share: total === 0 ? 0 : row.milliseconds / total }));
  }

  /**
   * The sums as text.
   *
   * @param by 'operation' or 'layer'. @defaultValue 'operation'
   * @param rows how many. @defaultValue 20
   */
  table(by: 'operation' | 'layer' = 'operation', rows: number = 20): string {
    const all = by === 'layer' ? this.layers() : this.operations();
    const cells = [
      [by, 'phase', 'calls', 'ms', 'share', 'MB'],
      ...all
        .slice(0, rows)
        .map(({ name, phase, calls, milliseconds, share, bytes }) => [
          name === '' ? '(outside layers)' : name,
          phase,
          String(calls),
          milliseconds.toFixed(3),
          `${(100 * share).toFixed(1)} %`,
          (bytes / 1e6).toFixed(2),
        ]),
    ];
    const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
    const line = (row: readonly string[]): string =>
      row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
    const inKernels = this.events.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const more = all.length > rows ? [`… and ${all.length - rows} more`] : [];
    const total = `${this.milliseconds.toFixed(3)} ms in all, ${inKernels.toFixed(3)} ms in ${this.events.length} kernels`;
    return [...cells.map(line), ...more, total].join('\n');
  }

  /**
   * The events in the format of chrome://tracing, Perfetto and speedscope: write `JSON.stringify` of it to a file.
   *
   * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
   */
  toChromeTrace(): { traceEvents: readonly object[] } {
    return {
      traceEvents: this.events.map(({ operation, kernel, phase, path, start, milliseconds, bytes }) => ({
        name: kernel,
        cat: phase,
        ph: 'X',
        ts: start * 1000,
        dur: milliseconds * 1000,
        pid: 1,
        tid: 1,
        args: { operation, layer: path, bytes },
      })),
    };
  }
}

/** Options of `profile`. */
export interface ProfileOptions {
  /** A clock, in milliseconds. @defaultValue performance.now */
  now?: () => number;
}

/**
 * Runs a function and measures every kernel in it: forward, backward, and the steps of optimizers. `f` may be asynchronous (a whole `fit`).
 *
 * @example
 * const found = profile(() => net.call(x).sum().backward());
 * console.log(found.table('layer'));
 */
export function profile<R>(f: () => Promise<R>, options?: ProfileOptions): Promise<Profile<R>>;
export function profile<R>(f: () => R, options?: ProfileOptions): Profile<R>;
export function profile<R>(f: () => R | Promise<R>, options: ProfileOptions = {}): Profile<R> | Promise<Profile<R>> {
  const before = modes.profiler;
  const profiler = new Profiler(options.now ?? (() => performance.now()));
  const end = (result: R): Profile<R> => new Profile(result, profiler.events, profiler.elapsed);
  const restore = (): void => {
    modes.profiler = before;
  };
  modes.profiler = profiler;
  let result: R | Promise<R>;
  try {
    result = f();
  } catch (error) {
    restore();
    throw error;
  }
  const later = result as Promise<R> | null | undefined;
  if (typeof later?.then === 'function') return later.then(end).finally(restore);
  restore();
  return end(result as R);
}
