import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Crc32c } from '@aws-crypto/crc32c';
import { ones, profile, randomUniform, tensor } from '@cotangent/autograd';
import { ArgumentError, Generator, manualSeed } from '@cotangent/kernels';
import fc from 'fast-check';
import { parse } from 'protobufjs';
import type { Logs } from '../callbacks/callback.js';
import { drawCurves, LossCurve } from '../callbacks/lossCurve.js';
import { TensorBoard } from '../callbacks/tensorBoard.js';
import { decodeImage } from '../data/images.js';
import { Conv2D, Dense, Flatten } from '../layers/index.js';
import { withOptions } from '../losses/index.js';
import { model as functional } from '../model/functional.js';
import { Sequential } from '../model/sequential.js';
import { input } from '../model/symbolic.js';
import { plotModel } from './plotModel.js';
import { crc32c } from './records.js';
import { report } from './report.js';
import { SummaryWriter } from './summaryWriter.js';
import { escaped, histogramChart, lineChart } from './svg.js';

let folder: string;
beforeEach(() => {
  manualSeed(1);
  folder = mkdtempSync(join(tmpdir(), 'cotangent-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// The public definitions, as far as they are written: tensorflow/core/util/event.proto, framework/summary.proto, framework/graph.proto.
const definitions = parse(`
  syntax = "proto3";
  message NodeDef { string name = 1; string op = 2; repeated string input = 3; }
  message VersionDef { int32 producer = 1; }
  message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
  message HistogramProto { double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true]; repeated double bucket = 7 [packed = true]; }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Value { string tag = 1; oneof value { float simple_value = 2; Image image = 4; HistogramProto histo = 5; } }
  message Summary { repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; bytes graph_def = 4; Summary summary = 5; } }
`).root;

interface Event {
  fileVersion?: string;
  graphDef?: Uint8Array;
  step?: number;
  summary?: { value: Record<string, never>[] };
}

/** Masked CRC-32C, by another implementation. */
function checksum(bytes: Uint8Array): number {
  const crc = new Crc32c().update(bytes).digest() >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The events of the only file in a folder, checksums verified. */
function eventsIn(directory: string): Event[] {
  const [name, ...others] = readdirSync(directory);
  expect([name, others]).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d+\./), []]);
  const bytes = readFileSync(join(directory, name!));
  const type = definitions.lookupType('Event');
  const events: Event[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(checksum(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(checksum(data));
    events.push(type.toObject(type.decode(data), { longs: Number, defaults: false }) as Event);
    at += 16 + length;
  }
  return events;
}

/** Scalars by tag, [step, value] each. */
function scalars(events: readonly Event[]): Record<string, [number, number][]> {
  const found: Record<string, [number, number][]> = {};
  for (const { step = 0, summary } of events)
    for (const { tag, simpleValue } of (summary?.value ?? []) as unknown as { tag: string; simpleValue?: number }[])
      if (simpleValue !== undefined) {
        found[tag] ??= [];
        found[tag].push([step, simpleValue]);
      }
  return found;
}

describe('crc32c()', () => {
  it('is that of the published vectors, and of another implementation', () => {
    // RFC 3720, B.4, and the customary check value.
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) =>
        expect(crc32c(bytes)).toBe(new Crc32c().update(bytes).digest() >>> 0),
      ),
    );
  });
});

describe('TensorBoard', () => {
  it('writes files that an independent reader reads: scalars, histograms, images, graph', async () => {
    const net = new Sequential([new Dense({ units: 3, activation: 'relu' }), new Dense({ units: 1 })]);
    net.compile({ loss: 'mse', metrics: ['mae'] });
    const x = randomUniform([8, 2], { generator: new Generator(1) });
    const y = x.sum({ axis: 1, keepDims: true });
    const callback = new TensorBoard(folder, { histogramFrequency: 2, writeImages: true, updateFrequency: 2 });
    const { history } = await net.fit(x, y, { epochs: 2, batchSize: 2, validationData: [x, y], callbacks: [callback] });
    const training = eventsIn(join(folder, 'train'));
    expect(training[0]!.fileVersion).toBe('brain.Event:2');
    const numbers = scalars(training);
    expect(Object.keys(numbers).sort()).toEqual([
      'batch_loss',
      'batch_mae',
      'epoch_learning_rate',
      'epoch_loss',
      'epoch_mae',
    ]);
    expect(numbers.epoch_loss).toEqual(history.loss!.map((loss, epoch) => [epoch, Math.fround(loss)]));
    expect(numbers.batch_loss!.map(([step]) => step)).toEqual([2, 4, 6, 8]);
    const validation = scalars(eventsIn(join(folder, 'validation')));
    expect(validation.epoch_mae).toEqual(history.valMae!.map((value, epoch) => [epoch, Math.fround(value)]));

    const values = training.flatMap(({ summary }) => summary?.value ?? []) as unknown as {
      tag: string;
      histo?: { num: number; sum: number; bucketLimit: number[]; bucket: number[] };
      image?: { height: number; width: number; encodedImageString: Uint8Array };
    }[];
    const { histo } = values.find(({ tag }) => tag === '0/kernel/histogram')!;
    expect([histo!.num, histo!.bucket.reduce((a, b) => a + b), histo!.bucketLimit.length]).toEqual([6, 6, 30]);
    expect(histo!.sum).toBeCloseTo(net.parameters()[0]!.sum().item(), 5);
    const { image } = values.find(({ tag }) => tag === '0/kernel/image')!;
    const picture = await decodeImage(image!.encodedImageString);
    expect([picture.shape, picture.min().item(), picture.max().item()]).toEqual([[2, 3, 1], 0, 255]);

    const graphs = training.flatMap(({ graphDef }) => (graphDef === undefined ? [] : [graphDef]));
    expect(graphs).toHaveLength(1);
    const type = definitions.lookupType('GraphDef');
    expect(type.toObject(type.decode(graphs[0]!))).toEqual({
      node: [
        { name: 'dense', op: 'Dense' },
        { name: 'dense1', op: 'Dense', input: ['dense'] },
      ],
      versions: { producer: 1 },
    });
  });

  it('has a writer for loops of one’s own', async () => {
    const writer = new SummaryWriter(folder);
    writer.addScalar('loss', 0.5, 3);
    writer.addHistogram('same', [2, 2, Number.NaN], 3);
    await writer.addImage('picture', ones([2, 2, 3]).mul(9).cast('uint8'), 4);
    const events = eventsIn(folder);
    expect(scalars(events)).toEqual({ loss: [[3, 0.5]] });
    expect(events[2]!.summary!.value[0]).toMatchObject({
      histo: { min: 2, max: 2, num: 2, bucket: [2], bucketLimit: [2] },
    });
    expect(events[3]).toMatchObject({ step: 4 });
    expect(() => writer.addScalar('loss', 1, -1)).toThrow('got step -1');
    expect(() => new TensorBoard('')).toThrow(ArgumentError);
  });
});

/** Fails unless a text is well-formed XML, as far as tags and attributes go. */
function expectWellFormed(text: string): void {
  const open: string[] = [];
  for (const [, closing, name, empty] of text.matchAll(/<(\/?)([a-zA-Z][\w-]*)(?:\s+[\w:-]+="[^"<>]*")*\s*(\/?)>/g)) {
    if (closing !== '') expect(open.pop()).toBe(name);
    else if (empty === '') open.push(name!);
  }
  expect(open).toEqual([]);
  expect(text.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]/);
}

describe('plotModel()', () => {
  it('draws every layer once, and an arrow for every input it takes', () => {
    const x = input({ shape: [4], name: 'features' });
    const a = new Dense({ units: 3, name: 'left' }).call(x);
    const b = new Dense({ units: 3, name: 'right<script>' }).call(x);
    const svg = plotModel(functional({ inputs: x, outputs: a.add(b) }));
    expectWellFormed(svg);
    expect([...svg.matchAll(/<rect /g)]).toHaveLength(4);
    expect([...svg.matchAll(/marker-end/g)]).toHaveLength(4);
    expect(svg).toContain('[batch, 3]');
    expect(svg).toContain('15 parameters');
    expect(svg).not.toContain('<script>');
  });

  it('draws sequential models as a chain, and others as their parts', () => {
    const net = new Sequential([new Flatten({ inputShape: [2, 2] }), new Dense({ units: 3 })]);
    const svg = plotModel(net);
    expect([...svg.matchAll(/marker-end/g)]).toHaveLength(1);
    expect(svg).toContain('[batch, 3]');
    expect(plotModel(net, { showShapes: false })).not.toContain('[batch, 3]');
    expect(() => plotModel(net, { showshapes: false } as never)).toThrow("Did you mean 'showShapes'?");
  });
});

describe('charts', () => {
  it('are well formed whatever the numbers and names', () =>
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 60 }), fc.string(), (values, name) => {
        expectWellFormed(lineChart(name, [{ name, values }]));
        expectWellFormed(histogramChart(name, values));
        expect(escaped(name)).not.toMatch(/[<>"]/);
      }),
    ));
});

