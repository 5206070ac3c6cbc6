import { join } from 'node:path';
import { ArgumentError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import { graphOf } from '../seeing/graph.js';
import { kernelPicture } from '../seeing/summaries.js';
import { SummaryWriter } from '../seeing/summaryWriter.js';
import type { Callback, Logs, RunParameters } from './callback.js';

/** Options of `TensorBoard`. */
export interface TensorBoardOptions {
  /** Every so many epochs how the parameters are spread. @defaultValue 0: never */
  histogramFrequency?: number;
  /** Whether to write the graph of the model. @defaultValue true */
  writeGraph?: boolean;
  /** Whether to write kernels as pictures, as often as histograms. @defaultValue false */
  writeImages?: boolean;
  /** When to write losses and metrics: after each epoch, also after each batch, or after every so many batches. @defaultValue 'epoch' */
  updateFrequency?: 'epoch' | 'batch' | number;
}

/**
 * Writes event files that TensorBoard shows: scalars of training in `train`, of validation in `validation`, under Keras's names.
 *
 * @param logDirectory where; one for each run
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/callbacks/tensorboard/
 * @example
 * await model.fit(x, y, { epochs: 2, verbose: 0, callbacks: [new TensorBoard('logs/run1', { histogramFrequency: 1 })] });
 */
export class TensorBoard implements Callback {
  private readonly directory: string;
  private readonly histogramFrequency: number;
  private readonly writeGraph: boolean;
  private readonly writeImages: boolean;
  private readonly everyBatches: number | null;
  private run: RunParameters | null = null;
  private training: SummaryWriter | null = null;
  private validation: SummaryWriter | null = null;
  private batches = 0;
  private hasGraph = false;

  constructor(logDirectory: string, options: TensorBoardOptions = {}) {
    const name = 'TensorBoard';
    checkOptions(name, options, ['histogramFrequency', 'writeGraph', 'writeImages', 'updateFrequency']);
    if (typeof logDirectory !== 'string' || logDirectory === '')
      throw new ArgumentError(name, `got logDirectory ${String(logDirectory)}; expected a path`);
    this.directory = logDirectory;
    const frequency = options.histogramFrequency ?? 0;
    this.histogramFrequency = checkNumber(name, 'histogramFrequency', frequency, { atLeast: 0, whole: true });
    this.writeGraph = checkBoolean(name, 'writeGraph', options.writeGraph ?? true);
    this.writeImages = checkBoolean(name, 'writeImages', options.writeImages ?? false);
    const update = options.updateFrequency ?? 'epoch';
    this.everyBatches =
      update === 'epoch'
        ? null
        : update === 'batch'
          ? 1
          : checkNumber(name, 'updateFrequency', update, { atLeast: 1, whole: true });
  }

  onTrainBegin(run: RunParameters): void {
    this.run = run;
    this.training = new SummaryWriter(join(this.directory, 'train'));
    this.hasGraph = false;
  }

  onBatchEnd(_batch: number, { size: _, ...logs }: Logs): void {
    this.graph();
    if (this.everyBatches === null || ++this.batches % this.everyBatches !== 0) return;
    this.training!.addScalars(renamed('batch_', logs), this.batches);
  }

  /** Once the model has been called, and knows its layers' shapes. */
  private graph(): void {
    if (this.hasGraph || !this.writeGraph) return;
    this.hasGraph = true;
    const nodes = graphOf(this.run!.model);
    this.training!.addGraph(
      nodes.map(({ name, type, from }) => ({ name, operation: type, inputs: from.map((i) => nodes[i]!.name) })),
    );
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const entries = Object.entries(logs);
    const ofTraining = Object.fromEntries(entries.filter(([name]) => !isOfValidation(name)));
    const { model } = this.run!;
    this.training!.addScalars(
      { ...renamed('epoch_', ofTraining), epoch_learning_rate: model.optimizer.learningRate },
      epoch,
    );
    const ofValidation = Object.fromEntries(
      entries
        .filter(([name]) => isOfValidation(name))
        .map(([name, value]) => [name.charAt(3).toLowerCase() + name.slice(4), value]),
    );
    if (Object.keys(ofValidation).length > 0) {
      this.validation ??= new SummaryWriter(join(this.directory, 'validation'));
      this.validation.addScalars(renamed('epoch_', ofValidation), epoch);
    }
    if (this.histogramFrequency > 0 && (epoch + 1) % this.histogramFrequency === 0) await this.weights(epoch);
  }

  private async weights(epoch: number): Promise<void> {
    for (const [path, parameter] of this.run!.model.namedParameters()) {
      if (!parameter.hasValue) continue;
      const tag = path.replaceAll('.', '/');
      this.training!.addHistogram(`${tag}/histogram`, parameter, epoch);
      const picture = this.writeImages ? kernelPicture(parameter.detach()) : null;
      if (picture !== null) await this.training!.addImage(`${tag}/image`, picture, epoch);
    }
  }

  onTrainEnd(): void {
    this.training = null;
    this.validation = null;
  }
}

const isOfValidation = (name: string): boolean => /^val[A-Z]/.test(name);

const renamed = (prefix: string, logs: Logs): Record<string, number> =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [prefix + name, value]));
