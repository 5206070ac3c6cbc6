/** Callbacks that write files (https://keras.io/api/callbacks/). */

import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArgumentError } from '@cotangent/kernels';
import { loadCheckpoint, saveCheckpoint, saveWeights, writeAtomically } from '../io/files.js';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import type { Callback, CallbackState, Logs, RunParameters } from './callback.js';
import { Best, type MonitorMode, monitored, resolveMode } from './monitor.js';

function checkPath(operation: string, path: unknown): string {
  if (typeof path === 'string' && path !== '') return path;
  throw new ArgumentError(operation, `got path ${shown(path)}; expected text`);
}

/** 'epoch', or every so many batches. */
function checkFrequency(operation: string, frequency: 'epoch' | number): 'epoch' | number {
  return frequency === 'epoch'
    ? frequency
    : checkNumber(operation, 'saveFrequency', frequency, { atLeast: 1, whole: true });
}

/** Options of `BackupAndRestore`. */
export interface BackupAndRestoreOptions {
  /** When to save: after each epoch, or after every so many batches. @defaultValue 'epoch' */
  saveFrequency?: 'epoch' | number;
  /** Whether to remove the file when training has come to its end. @defaultValue true */
  deleteCheckpoint?: boolean;
}

/**
 * Lets an interrupted run go on: it saves the whole of it to a file, and a run that finds the file goes on from there, bit for bit as if it
 * had never stopped, also in the middle of an epoch. Give `fit` the same data, options and callbacks.
 *
 * @param path of the file; folders on the way are made
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/callbacks/backup_and_restore/
 * @example
 * const backup = new BackupAndRestore('backup.safetensors', { saveFrequency: 2 });
 * await model.fit(x, y, { epochs: 2, verbose: 0, callbacks: [backup] });
 */
export class BackupAndRestore implements Callback {
  readonly savesRun = true;
  private readonly path: string;
  private readonly saveFrequency: 'epoch' | number;
  private readonly deleteCheckpoint: boolean;
  private run: RunParameters | null = null;

  constructor(path: string, options: BackupAndRestoreOptions = {}) {
    checkOptions('BackupAndRestore', options, ['saveFrequency', 'deleteCheckpoint']);
    this.path = checkPath('BackupAndRestore', path);
    this.saveFrequency = checkFrequency('BackupAndRestore', options.saveFrequency ?? 'epoch');
    this.deleteCheckpoint = checkBoolean('BackupAndRestore', 'deleteCheckpoint', options.deleteCheckpoint ?? true);
  }

  async onTrainBegin(run: RunParameters): Promise<void> {
    this.run = run;
    await mkdir(dirname(this.path), { recursive: true });
    if (existsSync(this.path)) await loadCheckpoint(this.path, this.parts());
  }

  private parts(): {
    model: RunParameters['model'];
    optimizer: RunParameters['model']['optimizer'];
    run: RunParameters;
  } {
    const { model } = this.run!;
    return { model, optimizer: model.optimizer, run: this.run! };
  }

  async onBatchEnd(batch: number): Promise<void> {
    if (this.saveFrequency !== 'epoch' && (batch + 1) % this.saveFrequency === 0)
      await saveCheckpoint(this.path, this.parts());
  }

  async onEpochEnd(): Promise<void> {
    await saveCheckpoint(this.path, this.parts());
  }

  async onTrainEnd(): Promise<void> {
    if (this.deleteCheckpoint) await rm(this.path, { force: true });
  }
}

/** Options of `ModelCheckpoint`. */
export interface ModelCheckpointOptions {
  /** Name in the logs of what is watched, for `saveBestOnly`. @defaultValue 'valLoss' */
  monitor?: string;
  /** Whether smaller or larger is better; 'auto' goes by the name. @defaultValue 'auto' */
  mode?: MonitorMode;
  /** Whether to save only when what is watched is better than ever. @defaultValue false */
  saveBestOnly?: boolean;
  /** Whether to save the parameters and buffers alone, and not the optimizer and the run. @defaultValue false */
  saveWeightsOnly?: boolean;
  /** When to save: after each epoch, or after every so many batches. @defaultValue 'epoch' */
  saveFrequency?: 'epoch' | number;
  /** What the first value has to beat, with `saveBestOnly`. @defaultValue none */
  initialValueThreshold?: number | null;
}

/**
 * Saves the model while it is trained.
 *
 * @param path of the file: `{epoch}` (counted from 1, `{epoch:3}` padded to three digits), `{batch}` and the names of logs
 *   (`{valLoss:.4}` with four decimals) in it are replaced
 * @throws ArgumentError in `fit` for a name that the logs do not have
 * @see https://keras.io/api/callbacks/model_checkpoint/
 * @example new ModelCheckpoint('run/{epoch:3}-{valLoss:.4}.safetensors', { saveBestOnly: true })
 */
export class ModelCheckpoint implements Callback {
  readonly savesRun = true;
  /** The file written last; null before the first. */
  lastPath: string | null = null;
  private readonly path: string;
  private readonly monitor: string;
  private readonly saveBestOnly: boolean;
  private readonly saveWeightsOnly: boolean;
  private readonly saveFrequency: 'epoch' | number;
  private readonly best: Best;
  private run: RunParameters | null = null;
  private batches = 0;

