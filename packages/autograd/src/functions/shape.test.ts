import { ArgumentError, DTypeError, heapStats, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  arange,
  concat,
  expandDims,
  full,
  fullView,
  grad,
  type NestedArray,
  noGrad,
  oneHot,
  ones,
  type Range,
  stack,
  type Tensor,
  take,
  tensor,
  zeros,
} from '../index.js';
import { expectError } from '../testing/expectError.js';
import { shapes } from '../testing/index.js';

const counted = (shape: readonly number[]): Tensor => arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
const int32 = (data: NestedArray): Tensor => tensor(data, { dtype: 'int32' });

/** What Python's `range(extent)[start:stop:step]` lists (CPython's PySlice_AdjustIndices, word for word). */
function pythonSlice(extent: number, start: number | null, stop: number | null, step: number): number[] {
  const adjust = (bound: number): number => {
    if (bound < 0) {
      bound += extent;
      return bound < 0 ? (step < 0 ? -1 : 0) : bound;
    }
    return bound >= extent ? (step < 0 ? extent - 1 : extent) : bound;
  };
  const first = start === null ? (step < 0 ? extent - 1 : 0) : adjust(start);
  const last = stop === null ? (step < 0 ? -1 : extent) : adjust(stop);
  const picked: number[] = [];
  for (let i = first; step < 0 ? i > last : i < last; i += step) picked.push(i);
  return picked;
}

/** A range for an axis of this extent, and the indices it stands for; a bare number drops the axis. */
const ranges = (extent: number): fc.Arbitrary<{ range: Range; picked: number[] | number }> => {
  const bound = fc.option(fc.integer({ min: -extent - 3, max: extent + 3 }));
  const spans = fc
    .tuple(
      bound,
      bound,
      fc.integer({ min: -4, max: 4 }).filter((step) => step !== 0),
    )
    .map(([start, stop, step]) => ({
      range: [start, stop, step] as Range,
      picked: pythonSlice(extent, start, stop, step),
    }));
  const whole = fc.constant({ range: null as Range, picked: pythonSlice(extent, null, null, 1) });
  const short = bound.map((start) => ({ range: [start] as Range, picked: pythonSlice(extent, start, null, 1) }));
  if (extent === 0) return fc.oneof(spans, whole, short);
  const index = fc
    .integer({ min: -extent, max: extent - 1 })
    .map((i) => ({ range: i as Range, picked: i < 0 ? i + extent : i }));
  return fc.oneof({ weight: 4, arbitrary: spans }, whole, short, index);
};

describe('fullView(shape, value)', () => {
  it('is full without its memory', () => {
    const before = heapStats().allocations;
    const state = fullView([2, 3], 2, { dtype: 'float64' });
    expect(heapStats().allocations - before).toBeLessThanOrEqual(2);
    expect([state.dtype, state.strides]).toEqual(['float64', [0, 0]]);
    expect(state.toArray()).toEqual(full([2, 3], 2).toArray());
    expect(fullView([0, 3], 1).toArray()).toEqual([]);
    expect(() => fullView([2], 1, { dtyp: 'float64' } as never)).toThrow("fullView: got unknown option 'dtyp'");
  });
});

