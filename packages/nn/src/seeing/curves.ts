/** The curves of a run. */

import type { Series } from './svg.js';

/** What `fit` returned, or the like: lists of values by the names of losses and metrics. */
export type Curves = Readonly<Record<string, readonly number[]>>;

/** One chart for each name: training, and validation beside it where there is one. */
export function curvesOf(history: Curves): { readonly name: string; readonly series: readonly Series[] }[] {
  const names = Object.keys(history).filter((name) => !/^val[A-Z]/.test(name));
  return names.map((name) => {
    const validation = history[`val${name.charAt(0).toUpperCase()}${name.slice(1)}`];
    const series = [{ name: 'training', values: history[name]! }];
    return {
      name,
      series: validation === undefined ? series : [...series, { name: 'validation', values: validation }],
    };
  });
}
