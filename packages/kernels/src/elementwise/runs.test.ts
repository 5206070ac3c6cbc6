import fc from 'fast-check';
import { newBlock } from '../block.js';
import { blocksOf, broadcastableShapes, build } from '../testing/arbitraries.js';
import { broadcastShape, indicesOf } from '../testing/reference.js';
import { forEachRun } from './runs.js';

describe('forEachRun(shape, operands, visit)', () => {
  it('visits every index once, in row-major order, at the right place of each operand', () => {
    const cases = broadcastableShapes(2).chain(([a, b]) =>
      fc.tuple(blocksOf(a!, { dtype: 'float32' }), blocksOf(b!, { dtype: 'float32' })),
    );
    fc.assert(
      fc.property(cases, (recipes) => {
        const [a, b] = recipes.map(build);
        const shape = broadcastShape(a!.shape, b!.shape)!;
        const visited: number[][] = [];
        forEachRun(shape, [a!, b!], (at, n, steps) => {
          expect(n).toBeGreaterThan(0);
          for (let i = 0; i < n; i++) visited.push(at.map((start, k) => start + i * steps[k]!));
        });
        const place = ({ shape: own, strides, offset }: typeof a & object, index: readonly number[]): number =>
          index
            .slice(index.length - own.length)
            .reduce((sum, i, axis) => sum + (own[axis] === 1 ? 0 : i * strides[axis]!), offset);
        expect(visited).toEqual(indicesOf(shape).map((index) => [place(a!, index), place(b!, index)]));
      }),
    );
  });

  it('walks contiguous data as one run, and a broadcast row as one run per row', () => {
    const x = newBlock('float32', [4, 5, 6], true);
    const row = newBlock('float32', [6], true);
    const lengths = (operands: (typeof x)[]): number[] => {
      const found: number[] = [];
      forEachRun([4, 5, 6], operands, (_, n) => found.push(n));
      return found;
    };
    expect(lengths([x])).toEqual([120]);
    expect(lengths([x, row])).toEqual(new Array(20).fill(6));
  });
});
