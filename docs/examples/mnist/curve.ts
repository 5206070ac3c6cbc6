/** Line charts as SVG. */

type Point = readonly [x: number, y: number];

/** A line: points, and what it is called. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Drawn thin and pale, behind the others. */
  readonly faint?: boolean;
}

/** What a chart shows. */
export interface Chart {
  readonly title: string;
  /** One sentence for those who cannot see it. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Ticks of the x axis are no closer than this: 1 where it counts. @defaultValue 0 */
  readonly xStep?: number;
  readonly series: readonly Series[];
}

/** Replaces what has a meaning in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Round numbers that cover [low, high]: four to eight, or fewer where they would be closer than `least`. */
export function ticks(low: number, high: number, least: number = 0): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough)!);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(2, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Exponentially smoothed values, corrected for the start as Adam's means are. */
export function smoothed(values: readonly number[], decay: number): number[] {
  let mean = 0;
  return values.map((value, i) => {
    mean = decay * mean + (1 - decay) * value;
    return mean / (1 - decay ** (i + 1));
  });
}

/** Smallest and largest. A loop, for a long run has more batches than a call may have arguments. */
function range(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** What can be seen of a line in so many columns: of the points that share one, the lowest and the highest, in order. */
export function thinned(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 2 * columns) return points;
  const kept: Point[] = [];
  for (let column = 0; column < columns; column++) {
    const at = (edge: number): number => Math.floor((edge / columns) * points.length);
    let [lowest, highest] = [at(column), at(column)];
    for (let i = at(column); i < at(column + 1); i++) {
      if (points[i]![1] < points[lowest]![1]) lowest = i;
      if (points[i]![1] > points[highest]![1]) highest = i;
    }
    const [first, second] = [Math.min(lowest, highest), Math.max(lowest, highest)];
    kept.push(points[first]!);
    if (second > first) kept.push(points[second]!);
  }
  return kept;
}

const width = 640;
const height = 320;
const margin = { left: 60, right: 16, top: 36, bottom: 44 };
/** A tenth of a pixel is more than anyone sees. */
const pixel = (value: number): string => value.toFixed(1);

/** The chart, self-contained; colours come from the page's CSS (`.line0`, `.line1`, `.faint`). */
export function renderChart({ title, description, xLabel, yLabel, xStep, series }: Chart): string {
  const all = series.flatMap(({ points }) => points);
  const xTicks = ticks(...range(all.map(([x]) => x)), xStep);
  const yTicks = ticks(...range(all.map(([, y]) => y)));
  const scale = (value: number, marks: readonly number[], from: number, to: number): number =>
    from + ((value - marks[0]!) / (marks[marks.length - 1]! - marks[0]!)) * (to - from);
  const xAt = (x: number): number => scale(x, xTicks, margin.left, width - margin.right);
  const yAt = (y: number): number => scale(y, yTicks, height - margin.bottom, margin.top);

  const grid = [
    ...yTicks.map(
      (y) =>
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${pixel(yAt(y))}" y2="${pixel(yAt(y))}"/><text class="tick" x="${margin.left - 6}" y="${pixel(yAt(y) + 4)}" text-anchor="end">${y}</text>`,
    ),
    ...xTicks.map(
      (x) =>
        `<text class="tick" x="${pixel(xAt(x))}" y="${height - margin.bottom + 18}" text-anchor="middle">${x}</text>`,
    ),
  ];
  const lines = series.map(({ points, faint }, k) => {
    const path = thinned(points, width)
      .map(([x, y]) => `${pixel(xAt(x))},${pixel(yAt(y))}`)
      .join(' ');
    const dots =
      points.length > 30
        ? ''
        : points
            .map(([x, y]) => `<circle class="dot${k}" cx="${pixel(xAt(x))}" cy="${pixel(yAt(y))}" r="3"/>`)
            .join('');
    return `<polyline class="${faint ? 'faint' : `line${k}`}" points="${path}"/>${dots}`;
  });
  const legend = series
    .map(
      ({ name, faint }, k) =>
        `<tspan class="${faint ? 'legendFaint' : `legend${k}`}">━ </tspan><tspan>${escapeHtml(name)}</tspan>`,
    )
    .join('<tspan dx="14"> </tspan>');
  const id = title.toLowerCase().replace(/[^a-z]+/g, '-');
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escapeHtml(title)}</title><desc id="${id}-text">${escapeHtml(description)}</desc>`,
    ...grid,
    ...lines,
    `<text class="label" x="${(margin.left + width - margin.right) / 2}" y="${height - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text class="label" transform="translate(14 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
    `<text class="label" x="${width - margin.right}" y="18" text-anchor="end">${legend}</text>`,
    '</svg>',
  ].join('\n');
}
