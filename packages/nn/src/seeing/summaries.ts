/** What TensorBoard shows, as messages (tensorflow/core/util/event.proto, framework/summary.proto, framework/graph.proto). */

import type { Tensor } from '@cotangent/autograd';
import { Message } from './protobuf.js';

/** One thing to show: a value with its name. */
export type SummaryValue = Message;

/** A number. */
export const scalarValue = (tag: string, value: number): SummaryValue => new Message().bytes(1, tag).float(2, value);

/** A picture. */
export const imageValue = (
  tag: string,
  png: Uint8Array,
  height: number,
  width: number,
  channels: number,
): SummaryValue =>
  new Message()
    .bytes(1, tag)
    .bytes(4, new Message().integer(1, height).integer(2, width).integer(3, channels).bytes(4, png));

const buckets = 30;

/** How numbers are spread: 30 buckets of one width. Numbers that are not finite are left out. */
export function histogramValue(tag: string, values: ArrayLike<number>): SummaryValue {
  const finite = Array.from(values).filter(Number.isFinite);
  const [low, high] = finite.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity] as [
    number,
    number,
  ]);
  const width = (high - low) / buckets;
  const counts = new Array<number>(finite.length === 0 ? 0 : width > 0 ? buckets : 1).fill(0);
  for (const x of finite) counts[Math.min(counts.length - 1, width > 0 ? Math.floor((x - low) / width) : 0)]!++;
  const histogram = new Message()
    .double(1, finite.length === 0 ? 0 : low)
    .double(2, finite.length === 0 ? 0 : high)
    .double(3, finite.length)
    .double(
      4,
      finite.reduce((sum, x) => sum + x, 0),
    )
    .double(
      5,
      finite.reduce((sum, x) => sum + x * x, 0),
    )
    .doubles(
      6,
      counts.map((_, i) => (i === counts.length - 1 ? high : low + (i + 1) * width)),
    )
    .doubles(7, counts);
  return new Message().bytes(1, tag).bytes(5, histogram);
}

/** A node of a graph. */
export interface GraphSummaryNode {
  readonly name: string;
  readonly operation: string;
  /** Names of the nodes it takes its inputs from. */
  readonly inputs: readonly string[];
}

/** A graph. */
export function graphMessage(nodes: readonly GraphSummaryNode[]): Message {
  const graph = new Message();
  for (const { name, operation, inputs } of nodes) {
    const node = new Message().bytes(1, name).bytes(2, operation);
    for (const input of inputs) node.bytes(3, input);
    graph.bytes(1, node);
  }
  return graph.bytes(4, new Message().integer(1, 1));
}

/** The first event of a file. */
export const versionEvent = (seconds: number): Uint8Array =>
  new Message().double(1, seconds).bytes(3, 'brain.Event:2').encode();

/** Values of one step. */
export function summaryEvent(seconds: number, step: number, values: readonly SummaryValue[]): Uint8Array {
  const summary = new Message();
  for (const value of values) summary.bytes(1, value);
  return new Message().double(1, seconds).integer(2, step).bytes(5, summary).encode();
}

/** A graph. */
export const graphEvent = (seconds: number, graph: Message): Uint8Array =>
  new Message().double(1, seconds).bytes(4, graph).encode();

/** A kernel as a picture [height, width, 1] from 0 (its least) to 255: a matrix as it is, filters [h, w, in, out] in a grid; null for others. */
export function kernelPicture(kernel: Tensor): Tensor | null {
  const { rank, shape } = kernel;
  let picture: Tensor;
  if (rank === 2) picture = kernel;
  else if (rank === 4) {
    const [h, w, inputs, outputs] = shape as readonly [number, number, number, number];
    picture = kernel.permute([2, 0, 3, 1]).reshape([inputs * h, outputs * w]);
  } else return null;
  const [low, high] = [picture.min().item(), picture.max().item()];
  return picture
    .sub(low)
    .mul(high > low ? 255 / (high - low) : 0)
    .cast('uint8')
    .expandDims(-1);
}
