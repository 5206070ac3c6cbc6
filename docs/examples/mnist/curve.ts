/** Line charts as SVG. */

/** A line: points, and what it is called. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
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
  readonly series: readonly Series[];
}

/** Replaces what has a meaning in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Four to eight round numbers that cover [low, high]. */
export function ticks(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough)!;
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

const width = 640;
const height = 300;
const margin = { left: 60, right: 16, top: 16, bottom: 44 };

/** The chart, self-contained; colours come from the page's CSS (`.line0`, `.line1`, `.faint`). */
export function renderChart({ title, description, xLabel, yLabel, series }: Chart): string {
  const all = series.flatMap(({ points }) => points);
  const xTicks = ticks(Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x)));
  const yTicks = ticks(Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y)));
  const scale = (value: number, marks: readonly number[], from: number, to: number): number =>
    from + ((value - marks[0]!) / (marks[marks.length - 1]! - marks[0]!)) * (to - from);
  const xAt = (x: number): number => scale(x, xTicks, margin.left, width - margin.right);
  const yAt = (y: number): number => scale(y, yTicks, height - margin.bottom, margin.top);

  const grid = [
    ...yTicks.map(
      (y) =>
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${yAt(y)}" y2="${yAt(y)}"/><text class="tick" x="${margin.left - 6}" y="${yAt(y) + 4}" text-anchor="end">${y}</text>`,
    ),
    ...xTicks.map(
      (x) => `<text class="tick" x="${xAt(x)}" y="${height - margin.bottom + 18}" text-anchor="middle">${x}</text>`,
    ),
  ];
  const lines = series.map(({ points, faint }, k) => {
    const path = points.map(([x, y]) => `${xAt(x).toFixed(1)},${yAt(y).toFixed(1)}`).join(' ');
    const dots =
      points.length > 30
        ? ''
        : points
            .map(([x, y]) => `<circle class="dot${k}" cx="${xAt(x).toFixed(1)}" cy="${yAt(y).toFixed(1)}" r="3"/>`)
            .join('');
    return `<polyline class="${faint ? 'faint' : `line${k}`}" points="${path}"/>${dots}`;
  });
  const legend = series
    .map(
      ({ name, faint }, k) =>
        `<tspan class="${faint ? 'legendFaint' : `legend${k}`}">━ </tspan><tspan>${escapeHtml(name)}   </tspan>`,
    )
    .join('');
  const id = title.toLowerCase().replace(/[^a-z]+/g, '-');
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escapeHtml(title)}</title><desc id="${id}-text">${escapeHtml(description)}</desc>`,
    ...grid,
    ...lines,
    `<text class="label" x="${(margin.left + width - margin.right) / 2}" y="${height - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text class="label" transform="translate(14 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
    `<text class="label" x="${width - margin.right}" y="${height - 6}" text-anchor="end">${legend}</text>`,
    '</svg>',
  ].join('\n');
}