describe('LossCurve', () => {
  it('draws the highest value on the first line and the lowest on the last', () => {
    expect(drawCurves({ loss: [4, 2, 1], valLoss: [3, 3] }, 10, 4)).toEqual([
      '     4.000 ┤●  ',
      '     3.000 ┤○○ ',
      '     2.000 ┤ ● ',
      '     1.000 ┤  ●',
      '           └───',
      '            ● loss   ○ valLoss',
    ]);
    expect(drawCurves({ loss: Array.from({ length: 100 }, (_, i) => i) }, 5, 2)[0]).toBe('     89.50 ┤   ●●');
    expect(drawCurves({ loss: [Number.NaN] })).toEqual(['no finite values yet']);
  });

  it('draws over the last drawing in a terminal, and behind it elsewhere', () => {
    const written: string[] = [];
    const output = { write: (text: string) => void written.push(text), now: () => 0 };
    const run = (terminal: boolean): string => {
      written.length = 0;
      const curve = new LossCurve({
        height: 2,
        output: terminal ? { ...output, columns: () => 80, isTerminal: true } : output,
      });
      curve.onTrainBegin();
      for (const [epoch, loss] of [3, 2].entries()) curve.onEpochEnd(epoch, { loss } as Logs);
      return written.join('');
    };
    expect(run(true)).toContain('\u001b[4A');
    expect(run(false)).not.toContain('\u001b');
  });
});

