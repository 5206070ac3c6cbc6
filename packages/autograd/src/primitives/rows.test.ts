import { readdirSync, readFileSync } from 'node:fs';
import { rows, rowsByFile } from './rows.js';
import { differentiable } from './testing/checkRows.js';
import { examples } from './testing/examples.js';

describe('every primitive', () => {
  it('has its laws tested: a file of rows has examples, and a test that checks them', () => {
    const files = readdirSync(__dirname);
    for (const [file, fileRows] of Object.entries(rowsByFile)) {
      if (!fileRows.some(differentiable)) continue;
      expect(Object.keys(examples)).toContain(file);
      expect(files).toContain(`${file}.test.ts`);
      expect(readFileSync(`${__dirname}/${file}.test.ts`, 'utf8')).toContain(`checkRowsOf('${file}')`);
    }
  });

  it('has a name of its own', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
  });

  it('either has a derivative or says that it has none', () => {
    const without = rows.filter((row) => !differentiable(row)).map((row) => row.name);
    expect(without.sort()).toEqual([
      'argmax',
      'argmin',
      'argsort',
      'bitwiseAnd',
      'bitwiseNot',
      'bitwiseOr',
      'bitwiseXor',
      'ceil',
      'cumargmax',
      'cumargmin',
      'equal',
      'floor',
      'floorDivide',
      'greater',
      'greaterEqual',
      'isfinite',
      'isinf',
      'isnan',
      'leftShift',
      'less',
      'lessEqual',
      'notEqual',
      'rightShift',
      'round',
      'sign',
      'stopGradient',
      'trunc',
    ]);
  });

  it('runs for all examples of a vmap at once; those listed here go one example after the other', () => {
    const oneByOne = rows.filter((row) => row.batch === null).map((row) => row.name);
    // Slower, not wrong: a row without a `batch` rule (batching.ts has some) adds its name.
    expect(oneByOne.sort()).toEqual([]);
  });
});
