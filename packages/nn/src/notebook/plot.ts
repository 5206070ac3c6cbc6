/** Charts that notebooks show: as SVG of our own, and as Vega-Lite specs for those who draw them. */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { type Curves, curvesOf } from '../seeing/curves.js';
import { histogramChart, histogramOf, lineChart, matrixChart, onPaper, picture } from '../seeing/svg.js';
import { Shown } from './display.js';

/**
 * A chart. Deno's Jupyter kernel shows it by itself; elsewhere `toSVG()` is a picture of it as text, and `spec` a Vega-Lite spec.
 *
 * @see https://vega.github.io/vega-lite/docs/spec.html
 * @example
 * nn.plots.lines({ loss: [1, 0.5, 0.25] }).toSVG().startsWith('<svg');
 */
export class Plot extends Shown {
  /** Made by the functions of `nn.plots`. @internal */
  constructor(
    /** What it shows, in words. */
    readonly title: string,
    /** The Vega-Lite spec, version 5: plain data. */
    readonly spec: Readonly<Record<string, unknown>>,
    private readonly svg: string,
  ) {
    super();
  }

  /** The picture as SVG text. */
  toSVG(): string {
    return this.svg;
  }

  /** The picture as HTML text: the same. */
  override toHTML(): string {
    return this.svg;
  }

  override toString(): string {
    return `Plot ${this.title}`;
  }

  /** @internal */
  override otherForms(): Readonly<Record<string, string | object>> {
    return { 'image/svg+xml': this.svg, 'application/vnd.vegalite.v5+json': this.spec };
  }
}

/** Options of the plots. */
export interface PlotOptions {
  /** What stands above the chart. @defaultValue what the function says */
  title?: string;
  /** Pixels. @defaultValue 420 */
  width?: number;
  /** Pixels. @defaultValue 240 */
  height?: number;
}

const schema = 'https://vega.github.io/schema/vega-lite/v5.json';

function read(operation: string, options: PlotOptions, title: string): Required<PlotOptions> {
  checkOptions(operation, options, ['title', 'width', 'height']);
  const pixels = (name: 'width' | 'height', otherwise: number): number =>
    checkNumber(operation, name, options[name] ?? otherwise, { atLeast: 100, whole: true });
  return { title: options.title ?? title, width: pixels('width', 420), height: pixels('height', 240) };
}

const isList = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { length?: unknown }).length === 'number';

/** JSON has neither NaN nor infinities: gaps. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * Lines over the numbers of their values, from 0. Values that are not finite are gaps.
 *
 * @param series the values by the names of the lines
 * @param options `title`, `width`, `height`
 * @throws ArgumentError for what is not lists of numbers
 * @example
 * nn.plots.lines({ loss: [1, 0.5, 0.25] }, { title: 'Loss' });
 */
export function lines(series: Readonly<Record<string, ArrayLike<number>>>, options: PlotOptions = {}): Plot {
  const { title, width, height } = read('plots.lines', options, Object.keys(series).join(', '));
  const named = Object.entries(series).map(([name, values]) => {
    if (!isList(values)) throw new ArgumentError('plots.lines', `got ${name} ${shown(values)}; expected numbers`);
    return { name, values: Array.from(values) };
  });
  const spec = {
    $schema: schema,
    title,
    width,
    height,
    data: { values: named.flatMap(({ name, values }) => values.map((y, x) => ({ x, y: finite(y), line: name }))) },
    mark: { type: 'line', point: named.every(({ values }) => values.length <= 40), tooltip: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: null },
      y: { field: 'y', type: 'quantitative', title: null, scale: { zero: false } },
      color: { field: 'line', type: 'nominal', title: null },
    },
  };
  return new Plot(title, spec, onPaper(lineChart(title, named, width, height)));
}