describe('slice(…ranges)', () => {
  it('takes what NumPy takes, of views too', () => {
    const cases = shapes({ minRank: 1 }).chain((shape) =>
      fc
        .tuple(fc.tuple(...shape.map(ranges)), fc.nat({ max: shape.length }), fc.boolean())
        .map(([axes, count, viewed]) => ({ shape, axes: axes.slice(0, count), viewed })),
    );
    fc.assert(
      fc.property(cases, ({ shape, axes, viewed }) => {
        const x = viewed ? counted(shape).T.add(0).T : counted(shape);
        const reference = (data: NestedArray, axis: number): NestedArray => {
          if (axis === shape.length) return data;
          const rows = data as NestedArray[];
          const picked = axes[axis]?.picked ?? rows.map((_, i) => i);
          return typeof picked === 'number'
            ? reference(rows[picked]!, axis + 1)
            : picked.map((i) => reference(rows[i]!, axis + 1));
        };
        const expected = reference(x.toArray(), 0);
        const part = x.slice(...axes.map(({ range }) => range));
        expect(part.toArray()).toEqual(expected);
        expect(part.block.storage).toBe(x.block.storage);
      }),
    );
  });

  it('refuses an index out of range, a step of 0, fractions, and too many ranges', () => {
    const x = zeros([2, 3]);
    expectError(
      () => x.slice(2),
      IndexError,
      'slice: got index 2 on axis 0 of extent 2; expected an integer from -2 to 1',
    );
    expectError(
      () => x.slice(null, -4),
      IndexError,
      'slice: got index -4 on axis 1 of extent 3; expected an integer from -3 to 2',
    );
    expectError(() => x.slice(0.5), IndexError, /^slice: got index 0.5 on axis 0/);
    expectError(() => x.slice([0, 2, 0]), IndexError, 'slice: got step 0; expected an integer other than 0');
    expectError(() => x.slice([0.5]), IndexError, 'slice: got index 0.5; expected integers');
    expectError(() => x.slice(0, 0, 0), IndexError, 'slice: got 3 ranges for x [2, 3]; expected at most 2');
  });

  it('sends gradients back to where the numbers came from', () => {
    const gradient = grad((x: Tensor) =>
      x
        .slice([null, null, -2])
        .mul(tensor([1, 2, 3]))
        .sum(),
    )(ones([5]));
    expect(gradient.toArray()).toEqual([3, 0, 2, 0, 1]);
  });
});

describe('views', () => {
  const x = counted([2, 3, 4]);
  const views: [string, (x: Tensor) => Tensor][] = [
    ['slice', (t) => t.slice(1, [0, 3, 2], [null, null, -1])],
    ['permute', (t) => t.permute([2, 0, 1])],
    ['T', (t) => t.T],
    ['mT', (t) => t.mT],
    ['swapAxes', (t) => t.swapAxes(0, -1)],
    ['reshape', (t) => t.reshape([4, -1])],
    ['reshape of a slice whose axes still merge', (t) => t.slice(null, [0, 2]).reshape([2, 8])],
    ['broadcastTo', (t) => t.broadcastTo([5, 2, 3, 4])],
    ['expandDims', (t) => t.expandDims(-1)],
    ['squeeze', (t) => t.expandDims(1).squeeze(1)],
    ['detach of data', (t) => t.detach()],
  ];

  it.each(views)('%s shares memory and allocates nothing', (_, view) => {
    const before = heapStats();
    const v = view(x);
    expect(v.block.storage).toBe(x.block.storage);
    expect(heapStats().allocations).toBe(before.allocations);
  });

  it.each(views)('%s of a recorded tensor shares its memory too', (_, view) => {
    const w = tensor(x.toTypedArray()).reshape([2, 3, 4]).detach();
    w.requiresGrad = true;
    const y = w.mul(1);
    if (_ !== 'detach of data') expect(view(y).block.storage).toBe(y.block.storage);
    else expect(view(y).block.storage).not.toBe(y.block.storage); // it may outlive what the tape owns
  });

  it('see what assign() writes', () => {
    const base = zeros([2, 2]);
    const column = base.slice(null, 1);
    base.assign(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect(column.toArray()).toEqual([2, 4]);
  });

  it('under noGrad, of what the tape will recycle, have memory of their own', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.mul(2);
    const kept = noGrad(() => y.reshape([2, 1]));
    expect(kept.block.storage).not.toBe(y.block.storage);
    y.sum().backward();
    w.mul(1).sum().backward();
    expect(kept.toArray()).toEqual([[2], [4]]);
    expect(y.isReleased).toBe(true);
  });
});

