import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { type Block, newBlock } from './block.js';
import type { DType } from './dtype.js';
import * as arithmetic from './elementwise/arithmetic.js';
import * as exponential from './elementwise/exponential.js';
import type { Kernel } from './elementwise/runs.js';
import { DTypeError } from './errors.js';
import { heapStats } from './heap/heap.js';
import { fromNdarray, toNdarray } from './ndarray.js';
import { max, min } from './reduce/extremum.js';
import { sum } from './reduce/sum.js';
import { anyBlocks, blocksOf, build, shapesOf } from './testing/arbitraries.js';
import { indicesOf, valuesOf } from './testing/reference.js';

const read = (array: NdArray): number[] => indicesOf(array.shape).map((index) => array.get(...index));

describe('toNdarray(block)', () => {
  it('shows the same elements under the same shape and strides, in an array no larger than they need', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        const block = build(recipe);
        const array = toNdarray(block);
        expect(array.shape).toEqual(block.shape);
        expect(array.stride).toEqual(block.strides);
        expect(array.dtype).toBe(block.dtype === 'bool' ? 'uint8' : block.dtype);
        expect(read(array)).toEqual(valuesOf(block));
        expect(array.data.length).toBeLessThanOrEqual(block.storage.length);
      }),
    );
  });

  it('copies nothing: each sees what the other changes', () => {
    for (const loose of [true, false]) {
      const block = newBlock('float32', [2, 3], loose);
      const array = toNdarray(block);
      array.set(1, 2, 7);
      expect(valuesOf(block)[5]).toBe(7);
      block.data[block.offset] = 9;
      expect(array.get(0, 0)).toBe(9);
      expect(array.data.buffer).toBe(block.data.buffer);
    }
  });

  it('keeps the memory while the array or a view made from it lives, and no longer', async () => {
    setFlagsFromString('--expose_gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    if (heapStats().reservedBytes === 0) return; // without WebAssembly all memory is JavaScript's
    const collect = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 5));
        // Whoever was given the memory by mistake would write over it.
        for (let k = 0; k < 100; k++) {
          const other = newBlock('float32', [64, 8], false);
          other.data.fill(-1, other.offset, other.offset + other.size);
          other.storage.release();
        }
      }
    };
    await collect(); // what other tests have dropped must not count
    const live = heapStats().liveBlocks;
    let views: NdArray[] = (() =>
      Array.from({ length: 200 }, (_, i) => {
        const block = newBlock('float32', [64, 8], false);
        block.data.fill(i, block.offset, block.offset + block.size);
        const view = toNdarray(block).pick(3).step(-2);
        block.storage.release(); // the owner is done; the ndarray is not
        return view;
      }))();
    await collect();
    expect(views.map(read)).toEqual(views.map((_, i) => [i, i, i, i]));
    expect(heapStats().liveBlocks).toBeGreaterThanOrEqual(live + 200);
    views = [];
    await collect();
    expect(heapStats().liveBlocks).toBeLessThan(live + 100);
  });
});

describe('fromNdarray(array, { loose })', () => {
  it('gives back what toNdarray took, from any strides and offset', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), fc.boolean(), (recipe, loose) => {
        const block = build(recipe);
        const copied = fromNdarray(toNdarray(block), { loose });
        expect(copied.dtype).toBe(block.dtype === 'bool' ? 'uint8' : block.dtype);
        expect(copied.shape).toEqual(block.shape);
        expect(copied.contiguous).toBe(true);
        expect(valuesOf(copied)).toEqual(valuesOf(block));
        expect(copied.storage).not.toBe(block.storage);
        expect(copied.storage.claims).toBe(1);
      }),
    );
  });

  it('takes plain arrays and things with get and set as doubles', () => {
    const plain = ndarray([0.1, 0.2, 0.3, 0.4], [2, 2]).transpose(1, 0);
    expect(fromNdarray(plain, { loose: true })).toMatchObject({ dtype: 'float64', shape: [2, 2] });
    expect(valuesOf(fromNdarray(plain, { loose: true }))).toEqual([0.1, 0.3, 0.2, 0.4]);
    const generic = ndarray({ get: (i: number) => i / 10, set: () => 0, length: 3 }, [3]);
    expect(valuesOf(fromNdarray(generic, { loose: true }))).toEqual([0, 0.1, 0.2]);
  });

  it('takes scalars and empty arrays', () => {
    expect(valuesOf(fromNdarray(ndarray(Float32Array.of(1, 5), [], [], 1), { loose: true }))).toEqual([5]);
    expect(fromNdarray(ndarray(new Float32Array(0), [0, 3]), { loose: true }).shape).toEqual([0, 3]);
  });

  it('refuses elements that are none of ours', () => {
    const run = (): Block => fromNdarray(ndarray(new Int16Array(2)), { loose: true });
    expect(run).toThrow(DTypeError);
    expect(run).toThrow(
      'fromNdarray: got array int16; expected float32, float64, int32, uint8 or numbers in a plain array. ' +
        'Copy it into one of those with the assign of ndarray-ops first.',
    );
  });
});

