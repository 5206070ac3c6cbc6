import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ArgumentError, type DType, DTypeError } from '@cotangent/kernels';
import { anyBlocks, type BlockRecipe, build } from '@cotangent/kernels/testing';
import fc from 'fast-check';
import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { ReleasedTensorError, scope, Tensor, tensor, zeros } from './index.js';
import { type AnyNdarray, fromNdarray, type TensorNdarray, toNdarray } from './ndarray.js';
import { scopes } from './scope.js';
import { expectError } from './testing/expectError.js';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects, and lets the callbacks of finalization run: they are tasks of their own. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const viewOf = (recipe: BlockRecipe): Tensor => new Tensor(build(recipe), 'test');

/** All elements through `get`, in row-major order. */
function elements(array: AnyNdarray): number[] {
  const walk = (index: number[]): number[] =>
    index.length === array.shape.length
      ? [array.get(...index) as number]
      : Array.from({ length: array.shape[index.length]! }, (_, i) => walk([...index, i])).flat();
  return walk([]);
}

describe('toNdarray(x)', () => {
  it('shows the elements of any view', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        const x = viewOf(recipe);
        const array = toNdarray(x);
        expect(array.shape).toEqual([...x.shape]);
        expect(elements(array)).toEqual([...x.toTypedArray()]);
      }),
    );
  });

  it('copies nothing: a change made through one is seen through the other', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const array = toNdarray(x.T);
    array.set(2, 0, 30);
    expect(x.toArray()).toEqual([
      [1, 2, 30],
      [4, 5, 6],
    ]);
    x.assign(zeros([2, 3]));
    expect(elements(array)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('holds no more than the elements from the first to the last', () => {
    const row = toNdarray(zeros([100, 3]).slice(50));
    expect([row.data.length, row.offset]).toEqual([3, 0]);
    const backwards = toNdarray(tensor([0, 1, 2, 3, 4]).slice([3, 0, -2]));
    expect([backwards.data.length, backwards.offset, backwards.stride]).toEqual([3, 2, [-2]]);
    expect(elements(backwards)).toEqual([3, 1]);
    expect(toNdarray(zeros([3, 0])).data).toHaveLength(0);
  });

  it('records nothing', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.square();
    toNdarray(y);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 4]);
  });

  it('refuses what is no tensor, and one whose memory is gone', () => {
    expectError(
      () => toNdarray([1] as unknown as Tensor),
      DTypeError,
      'toNdarray: got x an array; expected a tensor. Wrap numbers and arrays with tensor(…).',
    );
    let gone: Tensor | undefined;
    scope(() => {
      gone = zeros([3]);
    });
    expectError(() => toNdarray(gone!), ReleasedTensorError, /./);
  });

  it('outlives the scope that releases the tensor', () => {
    let array: TensorNdarray | undefined;
    scope(() => {
      array = toNdarray(tensor(Float32Array.from({ length: 2000 }, (_, i) => i)));
    });
    // Had the memory been recycled, these would move in.
    scope(() => {
      for (let i = 0; i < 20; i++) zeros([2000]);
    });
    expect(elements(array!)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it.each<[string, (array: TensorNdarray) => AnyNdarray]>([
    ['the ndarray itself', (array) => array],
    ['only a view of it', (array) => array.step(-1).hi(1500).lo(0)],
  ])('survives garbage collection of the tensor: %s is held', async (_, derive) => {
    const held = ((): AnyNdarray => derive(toNdarray(tensor(Float32Array.from({ length: 2000 }, (_, i) => i)))))();
    const before = elements(held);
    for (let i = 0; i < 200; i++) zeros([2000]);
    await collect();
    // Had the memory been collected, one of these would have moved in; all are held, so that they take different blocks.
    const tenants = Array.from({ length: 2000 }, () => zeros([2000]));
    expect(elements(held)).toEqual(before);
    expect(tenants).toHaveLength(2000);
    expect(before[0]).toBe(held.stride[0] === 1 ? 0 : 1999);
  });
});

describe('fromNdarray(array)', () => {
  it('gives back what toNdarray shows, for any view', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        const x = viewOf(recipe);
        const back = fromNdarray(toNdarray(x));
        expect(back.dtype).toBe(x.dtype === 'bool' ? 'uint8' : x.dtype);
        expect(back.shape).toEqual(x.shape);
        expect([...back.toTypedArray()]).toEqual([...x.toTypedArray()]);
        expect(back.madeBy).toBe('fromNdarray');
      }),
    );
  });

  it('reads views that ndarray made, forwards and backwards', () => {
    const array = ndarray(
      Float64Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    for (const view of [
      array.transpose(2, 0, 1),
      array.step(-1, 1, -2),
      array.pick(null, 1, null),
      array.lo(1, 1, 1),
    ]) {
      const x = fromNdarray(view);
      expect(x.shape).toEqual(view.shape);
      expect([...x.toTypedArray()]).toEqual(elements(view));
    }
  });

  it('copies: the two do not share memory', () => {
    const array = ndarray(new Float32Array([1, 2]));
    const x = fromNdarray(array);
    array.set(0, 9);
    expect(x.toArray()).toEqual([1, 2]);
  });

  it.each<[NdArray, DType]>([
    [ndarray(new Float32Array(2)), 'float32'],
    [ndarray(new Float64Array(2)), 'float64'],
    [ndarray(new Int32Array(2)), 'int32'],
    [ndarray(new Uint8Array(2)), 'uint8'],
    [ndarray(new Uint8ClampedArray(2)), 'uint8'],
    [ndarray([1, 2]), 'float64'],
    [ndarray({ get: (i) => i, set: (_: number, v: number) => v, length: 2 }), 'float64'],
  ])('%#: keeps the dtype it can hold', (array, dtype) => {
    expect(fromNdarray(array).dtype).toBe(dtype);
  });

  it.each([
    [ndarray(new Int8Array(1)), 'int8'],
    [ndarray(new Int16Array(1)), 'int16'],
    [ndarray(new Uint16Array(1)), 'uint16'],
    [ndarray(new Uint32Array(1)), 'uint32'],
  ])('%#: refuses elements that no dtype holds', (array, dtype) => {
    expectError(
      () => fromNdarray(array),
      DTypeError,
      `fromNdarray: got array ${dtype}; expected float32, float64, int32, uint8 or numbers in a plain array. ` +
        'Copy it into one of those with the assign of ndarray-ops first.',
    );
  });

  it('makes a leaf with requiresGrad, and says why integers are none', () => {
    const x = fromNdarray(ndarray(new Float32Array([1, 2])), { requiresGrad: true });
    expect([x.requiresGrad, x.isLeaf]).toEqual([true, true]);
    x.square().sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 4]);
    expectError(
      () => fromNdarray(ndarray(new Int32Array(2)), { requiresGrad: true }),
      DTypeError,
      'fromNdarray: got array int32; expected float32 or float64 with requiresGrad. Integers have no derivative.',
    );
    expectError(
      () => fromNdarray(ndarray([1]), { dtype: 'float32' } as object),
      ArgumentError,
      "fromNdarray: got unknown option 'dtype'; expected requiresGrad",
    );
  });

  it('belongs to the scope around', () => {
    let inside: Tensor | undefined;
    const result = scope(() => {
      inside = fromNdarray(ndarray(new Float32Array([1, 2])));
      expect(inside.owner).toBe(scopes.current);
      return inside.add(1);
    });
    expect(inside!.isReleased).toBe(true);
    expect(result.toArray()).toEqual([2, 3]);
  });
});

