import { ArgumentError, type DType, DTypeError, dtypes, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  arange,
  eye,
  fromTypedArray,
  full,
  linspace,
  type NestedArray,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './index.js';
import { expectError } from './testing/expectError.js';

const dtype: fc.Arbitrary<DType> = fc.constantFrom(...dtypes);

/** Nested arrays of a drawn shape, and that shape. */
const nested: fc.Arbitrary<{ shape: number[]; data: NestedArray; flat: number[] }> = fc
  .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
  .chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return fc.array(fc.integer({ min: 0, max: 255 }), { minLength: size, maxLength: size }).map((flat) => {
      let next = 0;
      const nest = (axis: number): NestedArray =>
        axis === shape.length ? flat[next++]! : Array.from({ length: shape[axis]! }, () => nest(axis + 1));
      return { shape, data: nest(0), flat };
    });
  });

describe('tensor(data)', () => {
  it('takes nested arrays of any depth, in row-major order, and gives them back', () => {
    fc.assert(
      fc.property(
        nested,
        fc.constantFrom<DType>('uint8', 'int32', 'float32', 'float64'),
        ({ shape, data, flat }, type) => {
          const x = tensor(data, { dtype: type });
          expect(x.shape).toEqual(shape);
          expect(x.rank).toBe(shape.length);
          expect(x.size).toBe(flat.length);
          expect([...x.toTypedArray()]).toEqual(flat);
          expect(x.toArray()).toEqual(data);
        },
      ),
    );
  });

  it('is float32 for numbers, bool for booleans, and of the dtype of a typed array', () => {
    expect(tensor(1).dtype).toBe('float32');
    expect(tensor([[1]]).dtype).toBe('float32');
    expect(tensor([]).dtype).toBe('float32');
    expect(tensor(true).dtype).toBe('bool');
    expect(tensor([[true], [false]]).dtype).toBe('bool');
    expect(tensor(new Float32Array(2)).dtype).toBe('float32');
    expect(tensor(new Float64Array(2)).dtype).toBe('float64');
    expect(tensor(new Int32Array(2)).dtype).toBe('int32');
    expect(tensor(new Uint8Array(2)).dtype).toBe('uint8');
    expect(tensor(new Uint8ClampedArray(2)).dtype).toBe('uint8');
  });

  it('lets dtype say otherwise, and takes dtype: undefined as not said', () => {
    expect(tensor([1.7], { dtype: 'int32' }).toArray()).toEqual([1]);
    expect(tensor(new Int32Array([3]), { dtype: 'float64' }).dtype).toBe('float64');
    expect(tensor(new Int32Array([3]), { dtype: undefined as never }).dtype).toBe('int32');
    expect(tensor(tensor([1], { dtype: 'int32' }), { dtype: undefined as never }).dtype).toBe('int32');
    expect(fromTypedArray(new Int32Array([3]), [1], { dtype: undefined as never }).dtype).toBe('int32');
  });

  it('makes everything but 0 true in a bool tensor, from any source', () => {
    const expected = [true, false, true, true];
    expect(tensor([0.5, 0, -1, NaN], { dtype: 'bool' }).toArray()).toEqual([true, false, true, true]);
    expect(tensor(new Float32Array([0.5, 0, -1, 256]), { dtype: 'bool' }).toArray()).toEqual(expected);
    expect(tensor(tensor([0.5, 0, -1, 256]), { dtype: 'bool' }).toArray()).toEqual(expected);
    expect([...tensor([true, false, 7, 0], { dtype: 'bool' }).toTypedArray()]).toEqual([1, 0, 1, 0]);
  });

  it('copies what it is given', () => {
    const array = new Float32Array([1, 2]);
    const fromArray = tensor(array);
    const fromTensor = tensor(fromArray);
    array[0] = 9;
    fromArray.assign(tensor([7, 7]));
    expect(fromArray.toArray()).toEqual([7, 7]);
    expect(fromTensor.toArray()).toEqual([1, 2]);
  });

  it('copies strided tensors in row-major order', () => {
    expect(
      tensor(
        tensor([
          [1, 2],
          [3, 4],
        ]).T,
      ).toArray(),
    ).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('takes empty arrays at any depth', () => {
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([[[]]]).toArray()).toEqual([[[]]]);
  });

  it('refuses ragged arrays and says where', () => {
    expectError(
      () => tensor([[1, 2], [3]]),
      ShapeError,
      'tensor: got data[1] [1]; expected an array of 2 as in the first row',
    );
    expectError(
      () =>
        tensor([
          [[1], [2]],
          [[3], []],
        ]),
      ShapeError,
      'tensor: got data[1, 1] [0]; expected an array of 1 as in the first row',
    );
    expectError(
      () => tensor([[1], 2]),
      ShapeError,
      'tensor: got data[1] []; expected an array of 1 as in the first row',
    );
    expectError(() => tensor([1, [2]]), DTypeError, 'tensor: got data[1] a deeper array; expected a number or boolean');
  });

  it.each<[string, unknown, string]>([
    ['a string', '3', 'tensor: got data string; expected a number or boolean'],
    ['a string inside', [1, '2'], 'tensor: got data[1] string; expected a number or boolean'],
    ['null', [[null]], 'tensor: got data[0, 0] null; expected a number or boolean'],
    ['nothing', undefined, 'tensor: got data undefined; expected a number or boolean'],
    ['a hole', new Array(2), 'tensor: got data[0] undefined; expected a number or boolean'],
    ['a bigint', 3n, 'tensor: got data bigint; expected a number or boolean'],
    ['an object', { length: 2 }, 'tensor: got data object; expected a number or boolean'],
    [
      'an array of a width we lack',
      new Int16Array(2),
      'tensor: got data Int16Array; expected a Float32Array, Float64Array, Int32Array or Uint8Array',
    ],
    [
      'a DataView',
      new DataView(new ArrayBuffer(8)),
      'tensor: got data DataView; expected a Float32Array, Float64Array, Int32Array or Uint8Array',
    ],
  ])('refuses %s', (_, data, message) => {
    expectError(() => tensor(data as never), DTypeError, message);
  });
});

describe('options of every function that makes a tensor', () => {
  it('refuse a name that is not one of them', () => {
    expectError(
      () => tensor([1], { dtyp: 'float64' } as never),
      ArgumentError,
      "tensor: got unknown option 'dtyp'; expected one of dtype, requiresGrad",
    );
    expectError(
      () => zeros([2], { requires_grad: true } as never),
      ArgumentError,
      "zeros: got unknown option 'requires_grad'; expected one of dtype, requiresGrad",
    );
  });

  it('refuse what is not an options object', () => {
    expectError(
      () => tensor([1], 'float64' as never),
      ArgumentError,
      'tensor: got float64; expected an options object. For example { dtype: … }.',
    );
    expectError(() => zeros([2], [3] as never), ArgumentError, /^zeros: got an array; expected an options object/);
    expectError(() => zeros([2], null as never), ArgumentError, /^zeros: got null; expected an options object/);
  });

  it('refuse a dtype that is not one of ours', () => {
    expectError(
      () => ones([2], { dtype: 'float16' as never }),
      DTypeError,
      'ones: got dtype float16; expected one of bool, uint8, int32, float32, float64',
    );
    expectError(
      () => ones([2], { dtype: 'toString' as never }),
      DTypeError,
      /^ones: got dtype toString; expected one of/,
    );
  });

  it('refuse a gradient for integers', () => {
    expectError(
      () => tensor([1], { dtype: 'int32', requiresGrad: true }),
      DTypeError,
      'tensor: got x int32; expected float32 or float64 with requiresGrad. Integers have no derivative.',
    );
  });

  it('make a leaf where requiresGrad asks for one', () => {
    const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    expect([x.requiresGrad, x.isLeaf, x.grad]).toEqual([true, true, null]);
    expect(tensor([1]).requiresGrad).toBe(false);
  });
});

describe('shapes given to a function that makes a tensor', () => {
  it.each([[[-1]], [[1.5]], [[NaN]], [[2, -3]]])('refuse %j', (shape) => {
    expectError(
      () => zeros(shape),
      ArgumentError,
      `zeros: got shape [${shape.join(', ')}]; expected non-negative integers`,
    );
  });

  it('may have 0-sized axes or none', () => {
    expect(zeros([2, 0, 3]).size).toBe(0);
    expect(ones([]).item()).toBe(1);
  });

  it('belong to the tensor: changing the array later changes nothing', () => {
    const shape = [2, 3];
    const x = zeros(shape);
    shape[0] = 7;
    expect(x.shape).toEqual([2, 3]);
  });
});

describe('zeros, ones, full, zerosLike, onesLike', () => {
  it('hold one number everywhere, whatever was in the memory before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), dtype, (shape, type) => {
        const options = { dtype: type };
        const all = (x: { toTypedArray(): ArrayLike<number> }): number[] => [...new Set(Array.from(x.toTypedArray()))];
        const some = shape.includes(0) ? [] : [0];
        expect(all(zeros(shape, options))).toEqual(some);
        expect(all(ones(shape, options))).toEqual(some.map(() => 1));
        expect(all(full(shape, 1, options))).toEqual(some.map(() => 1));
        const like = [zerosLike(ones(shape, options)), onesLike(zeros(shape, options))];
        expect(like.map(all)).toEqual([some, some.map(() => 1)]);
        for (const x of like) expect([x.shape, x.dtype]).toEqual([shape, type]);
      }),
    );
  });
});

