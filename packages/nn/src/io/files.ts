/** Reading and writing files so that nothing is lost: a file is there whole, or as it was before. */

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Module } from '../module.js';
import type { LoadedState, LoadStateOptions } from '../state.js';
import {
  type CheckpointParts,
  decodeCheckpoint,
  type EncodeCheckpointOptions,
  encodeCheckpoint,
} from './checkpoint.js';
import type { Json } from './json.js';
import { encodeSafetensors, parseSafetensors } from './safetensors.js';

/**
 * Writes a file as a whole: to a name beside it, to the disk, and then into its place. Whoever reads it, also after a crash or a loss of
 * power in the middle, finds the old file or the new one.
 *
 * @example
 * await writeAtomically('notes.txt', 'kept whole');
 */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** The new name has to reach the disk, too. Some systems cannot open a folder; there it does so by itself. */
async function syncDirectory(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/**
 * Saves the parameters and buffers of a module as a safetensors file.
 *
 * @example await saveWeights(model, 'digits.safetensors');
 */
export async function saveWeights(module: Module, path: string): Promise<void> {
  await writeAtomically(path, encodeSafetensors(module.stateDict(), { format: 'cotangent' }));
}

/**
 * Sets the parameters and buffers of a module to those of a safetensors file.
 *
 * @param options as of `loadStateDict`
 * @throws FormatError for another file; ArgumentError for one that does not fit
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 1, inputShape: [2] })]);
 * await saveWeights(model, 'line.safetensors');
 * await loadWeights(model, 'line.safetensors'); // → {"missing": [], "unexpected": []}
 */
export async function loadWeights(module: Module, path: string, options: LoadStateOptions = {}): Promise<LoadedState> {
  const { tensors } = parseSafetensors(await readFile(path), path);
  return module.loadStateDict(tensors, options);
}

/**
 * Saves a checkpoint.
 *
 * @param parts as of `encodeCheckpoint`
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 1, inputShape: [2] })]);
 * await saveCheckpoint('run.safetensors', { model, extra: { epoch: 3 } });
 * await loadCheckpoint('run.safetensors', { model }); // → {"epoch": 3}
 */
export async function saveCheckpoint(path: string, parts: EncodeCheckpointOptions): Promise<void> {
  await writeAtomically(path, encodeCheckpoint(parts));
}

/**
 * Restores a checkpoint.
 *
 * @param parts as of `decodeCheckpoint`
 * @returns the `extra` that was saved with it
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 1, inputShape: [2] })]);
 * await saveCheckpoint('run.safetensors', { model, extra: { epoch: 3 } });
 * await loadCheckpoint('run.safetensors', { model }); // → {"epoch": 3}
 */
export async function loadCheckpoint(path: string, parts: CheckpointParts): Promise<Json> {
  return decodeCheckpoint(await readFile(path), parts, path);
}
