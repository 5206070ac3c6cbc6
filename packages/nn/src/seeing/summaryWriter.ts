/** Writing event files that TensorBoard reads. Needs Node. */

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { encodePng } from '../data/images.js';
import { checkNumber, checkTensor, shown } from '../options.js';
import { record } from './records.js';
import {
  type GraphSummaryNode,
  graphEvent,
  graphMessage,
  histogramValue,
  imageValue,
  type SummaryValue,
  scalarValue,
  summaryEvent,
  versionEvent,
} from './summaries.js';

let files = 0;

/**
 * Writes scalars, histograms, images and graphs to an event file (PyTorch's and TensorFlow's SummaryWriter): for loops of one's own. In `fit` the
 * `TensorBoard` callback does it.
 *
 * @throws ArgumentError for a directory that is no path
 * @example
 * const writer = new SummaryWriter('logs/run2');
 * for (const [step, loss] of [1, 0.5, 0.25].entries()) writer.addScalar('loss', loss, step);
 */
export class SummaryWriter {
  /** The file. */
  readonly path: string;

  /** @param directory which is made if it is not there; each writer has a file of its own in it */
  constructor(directory: string) {
    if (typeof directory !== 'string' || directory === '')
      throw new ArgumentError('SummaryWriter', `got directory ${shown(directory)}; expected a path`);
    mkdirSync(directory, { recursive: true });
    const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}.${files++}`;
    this.path = join(directory, name);
    writeFileSync(this.path, record(versionEvent(Date.now() / 1000)));
  }

  /** Writes values at once, so that they are there also if the process ends the next moment. */
  private add(step: number, values: readonly SummaryValue[]): void {
    checkNumber('SummaryWriter', 'step', step, { atLeast: 0, whole: true });
    appendFileSync(this.path, record(summaryEvent(Date.now() / 1000, step, values)));
  }

  /** A number at a step. */
  addScalar(tag: string, value: number, step: number): void {
    this.add(step, [scalarValue(tag, value)]);
  }

  /** Several numbers at a step. */
  addScalars(values: Readonly<Record<string, number>>, step: number): void {
    this.add(
      step,
      Object.entries(values).map(([tag, value]) => scalarValue(tag, value)),
    );
  }

  /** How the elements of a tensor, or numbers, are spread. */
  addHistogram(tag: string, values: Tensor | ArrayLike<number>, step: number): void {
    const numbers = 'toTypedArray' in values ? values.toTypedArray() : values;
    this.add(step, [histogramValue(tag, numbers)]);
  }

  /**
   * A picture.
   *
   * @param image uint8 [height, width, 1, 3 or 4]
   * @throws ShapeError for something else than [height, width, channels]
   */
  async addImage(tag: string, image: Tensor, step: number): Promise<void> {
    const { shape } = checkTensor('addImage', 'image', image);
    if (shape.length !== 3) throw new ShapeError('addImage', { image }, 'a picture [height, width, channels]');
    const [height, width, channels] = shape as readonly [number, number, number];
    this.add(step, [imageValue(tag, await encodePng(image), height, width, channels)]);
  }

  /** A graph: nodes with the names of those they take their inputs from. */
  addGraph(nodes: readonly GraphSummaryNode[]): void {
    appendFileSync(this.path, record(graphEvent(Date.now() / 1000, graphMessage(nodes))));
  }
}