describe('tensor functions against ndarray-ops', () => {
  /** Two float64 views of one shape. */
  const pairs = anyBlocks({ dtype: 'float64', special: true }).chain((first) =>
    fc.nat().map((seed): readonly [Tensor, Tensor] => [viewOf(first), viewOf({ ...first, seed })]),
  );
  const like = (x: Tensor): NdArray => ndarray(new Float64Array(x.size), [...x.shape]) as NdArray;

  it.each<[string, (a: Tensor, b: Tensor) => Tensor, (out: NdArray, a: NdArray, b: NdArray) => unknown]>([
    ['add', (a, b) => a.add(b), ops.add],
    ['sub', (a, b) => a.sub(b), ops.sub],
    ['mul', (a, b) => a.mul(b), ops.mul],
    ['div', (a, b) => a.div(b), ops.div],
    ['maximum', (a, b) => a.maximum(b), ops.max],
  ])('%s agrees on every view, bit for bit', (_, ours, theirs) => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const out = like(a);
        theirs(out, toNdarray(a) as NdArray, toNdarray(b) as NdArray);
        expect([...ours(a, b).toTypedArray()]).toEqual(elements(out));
      }),
    );
  });

  it.each<[string, (x: Tensor) => Tensor, (out: NdArray, x: NdArray) => unknown, number]>([
    ['abs', (x) => x.abs(), ops.abs, 0],
    ['sqrt', (x) => x.sqrt(), ops.sqrt, 0],
    ['exp', (x) => x.exp(), ops.exp, 4],
    ['log', (x) => x.log(), ops.log, 4],
  ])('%s agrees on every view', (_, ours, theirs, ulps) => {
    fc.assert(
      fc.property(pairs, ([x]) => {
        const out = like(x);
        theirs(out, toNdarray(x) as NdArray);
        const expected = elements(out);
        [...ours(x).toTypedArray()].forEach((y, i) => {
          const reference = expected[i]!;
          // Math.exp and Math.log may differ from ours in the last digits.
          if (ulps === 0 || !Number.isFinite(reference) || reference === 0) expect(y).toBe(reference);
          else expect(Math.abs(y - reference)).toBeLessThanOrEqual(Math.abs(reference) * ulps * 2 ** -53 + 5e-324);
        });
      }),
    );
  });

  it('sum agrees on every view, within its rounding', () => {
    fc.assert(
      fc.property(anyBlocks({ dtype: 'float64' }), (recipe) => {
        const x = viewOf(recipe);
        const magnitude = ops.sum(toNdarray(x.abs()) as NdArray);
        const difference = Math.abs(x.sum().item() - ops.sum(toNdarray(x) as NdArray));
        expect(difference).toBeLessThanOrEqual(magnitude * x.size * 2 ** -52);
      }),
    );
  });
});