  constructor(path: string, options: ModelCheckpointOptions = {}) {
    const name = 'ModelCheckpoint';
    const names = ['monitor', 'mode', 'saveBestOnly', 'saveWeightsOnly', 'saveFrequency', 'initialValueThreshold'];
    checkOptions(name, options, names);
    this.path = checkPath(name, path);
    const { monitor = 'valLoss', mode = 'auto', initialValueThreshold = null } = options;
    this.monitor = monitor;
    this.best = new Best(resolveMode(monitor, checkChoice(name, 'mode', mode, ['auto', 'min', 'max'])));
    if (initialValueThreshold !== null)
      this.best.value = checkNumber(name, 'initialValueThreshold', initialValueThreshold);
    this.saveBestOnly = checkBoolean(name, 'saveBestOnly', options.saveBestOnly ?? false);
    this.saveWeightsOnly = checkBoolean(name, 'saveWeightsOnly', options.saveWeightsOnly ?? false);
    this.saveFrequency = checkFrequency(name, options.saveFrequency ?? 'epoch');
  }

  onTrainBegin(run: RunParameters): void {
    this.run = run;
  }

  async onBatchEnd(batch: number, logs: Logs): Promise<void> {
    this.batches++;
    if (this.saveFrequency !== 'epoch' && this.batches % this.saveFrequency === 0)
      await this.save(this.run!.progress.epoch, batch, logs);
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if (this.saveFrequency === 'epoch') await this.save(epoch, 0, logs);
  }

  private async save(epoch: number, batch: number, logs: Logs): Promise<void> {
    if (this.saveBestOnly) {
      const value = monitored('ModelCheckpoint', this.monitor, logs);
      if (!this.best.isBetter(value)) return;
      this.best.value = value;
    }
    const path = filled(this.path, { ...logs, epoch: epoch + 1, batch: batch + 1 });
    const { model } = this.run!;
    await mkdir(dirname(path), { recursive: true });
    if (this.saveWeightsOnly) await saveWeights(model, path);
    else await saveCheckpoint(path, { model, optimizer: model.optimizer, run: this.run! });
    this.lastPath = path;
  }

  stateDict(): CallbackState {
    return { values: { best: this.best.value, batches: this.batches, lastPath: this.lastPath } };
  }

  loadStateDict({ values }: CallbackState): void {
    const { best, batches, lastPath } = values as { best: number; batches: number; lastPath: string | null };
    this.best.value = best;
    this.batches = batches;
    this.lastPath = lastPath;
  }
}

/** `{epoch:3}` → 007, `{valLoss:.4}` → 0.1234. */
function filled(template: string, values: Readonly<Record<string, number>>): string {
  return template.replace(/\{(\w+)(?::(\d+)|:\.(\d+))?\}/g, (_, name: string, width?: string, decimals?: string) => {
    const value = values[name];
    if (value === undefined)
      throw new ArgumentError(
        'ModelCheckpoint',
        `got {${name}} in the path; the logs have ${Object.keys(values).join(', ')}`,
      );
    if (decimals !== undefined) return value.toFixed(Number(decimals));
    return String(value).padStart(Number(width ?? 0), '0');
  });
}

/** Options of `CSVLogger`. */
export interface CSVLoggerOptions {
  /** Between columns. @defaultValue ',' */
  separator?: string;
  /** Whether to go on with a file that is there, instead of beginning anew. @defaultValue false */
  append?: boolean;
}

/**
 * Writes the logs of every epoch as a line of a CSV file. A run that is resumed goes on with its file, without lines twice.
 *
 * @throws ArgumentError for a path that is none, or a separator of more than one character
 * @see https://keras.io/api/callbacks/csv_logger/
 * @example new CSVLogger('run/log.csv')
 */
export class CSVLogger implements Callback {
  private readonly path: string;
  private readonly separator: string;
  private readonly append: boolean;
  private columns: readonly string[] | null = null;
  private begun = false;
  /** Whether the run was restored: epochs that come again take the place of their lines. */
  private resumed = false;

  constructor(path: string, options: CSVLoggerOptions = {}) {
    checkOptions('CSVLogger', options, ['separator', 'append']);
    this.path = checkPath('CSVLogger', path);
    const { separator = ',' } = options;
    if (typeof separator !== 'string' || separator.length !== 1)
      throw new ArgumentError('CSVLogger', `got separator ${shown(separator)}; expected one character`);
    this.separator = separator;
    this.append = checkBoolean('CSVLogger', 'append', options.append ?? false);
  }

  onTrainBegin(): void {
    this.begun = false;
    this.columns = null;
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if (!this.begun) await this.begin(epoch, logs);
    const values = this.columns!.map((name) => (name === 'epoch' ? epoch : logs[name]));
    await appendFile(this.path, this.line(values.map((value) => (value === undefined ? 'NA' : String(value)))));
  }

  private line(cells: readonly string[]): string {
    return `${cells.join(this.separator)}\n`;
  }

  /** Opens the file: anew, or behind what is there of earlier epochs. */
  private async begin(epoch: number, logs: Logs): Promise<void> {
    this.begun = true;
    await mkdir(dirname(this.path), { recursive: true });
    const before = existsSync(this.path) ? (await readFile(this.path, 'utf8')).split('\n').filter(Boolean) : [];
    const [header, ...lines] = before;
    const goesOn = header !== undefined && (this.append || this.resumed);
    if (!goesOn) {
      this.columns = ['epoch', ...Object.keys(logs)];
      await writeAtomically(this.path, this.line(this.columns));
      return;
    }
    this.columns = header.split(this.separator);
    // Epochs that come again, and a line that a crash cut off, give way.
    const isKept = (line: string): boolean =>
      line.split(this.separator).length === this.columns!.length && Number.parseInt(line, 10) < epoch;
    const kept = this.resumed ? lines.filter(isKept) : lines;
    await writeAtomically(this.path, [header, ...kept, ''].join('\n'));
  }

  stateDict(): CallbackState {
    return { values: {} };
  }

  loadStateDict(): void {
    this.resumed = true;
  }
}
