import fc from 'fast-check';
import { ArgumentError, IndexError, ShapeError } from './errors.js';
import {
  broadcastShapes,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  reducedShape,
  resolveReshape,
  shapesEqual,
  sizeOf,
} from './shape.js';
import { broadcastableShapes, shapesOf } from './testing/arbitraries.js';
import { broadcastShape, indicesOf } from './testing/reference.js';

describe('sizeOf(shape)', () => {
  it('counts the indices', () => {
    fc.assert(fc.property(shapesOf(), (shape) => expect(sizeOf(shape)).toBe(indicesOf(shape).length)));
    expect(sizeOf([])).toBe(1);
    expect(sizeOf([3, 0, 2])).toBe(0);
  });
});

describe('shapesEqual(a, b)', () => {
  it('compares rank and extents', () => {
    expect(shapesEqual([2, 3], [2, 3])).toBe(true);
    expect(shapesEqual([2, 3], [3, 2])).toBe(false);
    expect(shapesEqual([2], [2, 1])).toBe(false);
  });
});

describe('checkShape(operation, shape)', () => {
  it.each([[[-1]], [[1.5]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])('refuses %j', (shape) => {
    expect(() => checkShape('zeros', shape)).toThrow(ArgumentError);
  });

  it('says what came', () => {
    expect(() => checkShape('zeros', [2, -3])).toThrow('zeros: got shape [2, -3]; expected non-negative integers');
    expect(() => checkShape('zeros', [2, 0])).not.toThrow();
  });
});

describe('broadcastShapes(operation, a, b)', () => {
  it('follows the rule of NumPy, in either order', () => {
    fc.assert(
      fc.property(fc.oneof(broadcastableShapes(2), fc.tuple(shapesOf(), shapesOf())), ([a, b]) => {
        const expected = broadcastShape(a!, b!);
        if (expected === null) {
          expect(() => broadcastShapes('add', a!, b!)).toThrow(ShapeError);
          expect(() => broadcastShapes('add', b!, a!)).toThrow(ShapeError);
        } else {
          expect(broadcastShapes('add', a!, b!)).toEqual(expected);
          expect(broadcastShapes('add', b!, a!)).toEqual(expected);
        }
      }),
    );
  });

  it('an axis of 1 meets one of 0 as 0', () => {
    expect(broadcastShapes('add', [1, 3], [0, 1])).toEqual([0, 3]);
  });

  it('names the axis that disagrees', () => {
    expect(() => broadcastShapes('add', [2, 3], [2, 4, 1])).toThrow(
      'add: got a [2, 3] and b [2, 4, 1]; expected shapes that broadcast: read from the last axis, extents equal or ' +
        'one of them 1. Axis -2 has 2 and 4.',
    );
  });
});

describe('normalizeAxis(operation, axis, rank)', () => {
  it('counts negative axes from the end', () => {
    expect([-3, -2, -1, 0, 1, 2].map((axis) => normalizeAxis('sum', axis, 3))).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it.each([3, -4, 0.5, Number.NaN])('refuses axis %p of three', (axis) => {
    expect(() => normalizeAxis('sum', axis, 3)).toThrow(IndexError);
  });

  it('says which there are', () => {
    expect(() => normalizeAxis('sum', 3, 3)).toThrow('sum: got axis 3; expected an integer from -3 to 2');
    expect(() => normalizeAxis('sum', 0, 0)).toThrow('sum: got axis 0; a scalar has no axes');
  });
});

describe('normalizeAxes(operation, axes, rank)', () => {
  it('takes one, several or all, and sorts them', () => {
    expect(normalizeAxes('sum', undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeAxes('sum', -1, 3)).toEqual([2]);
    expect(normalizeAxes('sum', [-1, 0], 3)).toEqual([0, 2]);
    expect(normalizeAxes('sum', [], 3)).toEqual([]);
  });

  it('refuses an axis named twice', () => {
    expect(() => normalizeAxes('sum', [2, -1], 3)).toThrow('sum: got axis 2 twice; expected each axis once');
  });
});

describe('reducedShape(shape, axes, keepDims)', () => {
  it('drops the axes or keeps them as 1', () => {
    expect(reducedShape([2, 3, 4], [0, 2], false)).toEqual([3]);
    expect(reducedShape([2, 3, 4], [0, 2], true)).toEqual([1, 3, 1]);
    expect(reducedShape([2, 3], [], false)).toEqual([2, 3]);
  });
});

describe('resolveReshape(operation, from, to)', () => {
  it('fills in one -1', () => {
    expect(resolveReshape('reshape', [2, 3, 4], [4, -1])).toEqual([4, 6]);
    expect(resolveReshape('reshape', [], [-1])).toEqual([1]);
    expect(resolveReshape('reshape', [0, 3], [-1, 3])).toEqual([0, 3]);
    expect(resolveReshape('reshape', [2, 3], [3, 2])).toEqual([3, 2]);
  });

  it.each([
    [[6], [-1, -1]],
    [[6], [-1, 4]],
    [[6], [-1, 0]],
    [[0], [0, -1]],
    [[6], [-1, -2, -3]],
    [[3], [-1, 1.5]],
    [[6], [2, 2]],
  ])('%j cannot become %j', (from, to) => {
    expect(() => resolveReshape('reshape', from, to)).toThrow(ShapeError);
  });

  it.each([[[-2, -3]], [[1.5, 4]]])('%j is no shape', (to) => {
    expect(() => resolveReshape('reshape', [6], to)).toThrow(ArgumentError);
  });

  it('says how many elements there are', () => {
    expect(() => resolveReshape('reshape', [2, 3], [4])).toThrow(
      'reshape: got x [2, 3]; expected a shape of 6 elements, not [4]',
    );
    expect(() => resolveReshape('reshape', [2, 3], [4, -1])).toThrow(
      'reshape: got x [2, 3]; expected a shape of 6 elements with at most one -1, not [4, -1]',
    );
  });
});
