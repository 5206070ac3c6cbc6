/** A run as one HTML page: curves, what was confused with what, weights and gradients, examples that were misread. */

import { isTensor, type Tensor, trainMode } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { encodePng } from '../data/images.js';
import type { Model, Tensors } from '../model/model.js';
import type { Samples } from '../model/samples.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { type Curves, curvesOf } from './curves.js';
import { plotModel } from './plotModel.js';
import { element, escaped, histogramChart, lineChart, matrixChart } from './svg.js';

/** Options of `report`. */
export interface ReportOptions {
  /** Heading of the page. @defaultValue 'Training report' */
  title?: string;
  /** What `fit` returned: the curves. @defaultValue none */
  history?: { readonly history: Readonly<Record<string, readonly number[]>> };
  /** The model: its graph and weights. @defaultValue none */
  model?: Model<Tensors>;
  /** Samples to look at: with whole-number targets beside scores of classes a confusion matrix and what was misread; and gradients of the loss of `compile`. @defaultValue none */
  data?: readonly [x: Samples, y: Samples];
  /** Pictures by their captions, uint8 [height, width, 1, 3 or 4]: reconstructions, samples. @defaultValue none */
  pictures?: Readonly<Record<string, Tensor>>;
  /** Names of the classes. @defaultValue their numbers */
  classNames?: readonly string[];
  /** Misread examples shown, at most. @defaultValue 24 */
  examples?: number;
}

const style = `body{font:15px/1.45 system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;color:#222}
h2{margin-top:2em;border-bottom:1px solid #ccc}.row{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start}
figure{margin:0;text-align:center;font-size:12px}img{image-rendering:pixelated;border:1px solid #ccc}img.small{width:64px;height:64px}img.wide{max-width:100%;min-width:320px}
svg{max-width:100%;height:auto}`;

/**
 * One self-contained page, without scripts and without anything from elsewhere.
 *
 * @returns HTML text
 * @throws ArgumentError for data without a model
 * @example
 * const history = await model.fit(x, y, { epochs: 2, verbose: 0 });
 * const html = await nn.report({ model, history });
 * html.includes('<svg'); // → true
 */
export async function report(options: ReportOptions): Promise<string> {
  checkOptions('report', options, ['title', 'history', 'model', 'data', 'pictures', 'classNames', 'examples']);
  const { title = 'Training report', history, model, data, classNames } = options;
  const limit = checkNumber('report', 'examples', options.examples ?? 24, { atLeast: 0, whole: true });
  if (data !== undefined && model === undefined)
    throw new ArgumentError('report', 'got data without a model', 'Pass { model } too.');
  if (data !== undefined && (!Array.isArray(data) || data.length !== 2))
    throw new ArgumentError('report', `got data ${shown(data)}; expected [x, y]`);
  const sections: string[] = [];
  if (history !== undefined) sections.push(section('Curves', curves(history.history)));
  if (options.pictures !== undefined) {
    const shownAs = Object.entries(options.pictures).map(([caption, x]) => figureOf(x, caption, 'wide'));
    sections.push(section('Pictures', await Promise.all(shownAs)));
  }
  if (data !== undefined) sections.push(...(await reading(model!, data, classNames, limit)));
  if (model !== undefined) {
    sections.push(section('Weights', weights(model)));
    if (data !== undefined) sections.push(section('Gradients', gradients(model, data)));
    sections.push(section('Model', [plotModel(model)]));
  }
  return `<!doctype html>\n${element(
    'html',
    { lang: 'en' },
    element(
      'head',
      {},
      '<meta charset="utf-8"/><meta name="viewport" content="width=device-width"/>',
      element('title', {}, escaped(title)),
      element('style', {}, style),
    ),
    element('body', {}, element('h1', {}, escaped(title)), ...sections),
  )}\n`;
}

const section = (title: string, parts: readonly string[]): string =>
  parts.length === 0
    ? ''
    : element('section', {}, element('h2', {}, escaped(title)), element('div', { class: 'row' }, ...parts));

/** A chart for each name. */
const curves = (history: Curves): string[] => curvesOf(history).map(({ name, series }) => lineChart(name, series));

const weights = (model: Model<Tensors>): string[] =>
  model
    .namedParameters()
    .filter(([, parameter]) => parameter.hasValue)
    .map(([path, parameter]) => histogramChart(path, parameter.toTypedArray()));

/** Of the loss of `compile`, over the samples. */
function gradients(model: Model<Tensors>, [x, y]: readonly [Samples, Samples]): string[] {
  const found = trainMode(() => model.gradientsOnBatch(x, y));
  return Object.entries(found).map(([path, values]) => histogramChart(path, values));
}

/** What was confused, and examples of it, where the targets are classes and the predictions scores of classes. */
async function reading(
  model: Model<Tensors>,
  [x, y]: readonly [Samples, Samples],
  classNames: readonly string[] | undefined,
  limit: number,
): Promise<string[]> {
  const predicted = await model.predict(x);
  const targets = isTensor(y) ? y : null;
  if (!isTensor(predicted) || targets === null || predicted.rank !== 2 || predicted.shape[1]! < 2) return [];
  const classes = predicted.shape[1]!;
  const said = predicted.argmax({ axis: 1 }).toTypedArray();
  const indices = targets.rank === 2 && targets.shape[1] === classes ? targets.argmax({ axis: 1 }) : targets;
  if (indices.size !== said.length) return [];
  const meant = indices.toTypedArray();
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, c] of meant.entries()) counts[c]![said[i]!]!++;
  const names = Array.from({ length: classes }, (_, c) => classNames?.[c] ?? String(c));
  const right = meant.filter((c, i) => c === said[i]).length;
  const caption = `${right} of ${meant.length} right (${((100 * right) / meant.length).toFixed(2)} %)`;
  const wrong = [...meant.keys()].filter((i) => meant[i] !== said[i]).slice(0, limit);
  const examples =
    isTensor(x) && isPicture(x)
      ? await Promise.all(wrong.map((i) => example(x, i, names[meant[i]!]!, names[said[i]!]!)))
      : [];
  return [
    section('Confusion matrix', classes <= 40 ? [matrixChart(caption, counts, names)] : [element('p', {}, caption)]),
    section('Misread', examples),
  ];
}

/** [n, height, width] or [n, height, width, 1, 3 or 4]. */
const isPicture = (x: Tensor): boolean => x.rank === 3 || (x.rank === 4 && [1, 3, 4].includes(x.shape[3]!));

async function example(x: Tensor, i: number, meant: string, said: string): Promise<string> {
  const sample = x.rank === 3 ? x.slice(i).expandDims(-1) : x.slice(i);
  const [low, high] = [sample.min().item(), sample.max().item()];
  const bytes =
    sample.dtype === 'uint8'
      ? sample
      : sample
          .sub(low)
          .mul(high > low ? 255 / (high - low) : 0)
          .cast('uint8');
  return figureOf(bytes, `${meant}, read as ${said}`, 'small');
}

/** A picture with its caption. */
async function figureOf(x: Tensor, caption: string, kind: 'small' | 'wide'): Promise<string> {
  const source = `data:image/png;base64,${base64(await encodePng(x))}`;
  const image = element('img', { class: kind, src: source, alt: caption });
  return element('figure', {}, image, element('figcaption', {}, escaped(caption)));
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
