/**
 * Depthwise convolution, vectors along the channels: some windows and two vectors of their channels at a time, whose sums stay in registers
 * while the taps go by; for the filter's gradient the sums of some taps, while the windows go by.
 */

import { type Func, procedure } from '../assemble.js';
import type { Code, Local } from '../code.js';
import { type Expr, load, op } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmFunction } from '../load.js';
import { rectified } from '../matmul/tile.js';
import { forEachTile } from './tiles.js';

type I32 = Local<'i32'>;

/** The functions of the module. Tables hold byte offsets; steps are in bytes. */
export interface DepthwiseFunctions {
  /**
   * `(y, yTable, x, xTable, places, taps, tapsEnd, filter, filterStep, channels, bias, relu)`: for each place p and channel c,
   * y[yTable[p] + c] = Σ over taps t of x[xTable[p] + taps[t] + c] · filter[t, c], plus bias[c] where `bias` is not 0, and of that max(·, 0)
   * where `relu` is not.
   */
  readonly forward: WasmFunction;
  /**
   * `(df, dfStep, x, xTable, places, g, gStep, taps, count, channels)`: for each tap t and channel c, df[t, c] += Σ over places p of
   * x[xTable[p] + taps[t] + c] · g[p, c].
   */
  readonly filter: WasmFunction;
}

/** Windows at a time: with two vectors each, eight sums, two vectors of the filter and one of x. */
const windowsAtOnce = [4, 1] as const;
/** Taps at a time: nine sums, a vector of g and one of x. */
const tapsAtOnce = [9, 4, 2, 1] as const;

/** How the channels of a place are read and written: so many vectors, or one element in every lane. */
interface Span {
  readonly vectors: number;
  readonly elements: number;
  load(at: Expr<'i32'>, vector: number): Expr<FloatVector>;
  store(at: I32, value: Local<FloatVector>, vector: number): void;
}

/** Calls `body` for spans that cover the channels, most vectors first. */
function forEachSpan(v: Lanes<FloatVector>, channels: I32, most: number, body: (span: Span) => void): void {
  const { code } = v;
  const left = code.let(channels);
  for (let vectors = most; vectors >= 0; vectors--) {
    const single = vectors === 0;
    const elements = single ? 1 : vectors * v.width;
    code.while(op('i32.ge_u', left, elements), () => {
      body({
        vectors: Math.max(vectors, 1),
        elements,
        load: (at, vector) => (single ? v.loadSplat(at) : v.load(at, 16 * vector)),
        store: (at, value, vector) => (single ? v.storeLane(at, value, 0) : v.store(at, value, 16 * vector)),
      });
      code.advance(left, -elements);
    });
  }
}

const sumsOf = (code: Code, v: Lanes<FloatVector>, count: number): Local<FloatVector>[] =>
  Array.from({ length: count }, () => {
    const sum = code.local(v.type);
    code.set(sum, v.constant(0));
    return sum;
  });

