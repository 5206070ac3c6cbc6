/** Which digits are taken for which. */

/** counts[t][p]: how often digit t was read as p. */
export function confusionMatrix(labels: ArrayLike<number>, read: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![read[i]!]!++;
  return counts;
}

/** The matrix as an aligned table: rows are the true digits, columns what was read. */
export function showConfusion(counts: readonly (readonly number[])[]): string {
  const width = Math.max(5, ...counts.flat().map((n) => String(n).length + 1));
  const cell = (text: string | number): string => String(text).padStart(width);
  const head = `true \\ read${counts.map((_, p) => cell(p)).join('')}`;
  const lines = counts.map((row, t) => `${String(t).padStart(11)}${row.map((n) => cell(n === 0 ? '·' : n)).join('')}`);
  return [head, ...lines].join('\n');
}
