/**
 * Copies blocks of matrices into the order in which tiles read them. What is packed is read many times, but packing itself
 * costs 5 to 10 % of a product unless it runs along memory: every line that is fetched is used up before the next.
 */

import { type Func, procedure } from '../assemble.js';
import type { Code, Local } from '../code.js';
import { type MatrixCopy, writeElementCopy, writeRowCopy, writeSquareTransposed } from '../copyMatrix.js';
import { constant, op, select } from '../expr.js';
import { type FloatVector, Lanes } from '../lanes.js';
import { tileVectors } from './tile.js';

type I32 = Local<'i32'>;

/** Most columns of a that are packed together; see matmul.ts. */
export const blockDepth = 256;

/**
 * Elements from one row of a packed block of a to the next. A constant, so that the rows of a tile are reached from one pointer
 * with offsets that are part of the instructions. 16 more than the depth, because rows a power of two apart would
 * compete for the same lines of the cache.
 */
export const packedRowElements: number = blockDepth + 16;

const sourceParameters = {
  target: 'i32',
  source: 'i32',
  sourceRowStep: 'i32',
  sourceColumnStep: 'i32',
  rows: 'i32',
  columns: 'i32',
} as const;

interface Packing extends Omit<MatrixCopy, 'targetRowStep'> {
  /** From one row of the target to the next, bytes. */
  readonly rowBytes: number;
}

/**
 * Where columns of the source are contiguous: runs along them, as many side by side as a vector has lanes, and turns
 * squares in registers.
 */
function writeColumnCopy<V extends FloatVector>(v: Lanes<V>, { rowBytes, ...copy }: Packing): void {
  const { code, width } = v;
  const elements = { ...copy, targetRowStep: constant('i32', rowBytes) };
  const [target, source] = [code.let(copy.target), code.let(copy.source)];
  const [columnsLeft, rowsLeft, to] = [code.let(copy.columns), code.local('i32'), code.local('i32')];
  const columns = Array.from({ length: width }, () => code.local('i32'));
  code.while(op('i32.ge_u', columnsLeft, width), () => {
    for (const [k, column] of columns.entries()) {
      code.set(column, k === 0 ? source : op('i32.add', columns[k - 1]!, copy.sourceColumnStep));
    }
    code.set(to, target);
    code.set(rowsLeft, copy.rows);
    code.while(op('i32.ge_u', rowsLeft, width), () => {
      const square = columns.map((column) => v.let(v.load(column)));
      for (const [k, row] of writeSquareTransposed(v, square).entries()) v.store(to, row, k * rowBytes);
      for (const column of columns) code.advance(column, 16);
      code.advance(to, width * rowBytes);
      code.advance(rowsLeft, -width);
    });
    writeElementCopy(v, {
      ...elements,
      target: to,
      source: columns[0]!,
      rows: rowsLeft,
      columns: constant('i32', width),
    });
    code.advance(target, 16);
    code.advance(source, op('i32.mul', copy.sourceColumnStep, width));
    code.advance(columnsLeft, -width);
  });
  writeElementCopy(v, { ...elements, target, source, columns: columnsLeft });
}

/** `packA(target, source, sourceRowStep, sourceColumnStep, rows, columns)`: rows of a fixed length, one behind the other. */
export function packAFunction(type: FloatVector): Func {
  return procedure('packA', sourceParameters, (code: Code, args) => {
    const v = new Lanes(type, code);
    const rowBytes = packedRowElements * v.elementBytes;
    const copy = { ...args, targetRowStep: constant('i32', rowBytes) };
    writeByLayout(v, args, {
      rows: () => writeRowCopy(v, copy),
      columns: () => writeColumnCopy(v, { ...args, rowBytes }),
      neither: () => writeElementCopy(v, copy),
    });
  });
}

/** Branches by which of a matrix's axes is contiguous. */
function writeByLayout(
  v: Lanes,
  { sourceRowStep, sourceColumnStep }: { readonly sourceRowStep: I32; readonly sourceColumnStep: I32 },
  write: Readonly<Record<'rows' | 'columns' | 'neither', () => void>>,
): void {
  v.code.if(op('i32.eq', sourceColumnStep, v.elementBytes), write.rows, () =>
    v.code.if(op('i32.eq', sourceRowStep, v.elementBytes), write.columns, write.neither),
  );
}

/** One panel, or several at once, from contiguous rows. */
function writePanelCopy(v: Lanes, panels: number, { target, source, sourceRowStep, rows }: Packing): void {
  const { code } = v;
  const rowBytes = 16 * tileVectors;
  const panelBytes = op('i32.mul', rows, rowBytes);
  const to: I32[] = [];
  for (let panel = 0; panel < panels; panel++) {
    to.push(code.let(panel === 0 ? target : op('i32.add', to[panel - 1]!, panelBytes)));
  }
  const [from, left] = [code.let(source), code.let(rows)];
  code.while(left, () => {
    for (const [panel, pointer] of to.entries()) {
      for (let k = 0; k < tileVectors; k++) v.store(pointer, v.load(from, panel * rowBytes + 16 * k), 16 * k);
      code.advance(pointer, rowBytes);
    }
    code.advance(from, sourceRowStep);
    code.advance(left, -1);
  });
}

/** `packB(…)`: panels of as many columns as a tile has, one behind the other; the last is filled up with zeros. */
export function packBFunction(type: FloatVector): Func {
  return procedure('packB', sourceParameters, (code: Code, { columns, ...args }) => {
    const v = new Lanes(type, code);
    const { target, source, rows } = args;
    const width = tileVectors * v.width;
    const rowBytes = 16 * tileVectors;
    const left = code.let(columns);
    const panelColumns = code.local('i32');
    const panel = { ...args, columns: panelColumns, rowBytes };
    const elements = { ...panel, targetRowStep: constant('i32', rowBytes) };
    const contiguousRows = op('i32.eq', args.sourceColumnStep, v.elementBytes);
    const next = (panels: number): void => {
      code.advance(target, op('i32.mul', rows, panels * rowBytes));
      code.advance(source, op('i32.mul', args.sourceColumnStep, panels * width));
      code.advance(left, -panels * width);
    };
    code.if(contiguousRows, () => {
      for (const panels of [2, 1]) {
        code.while(op('i32.ge_s', left, panels * width), () => {
          writePanelCopy(v, panels, panel);
          next(panels);
        });
      }
    });
    code.while(op('i32.gt_s', left, 0), () => {
      code.set(panelColumns, select(constant('i32', width), left, op('i32.gt_s', left, width)));
      code.if(op('i32.lt_s', panelColumns, width), () => {
        const at = code.let(target);
        code.repeat(rows, () => {
          for (let k = 0; k < tileVectors; k++) v.store(at, v.constant(0), 16 * k);
          code.advance(at, rowBytes);
        });
      });
      code.if(
        op('i32.eq', args.sourceRowStep, v.elementBytes),
        () => writeColumnCopy(v, panel),
        () => writeElementCopy(v, elements),
      );
      next(1);
    });
  });
}
