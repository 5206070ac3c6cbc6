/** Pictures as SVG text: shapes, charts, and nothing that could run. */

/** Text as it may stand in HTML and SVG. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** An element with attributes. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...inside: readonly string[]
): string {
  const given = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? short(value) : value)}"`,
  );
  return inside.length === 0 ? `<${name}${given.join('')}/>` : `<${name}${given.join('')}>${inside.join('')}</${name}>`;
}

/** A coordinate with two decimals at most. */
const short = (value: number): string => String(Math.round(value * 100) / 100);

/** A text at a place. */
export const label = (
  x: number,
  y: number,
  text: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string => element('text', { x, y, ...attributes }, escaped(text));

/** A whole picture. */
export const picture = (width: number, height: number, title: string, ...inside: readonly string[]): string =>
  element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
    },
    element('title', {}, escaped(title)),
    ...inside,
  );

/** `0.0123`, `1.2e-7`: four digits. */
export const figure = (value: number): string =>
  !Number.isFinite(value) || (value !== 0 && Math.abs(value) < 1e-3) || Math.abs(value) >= 1e5
    ? value.toPrecision(3)
    : String(Number(value.toPrecision(4)));

/** Colours that people with any colour vision tell apart (Okabe and Ito 2008). */
export const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;

/** Smallest and largest. A loop, for there may be more values than a call may have arguments. */
export function rangeOf(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The same picture on white paper: what surrounds it may be dark. */
export const onPaper = (svg: string): string =>
  svg.replace('</title>', `</title>${element('rect', { width: '100%', height: '100%', fill: '#fff' })}`);

/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

/** Lines over the numbers of their values, with a scale at the left. Values that are not finite are gaps. */
export function lineChart(title: string, series: readonly Series[], width: number = 420, height: number = 240): string {
  const [left, right, top, bottom] = [64, 12, 28, 34];
  const finite = series.flatMap(({ values }) => values).filter(Number.isFinite);
  const [low, high] = finite.length === 0 ? [0, 1] : rangeOf(finite);
  const span = high > low ? high - low : Math.abs(high) || 1;
  const count = Math.max(2, ...series.map(({ values }) => values.length));
  const x = (i: number): number => left + ((width - left - right) * i) / (count - 1);
  const y = (value: number): number => top + ((height - top - bottom) * (high - value)) / span;
  const ticks = [low, low + span / 2, low + span].flatMap((value) => [
    element('line', { x1: left, x2: width - right, y1: y(value), y2: y(value), stroke: '#ddd' }),
    label(left - 6, y(value) + 4, figure(value), { 'text-anchor': 'end', fill: '#444' }),
  ]);
  const lines = series.flatMap(({ name, values }, k) => {
    const colour = colours[k % colours.length]!;
    let path = '';
    let pen = 'M';
    for (const [i, value] of values.entries()) {
      if (!Number.isFinite(value)) {
        pen = 'M';
        continue;
      }
      path += `${pen}${short(x(i))} ${short(y(value))}`;
      pen = 'L';
    }
    const dots = values.flatMap((value, i) =>
      Number.isFinite(value) && values.length <= 40
        ? [element('circle', { cx: x(i), cy: y(value), r: 2, fill: colour })]
        : [],
    );
    return [
      element('path', { d: path, fill: 'none', stroke: colour, 'stroke-width': 1.5 }),
      ...dots,
      label(left + k * 130, height - 8, name, { fill: colour }),
    ];
  });
  return picture(width, height, title, label(left, 16, title, { 'font-weight': 'bold' }), ...ticks, ...lines);
}

const bars = 30;

/** Values counted between the smallest and the largest that are finite: 30 counts, 31 edges; none where there are none. */
export function histogramOf(values: ArrayLike<number>): { counts: number[]; edges: number[] } {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return { counts: [], edges: [] };
  const [low, high] = rangeOf(finite);
  const counts = new Array<number>(bars).fill(0);
  for (const value of finite)
    counts[Math.min(bars - 1, high > low ? Math.floor(((value - low) / (high - low)) * bars) : 0)]!++;
  // One value alone stands in the first of bars that have to be somewhere.
  const width = (high > low ? high - low : Math.abs(high) || 1) / bars;
  return { counts, edges: Array.from({ length: bars + 1 }, (_, i) => low + i * width) };
}

/** Bars from counts of values between two ends. */
export function histogramChart(
  title: string,
  values: ArrayLike<number>,
  width: number = 260,
  height: number = 140,
): string {
  const { counts, edges } = histogramOf(values);
  const most = Math.max(1, ...counts);
  const [top, bottom] = [24, 20];
  const room = height - top - bottom;
  return picture(
    width,
    height,
    title,
    label(4, 14, title),
    ...counts.map((count, i) =>
      element('rect', {
        x: (i * width) / bars,
        y: top + room * (1 - count / most),
        width: width / bars - 1,
        height: (room * count) / most,
        fill: colours[0],
      }),
    ),
    label(2, height - 5, edges.length === 0 ? 'no numbers' : figure(edges[0]!), { fill: '#444' }),
    label(width - 2, height - 5, edges.length === 0 ? '' : figure(edges[bars]!), {
      'text-anchor': 'end',
      fill: '#444',
    }),
  );
}

/** Counts in a square: rows are what was to be said, columns what was. */
export function matrixChart(title: string, counts: readonly (readonly number[])[], names: readonly string[]): string {
  const [cell, left, top] = [34, 84, 60];
  const size = counts.length * cell;
  const most = Math.max(1, ...counts.flat());
  const cells = counts.flatMap((row, i) =>
    row.flatMap((count, j) => [
      element('rect', {
        x: left + j * cell,
        y: top + i * cell,
        width: cell - 1,
        height: cell - 1,
        fill: i === j ? '#009e73' : '#d55e00',
        'fill-opacity': count === 0 ? 0.04 : 0.15 + (0.85 * count) / most,
      }),
      label(left + j * cell + cell / 2, top + i * cell + cell / 2 + 4, String(count), { 'text-anchor': 'middle' }),
    ]),
  );
  return picture(
    left + size + 10,
    top + size + 10,
    title,
    label(4, 16, title, { 'font-weight': 'bold' }),
    label(left, 34, 'predicted', { fill: '#444' }),
    label(4, top - 6, 'true', { fill: '#444' }),
    ...names.flatMap((name, i) => [
      label(left - 6, top + i * cell + cell / 2 + 4, name, { 'text-anchor': 'end' }),
      label(left + i * cell + cell / 2, top - 6, name, { 'text-anchor': 'middle' }),
    ]),
    ...cells,
  );
}
