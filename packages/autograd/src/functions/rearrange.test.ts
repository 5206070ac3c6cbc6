import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ct from '../index.js';
import { fromTypedArray, grad, ones, type Tensor, tensor } from '../index.js';
import { checkGrads } from '../testing/index.js';

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly call: string;
  readonly arguments: unknown[];
  readonly inputs: Numbers[];
  readonly value: Numbers;
}
const fixture = JSON.parse(readFileSync(join(__dirname, '../../fixtures/rearrange.json'), 'utf8')) as Case[];
const tensorOf = ({ shape, data }: Numbers): Tensor => fromTypedArray(Float64Array.from(data), shape);

type Call = (...all: unknown[]) => Tensor;
const library = ct as unknown as Record<string, Call>;
const call = (test: Case, inputs: Tensor[]): Tensor =>
  test.call === 'einsum'
    ? library.einsum!(test.arguments[0], ...inputs)
    : library[test.call]!(...inputs, ...test.arguments);

describe('against NumPy', () => {
  it.each(fixture.map((test, i) => [`${i}: ${test.call} ${JSON.stringify(test.arguments)}`, test] as const))(
    '%s, with its gradients',
    (_, test) => {
      const inputs = test.inputs.map(tensorOf);
      const f = (...given: Tensor[]): Tensor => call(test, given);
      const y = f(...inputs);
      expect(y.shape).toEqual(test.value.shape);
      const values = y.toTypedArray();
      for (const [i, wanted] of test.value.data.entries()) expect(values[i]).toBeCloseTo(wanted, 10);
      checkGrads(
        f,
        inputs.map((x) => x.mul(0.1)),
        { modes: ['vjp', 'jvp'] },
      );
      expect(f(...inputs.map((x) => x.cast('float32'))).shape).toEqual(test.value.shape);
    },
  );
});

describe('rearranging', () => {
  it('splits and unstacks', () => {
    const x = tensor([[1, 2, 3, 4]]);
    expect(x.split(2, { axis: 1 }).map((part) => part.toArray())).toEqual([[[1, 2]], [[3, 4]]]);
    expect(x.split([1, 3], { axis: 1 }).map((part) => part.shape)).toEqual([
      [1, 1],
      [1, 2],
      [1, 1],
    ]);
    expect(x.unstack({ axis: 1 }).map((part) => part.toArray())).toEqual([[1], [2], [3], [4]]);
    expect(() => x.split(3, { axis: 1 })).toThrow('split: got 3 parts of x [1, 4]; expected a number that divides 4');
  });

  it('picks by index and by mask', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const pairs = tensor(
      [
        [0, 1],
        [-1, 0],
      ],
      { dtype: 'int32' },
    );
    expect(ct.gatherNd(x, pairs).toArray()).toEqual([2, 5]);
    expect(ct.gatherNd(x, tensor([[2]], { dtype: 'int32' })).toArray()).toEqual([[5, 6]]);
    expect(grad((v: Tensor) => ct.gatherNd(v, pairs).sum())(x).toArray()).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(() => ct.gatherNd(x, tensor([[3]], { dtype: 'int32' }))).toThrow(
      'gatherNd: got an index along axis 0 that is not from -3 to 2',
    );
    expect(
      ct
        .nonzero(
          tensor([
            [0, 2],
            [3, 0],
          ]),
        )
        .toArray(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(ct.nonzero(tensor([0])).shape).toEqual([0, 1]);
    const mask = tensor([true, false, true]);
    expect(ct.booleanMask(x, mask).toArray()).toEqual([
      [1, 2],
      [5, 6],
    ]);
    expect(grad((v: Tensor) => ct.booleanMask(v, mask).sum())(x).toArray()).toEqual([
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
    expect(ct.embedding(tensor([1, 1], { dtype: 'int32' }), x).toArray()).toEqual([
      [3, 4],
      [3, 4],
    ]);
  });

  it('meshgrid, as NumPy orders it', () => {
    const [a, b] = ct.meshgrid([tensor([1, 2, 3]), tensor([4, 5])]);
    expect([a!.toArray(), b!.toArray()]).toEqual([
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [4, 4, 4],
        [5, 5, 5],
      ],
    ]);
    expect(ct.meshgrid([tensor([1, 2, 3]), tensor([4, 5])], { indexing: 'ij' })[0]!.shape).toEqual([3, 2]);
  });

  it('says what does not fit', () => {
    const x = ones([2, 3]);
    expect(() => x.pad([[3, 0]], { mode: 'reflect' })).toThrow(
      "pad: got widths 3 and 0 for axis 0 of x [2, 3]; 'reflect' takes at most 1",
    );
    expect(() => x.pad([-1])).toThrow('expected whole numbers from 0');
    expect(() => ct.roll(x, 0.5)).toThrow('roll: got shift 0.5; expected a whole number');
    expect(() => ct.tensordot(x, ones([2, 3]), 1)).toThrow('equal extents along axes 1 of a and 0 of b');
    expect(() => ct.einsum('ij,jk->ik', x)).toThrow(
      "einsum: got 'ij,jk->ik' for 1 tensors; expected a term for each, as in 'ij,jk->ik'",
    );
    expect(() => ct.einsum('ijk', x)).toThrow("as many axes as 'ijk' names");
    expect(() => ct.einsum('ij->ik', x)).toThrow('expected every axis of the result once, and in some term');
    expect(() => ct.einsum('ij,ij->ij', x, ones([2, 4]))).toThrow('equal extents of the axis named j');
    expect(() => ct.cross(x, ones([2, 2]))).toThrow('last axes of extent 3');
    expect(() => ct.diagonal(tensor([1]))).toThrow('x [..., rows, columns]');
  });

  it('einsum has second derivatives', () => {
    const [a, b] = [
      tensor([
        [0.1, 0.2],
        [0.3, 0.4],
      ]),
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ];
    expect(checkGrads((x, y) => ct.einsum('ij,jk,ki->i', x, y, x), [a, b], { order: 2 })!.error).toBeLessThan(1e-6);
  });
});
