import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, DTypeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { type NestedArray, ones, type ResizeMethod, type ResizeOptions, resize, tensor } from '../index.js';
import { gradientAgreesWithDifferences, secondOrderAgreesWithDifferences, smoothTensors } from '../testing/index.js';

interface Case {
  readonly name: string;
  readonly size: number[];
  readonly options: ResizeOptions;
  readonly x: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly dx: NestedArray;
}
const { cases } = JSON.parse(readFileSync(join(__dirname, '../../fixtures/resize.json'), 'utf8')) as { cases: Case[] };
const float64 = (values: NestedArray) => tensor(values, { dtype: 'float64' });
const near = (got: { toTypedArray(): ArrayLike<number> }, expected: NestedArray, tolerance = 1e-12): void => {
  const wanted = float64(expected).toTypedArray();
  for (const [i, value] of Array.from(got.toTypedArray()).entries())
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(tolerance);
};

describe('resize', () => {
  it.each(cases)('agrees with PyTorch 1.13, and so does its gradient: $name', ({ size, options, ...reference }) => {
    const x = float64(reference.x);
    x.requiresGrad = true;
    const y = resize(x, size, options);
    expect(y.shape).toEqual([1, ...size, 2]);
    near(y, reference.y);
    y.mul(float64(reference.v)).sum().backward();
    near(x.grad!, reference.dx);
  });

  const all: ResizeMethod[] = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'];

  it.each(all)('%s leaves what is constant, in both formats and over one to three axes', (method) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 })), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.boolean(),
        fc.constantFrom('channelsLast' as const, 'channelsFirst' as const),
        (extents, antialias, dataFormat) => {
          const shape = (spatial: number[]): number[] =>
            dataFormat === 'channelsFirst' ? [2, 1, ...spatial] : [2, ...spatial, 1];
          const size = extents.map(([, m]) => m);
          const y = resize(ones(shape(extents.map(([n]) => n)), { dtype: 'float64' }), size, {
            method,
            antialias,
            dataFormat,
          });
          expect(y.shape).toEqual(shape(size));
          near(y, ones(y.shape).toArray());
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each(all)('%s has the derivatives that differences show', (method) => {
    fc.assert(
      fc.property(smoothTensors([[1, 3, 2, 2]]), ([x]) => {
        const f = (t: typeof x) => resize(t!, [2, 5], { method }).square();
        gradientAgreesWithDifferences(f, [x!], 0);
        secondOrderAgreesWithDifferences(f, [x!], 0, 0);
      }),
      { numRuns: 10 },
    );
  });

  it('lanczos3 weighs by sinc(t) sinc(t / 3)', () => {
    // The pixel at distance ½ twice, 1½ twice; sin(π/2) = 1, sin(π/6) = ½, sin(3π/2) = −1.
    const [half, oneAndHalf] = [(2 / Math.PI) * (6 / Math.PI) * 0.5, (-2 / (3 * Math.PI)) * (2 / Math.PI)];
    const impulse = resize(float64([[[0], [1], [0], [0]]]), 2, { method: 'lanczos3' }).toArray() as number[][][];
    const full = resize(float64([[[1], [0], [0], [0]]]), 1, { method: 'lanczos3' }).item();
    expect(Math.abs(full - oneAndHalf / (2 * half + 2 * oneAndHalf))).toBeLessThan(1e-12);
    expect(impulse[0]![0]![0]).toBeGreaterThan(0);
  });

  it('nearest takes images of bytes as they are', () => {
    expect(resize(tensor([[[1], [2]]], { dtype: 'uint8' }), 4, { method: 'nearest' }).toArray()).toEqual([
      [[1], [1], [2], [2]],
    ]);
    expect(() => resize(tensor([[[1], [2]]], { dtype: 'uint8' }), 4)).toThrow(DTypeError);
  });

  it('refuses what cannot be', () => {
    const x = ones([1, 2, 2, 1]);
    expect(() => resize(x, 0)).toThrow(ArgumentError);
    expect(() => resize(x, 2, { method: 'cubic' as never })).toThrow(
      `resize: got method "cubic"; expected one of 'nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'`,
    );
    expect(() => resize(ones([1, 0, 2, 1]), 2)).toThrow(
      'resize: got an empty axis 1 of x; expected one element at least',
    );
  });
});