/**
 * One curve for each loss and metric of a run, training and validation together, side by side.
 *
 * @param history what `fit` returned
 * @param options `title`, and `width` and `height` of each curve
 * @throws ArgumentError for something else than a history
 * @example
 * nn.plots.history(await model.fit(x, y, { verbose: 0 })).toSVG().startsWith('<svg'); // → true
 */
export function history(history: { readonly history: Curves }, options: PlotOptions = {}): Plot {
  const { title, width, height } = read('plots.history', options, 'History');
  const plots = curvesOf(history.history).map(({ name, series }) =>
    lines(Object.fromEntries(series.map((line) => [line.name, line.values])), { title: name, width, height }),
  );
  const inside = plots.map((plot, i) => plot.toSVG().replace('<svg', `<svg x="${i * width}"`));
  const spec = { $schema: schema, title, hconcat: plots.map(({ spec: { $schema, ...part } }) => part) };
  return new Plot(title, spec, picture(Math.max(1, plots.length) * width, height, title, ...inside));
}

/**
 * How values are spread, in 30 bars.
 *
 * @param values a tensor's `toTypedArray()`, or any numbers; what is not finite is left out
 * @param options `title`, `width`, `height`
 * @throws ArgumentError for what is no list of numbers
 * @example
 * nn.plots.histogram(randomNormal([100]).toTypedArray(), { title: 'kernel' }).toSVG().startsWith('<svg'); // → true
 */
export function histogram(values: ArrayLike<number>, options: PlotOptions = {}): Plot {
  const { title, width, height } = read('plots.histogram', options, 'Histogram');
  if (!isList(values)) throw new ArgumentError('plots.histogram', `got ${shown(values)}; expected numbers`);
  const { counts, edges } = histogramOf(values);
  const spec = {
    $schema: schema,
    title,
    width,
    height,
    data: { values: counts.map((count, i) => ({ from: edges[i], to: edges[i + 1], count })) },
    mark: { type: 'bar', tooltip: true },
    encoding: {
      x: { field: 'from', type: 'quantitative', bin: { binned: true }, title: null },
      x2: { field: 'to' },
      y: { field: 'count', type: 'quantitative', title: null },
    },
  };
  return new Plot(title, spec, onPaper(histogramChart(title, values, width, height)));
}

/**
 * What was taken for what.
 *
 * @param counts a row for each true class, a column for each predicted one
 * @param options `title`; `names` of the classes (their numbers unless told)
 * @throws ArgumentError unless it is a square of numbers, with a name for each class
 * @example
 * nn.plots.confusion([[9, 1], [2, 8]], { names: ['cat', 'dog'] });
 */
export function confusion(
  counts: readonly (readonly number[])[],
  options: { title?: string; names?: readonly string[] } = {},
): Plot {
  checkOptions('plots.confusion', options, ['title', 'names']);
  const { title = 'Confusion matrix', names = Array.from(counts, (_, i) => String(i)) } = options;
  const isSquare = isList(counts) && Array.from(counts).every((row) => row?.length === counts.length);
  if (!isSquare) throw new ArgumentError('plots.confusion', `got ${shown(counts)}; expected as many rows as columns`);
  if (names.length !== counts.length)
    throw new ArgumentError('plots.confusion', `got ${names.length} names for ${counts.length} classes`);
  const cells = counts.flatMap((row, i) => row.map((count, j) => ({ true: names[i], predicted: names[j], count })));
  const axis = (field: string): object => ({ field, type: 'nominal', sort: [...names] });
  const spec = {
    $schema: schema,
    title,
    width: { step: 34 },
    height: { step: 34 },
    data: { values: cells },
    encoding: { x: axis('predicted'), y: axis('true') },
    layer: [
      {
        mark: { type: 'rect', tooltip: true },
        encoding: { color: { field: 'count', type: 'quantitative', scale: { range: ['#fff5eb', '#fd8d3c'] } } },
      },
      { mark: 'text', encoding: { text: { field: 'count', type: 'quantitative' } } },
    ],
  };
  return new Plot(title, spec, onPaper(matrixChart(title, counts, names)));
}
