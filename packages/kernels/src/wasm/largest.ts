/** The largest element of windows, and what flows back to it: rows of windows, vectors along the channels. */

import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { type Expr, load, op } from './expr.js';
import { type FloatVector, Lanes, type MaskOf } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/**
 * `taps` to `tapsEnd`: for each tap the distance from the start of its window, in bytes, as i32. `windowStep`: bytes from the start of a
 * window to that of the next.
 */
export interface LargestFunctions {
  /** (out, x, taps, tapsEnd, windows, windowStep, channels) */
  readonly largest: WasmFunction;
  /** The same for windows of four taps. */
  readonly largestFour: WasmFunction;
  /** (out, v, x, taps, tapsEnd, windows, windowStep, channels): adds v of each window to out where x is largest */
  readonly scatter: WasmFunction;
  /** The same for four taps that no other window has: writes v or 0 at each. */
  readonly scatterFour: WasmFunction;
}

const shared = { taps: 'i32', tapsEnd: 'i32', windows: 'i32', windowStep: 'i32', channels: 'i32' } as const;
type SharedArguments = { readonly [K in keyof typeof shared]: Local<'i32'> };

/** What is done with some channels of one window: a vector of them, or one in every lane. */
interface Channels {
  load(at: Expr<'i32'>): Local<FloatVector>;
  store(at: Local<'i32'>, value: Expr<FloatVector>): void;
}

/** Calls `body` for the channels of each window: a vector at a time, then one at a time. `pointers` move with the windows. */
function forEachChannels(
  code: Code,
  v: Lanes<FloatVector>,
  { windows, channels }: SharedArguments,
  pointers: readonly { readonly window: Local<'i32'>; readonly step: Expr<'i32'>; readonly at: Local<'i32'> }[],
  body: (channels: Channels) => void,
): void {
  const left = code.local('i32');
  code.repeat(windows, () => {
    for (const { window, at } of pointers) code.set(at, window);
    code.set(left, channels);
    for (const elements of [v.width, 1]) {
      code.while(op('i32.ge_u', left, elements), () => {
        body({
          load: (at) => v.let(elements === 1 ? v.loadSplat(at) : v.load(at)),
          store: (at, value) => (elements === 1 ? v.storeLane(at, v.let(value), 0) : v.store(at, value)),
        });
        for (const { at } of pointers) code.advance(at, elements * v.elementBytes);
        code.advance(left, -elements);
      });
    }
    for (const { window, step } of pointers) code.advance(window, step);
  });
}

function largestFunction(type: FloatVector): Func {
  return procedure('largest', { out: 'i32', x: 'i32', ...shared }, (code, { out, x, ...args }) => {
    const v = new Lanes<FloatVector>(type, code);
    const [to, from, tap] = [code.local('i32'), code.local('i32'), code.local('i32')];
    const best = code.local(type);
    const pointers = [
      { window: out, step: op('i32.mul', args.channels, v.elementBytes), at: to },
      { window: x, step: args.windowStep, at: from },
    ];
    forEachChannels(code, v, args, pointers, (some) => {
      code.set(best, some.load(op('i32.add', from, load('i32', args.taps))));
      code.set(tap, op('i32.add', args.taps, 4));
      code.while(op('i32.lt_u', tap, args.tapsEnd), () => {
        code.set(best, v.max(best, some.load(op('i32.add', from, load('i32', tap)))));
        code.advance(tap, 4);
      });
      some.store(to, best);
    });
  });
}

