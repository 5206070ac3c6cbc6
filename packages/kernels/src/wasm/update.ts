/** Updates of parameters in place: several blocks change in one pass over memory. */

import type { Block } from '../block.js';
import type { DType } from '../dtype.js';
import { type Func, procedure } from './assemble.js';
import { type Expr, op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmExports } from './load.js';
import { lanesOf, pointerOf } from './runMap.js';

/** What all updates take first: see `StepOptions`. */
const common = ['shrink', 'gradientScale', 'gradientLimit'] as const;

type Values<V extends FloatVector, N extends string> = Readonly<Record<N, Expr<V>>>;

/** The gradient, scaled and limited. In this order of operands NaN goes through both comparisons. */
function clipped<V extends FloatVector>(
  v: Lanes<V>,
  g: Expr<V>,
  { gradientScale, gradientLimit }: Values<V, (typeof common)[number]>,
): Expr<V> {
  return v.let(v.pmin(v.pmax(v.mul(g, gradientScale), v.neg(gradientLimit)), gradientLimit));
}

/** What the blocks of `state` become, in their order, from what they are, the clipped gradient g, and the parameters. */
type Formula<S extends string, P extends string> = <V extends FloatVector>(
  v: Lanes<V>,
  before: Values<V, S | 'g'>,
  parameters: Values<V, P | 'shrink'>,
) => readonly Expr<V>[];

/** An update that is ready to be compiled: `update(count, pointers of the state, pointer of g, the common parameters, the others)`. */
export type UpdateKernel = (type: FloatVector) => WasmExports;

/** An update from its formula; the parameter w is a block of its state. */
function updateMap<const S extends string, const P extends string = never>(
  state: readonly S[],
  parameters: readonly P[],
  formula: Formula<S, P>,
  unroll: number = 1,
): UpdateKernel {
  return lazyModule((type: FloatVector): readonly Func[] => {
    const element = type === 'f32x4' ? 'f32' : 'f64';
    const operands: readonly string[] = [...state, 'g'];
    const numbers: readonly string[] = [...common, ...parameters];
    const signature = Object.fromEntries([
      ['count', 'i32'],
      ...operands.map((name) => [`${name} pointer`, 'i32']),
      ...numbers.map((name) => [name, element]),
    ]) as Record<string, 'i32'>;
    const update = procedure('update', signature, (code, args) => {
      const v = new Lanes<FloatVector>(type, code);
      const splats = numbers.map((name) => [name, v.let(v.splat(args[name] as Expr as Expr<'f32'>))]);
      const p = Object.fromEntries(splats) as Values<FloatVector, P | (typeof common)[number]>;
      const pointers = operands.map((name) => args[`${name} pointer`]!);
      const count = args['count']!;
      const loop = (elements: number): void =>
        code.while(op('i32.ge_u', count, elements), () => {
          const single = elements === 1;
          code.interleave(single ? 1 : elements / v.width, (turn) => {
            const values = operands.map((name, k) => {
              const at = pointers[k]!;
              return [name, v.let(single ? v.loadSplat(at) : v.load(at, 16 * turn))] as const;
            });
            const before = Object.fromEntries(values) as Record<string, Expr> as Values<FloatVector, S | 'g'>;
            const results = formula(v, { ...before, g: clipped(v, before.g, p) }, p).map((value) => v.let(value));
            for (const [k, value] of results.entries()) {
              if (single) v.storeLane(pointers[k]!, value, 0);
              else v.store(pointers[k]!, value, 16 * turn);
            }
          });
          for (const pointer of pointers) code.advance(pointer, elements * v.elementBytes);
          code.advance(count, -elements);
        });
      if (unroll > 1) loop(unroll * v.width);
      loop(v.width);
      loop(1);
    });
    return [update];
  });
}

// ---- gradient descent and its momenta -------------------------------------------------------------------------------

export const sgd: UpdateKernel = updateMap(
  ['w'],
  ['learningRate'],
  (v, { w, g }, p) => [v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, g))],
  2,
);

function momentumMap(nesterov: boolean): UpdateKernel {
  return updateMap(['w', 'velocity'], ['learningRate', 'momentum'], (v, { w, velocity, g }, p) => {
    const step = v.let(v.mul(p.learningRate, g));
    const moved = v.let(v.sub(v.mul(p.momentum, velocity), step));
    const change = nesterov ? v.sub(v.mul(p.momentum, moved), step) : moved;
    return [v.add(v.mul(p.shrink, w), change), moved];
  });
}

export const momentum: UpdateKernel = momentumMap(false);
export const nesterovMomentum: UpdateKernel = momentumMap(true);

function dampenedMap(nesterov: boolean): UpdateKernel {
  return updateMap(['w', 'velocity'], ['learningRate', 'momentum', 'gain'], (v, { w, velocity, g }, p) => {
    const moved = v.let(v.add(v.mul(p.momentum, velocity), v.mul(p.gain, g)));
    const change = nesterov ? v.add(g, v.mul(p.momentum, moved)) : moved;
    return [v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, change)), moved];
  });
}

