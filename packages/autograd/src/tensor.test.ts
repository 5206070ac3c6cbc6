import { inspect } from 'node:util';
import { DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  arange,
  fromTypedArray,
  GradientError,
  isTensor,
  ones,
  ReleasedTensorError,
  scope,
  Tensor,
  tensor,
  zeros,
} from './index.js';
import { expectError } from './testing/expectError.js';

describe('item()', () => {
  it('is the one number of a tensor of size 1, whatever its rank', () => {
    expect(tensor(2.5).item()).toBe(2.5);
    expect(tensor([[[-3]]]).item()).toBe(-3);
    expect(arange(6).reshape([2, 3]).slice(1, 2).item()).toBe(5);
    expect(tensor(true).item()).toBe(1);
  });

  it('refuses any other size', () => {
    expectError(
      () => zeros([2, 1]).item(),
      ShapeError,
      'item: got x [2, 1]; expected a tensor of one element. Use .toArray() or .toTypedArray().',
    );
    expectError(() => zeros([0]).item(), ShapeError, /^item: got x \[0\]/);
  });

  it('rounds to the dtype: float32 holds 0.1 only nearly', () => {
    expect(tensor(0.1).item()).toBe(Math.fround(0.1));
    expect(tensor(0.1, { dtype: 'float64' }).item()).toBe(0.1);
  });
});