function scatterFunction(type: FloatVector): Func {
  return procedure(
    'scatter',
    { out: 'i32', v: 'i32', x: 'i32', ...shared },
    (code, { out, v: gradient, x, ...args }) => {
      const v = new Lanes<FloatVector>(type, code);
      const [to, from, tap, target, given] = [0, 1, 2, 3, 4].map(() => code.local('i32')) as [
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
        Local<'i32'>,
      ];
      // Taps are counted in the lanes, as numbers of their type.
      const [best, winner, count] = [code.local(type), code.local(type), code.local(type)];
      const pointers = [
        { window: out, step: args.windowStep, at: to },
        { window: x, step: args.windowStep, at: from },
        { window: gradient, step: op('i32.mul', args.channels, v.elementBytes), at: given },
      ];
      forEachChannels(code, v, args, pointers, (some) => {
        code.set(best, some.load(op('i32.add', from, load('i32', args.taps))));
        code.set(winner, v.constant(0));
        code.set(count, v.constant(0));
        code.set(tap, op('i32.add', args.taps, 4));
        code.while(op('i32.lt_u', tap, args.tapsEnd), () => {
          code.set(count, v.add(count, 1));
          const value = some.load(op('i32.add', from, load('i32', tap)));
          // The first of equal ones stays, and the first NaN.
          const better = v.let(v.or(v.gt(value, best), v.and(v.ne(value, value), v.eq(best, best))));
          code.set(best, v.select(better, value, best));
          code.set(winner, v.select(better, count, winner));
          code.advance(tap, 4);
        });
        const share = some.load(given);
        code.set(count, v.constant(0));
        code.set(tap, args.taps);
        code.while(op('i32.lt_u', tap, args.tapsEnd), () => {
          code.set(target, op('i32.add', to, load('i32', tap)));
          some.store(target, v.add(some.load(target), v.keep(v.eq(winner, count), share)));
          code.set(count, v.add(count, 1));
          code.advance(tap, 4);
        });
      });
    },
  );
}

/** Where taps lie, of four. */
function fourTaps(code: Code, table: Local<'i32'>): readonly Local<'i32'>[] {
  return [0, 1, 2, 3].map((tap) => code.let(load('i32', table, 4 * tap)));
}

/** `largest` for windows of four taps. */
function largestFourFunction(type: FloatVector): Func {
  return procedure('largestFour', { out: 'i32', x: 'i32', ...shared }, (code, { out, x, ...args }) => {
    const v = new Lanes<FloatVector>(type, code);
    const [to, from] = [code.local('i32'), code.local('i32')];
    const taps = fourTaps(code, args.taps);
    const pointers = [
      { window: out, step: op('i32.mul', args.channels, v.elementBytes), at: to },
      { window: x, step: args.windowStep, at: from },
    ];
    forEachChannels(code, v, args, pointers, (some) => {
      const values = taps.map((offset) => some.load(op('i32.add', from, offset)));
      some.store(to, v.max(v.max(values[0]!, values[1]!), v.max(values[2]!, values[3]!)));
    });
  });
}

/** `scatter` for windows of four taps that share none with another window: everything under a window is written, nothing is read. */
function scatterFourFunction(type: FloatVector): Func {
  return procedure(
    'scatterFour',
    { out: 'i32', v: 'i32', x: 'i32', ...shared },
    (code, { out, v: gradient, x, ...args }) => {
      const v = new Lanes<FloatVector>(type, code);
      const [to, from, given] = [0, 1, 2].map(() => code.local('i32')) as [Local<'i32'>, Local<'i32'>, Local<'i32'>];
      const taps = fourTaps(code, args.taps);
      const targets = taps.map(() => code.local('i32'));
      const pointers = [
        { window: out, step: args.windowStep, at: to },
        { window: x, step: args.windowStep, at: from },
        { window: gradient, step: op('i32.mul', args.channels, v.elementBytes), at: given },
      ];
      type Value = Local<FloatVector>;
      /** Where b wins over a, which comes before it: the first of equal ones stays, and the first NaN. */
      const wins = (a: Value, b: Value): Local<MaskOf<FloatVector>> =>
        v.let(v.toBits(v.drop(v.ge(a, b), v.fromBits(v.eq(a, a)))));
      forEachChannels(code, v, args, pointers, (some) => {
        const [p, q, r, s] = taps.map((offset) => some.load(op('i32.add', from, offset))) as [
          Value,
          Value,
          Value,
          Value,
        ];
        // Of the first two, of the last two, and of the winners.
        const [second, fourth] = [wins(p, q), wins(r, s)];
        const last = wins(v.let(v.select(second, q, p)), v.let(v.select(fourth, s, r)));
        const share = some.load(given);
        const [early, late] = [v.let(v.drop(last, share)), v.let(v.keep(last, share))];
        const shares = [v.drop(second, early), v.keep(second, early), v.drop(fourth, late), v.keep(fourth, late)];
        for (const [tap, target] of targets.entries()) {
          code.set(target, op('i32.add', to, taps[tap]!));
          some.store(target, shares[tap]!);
        }
      });
    },
  );
}

/** The functions for float32 or float64. */
export const largestModule: (type: FloatVector) => LargestFunctions = lazyModule((type: FloatVector) => [
  largestFunction(type),
  largestFourFunction(type),
  scatterFunction(type),
  scatterFourFunction(type),
]) as never;