export const dampened: UpdateKernel = dampenedMap(false);
export const nesterovDampened: UpdateKernel = dampenedMap(true);

// ---- running means --------------------------------------------------------------------------------------------------

/** s + gain · (x − s): a running mean. */
function towards<V extends FloatVector>(v: Lanes<V>, s: Expr<V>, x: Expr<V>, gain: Expr<V>): Expr<V> {
  return v.let(v.add(s, v.mul(gain, v.sub(x, s))));
}

/** The running means of gradients and of their squares. */
function moments<V extends FloatVector>(
  v: Lanes<V>,
  { m, s, g }: Values<V, 'm' | 's' | 'g'>,
  { gain1, gain2 }: Values<V, 'gain1' | 'gain2'>,
): readonly [m: Expr<V>, s: Expr<V>] {
  return [towards(v, m, g, gain1), towards(v, s, v.let(v.mul(g, g)), gain2)];
}

const ofMoments = ['rate', 'gain1', 'gain2', 'epsilon'] as const;

export const adam: UpdateKernel = updateMap(['w', 'm', 's'], ofMoments, (v, before, p) => {
  const [m, s] = moments(v, before, p);
  return [v.sub(v.mul(p.shrink, before.w), v.div(v.mul(p.rate, m), v.add(v.sqrt(s), p.epsilon))), m, s];
});

export const amsgrad: UpdateKernel = updateMap(['w', 'm', 's', 'largest'], ofMoments, (v, before, p) => {
  const [m, s] = moments(v, before, p);
  const largest = v.let(v.max(before.largest, s));
  const change = v.div(v.mul(p.rate, m), v.add(v.sqrt(largest), p.epsilon));
  return [v.sub(v.mul(p.shrink, before.w), change), m, s, largest];
});

export const firstMoment: UpdateKernel = updateMap(['w', 'm', 's'], ofMoments, (v, before, p) => {
  const [m, s] = moments(v, before, p);
  return [v.sub(v.mul(p.shrink, before.w), v.mul(p.rate, m)), m, s];
});

export const adamax: UpdateKernel = updateMap(
  ['w', 'm', 'u'],
  ['rate', 'gain1', 'beta2', 'epsilon'],
  (v, { w, m, u, g }, p) => {
    const first = towards(v, m, g, p.gain1);
    const norm = v.let(v.max(v.mul(p.beta2, u), v.abs(g)));
    return [v.sub(v.mul(p.shrink, w), v.div(v.mul(p.rate, first), v.add(norm, p.epsilon))), first, norm];
  },
);

export const nadam: UpdateKernel = updateMap(
  ['w', 'm', 's'],
  [...ofMoments, 'momentFactor', 'gradientFactor', 'secondFactor'],
  (v, before, p) => {
    const [m, s] = moments(v, before, p);
    const ahead = v.add(v.mul(p.momentFactor, m), v.mul(p.gradientFactor, before.g));
    const root = v.add(v.sqrt(v.mul(p.secondFactor, s)), p.epsilon);
    return [v.sub(v.mul(p.shrink, before.w), v.div(v.mul(p.rate, ahead), root)), m, s];
  },
);

export const adamChange: UpdateKernel = updateMap(
  ['change', 'm', 's'],
  [...ofMoments, 'secondFactor'],
  (v, before, p) => {
    const [m, s] = moments(v, before, p);
    return [v.div(v.mul(p.rate, m), v.add(v.sqrt(v.mul(p.secondFactor, s)), p.epsilon)), m, s];
  },
);

// ---- a rate for each weight -----------------------------------------------------------------------------------------

/** √x with ε under the root, as in Keras, or beside it, as in PyTorch. */
function root<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, epsilon: Expr<V>, outside: boolean): Expr<V> {
  return outside ? v.add(v.sqrt(x), epsilon) : v.sqrt(v.add(x, epsilon));
}

/** What a relative of RMSprop keeps and does. */
interface RMSpropKind {
  /** Whether it keeps a velocity. */
  readonly momentum: boolean;
  /** Whether it keeps the running mean m of gradients, whose square is taken from that of the squares. */
  readonly centered: boolean;
  readonly epsilonOutside: boolean;
}

function rmspropMap({ momentum, centered, epsilonOutside }: RMSpropKind): UpdateKernel {
  const state = ['w', 's', ...(momentum ? ['velocity'] : []), ...(centered ? ['m'] : [])];
  const parameters = ['learningRate', 'gain', 'momentum', 'epsilon'] as const;
  return updateMap(state, parameters, (v, before, p) => {
    const { w, s, velocity, m, g } = before;
    const newS = towards(v, s!, v.let(v.mul(g!, g!)), p.gain);
    const newM = centered ? [towards(v, m!, g!, p.gain)] : [];
    const variance = centered ? v.let(v.sub(newS, v.mul(newM[0]!, newM[0]!))) : newS;
    const change = v.let(v.div(v.mul(p.learningRate, g!), root(v, variance, p.epsilon, epsilonOutside)));
    const step = momentum ? v.let(v.add(v.mul(p.momentum, velocity!), change)) : change;
    return [v.sub(v.mul(p.shrink, w!), step), newS, ...(momentum ? [step] : []), ...newM];
  });
}

