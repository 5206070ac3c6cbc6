/**
 * A matrix times a vector. Each element of the matrix is used once, so memory sets the pace and nothing is packed:
 * `dot` where rows of the matrix are contiguous, `combine` where its columns are.
 */

import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { op } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmExports } from '../load.js';

type I32 = Local<'i32'>;

const parameters = { out: 'i32', matrix: 'i32', step: 'i32', vector: 'i32', outputs: 'i32', k: 'i32' } as const;

/** Rows (or columns) that are read side by side: enough streams to keep memory busy, few enough for the registers. */
const streams = 4;

function pointersFrom(v: Lanes, base: I32, step: I32, count: number): I32[] {
  const pointers: I32[] = [];
  for (let s = 0; s < count; s++) pointers.push(v.code.let(s === 0 ? base : op('i32.add', pointers[s - 1]!, step)));
  return pointers;
}

/** `dot(out, matrix, rowStep, vector, outputs, k)`: out[i] = Σ matrix[i, p] · vector[p], in fixed lanes. */
function dotFunction(type: FloatVector, fused: boolean): Func {
  return procedure('dot', parameters, (code, { out, matrix, step, vector, outputs, k }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const band = (rows: number): void => {
      const at = pointersFrom(v, matrix, step, rows);
      const x = code.let(vector);
      const left = code.let(k);
      const sums = at.map(() => v.let(v.constant(0)));
      const rest = at.map(() => v.let(v.constant(0)));
      code.while(op('i32.ge_u', left, v.width), () => {
        const xs = v.let(v.load(x));
        for (const [s, row] of at.entries()) code.set(sums[s]!, v.madd(v.load(row), xs, sums[s]!));
        for (const pointer of [...at, x]) code.advance(pointer, 16);
        code.advance(left, -v.width);
      });
      code.while(left, () => {
        const xs = v.let(v.loadSplat(x));
        for (const [s, row] of at.entries()) code.set(rest[s]!, v.madd(v.loadSplat(row), xs, rest[s]!));
        for (const pointer of [...at, x]) code.advance(pointer, v.elementBytes);
        code.advance(left, -1);
      });
      sums.forEach((sum, s) => {
        const total = v.add(
          v.across(sum, (a, b) => v.add(a, b)),
          rest[s]!,
        );
        v.storeLane(out, total, 0, s * v.elementBytes);
      });
      code.advance(out, rows * v.elementBytes);
      code.advance(matrix, op('i32.mul', step, rows));
      code.advance(outputs, -rows);
    };
    code.while(op('i32.ge_u', outputs, streams), () => band(streams));
    code.while(outputs, () => band(1));
  });
}

/** `combine(out, matrix, columnStep, vector, outputs, k)`: the same sums, added up column by column of the matrix. */
function combineFunction(type: FloatVector, fused: boolean): Func {
  return procedure('combine', parameters, (code, { out, matrix, step, vector, outputs, k }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    /** out (+)= Σ over the next `count` columns; the first of all starts from 0. */
    const band = (count: number, first: boolean): void => {
      const at = pointersFrom(v, matrix, step, count);
      const xs = at.map((_, s) => v.let(v.loadSplat(vector, s * v.elementBytes)));
      const to = code.let(out);
      const left = code.let(outputs);
      const turn = (single: boolean): void => {
        const read = (pointer: I32) => (single ? v.loadSplat(pointer) : v.load(pointer));
        const sum = v.let(first ? v.constant(0) : read(to));
        for (const [s, column] of at.entries()) code.set(sum, v.madd(read(column), xs[s]!, sum));
        if (single) v.storeLane(to, sum, 0);
        else v.store(to, sum);
        for (const pointer of [...at, to]) code.advance(pointer, single ? v.elementBytes : 16);
        code.advance(left, single ? -1 : -v.width);
      };
      code.while(op('i32.ge_u', left, v.width), () => turn(false));
      code.while(left, () => turn(true));
      code.advance(matrix, op('i32.mul', step, count));
      code.advance(vector, count * v.elementBytes);
      code.advance(k, -count);
    };
    code.if(
      op('i32.ge_u', k, streams),
      () => band(streams, true),
      () => band(1, true),
    );
    code.while(op('i32.ge_u', k, streams), () => band(streams, false));
    code.while(k, () => band(1, false));
  });
}

/** The functions of a matrix times a vector. */
export function vectorProductFunctions(variant: Variant): readonly Func[] {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [dotFunction(type, fused), combineFunction(type, fused)];
}

/** The module of a matrix times a vector. */
export const vectorProductModule: (variant: Variant) => WasmExports = lazyModule(vectorProductFunctions);
