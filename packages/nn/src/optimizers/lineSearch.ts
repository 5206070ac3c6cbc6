/** A step along a direction that meets the strong Wolfe conditions. */

/** Value and slope of a function along a direction, and its gradient, at a step. */
export interface Point {
  /** The step. */
  readonly t: number;
  readonly value: number;
  readonly gradient: Float64Array;
  /** Derivative along the direction. */
  readonly slope: number;
}

const { abs, max, min, sqrt } = Math;

/** Where the cubic through two values and two slopes is least, within bounds; half way where there is no such place. */
export function cubicMinimum(a: Point, b: Point, low: number = min(a.t, b.t), high: number = max(a.t, b.t)): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = left.slope + right.slope - (3 * (left.value - right.value)) / (left.t - right.t);
  const square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = sqrt(square);
  const at = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return min(max(at, low), high);
}

/** Options of the search, with the values of Nocedal & Wright. */
export interface LineSearchOptions {
  /** Share of the expected decrease that is enough. @defaultValue 1e-4 */
  readonly c1?: number;
  /** Share of the first slope that is flat enough. @defaultValue 0.9 */
  readonly c2?: number;
  /** Brackets shorter than this (times the largest element of the direction) are not searched. @defaultValue 1e-9 */
  readonly toleranceChange?: number;
  /** @defaultValue 25 */
  readonly maxEvaluations?: number;
}

/**
 * A step t with f(t) ≤ f(0) + c₁ t f′(0) and |f′(t)| ≤ c₂ |f′(0)|: first ever longer steps until such lie between two, then ever shorter
 * brackets, by cubic interpolation.
 *
 * @param evaluate the function at a step
 * @param start its value and slope at 0
 * @param first the first step to try
 * @param largest the largest element of the direction, up or down
 * @see Nocedal & Wright 2006, algorithms 3.5 and 3.6, with the safeguards that PyTorch's LBFGS has
 */
export function strongWolfe(
  evaluate: (t: number) => Point,
  start: Point,
  first: number,
  largest: number,
  { c1 = 1e-4, c2 = 0.9, toleranceChange = 1e-9, maxEvaluations = 25 }: LineSearchOptions = {},
): { point: Point; evaluations: number } {
  const falls = (p: Point): boolean => p.value <= start.value + c1 * p.t * start.slope;
  const flat = (p: Point): boolean => abs(p.slope) <= -c2 * start.slope;
  let [before, now] = [start, evaluate(first)];
  let evaluations = 1;
  let rounds = 0;
  let bracket: [Point, Point] | null = null;
  for (; rounds < maxEvaluations; rounds++) {
    if (!falls(now) || (rounds > 1 && now.value >= before.value)) bracket = [before, now];
    else if (flat(now)) return { point: now, evaluations };
    else if (now.slope >= 0) bracket = [before, now];
    if (bracket !== null) break;
    const next = cubicMinimum(before, now, now.t + 0.01 * (now.t - before.t), now.t * 10);
    before = now;
    now = evaluate(next);
    evaluations++;
  }
  bracket ??= [start, now];
  let stuck = false;
  let [low, high] = bracket[0].value <= bracket[1].value ? bracket : [bracket[1], bracket[0]];
  for (; rounds < maxEvaluations && abs(high.t - low.t) * largest >= toleranceChange; rounds++) {
    const [from, to] = [min(low.t, high.t), max(low.t, high.t)];
    let t = cubicMinimum(low, high);
    const margin = 0.1 * (to - from);
    if (min(to - t, t - from) < margin) {
      // Twice near the same end, or on it: step away from there.
      if (stuck || t >= to || t <= from) t = abs(t - to) < abs(t - from) ? to - margin : from + margin;
      stuck = !(stuck || t >= to || t <= from) && min(to - t, t - from) < margin;
    } else stuck = false;
    const point = evaluate(t);
    evaluations++;
    if (!falls(point) || point.value >= low.value) {
      high = point;
      if (low.value > high.value) [low, high] = [high, low];
      continue;
    }
    if (flat(point)) return { point, evaluations };
    if (point.slope * (high.t - low.t) >= 0) high = low;
    low = point;
  }
  return { point: low, evaluations };
}