const rmspropMaps: (UpdateKernel | undefined)[] = [];

/** The update of RMSprop that keeps this; each is made when it is first asked for. */
export function rmsprop(kind: RMSpropKind): UpdateKernel {
  const index = (kind.momentum ? 1 : 0) + (kind.centered ? 2 : 0) + (kind.epsilonOutside ? 4 : 0);
  rmspropMaps[index] ??= rmspropMap(kind);
  return rmspropMaps[index]!;
}

function adagradMap(epsilonOutside: boolean): UpdateKernel {
  return updateMap(['w', 'a'], ['learningRate', 'epsilon'], (v, { w, a, g }, p) => {
    const squares = v.let(v.add(a, v.mul(g, g)));
    const change = v.div(v.mul(p.learningRate, g), root(v, squares, p.epsilon, epsilonOutside));
    return [v.sub(v.mul(p.shrink, w), change), squares];
  });
}

export const adagrad: UpdateKernel = adagradMap(false);
export const adagradOutside: UpdateKernel = adagradMap(true);

export const adadelta: UpdateKernel = updateMap(
  ['w', 'a', 'b'],
  ['learningRate', 'rho', 'gain', 'epsilon'],
  (v, { w, a, b, g }, p) => {
    const mean = (before: Expr<typeof v.type>, x: Expr<typeof v.type>): Expr<typeof v.type> =>
      v.let(v.add(v.mul(p.rho, before), v.mul(v.mul(p.gain, x), x)));
    const squares = mean(a, g);
    const change = v.let(v.div(v.mul(g, root(v, b, p.epsilon, false)), root(v, squares, p.epsilon, false)));
    return [v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, change)), squares, mean(b, change)];
  },
);

// ---- the sign of the gradient ---------------------------------------------------------------------------------------

/** 1, −1, or x where that is 0 or NaN. */
function sign<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return v.select(v.gt(x, 0), 1, v.select(v.lt(x, 0), -1, x));
}

export const rprop: UpdateKernel = updateMap(
  ['w', 'previous', 'size'],
  ['shrinkFactor', 'growFactor', 'smallest', 'largest'],
  (v, { w, previous, size, g }, p) => {
    const agreement = v.let(v.mul(g, previous));
    const turned = v.let(v.lt(agreement, 0));
    const factor = v.select(v.gt(agreement, 0), p.growFactor, v.select(turned, p.shrinkFactor, 1));
    const taken = v.let(v.min(v.max(v.mul(size, factor), p.smallest), p.largest));
    const used = v.let(v.drop(turned, g));
    return [v.sub(v.mul(p.shrink, w), v.mul(sign(v, used), taken)), used, taken];
  },
);

export const lion: UpdateKernel = updateMap(
  ['w', 'm'],
  ['learningRate', 'beta1', 'gain1', 'beta2', 'gain2'],
  (v, { w, m, g }, p) => {
    const direction = sign(v, v.let(v.add(v.mul(p.beta1, m), v.mul(p.gain1, g))));
    return [v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, direction)), v.add(v.mul(p.beta2, m), v.mul(p.gain2, g))];
  },
);

export const signum: UpdateKernel = updateMap(['w', 'm'], ['learningRate', 'momentum', 'gain'], (v, { w, m, g }, p) => {
  const velocity = v.let(v.add(v.mul(p.momentum, m), v.mul(p.gain, g)));
  return [v.sub(v.mul(p.shrink, w), v.mul(p.learningRate, sign(v, velocity))), velocity];
});

/**
 * Runs an update of `state` by a gradient, if all lie contiguous in the heap and have one size and one floating dtype.
 *
 * @returns false where they do not, and nothing was done
 */
export function runUpdate(
  kernel: UpdateKernel,
  state: readonly Block[],
  gradient: Block,
  parameters: readonly number[],
): boolean {
  const { dtype, size } = gradient;
  const type = lanesOf(dtype);
  if (type === undefined || !suits(gradient, dtype, size)) return false;
  for (let k = 0; k < state.length; k++) if (!suits(state[k]!, dtype, size)) return false;
  const update = kernel(type)['update']!;
  const g = pointerOf(gradient);
  if (parameters.length <= 7 && (state.length === 1 || state.length === 3)) {
    // The commonest written out (SGD, Adam): spreading an array of numbers takes V8 longer than a small update does. WebAssembly
    // leaves arguments alone that it does not take.
    const [p, q, r, s, t, u, v] = parameters as unknown as FewParameters;
    const first = pointerOf(state[0]!);
    if (state.length === 1) update(size, first, g, p, q, r, s, t, u, v);
    else update(size, first, pointerOf(state[1]!), pointerOf(state[2]!), g, p, q, r, s, t, u, v);
    return true;
  }
  update(size, ...state.map(pointerOf), g, ...parameters);
  return true;
}

type FewParameters = [number, number, number, number, number, number, number];

const suits = (block: Block, dtype: DType, size: number): boolean =>
  block.contiguous && block.dtype === dtype && block.size === size && block.storage.inHeap;