describe('eye(n)', () => {
  it('has ones on its diagonal', () => {
    expect(eye(3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(eye(0).shape).toEqual([0, 0]);
    expect(eye(2, { dtype: 'bool' }).toArray()).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});

describe('arange(start, stop, step)', () => {
  it('counts from start up to, not including, stop', () => {
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect(arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
    expect(arange(3, 0).shape).toEqual([0]);
    expect(arange(0, 3, 1, { dtype: 'int32' }).dtype).toBe('int32');
  });

  it('refuses steps that never arrive', () => {
    expectError(
      () => arange(0, 1, 0),
      ArgumentError,
      'arange: got 0, 1 in steps of 0; expected finite numbers and a step other than 0',
    );
    expectError(() => arange(Infinity), ArgumentError, /^arange: got 0, Infinity in steps of 1;/);
  });
});

describe('linspace(start, stop, count)', () => {
  it('starts at start and ends at stop exactly', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 50 }),
        (start, stop, count) => {
          const x = linspace(start, stop, count, { dtype: 'float64' }).toTypedArray();
          expect(x.length).toBe(count);
          expect([x[0] === start, x[count - 1] === stop]).toEqual([true, true]);
        },
      ),
    );
  });

  it('gives start alone for one number', () => {
    expect(linspace(2, 5, 1).toArray()).toEqual([2]);
  });
});

describe('fromTypedArray(values, shape)', () => {
  it('reads the values in row-major order', () => {
    expect(fromTypedArray(new Int32Array([1, 2, 3, 4, 5, 6]), [2, 3]).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('refuses values that do not fill the shape', () => {
    expectError(
      () => fromTypedArray(new Float32Array(5), [2, 3]),
      ShapeError,
      'fromTypedArray: got values [5]; expected 6 numbers for the shape [2, 3]',
    );
    expectError(
      () => fromTypedArray([1, 2] as never, [2]),
      DTypeError,
      'fromTypedArray: got values object; expected a typed array',
    );
  });
});
