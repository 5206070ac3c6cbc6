/** Names that somebody may have meant. */

/** Without what spellings of other libraries differ in: mean_squared_error, MeanSquaredError and mean-squared-error are one. */
const plain = (name: string): string => name.replace(/[_\-\s]/g, '').toLowerCase();

/** How many letters are to be added, left out, changed or exchanged with a neighbour to get from one word to the other. */
function distance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}

/** learningRate: lr. */
const initials = (name: string): string => `${name.charAt(0)}${name.replace(/[^A-Z]/g, '')}`.toLowerCase();

/** The question whether a name was meant that is nearly the one given, or that it is short for; undefined where none is. */
export function didYouMean(given: unknown, names: readonly string[]): string | undefined {
  if (typeof given !== 'string') return undefined;
  const wanted = plain(given);
  let [nearest, least] = [undefined as string | undefined, Math.min(3, wanted.length / 2)];
  for (const name of names) {
    const d = distance(wanted, plain(name));
    if (d < least) [nearest, least] = [name, d];
  }
  nearest ??= names.find((name) => wanted.length > 1 && initials(name) === wanted);
  nearest ??= names.find((name) => wanted.length > 2 && plain(name).startsWith(wanted));
  return nearest === undefined ? undefined : `Did you mean '${nearest}'?`;
}