describe('toTypedArray() and toArray()', () => {
  it('read any view in row-major order', () => {
    const x = arange(6).reshape([2, 3]).T;
    expect([...x.toTypedArray()]).toEqual([0, 3, 1, 4, 2, 5]);
    expect(x.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(tensor([1, 2]).broadcastTo([2, 2]).toArray()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('give arrays of the dtype', () => {
    const tag = (x: Tensor): string => Object.prototype.toString.call(x.toTypedArray()).slice(8, -1);
    expect(tag(ones([1], { dtype: 'bool' }))).toBe('Uint8Array');
    expect(tag(ones([1], { dtype: 'uint8' }))).toBe('Uint8Array');
    expect(tag(ones([1], { dtype: 'int32' }))).toBe('Int32Array');
    expect(tag(ones([1]))).toBe('Float32Array');
    expect(tag(ones([1], { dtype: 'float64' }))).toBe('Float64Array');
  });

  it('are copies: what happens to them or to the tensor later does not show in the other', () => {
    const x = tensor([1, 2]);
    const before = x.toTypedArray();
    before[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    x.assign(tensor([5, 5]));
    expect([...before]).toEqual([9, 2]);
  });

  it('keep the specials: −0, NaN, infinities', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        const back = fromTypedArray(Float64Array.from(values), [values.length]).toTypedArray();
        values.forEach((value, i) => {
          expect(Object.is(back[i], value)).toBe(true);
        });
      }),
    );
  });

  it('give JSON as nested arrays', () => {
    expect(JSON.stringify({ x: tensor([[1], [2]]) })).toBe('{"x":[[1],[2]]}');
  });
});

describe('toString() and console.log', () => {
  it.each<[string, Tensor, string]>([
    ['a scalar', tensor(3), 'Tensor float32 [] 3'],
    ['a vector', tensor([1, -2.5, 0]), 'Tensor float32 [3] [1, -2.5, 0]'],
    ['an empty one', zeros([0]), 'Tensor float32 [0] []'],
    [
      'six significant digits',
      tensor([1 / 3, 123456.789, 1e-7 / 3]),
      'Tensor float32 [3] [0.333333, 123457, 3.33333e-8]',
    ],
    [
      'whole numbers in full',
      tensor([16777216, -2147483648], { dtype: 'float64' }),
      'Tensor float64 [2] [16777216, -2147483648]',
    ],
    ['the specials', tensor([NaN, Infinity, -Infinity]), 'Tensor float32 [3] [NaN, Infinity, -Infinity]'],
    ['booleans', tensor([true, false]), 'Tensor bool [2] [true, false]'],
    ['integers', tensor([7], { dtype: 'int32' }), 'Tensor int32 [1] [7]'],
    [
      'a matrix',
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'Tensor float32 [2, 2]\n[[1, 2],\n [3, 4]]',
    ],
    [
      'a view',
      tensor([
        [1, 2],
        [3, 4],
      ]).T,
      'Tensor float32 [2, 2]\n[[1, 3],\n [2, 4]]',
    ],
    [
      'three axes',
      arange(8).reshape([2, 2, 2]),
      'Tensor float32 [2, 2, 2]\n[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]',
    ],
    ['rows of one', tensor([[1], [2]]), 'Tensor float32 [2, 1]\n[[1],\n [2]]'],
  ])('show %s', (_, x, text) => {
    expect(x.toString()).toBe(text);
    expect(inspect(x)).toBe(text);
    expect(`${x}`).toBe(text);
  });

  it('show a thousand numbers in full and abridge more: three from each end of a long axis', () => {
    expect(arange(1000).toString()).not.toContain('…');
    expect(arange(1001).toString()).toBe('Tensor float32 [1001] [0, 1, 2, …, 998, 999, 1000]');
    expect(arange(1200).reshape([300, 4]).toString()).toBe(
      [
        'Tensor float32 [300, 4]',
        '[[0, 1, 2, 3],',
        ' [4, 5, 6, 7],',
        ' [8, 9, 10, 11],',
        ' …,',
        ' [1188, 1189, 1190, 1191],',
        ' [1192, 1193, 1194, 1195],',
        ' [1196, 1197, 1198, 1199]]',
      ].join('\n'),
    );
  });

  it('say of a released tensor what made it, instead of throwing', () => {
    const x = tensor([1, 2]);
    const inside = scope(() => [x.exp(), 0] as [Tensor, number])[0];
    inside[Symbol.dispose]();
    expect(inside.toString()).toBe('Tensor float32 [2] (released; made by exp)');
  });
});

describe('isTensor(x)', () => {
  it('knows tensors, also those of another copy of the library, and nothing else', () => {
    expect(isTensor(tensor(1))).toBe(true);
    expect(isTensor({ [Symbol.for('cotangent.Tensor')]: true })).toBe(true);
    for (const other of [null, undefined, 1, 'x', [], {}, new Float32Array(1), () => 1])
      expect(isTensor(other)).toBe(false);
  });
});

describe('requiresGrad', () => {
  it('is set on leaves of a floating dtype', () => {
    const x = tensor([1, 2]);
    x.requiresGrad = true;
    x.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([3, 3]);
  });

  it('is refused for integers', () => {
    const x = tensor([1], { dtype: 'int32' });
    expectError(
      () => {
        x.requiresGrad = true;
      },
      DTypeError,
      'requiresGrad: got x int32; expected float32 or float64. Integers have no derivative: use .cast().',
    );
  });

  it('is refused for recorded results', () => {
    const y = tensor([1], { requiresGrad: true }).mul(2);
    expect([y.requiresGrad, y.isLeaf]).toEqual([true, false]);
    expectError(
      () => {
        y.requiresGrad = false;
      },
      GradientError,
      'requiresGrad: got a tensor made by multiply, which is recorded; expected a leaf. Use .detach() for a copy that is cut off from the tape.',
    );
  });

  it('set to false ends what is recorded from then on, and what was recorded before', () => {
    const x = tensor(2, { requiresGrad: true });
    const other = tensor(5, { requiresGrad: true });
    const before = x.mul(other);
    x.requiresGrad = false;
    expect(x.mul(3).requiresGrad).toBe(false);
    before.backward();
    expect([x.grad, other.grad!.item()]).toEqual([null, 2]);
  });

  it('set to false and to true again is as if nothing had happened', () => {
    for (const inputs of [undefined, 'x']) {
      const x = tensor(2, { requiresGrad: true });
      const y = x.mul(3);
      x.requiresGrad = false;
      x.requiresGrad = true;
      y.backward(inputs === undefined ? {} : { inputs: [x] });
      expect(x.grad!.item()).toBe(3);
    }
  });
});

describe('grad', () => {
  it('refuses a gradient of another shape or dtype', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expectError(
      () => {
        x.grad = ones([3]);
      },
      ShapeError,
      'grad: got grad [3] and x [2]; expected a gradient of the shape of x',
    );
    expectError(
      () => {
        x.grad = ones([2], { dtype: 'float64' });
      },
      DTypeError,
      'grad: got grad float64 and x float32; expected a gradient of the dtype of x',
    );
  });

  it('can be replaced by the user, and the next backward pass adds to that', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.mul(2).sum().backward();
    const first = x.grad!;
    x.grad = x.grad!.mul(10);
    expectError(() => first.toArray(), ReleasedTensorError, /^backward: this result has been released/);
    x.mul(2).sum().backward();
    expect(x.grad.toArray()).toEqual([22, 22]);
  });
});

describe('a program with two copies of the library', () => {
  it('can share tensors: what counts is the brand, not the class', () => {
    class Foreign extends Tensor {}
    expect(isTensor(new Foreign(ones([2]).block, 'elsewhere'))).toBe(true);
  });
});
