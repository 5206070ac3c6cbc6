/** What runs in a thread of `workerDataset`: makes the dataset, and answers for samples. */

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { IndexedDataset } from './indexed.js';
import { type Packed, pack } from './packing.js';
import type { Answer } from './workers.js';

const port = parentPort!;
const { module, data } = workerData as { module: string; data: unknown };

function say(answer: Answer, buffers: ArrayBuffer[] = []): void {
  port.postMessage(answer, buffers);
}

const problemOf = (error: unknown): { message: string; stack: string } =>
  error instanceof Error ? { message: error.message, stack: error.stack ?? '' } : { message: String(error), stack: '' };

async function dataset(): Promise<IndexedDataset<unknown>> {
  const url = isAbsolute(module) ? pathToFileURL(module).href : module;
  const loaded = (await import(url)) as { default?: unknown };
  if (typeof loaded.default !== 'function')
    throw new TypeError(`${module} has no default export that is a function; expected (data) => dataset`);
  const made = (await (loaded.default as (data: unknown) => unknown)(data)) as Partial<IndexedDataset<unknown>> | null;
  if (typeof made?.get !== 'function' || typeof made.length !== 'number')
    throw new TypeError(
      `the default export of ${module} gave no dataset; expected an object with length and get(index)`,
    );
  return made as IndexedDataset<unknown>;
}

async function answer(samples: IndexedDataset<unknown>, id: number, indices: readonly number[]): Promise<void> {
  const buffers: ArrayBuffer[] = [];
  const packed: Packed[] = [];
  for (const index of indices) {
    try {
      packed.push(pack(await samples.get(index), buffers));
    } catch (error) {
      say({ id, index, ...problemOf(error) });
      return;
    }
  }
  say({ id, samples: packed }, buffers);
}

dataset().then(
  (samples) => {
    port.on(
      'message',
      ({ id, indices }: { id: number; indices: readonly number[] }) => void answer(samples, id, indices),
    );
    say({ ready: samples.length });
  },
  (error: unknown) => say({ id: -1, index: -1, ...problemOf(error) }),
);
