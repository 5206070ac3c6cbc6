/** An indexed dataset whose samples are made by threads. Needs Node. */

import { Worker } from 'node:worker_threads';
import { ArgumentError, CotangentError } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { SampleDataset } from './indexed.js';
import { type Packed, unpack } from './packing.js';

/** Options of `workerDataset`. */
export interface WorkerDatasetOptions {
  /** Threads. @defaultValue 2 */
  workers?: number;
  /** Handed to the function that makes the dataset in each thread: anything that can be cloned. */
  data?: unknown;
}

/** What a thread answers. */
export type Answer =
  | { readonly ready: number }
  | { readonly id: number; readonly samples: readonly Packed[] }
  | { readonly id: number; readonly index: number; readonly message: string; readonly stack: string };

interface Waiting {
  readonly indices: readonly number[];
  resolve(samples: readonly unknown[]): void;
  reject(error: Error): void;
}

/** A thread, and what it has been asked. */
class Thread {
  readonly waiting: Map<number, Waiting> = new Map();

  constructor(readonly worker: Worker) {}
}

/**
 * Samples that threads make. Get one with `workerDataset`.
 *
 * @example
 * const images = await workerDataset(new URL('./images.js', import.meta.url));
 * const first = await images.get(0);
 * await images.close();
 */
export class WorkerDataset<T> extends SampleDataset<T> {
  private threads: Thread[];
  private next = 0;
  private failure: Error | null = null;

  /** @internal */
  constructor(
    readonly length: number,
    workers: readonly Worker[],
  ) {
    super();
    this.threads = workers.map((worker) => new Thread(worker));
    for (const thread of this.threads) {
      // Idle threads do not keep the process alive; one that is asked for something does.
      thread.worker.unref();
      thread.worker.on('message', (answer: Answer) => this.hear(thread, answer));
      thread.worker.on('error', (error) => this.fail(died(`failed: ${error.message}`, error)));
      thread.worker.on('exit', (code) => this.fail(died(`ended with exit code ${code}`)));
    }
  }

  override async get(index: number): Promise<T> {
    return (await this.getMany([index]))[0]!;
  }

  /** Several samples, from the thread that has least to do. @throws ArgumentError for an index out of range */
  getMany(indices: readonly number[]): Promise<readonly T[]> {
    if (this.failure !== null) return Promise.reject(this.failure);
    for (const index of indices) checkNumber('get', 'index', index, { atLeast: 0, below: this.length, whole: true });
    const thread = this.threads.reduce((best, other) => (other.waiting.size < best.waiting.size ? other : best));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { indices, resolve: resolve as Waiting['resolve'], reject });
      thread.worker.ref();
      thread.worker.postMessage({ id, indices });
    });
  }

  private hear(thread: Thread, answer: Answer): void {
    if ('ready' in answer) return;
    const asked = thread.waiting.get(answer.id);
    // An answer that comes while the thread is being ended: the process has to stay until it has ended.
    if (asked === undefined) return;
    thread.waiting.delete(answer.id);
    if (thread.waiting.size === 0) thread.worker.unref();
    if ('samples' in answer) {
      asked.resolve(answer.samples.map(unpack));
      return;
    }
    const error = new CotangentError('workerDataset', `sample ${answer.index}: ${answer.message}`);
    asked.reject(Object.assign(error, { cause: answer.stack }));
  }

  /** One thread is lost: nothing that was asked for will come, and nothing more is asked. */
  private fail(error: Error): void {
    if (this.failure !== null) return;
    this.failure = error;
    for (const { worker, waiting } of this.threads) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      void worker.terminate();
    }
  }

  /** Ends the threads. What has been asked for and did not come is refused. */
  async close(): Promise<void> {
    this.failure ??= new ArgumentError('workerDataset', 'the dataset has been closed');
    const { threads } = this;
    for (const { waiting } of threads) {
      for (const { reject } of waiting.values()) reject(this.failure);
      waiting.clear();
    }
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

const died = (what: string, cause?: unknown): CotangentError =>
  Object.assign(
    new CotangentError(
      'workerDataset',
      `a worker thread ${what}`,
      'Its module must not end the process, and needs memory for what it loads.',
    ),
    { cause },
  );

/**
 * A dataset whose samples are made by threads, for loading that takes longer than training. Samples are the same as without threads, and come
 * in the order that they are asked for; `DataLoader` with `prefetch` keeps all threads busy.
 *
 * @param module file whose default export is a function `(data) => dataset` (or a promise of one)
 * @throws CotangentError where the module cannot be loaded, and in loading when a sample fails (with the stack of the thread as `cause`) or a
 *   thread ends; ArgumentError for a module that is no path, or a number of workers that is not positive
 * @example
 * const images = await workerDataset(new URL('./images.js', import.meta.url), { workers: 2, data: { folder: 'pictures' } });
 * const loader = new nn.data.DataLoader(images, { batchSize: 32, shuffle: true, prefetch: 4 });
 */
export async function workerDataset<T>(
  module: URL | string,
  options: WorkerDatasetOptions = {},
): Promise<WorkerDataset<T>> {
  checkOptions('workerDataset', options, ['workers', 'data']);
  if (!(typeof module === 'string' || module instanceof URL))
    throw new ArgumentError('workerDataset', `got module ${shown(module)}; expected a path or a file URL`);
  const count = checkNumber('workerDataset', 'workers', options.workers ?? 2, { atLeast: 1, whole: true });
  const workerData = { module: String(module), data: options.data };
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./workerThread.js', import.meta.url), { workerData }),
  );
  try {
    const lengths = await Promise.all(workers.map(ready));
    return new WorkerDataset<T>(lengths[0]!, workers);
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  }
}

/** The length of the dataset of a thread, once it has one. */
function ready(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', (answer: Answer) => {
      if ('ready' in answer) resolve(answer.ready);
      else if ('message' in answer)
        reject(Object.assign(new CotangentError('workerDataset', answer.message), { cause: answer.stack }));
    });
    worker.once('error', (error) => reject(died(`failed: ${error.message}`, error)));
    worker.once('exit', (code) => reject(died(`ended with exit code ${code}`)));
  });
}
