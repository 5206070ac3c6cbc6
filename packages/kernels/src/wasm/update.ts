/** Updates of parameters in place: several blocks change in one pass over memory. */

import type { Block } from '../block.js';
import type { DType } from '../dtype.js';
import type { Expr } from './expr.js';
import type { FloatVector, Lanes } from './lanes.js';
import { type MapKernel, mapKernel, patternName, type Step } from './mapKernel.js';
import { lanesOf, pointerOf } from './runMap.js';

/** What all updates take first: see `StepOptions`. */
const common = ['shrink', 'gradientScale', 'gradientLimit'] as const;

type Common<V extends FloatVector> = Readonly<Record<(typeof common)[number], Expr<V>>>;

/** The gradient, scaled and limited. In this order of operands NaN goes through both comparisons. */
function clipped<V extends FloatVector>(v: Lanes<V>, g: Expr<V>, { gradientScale, gradientLimit }: Common<V>): Expr<V> {
  return v.let(v.pmin(v.pmax(v.mul(g, gradientScale), v.neg(gradientLimit)), gradientLimit));
}

export const sgd: MapKernel = mapKernel({
  name: 'sgd',
  inputs: { w: 'elements', g: 'elements' },
  outputs: { newW: 'elements' },
  parameters: [...common, 'learningRate'],
  broadcast: false,
  unroll: 2,
  body: (v, { w, g }, p) => ({ newW: v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, clipped(v, g, p))) }),
});

function momentumMap(name: string, nesterov: boolean): MapKernel {
  return mapKernel({
    name,
    inputs: { w: 'elements', velocity: 'elements', g: 'elements' },
    outputs: { newW: 'elements', newVelocity: 'elements' },
    parameters: [...common, 'learningRate', 'momentum'],
    broadcast: false,
    body: (v, { w, velocity, g }, p) => {
      const step = v.let(v.mul(p.learningRate, clipped(v, g, p)));
      const moved = v.let(v.sub(v.mul(p.momentum, velocity), step));
      const change = nesterov ? v.sub(v.mul(p.momentum, moved), step) : moved;
      return { newW: v.add(v.mul(p.shrink, w), change), newVelocity: moved };
    },
  });
}

export const momentum: MapKernel = momentumMap('momentum', false);
export const nesterovMomentum: MapKernel = momentumMap('nesterovMomentum', true);

/** s + gain · (x − s): a running mean. */
function towards<V extends FloatVector>(v: Lanes<V>, s: Expr<V>, x: Expr<V>, gain: Expr<V>): Expr<V> {
  return v.let(v.add(s, v.mul(gain, v.sub(x, s))));
}

export const adam: MapKernel = mapKernel({
  name: 'adam',
  inputs: { w: 'elements', m: 'elements', s: 'elements', g: 'elements' },
  outputs: { newW: 'elements', newM: 'elements', newS: 'elements' },
  parameters: [...common, 'rate', 'gain1', 'gain2', 'epsilon'],
  broadcast: false,
  body: (v, { w, m, s, g }, p) => {
    const gradient = clipped(v, g, p);
    const newM = towards(v, m, gradient, p.gain1);
    const newS = towards(v, s, v.let(v.mul(gradient, gradient)), p.gain2);
    const change = v.div(v.mul(p.rate, newM), v.add(v.sqrt(newS), p.epsilon));
    return { newW: v.sub(v.mul(p.shrink, w), change), newM, newS };
  },
});

/** Besides the running mean of squares s it keeps a velocity with momentum, and the running mean m when centered. */
function rmspropMap(name: string, hasMomentum: boolean, centered: boolean): MapKernel {
  type Operands = Readonly<Record<string, 'elements'>>;
  const optional = [...(hasMomentum ? ['velocity'] : []), ...(centered ? ['m'] : [])];
  const operands = (names: readonly string[]): Operands => Object.fromEntries(names.map((name) => [name, 'elements']));
  return mapKernel({
    name,
    inputs: operands(['w', 's', ...optional, 'g']),
    outputs: operands(['w', 's', ...optional].map((state) => `new ${state}`)),
    parameters: [...common, 'learningRate', 'gain', 'momentum', 'epsilon'],
    broadcast: false,
    body: (v, { w, s, velocity, m, g }, p) => {
      const gradient = clipped(v, g!, p);
      const newS = towards(v, s!, v.let(v.mul(gradient, gradient)), p.gain);
      const newM = centered ? towards(v, m!, gradient, p.gain) : gradient;
      const variance = centered ? v.let(v.sub(newS, v.mul(newM, newM))) : newS;
      const change = v.let(v.div(v.mul(p.learningRate, gradient), v.sqrt(v.add(variance, p.epsilon))));
      const step = hasMomentum ? v.let(v.add(v.mul(p.momentum, velocity!), change)) : change;
      return { 'new w': v.sub(v.mul(p.shrink, w!), step), 'new s': newS, 'new velocity': step, 'new m': newM };
    },
  });
}

export const rmsprop: MapKernel = rmspropMap('rmsprop', false, false);
export const rmspropMomentum: MapKernel = rmspropMap('rmspropMomentum', true, false);
export const rmspropCentered: MapKernel = rmspropMap('rmspropCentered', false, true);
export const rmspropCenteredMomentum: MapKernel = rmspropMap('rmspropCenteredMomentum', true, true);

/**
 * Runs an update of `state`, all of which it also writes, by a gradient, if all lie contiguous in the heap and have one
 * size and one floating dtype.
 *
 * @returns false where they do not, and nothing was done
 */
export function runUpdate(
  kernel: MapKernel,
  state: readonly Block[],
  gradient: Block,
  parameters: readonly number[],
): boolean {
  const { dtype, size } = gradient;
  const type = lanesOf(dtype);
  if (type === undefined || !suits(gradient, dtype, size)) return false;
  for (let k = 0; k < state.length; k++) if (!suits(state[k]!, dtype, size)) return false;
  const run = kernel.run(type, patternInPlace(state.length + 1))!;
  const g = pointerOf(gradient);
  if (parameters.length <= 7 && (state.length === 1 || state.length === 3)) {
    // The commonest written out (SGD, Adam): spreading an array of numbers takes V8 longer than a small update does. WebAssembly
    // leaves arguments alone that it does not take.
    const [p, q, r, s, t, u, v] = parameters as unknown as FewParameters;
    const first = pointerOf(state[0]!);
    if (state.length === 1) run(1, size, first, 0, first, 0, g, 0, p, q, r, s, t, u, v);
    else {
      const second = pointerOf(state[1]!);
      const third = pointerOf(state[2]!);
      run(1, size, first, 0, second, 0, third, 0, first, 0, second, 0, third, 0, g, 0, p, q, r, s, t, u, v);
    }
    return true;
  }
  const pointers = state.flatMap((block) => [pointerOf(block), 0]);
  run(1, size, ...pointers, ...pointers, g, 0, ...parameters);
  return true;
}

type FewParameters = [number, number, number, number, number, number, number];

const suits = (block: Block, dtype: DType, size: number): boolean =>
  block.contiguous && block.dtype === dtype && block.size === size && block.storage.inHeap;

const patternsInPlace: string[] = [];

/** The name of the function that so many operands, none of which broadcasts, go through. */
function patternInPlace(count: number): string {
  patternsInPlace[count] ??= patternName(new Array<Step>(count).fill('each'));
  return patternsInPlace[count]!;
}