function forwardFunction(type: FloatVector, fused: boolean): Func {
  const parameters = {
    y: 'i32',
    yTable: 'i32',
    x: 'i32',
    xTable: 'i32',
    places: 'i32',
    taps: 'i32',
    tapsEnd: 'i32',
    filter: 'i32',
    filterStep: 'i32',
    channels: 'i32',
    bias: 'i32',
    relu: 'i32',
  } as const;
  return procedure(
    'forward',
    parameters,
    (code, { y, yTable, x, xTable, places, taps, tapsEnd, filter, filterStep, channels, bias, relu }) => {
      const v = new Lanes<FloatVector>(type, code, fused);
      const pointers = (): I32[] => Array.from({ length: windowsAtOnce[0] }, () => code.local('i32'));
      const [windows, results] = [pointers(), pointers()];
      const [tap, offset, row, rowOfSpan, biasOfSpan] = [0, 1, 2, 3, 4].map(() => code.local('i32')) as [
        I32,
        I32,
        I32,
        I32,
        I32,
      ];
      forEachTile(code, places, windowsAtOnce, (count) => {
        for (let k = 0; k < count; k++) {
          code.set(windows[k]!, op('i32.add', x, load('i32', xTable, 4 * k)));
          code.set(results[k]!, op('i32.add', y, load('i32', yTable, 4 * k)));
        }
        code.set(rowOfSpan, filter);
        code.set(biasOfSpan, bias);
        forEachSpan(v, channels, 2, (span) => {
          const sums = sumsOf(code, v, count * span.vectors);
          code.set(tap, taps);
          code.set(row, rowOfSpan);
          code.while(op('i32.lt_u', tap, tapsEnd), () => {
            code.set(offset, load('i32', tap));
            const weights = Array.from({ length: span.vectors }, (_, vector) => v.let(span.load(row, vector)));
            for (let k = 0; k < count; k++) {
              const at = code.let(op('i32.add', windows[k]!, offset));
              for (const [vector, weight] of weights.entries()) {
                const sum = sums[k * span.vectors + vector]!;
                code.set(sum, v.madd(span.load(at, vector), weight, sum));
              }
            }
            code.advance(tap, 4);
            code.advance(row, filterStep);
          });
          code.if(bias, () => {
            for (let vector = 0; vector < span.vectors; vector++) {
              const shift = v.let(span.load(biasOfSpan, vector));
              for (let k = 0; k < count; k++) {
                const sum = sums[k * span.vectors + vector]!;
                code.set(sum, v.add(sum, shift));
              }
            }
            code.advance(biasOfSpan, span.elements * v.elementBytes);
          });
          code.if(relu, () => {
            for (const sum of sums) code.set(sum, rectified(v, sum));
          });
          for (let k = 0; k < count; k++) {
            for (let vector = 0; vector < span.vectors; vector++)
              span.store(results[k]!, sums[k * span.vectors + vector]!, vector);
            code.advance(windows[k]!, span.elements * v.elementBytes);
            code.advance(results[k]!, span.elements * v.elementBytes);
          }
          code.advance(rowOfSpan, span.elements * v.elementBytes);
        });
        code.advance(xTable, 4 * count);
        code.advance(yTable, 4 * count);
      });
    },
  );
}

function filterFunction(type: FloatVector, fused: boolean): Func {
  const parameters = {
    df: 'i32',
    dfStep: 'i32',
    x: 'i32',
    xTable: 'i32',
    places: 'i32',
    g: 'i32',
    gStep: 'i32',
    taps: 'i32',
    count: 'i32',
    channels: 'i32',
  } as const;
  return procedure('filter', parameters, (code, { df, dfStep, x, xTable, places, g, gStep, taps, count, channels }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const starts = Array.from({ length: tapsAtOnce[0] }, () => code.local('i32'));
    const [place, placesEnd, offset, given, givenOfSpan, result] = [0, 1, 2, 3, 4, 5].map(() => code.local('i32')) as [
      I32,
      I32,
      I32,
      I32,
      I32,
      I32,
    ];
    code.set(placesEnd, op('i32.add', xTable, op('i32.mul', places, 4)));
    forEachTile(code, count, tapsAtOnce, (some) => {
      for (let k = 0; k < some; k++) code.set(starts[k]!, op('i32.add', x, load('i32', taps, 4 * k)));
      code.set(givenOfSpan, g);
      const resultOfSpan = code.let(df);
      forEachSpan(v, channels, 1, (span) => {
        const sums = sumsOf(code, v, some);
        code.set(place, xTable);
        code.set(given, givenOfSpan);
        code.while(op('i32.lt_u', place, placesEnd), () => {
          code.set(offset, load('i32', place));
          const value = v.let(span.load(given, 0));
          for (const [k, sum] of sums.entries())
            code.set(sum, v.madd(span.load(op('i32.add', starts[k]!, offset), 0), value, sum));
          code.advance(place, 4);
          code.advance(given, gStep);
        });
        code.set(result, resultOfSpan);
        for (const sum of sums) {
          code.set(sum, v.add(sum, span.load(result, 0)));
          span.store(result, sum, 0);
          code.advance(result, dfStep);
        }
        const bytes = span.elements * v.elementBytes;
        for (let k = 0; k < some; k++) code.advance(starts[k]!, bytes);
        code.advance(givenOfSpan, bytes);
        code.advance(resultOfSpan, bytes);
      });
      code.advance(taps, 4 * some);
      code.advance(df, op('i32.mul', dfStep, some));
    });
  });
}

/** The compiled functions. */
export const depthwiseModule: (variant: Variant) => DepthwiseFunctions = lazyModule((variant: Variant) => {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [forwardFunction(type, fused), filterFunction(type, fused)];
}) as never;