describe('reshape(shape)', () => {
  it('keeps the elements in row-major order, of any view', () => {
    fc.assert(
      fc.property(shapes(), fc.boolean(), (shape, viewed) => {
        const x = viewed ? counted(shape).T : counted(shape);
        const flat = x.reshape([x.size]);
        expect([...flat.toTypedArray()]).toEqual([...x.toTypedArray()]);
        expect([...flat.reshape(x.shape).toTypedArray()]).toEqual([...x.toTypedArray()]);
        expect(x.reshape(x.shape)).toBe(x);
      }),
    );
  });

  it('copies where strides cannot say it', () => {
    const t = counted([2, 3]).T;
    expect(t.reshape([6]).block.storage).not.toBe(t.block.storage);
    expect(t.reshape([6]).toArray()).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('fills in one −1', () => {
    expect(zeros([2, 6]).reshape([-1, 4]).shape).toEqual([3, 4]);
    expect(zeros([0, 3]).reshape([3, -1]).shape).toEqual([3, 0]);
  });

  it('refuses other sizes', () => {
    expectError(
      () => zeros([2, 3]).reshape([4]),
      ShapeError,
      'reshape: got x [2, 3]; expected a shape of 6 elements, not [4]',
    );
    expectError(
      () => zeros([2, 3]).reshape([-1, -1]),
      ShapeError,
      'reshape: got x [2, 3]; expected a shape of 6 elements with at most one -1, not [-1, -1]',
    );
    expectError(
      () => zeros([2, 3]).reshape([-1, 4]),
      ShapeError,
      /^reshape: got x \[2, 3\]; expected a shape of 6 elements with/,
    );
    expectError(() => zeros([0]).reshape([-1, 0]), ShapeError, /^reshape: got x \[0\]/);
  });
});

describe('permute(axes), T, mT, swapAxes', () => {
  it('put axis axes[i] at i', () => {
    expect(zeros([2, 3, 4]).permute([2, 0, 1]).shape).toEqual([4, 2, 3]);
    expect(zeros([2, 3, 4]).permute([-1, 0, -2]).shape).toEqual([4, 2, 3]);
    expect(zeros([2, 3, 4]).T.shape).toEqual([4, 3, 2]);
    expect(zeros([2, 3, 4]).mT.shape).toEqual([2, 4, 3]);
    expect(counted([2, 2]).T.toArray()).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(tensor(1).T.item()).toBe(1);
  });

  it('refuse a list that is not each axis once', () => {
    expectError(
      () => zeros([2, 3]).permute([0, 0]),
      ShapeError,
      'permute: got x [2, 3]; expected each of the 2 axes once, not [0, 0]',
    );
    expectError(
      () => zeros([2, 3]).permute([0]),
      ShapeError,
      /^permute: got x \[2, 3\]; expected each of the 2 axes once, not \[0\]/,
    );
    expectError(
      () => zeros([2, 3]).permute([0, 2]),
      IndexError,
      'permute: got axis 2; expected an integer from -2 to 1',
    );
    expectError(() => zeros([2]).swapAxes(0, 1), IndexError, 'swapAxes: got axis 1; expected an integer from -1 to 0');
    expectError(() => zeros([2]).mT, IndexError, 'swapAxes: got axis -2; expected an integer from -1 to 0');
  });
});

describe('broadcastTo, expandDims, squeeze', () => {
  it('change the shape as NumPy does', () => {
    expect(
      tensor([[1], [2]])
        .broadcastTo([2, 3])
        .toArray(),
    ).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
    expect(zeros([2, 3]).expandDims(0).shape).toEqual([1, 2, 3]);
    expect(zeros([2, 3]).expandDims(-1).shape).toEqual([2, 3, 1]);
    expect(expandDims(tensor(1), 0).shape).toEqual([1]);
    expect(zeros([1, 2, 1]).squeeze().shape).toEqual([2]);
    expect(zeros([1, 2, 1]).squeeze(-1).shape).toEqual([1, 2]);
    expect(zeros([1, 2, 1]).squeeze([0, 2]).shape).toEqual([2]);
    expect(zeros([0, 1]).broadcastTo([0, 4]).shape).toEqual([0, 4]);
  });

  it('refuse what does not fit', () => {
    expectError(
      () => zeros([2]).broadcastTo([3]),
      ShapeError,
      'broadcastTo: got x [2]; expected a shape that broadcasts to [3]',
    );
    expectError(
      () => zeros([2, 3]).broadcastTo([3]),
      ShapeError,
      'broadcastTo: got x [2, 3]; expected a shape that broadcasts to [3]',
    );
    expectError(
      () => zeros([3]).broadcastTo([1]),
      ShapeError,
      'broadcastTo: got x [3]; expected a shape that broadcasts to [1]',
    );
    expectError(
      () => zeros([1]).broadcastTo([-1]),
      ArgumentError,
      'broadcastTo: got shape [-1]; expected non-negative integers',
    );
    expectError(() => zeros([2, 3]).squeeze(0), ShapeError, 'squeeze: got x [2, 3]; expected extent 1 along axis 0');
    expectError(() => zeros([2]).expandDims(2), IndexError, 'expandDims: got axis 2; expected an integer from -2 to 1');
    expectError(() => tensor(1).squeeze(0), IndexError, 'squeeze: got axis 0; a scalar has no axes');
  });
});

describe('concat(tensors) and stack(tensors)', () => {
  it('put parts together so that slicing takes them apart again', () => {
    const parts = shapes({ minRank: 1 }).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.nat({ max: shape.length - 1 }),
        fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
      ),
    );
    fc.assert(
      fc.property(parts, ([shape, axis, lengths]) => {
        const given = lengths.map((n, i) => counted(shape.map((extent, a) => (a === axis ? n : extent))).add(100 * i));
        const all = concat(given, { axis });
        let start = 0;
        for (const [i, n] of lengths.entries()) {
          const rangesOf = [...shape.slice(0, axis).map(() => null), [start, start + n] as const];
          expect(all.slice(...rangesOf).toArray()).toEqual(given[i]!.toArray());
          start += n;
        }
        expect(all.shape[axis]).toBe(start);
      }),
    );
  });

  it('stack adds the axis', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(stack([a, b]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(stack([a, b], { axis: -1 }).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(stack([tensor(1), tensor(2)]).toArray()).toEqual([1, 2]);
  });

  it('promote dtypes', () => {
    expect(concat([int32([1]), tensor([0.5])]).toArray()).toEqual([1, 0.5]);
    expect(stack([tensor([true]), int32([3])]).dtype).toBe('int32');
  });

  it('refuse an axis that is not in an options object', () => {
    for (const [name, f] of Object.entries({ concat, stack }))
      expectError(
        () => f([zeros([1])], 1 as never),
        ArgumentError,
        `${name}: got 1; expected an options object. For example { axis: … }.`,
      );
    expectError(
      () => take(zeros([1]), int32([0]), 1 as never),
      ArgumentError,
      /^take: got 1; expected an options object/,
    );
    expectError(
      () => oneHot(int32([0]), 2, { classes: 3 } as never),
      ArgumentError,
      "oneHot: got unknown option 'classes'; expected one of dtype",
    );
  });

  it('refuse shapes that do not agree, nothing at all, and axes that are not there', () => {
    expectError(
      () => concat([zeros([2, 3]), zeros([2, 4])]),
      ShapeError,
      'concat: got inputs[0] [2, 3] and inputs[1] [2, 4]; expected shapes that agree in every axis but 0',
    );
    expectError(
      () => concat([zeros([2]), zeros([2, 1])]),
      ShapeError,
      /^concat: got inputs\[0\] \[2\] and inputs\[1\] \[2, 1\]/,
    );
    expectError(() => concat([]), ShapeError, 'concat: got tensors [0]; expected at least one tensor');
    expectError(() => stack([]), ShapeError, 'stack: got tensors [0]; expected at least one tensor');
    expectError(
      () => stack([zeros([2]), zeros([3])]),
      ShapeError,
      'stack: got tensors[0] [2] and other [3]; expected tensors of one shape',
    );
    expectError(() => concat([tensor(1)]), IndexError, 'concat: got axis 0; a scalar has no axes');
    expectError(() => concat([zeros([1]), 3 as never]), DTypeError, /^concat: got x number; expected a tensor/);
  });
});

describe('take(indices)', () => {
  it('picks slices along an axis; the indices take its place', () => {
    const x = counted([3, 2]);
    expect(x.take(int32([2, 0, 2])).toArray()).toEqual([
      [4, 5],
      [0, 1],
      [4, 5],
    ]);
    expect(x.take(int32([[1], [-1]])).toArray()).toEqual([[[2, 3]], [[4, 5]]]);
    expect(x.take(int32(1), { axis: 1 }).toArray()).toEqual([1, 3, 5]);
    expect(take(x.T, tensor([1, 1], { dtype: 'uint8' }), { axis: -1 }).toArray()).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(x.take(int32([])).shape).toEqual([0, 2]);
  });

  it('agrees with picking one by one, on any axis of any view', () => {
    const cases = shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
      fc
        .nat({ max: shape.length - 1 })
        .chain((axis) =>
          fc.tuple(
            fc.constant(shape),
            fc.constant(axis),
            fc.array(fc.integer({ min: -shape[axis]!, max: shape[axis]! - 1 }), { maxLength: 4 }),
            fc.boolean(),
          ),
        ),
    );
    fc.assert(
      fc.property(cases, ([shape, axis, picks, viewed]) => {
        const x = viewed ? counted(shape).T.add(0).T : counted(shape);
        const got = x.take(int32(picks), { axis });
        const before = shape.slice(0, axis).map(() => null);
        for (const [k, i] of picks.entries()) {
          expect(got.slice(...before, k).toArray()).toEqual(x.slice(...before, i).toArray());
        }
      }),
    );
  });

  it('adds up the gradients of an element taken twice', () => {
    expect(
      grad((x: Tensor) =>
        x
          .take(int32([0, 0, -1]))
          .mul(tensor([1, 2, 4]))
          .sum(),
      )(ones([3])).toArray(),
    ).toEqual([3, 0, 4]);
  });

  it('refuses indices out of range, and floats', () => {
    expectError(
      () => zeros([3]).take(int32([0, 3])),
      IndexError,
      'take: got index 3 at position 1; expected integers from -3 to 2',
    );
    expectError(
      () => zeros([3]).take(tensor([0.5])),
      DTypeError,
      "take: got indices float32; expected int32 or uint8 indices. Convert with .cast('int32').",
    );
    expectError(() => zeros([0]).take(int32([0])), IndexError, /^take: got index 0 at position 0/);
  });
});

describe('oneHot(labels, classes)', () => {
  it('puts 1 at each label, whatever dtype holds it', () => {
    expect(oneHot(int32([2, 0]), 3).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(oneHot(tensor([[1], [0]]), 2).toArray()).toEqual([[[0, 1]], [[1, 0]]]);
    expect(oneHot(int32(1), 2, { dtype: 'bool' }).toArray()).toEqual([false, true]);
    expect(oneHot(int32([]), 2).shape).toEqual([0, 2]);
  });

  it.each([-1, 3, 0.5, NaN])('refuses the label %d', (label) => {
    expectError(
      () => oneHot(tensor([0, label]), 3),
      IndexError,
      `oneHot: got label ${label} at position 1; expected whole numbers from 0 to 2`,
    );
  });
});