describe('kernels against ndarray-ops', () => {
  type Binary = (out: NdArray, a: NdArray, b: NdArray) => unknown;
  type Unary = (out: NdArray, x: NdArray) => unknown;
  const floating = fc.constantFrom<DType>('float32', 'float64');

  it.each<[string, Kernel, Binary]>([
    ['add', arithmetic.add, ops.add],
    ['sub', arithmetic.subtract, ops.sub],
    ['mul', arithmetic.multiply, ops.mul],
    ['div', arithmetic.divide, ops.div],
    ['max', arithmetic.maximum, ops.max],
    ['min', arithmetic.minimum, ops.min],
  ])('%s(a, b) gives the same bits over any two views', (_, kernel, oracle) => {
    const cases = floating.chain((dtype) =>
      shapesOf().chain((shape) => fc.tuple(blocksOf(shape, { dtype }), blocksOf(shape, { dtype }))),
    );
    fc.assert(
      fc.property(cases, ([first, second]) => {
        const [a, b] = [build(first), build(second)];
        const [out, expected] = [newBlock(a.dtype, a.shape, false), newBlock(a.dtype, a.shape, false)];
        kernel(out, [a, b], {});
        oracle(toNdarray(expected), toNdarray(a), toNdarray(b));
        expect(valuesOf(out)).toEqual(valuesOf(expected));
      }),
    );
  });

  it.each<[string, Kernel, Unary]>([
    ['neg', arithmetic.negative, ops.neg],
    ['sqrt', arithmetic.sqrt, ops.sqrt],
    ['abs', arithmetic.abs, ops.abs],
    ['exp', exponential.exp, ops.exp],
    ['log', exponential.log, ops.log],
  ])('%s(x) agrees over any view', (_, kernel, oracle) => {
    const cases = floating.chain((dtype) => shapesOf().chain((shape) => blocksOf(shape, { dtype })));
    fc.assert(
      fc.property(cases, (recipe) => {
        const x = build(recipe);
        const [out, expected] = [newBlock(x.dtype, x.shape, false), newBlock(x.dtype, x.shape, false)];
        kernel(out, [x], {});
        oracle(toNdarray(expected), toNdarray(x));
        const values = valuesOf(expected);
        const unit = x.dtype === 'float32' ? 2 ** -23 : 2 ** -52;
        valuesOf(out).forEach((y, i) => {
          if (Number.isFinite(values[i]))
            expect(Math.abs(y - values[i]!)).toBeLessThanOrEqual(unit * Math.abs(values[i]!));
          else expect(y).toBe(values[i]);
        });
      }),
    );
  });

  it('sum, max and min of everything agree over any view', () => {
    fc.assert(
      fc.property(anyBlocks({ minExtent: 1 }), (recipe) => {
        const x = build(recipe);
        const axes = x.shape.map((_, axis) => axis);
        const scalar = (kernel: typeof sum): number => {
          const out = newBlock('float64', [], true);
          kernel(out, [x], { axes, keepDims: false });
          return out.data[out.offset]!;
        };
        const array = toNdarray(x);
        const magnitude = valuesOf(x).reduce((total, v) => total + Math.abs(v), 0);
        expect(Math.abs(scalar(sum) - ops.sum(array))).toBeLessThanOrEqual(x.size * 2 ** -52 * magnitude);
        expect(scalar(max)).toBe(ops.sup(array));
        expect(scalar(min)).toBe(ops.inf(array));
      }),
    );
  });
});
