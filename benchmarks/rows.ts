/** The one format of results, and how they are printed. */

/** One measured figure. */
export interface Row {
  readonly suite: string;
  readonly workload: string;
  readonly library: string;
  readonly medianMicroseconds: number;
  readonly minMicroseconds: number;
  readonly note: string;
}

/** Rows as a Markdown table. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const figures = [row.medianMicroseconds, row.minMicroseconds].map((us) => us.toFixed(1));
    return `| ${row.workload} | ${row.library} | ${figures.join(' | ')} | ${row.note} |`;
  });
  return ['| workload | library | median µs | min µs | note |', '|---|---|--:|--:|---|', ...lines].join('\n');
}

/** Median and minimum of some durations in milliseconds, in microseconds. */
export function summarize(milliseconds: readonly number[]): Pick<Row, 'medianMicroseconds' | 'minMicroseconds'> {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { medianMicroseconds: median * 1000, minMicroseconds: sorted[0]! * 1000 };
}