describe('report()', () => {
  it('is one page with curves, confusion matrix, weights, gradients and misread examples', async () => {
    const net = new Sequential([
      new Conv2D({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1] }),
      new Flatten(),
      new Dense({ units: 3 }),
    ]);
    net.compile({ loss: withOptions('sparseCategoricalCrossentropy', { fromLogits: true }), metrics: ['accuracy'] });
    const x = randomUniform([12, 6, 6, 1], { generator: new Generator(2) });
    const y = tensor(
      Array.from({ length: 12 }, (_, i) => i % 3),
      { dtype: 'int32' },
    );
    const history = await net.fit(x, y, { epochs: 2, validationSplit: 0.25 });
    const before = net.parameters().map((p) => p.toArray());
    const classNames = ['cat', 'dog', 'cow & calf'];
    const html = await report({
      title: 'A <run>',
      history,
      model: net,
      data: [x, y],
      classNames,
      examples: 2,
      pictures: { 'a < b': ones([2, 2, 1]).cast('uint8') },
    });
    expect(net.parameters().map((p) => p.toArray())).toEqual(before);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expectWellFormed(html.replace('<!doctype html>', '').replace(/<style>[\s\S]*?<\/style>/, ''));
    expect([...html.matchAll(/<h2>(\w[\w ]*)</g)].map(([, heading]) => heading)).toEqual([
      'Curves',
      'Pictures',
      'Confusion matrix',
      'Misread',
      'Weights',
      'Gradients',
      'Model',
    ]);
    expect([...html.matchAll(/data:image\/png;base64,/g)]).toHaveLength(3);
    expect(html).toContain('cow &#38; calf');
    expect(html).toMatch(/\d+ of 12 right/);
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    await expect(report({ data: [x, y] })).rejects.toThrow('got data without a model');
  });
});

describe('profile()', () => {
  it('knows the layers of a model, forward and backward', async () => {
    const net = new Sequential([new Dense({ units: 3, inputShape: [4] }), new Dense({ units: 1 })]);
    net.compile({ loss: 'mse' });
    const found = await profile(() => net.fit(ones([4, 4]), ones([4, 1]), { verbose: 0 }));
    const rows = found.layers().map(({ name, phase }) => `${phase} ${name}`);
    for (const row of ['forward 0 (Dense)', 'forward 1 (Dense)', 'backward 0 (Dense)', 'backward 1 (Dense)', 'update '])
      expect(rows).toContain(row);
    expect(found.result.history.loss).toHaveLength(1);
  });
});
