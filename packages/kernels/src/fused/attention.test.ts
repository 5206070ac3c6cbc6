import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { heapStats, resetHeapStats } from '../heap/heap.js';
import { type Arrangement, arrangements, blockOf, cycle } from '../testing/heapBlocks.js';
import { setDeterministic } from '../wasm/features.js';
import { attention, attentionBackward } from './attention.js';

const dtypes = fc.constantFrom<DType>('float32', 'float64');
const extents = fc.constantFrom(1, 2, 3, 5, 8, 13, 33, 70);
const widths = fc.constantFrom(1, 3, 4, 9, 16);
const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 97 });

function expectClose(actual: Block, expected: Block, dtype: DType, size: number): void {
  const [a, b] = [copyOut(actual), copyOut(expected)];
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  expect(worst).toBeLessThanOrEqual(size * (dtype === 'float32' ? 2 ** -24 : 2 ** -53));
}

/** A mask whose first row lets nothing through. */
function maskOf(shape: number[], layout: Arrangement, next: () => number): Block {
  const mask = blockOf('bool', shape, layout, () => (next() > -0.5 ? 1 : 0));
  for (let j = 0; j < shape.at(-1)!; j++) mask.data[mask.offset + j * mask.strides.at(-1)!] = 0;
  return mask;
}

describe('attention', () => {
  afterEach(() => setDeterministic(false));

  const calls = fc.record({
    dtype: dtypes,
    deterministic: fc.boolean(),
    n: extents,
    m: extents,
    d: widths,
    e: widths,
    layouts: fc.tuple(arrangements, arrangements, arrangements, arrangements),
    masked: fc.boolean(),
    causal: fc.boolean(),
    wanted: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    values: numbers,
  });

  it('and its backward pass agree with the plain loops for every extent, layout, mask and dtype', () => {
    fc.assert(
      fc.property(calls, ({ dtype, deterministic, n, m, d, e, layouts, masked, causal, wanted, values }) => {
        setDeterministic(deterministic);
        const next = cycle(values);
        const shapes = [
          [2, n, d],
          [2, m, d],
          [2, m, e],
        ];
        const inputs = shapes.map((shape, i) => blockOf(dtype, shape, layouts[i]!, next));
        if (masked) inputs.push(maskOf([2, n, m], layouts[3], next));
        const attributes = { scale: 0.7, causal };
        const [out, expected] = [0, 1].map(() => newBlock(dtype, [2, n, e], false));
        attention(out!, inputs, attributes);
        attention.plain(expected!, inputs, attributes);
        expectClose(out!, expected!, dtype, 64 * (d + 4));

        const g = blockOf(dtype, [2, n, e], layouts[3], next);
        const size = 2 * ((wanted[0] ? n * d : 0) + (wanted[1] ? m * d : 0) + (wanted[2] ? m * e : 0));
        const [packed, expectedPacked] = [0, 1].map(() => newBlock(dtype, [size], false));
        const pull = { attributes, wanted: [...wanted, ...(masked ? [false] : [])] };
        attentionBackward(packed!, [g, ...inputs, out!], pull);
        attentionBackward.plain(expectedPacked!, [g, ...inputs, out!], pull);
        expectClose(packed!, expectedPacked!, dtype, 64 * (d + 4) * (e + 4) * n);
      }),
    );
  });

  it.each([
    [130, 700, 2, 8, 5],
    [100, 1500, 1, 8, 5],
    [1, 3000, 1, 8, 5],
    [200, 90, 1, 300, 270],
  ])(
    'agrees where strips end: %i queries, %i keys, %i heads, %i numbers of a key, %i of a value',
    (n, m, heads, d, e) => {
      for (const causal of [false, true]) {
        const next = cycle([0.5, -1.25, 0.1, 1, -0.3, 0.7, 1.9]);
        const inputs = [
          [heads, n, d],
          [heads, m, d],
          [heads, m, e],
        ].map((shape) => blockOf('float32', shape, 'contiguous', next));
        const attributes = { scale: 1.4 / Math.sqrt(d), causal };
        const [out, expected] = [0, 1].map(() => newBlock('float32', [heads, n, e], false));
        attention(out!, inputs, attributes);
        attention.plain(expected!, inputs, attributes);
        expectClose(out!, expected!, 'float32', 1000);
        const g = blockOf('float32', [heads, n, e], 'contiguous', next);
        const [packed, expectedPacked] = [0, 1].map(() => newBlock('float32', [heads * (n * d + m * (d + e))], false));
        const pull = { attributes, wanted: [true, true, true] };
        attentionBackward(packed!, [g, ...inputs, out!], pull);
        attentionBackward.plain(expectedPacked!, [g, ...inputs, out!], pull);
        expectClose(packed!, expectedPacked!, 'float32', 125 * n * d);
      }
    },
  );

  it.each(['float32', 'float64'] as const)('does not overflow where the exponentials would, in %s', (dtype) => {
    const [q, k] = [
      blockOf(dtype, [1, 1], 'contiguous', () => 100),
      blockOf(dtype, [2, 1], 'contiguous', cycle([100, -100])),
    ];
    const v = blockOf(dtype, [2, 1], 'contiguous', cycle([3, 4]));
    const out = newBlock(dtype, [1, 1], false);
    attention(out, [q, k, v], { scale: 1, causal: false });
    expect(copyOut(out)[0]).toBe(3);
  });

  it('is NaN for a query with a NaN, and only for that', () => {
    const q = blockOf('float32', [3, 4], 'contiguous', () => 1);
    q.data[q.offset + 5] = Number.NaN;
    const k = blockOf('float32', [9, 4], 'contiguous', () => 1);
    for (const run of [attention, attention.plain]) {
      const out = newBlock('float32', [3, 2], false);
      run(out, [q, k, blockOf('float32', [9, 2], 'contiguous', () => 2)], { scale: 1, causal: false });
      expect([...copyOut(out)].map(Number.isNaN)).toEqual([false, false, true, true, false, false]);
    }
  });

  it('keeps no matrix of scores: scratch memory for 4,096 queries is that of a strip', () => {
    const inputs = [0, 1, 2].map(() => blockOf('float32', [4096, 4], 'contiguous', () => 0.1));
    const out = newBlock('float32', [4096, 4], false);
    resetHeapStats();
    const before = heapStats().liveBytes;
    attention(out, inputs, { scale: 1, causal: false });
    expect(heapStats().liveBytes).toBe(before);
    if (heapStats().reservedBytes > 0) expect(heapStats().peakBytes - before).toBeLessThan(2 ** 20);
  });

  it('is 0 where there are no keys', () => {
    const [q, k, v] = [
      [3, 2],
      [0, 2],
      [0, 4],
    ].map((shape) => blockOf('float32', shape, 'contiguous', () => 1));
    const out = newBlock('float32', [3, 4], false);
    out.data.fill(7, out.offset, out.offset + out.size);
    attention(out, [q!, k!, v!], { scale: 1, causal: false });
    expect(copyOut(out)).toEqual(new Float32Array(12));
  });
});
