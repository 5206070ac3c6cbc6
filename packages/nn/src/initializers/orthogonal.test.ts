import { eye, randomNormal, type Tensor } from '@cotangent/autograd';
import { ArgumentError, Generator, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { Orthogonal } from './orthogonal.js';
import { orthonormalize } from './orthonormal.js';

/** The largest difference of x xᵀ from the identity matrix. */
function distanceFromOrthonormal(x: Tensor): number {
  return x.matmul(x.permute()).sub(eye(x.shape[0]!)).abs().max().item();
}

/** [rows…, columns] as vectors that have to be orthonormal. */
function vectors(x: Tensor): Tensor {
  const flat = x.reshape([-1, x.shape[x.rank - 1]!]);
  return flat.shape[0]! < flat.shape[1]! ? flat : flat.permute();
}

describe('nn.initializers.Orthogonal', () => {
  it('is orthogonal to the last bits, times the gain, in every shape', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 });
    const gains = fc.constantFrom(1, -2, 0.5, Math.SQRT2);
    fc.assert(
      fc.property(shapes, gains, fc.nat(), (shape: Shape, gain, seed) => {
        const x = new Orthogonal({ gain, seed }).create(shape, 'float64');
        expect(x.shape).toEqual(shape);
        expect(distanceFromOrthonormal(vectors(x).div(gain))).toBeLessThan(1e-14);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['more than a block of columns', [150, 70]],
    ['more than a block of rows', [70, 150]],
    ['a square matrix', [65, 65]],
    ['a kernel', [3, 3, 10, 48]],
  ] as const)('is so for %s', (_, shape) => {
    expect(distanceFromOrthonormal(vectors(new Orthogonal({ seed: 3 }).create(shape, 'float64')))).toBeLessThan(1e-14);
  });

  it('is the same in float32, but for rounding', () => {
    const double = new Orthogonal({ seed: 4 }).create([5, 7], 'float64');
    const single = new Orthogonal({ seed: 4 }).create([5, 7], 'float32');
    expect(single.toArray()).toEqual(double.cast('float32').toArray());
  });

  it('is drawn evenly: a corner of a 2 × 2 matrix is the cosine of an even angle, and half are reflections', () => {
    const draws = Array.from({ length: 4000 }, (_, seed) =>
      new Orthogonal({ seed }).create([2, 2], 'float64').toTypedArray(),
    );
    const mean = (f: (x: ArrayLike<number>) => number) => draws.reduce((sum, x) => sum + f(x), 0) / draws.length;
    expect(Math.abs(mean((x) => x[0]!))).toBeLessThan(3 * Math.sqrt(0.5 / 4000));
    expect(Math.abs(mean((x) => x[0]! ** 2) - 0.5)).toBeLessThan(3 * Math.sqrt(0.125 / 4000));
    expect(Math.abs(mean((x) => x[0]! * x[3]! - x[1]! * x[2]!))).toBeLessThan(3 / Math.sqrt(4000));
  });

  it('makes tensors with an empty axis', () => {
    expect(new Orthogonal().create([0, 3], 'float32').shape).toEqual([0, 3]);
    expect(new Orthogonal().create([3, 0], 'float32').shape).toEqual([3, 0]);
  });

  it('refuses vectors, and options it does not have', () => {
    expectThrown(
      () => new Orthogonal().create([3], 'float32'),
      ShapeError,
      'Orthogonal: got shape [3]; expected at least two axes: [rows…, columns]',
    );
    expectThrown(
      () => new Orthogonal({ gain: Number.POSITIVE_INFINITY }),
      ArgumentError,
      'Orthogonal: got gain Infinity; expected a finite number',
    );
    expectThrown(
      () => new Orthogonal({ scale: 1 } as never),
      ArgumentError,
      "Orthogonal: got unknown option 'scale'; expected one of gain, seed",
    );
  });
});

describe('orthonormalize', () => {
  interface Case {
    readonly name: string;
    readonly rows: number[][];
    readonly orthonormal: number[][];
  }

  it.each(fixture<Case>('initializers').map((c) => [c.name, c] as const))('gives the Q of QR: %s', (_, c) => {
    expectNear(orthonormalize(float64(c.rows)), c.orthonormal, 1e-11);
  });

  it('is the Q of QR in blocks too: what is left is triangular with a positive diagonal', () => {
    const rows = randomNormal([40, 45], { dtype: 'float64', generator: new Generator(5) });
    const r = rows.matmul(orthonormalize(rows).permute());
    expect(r.triu({ k: 1 }).abs().max().item()).toBeLessThan(1e-13);
    expect(r.diagonal().min().item()).toBeGreaterThan(0);
  });

  it('stays orthonormal for rows that are nearly the same', () => {
    const noise = randomNormal([40, 60], { dtype: 'float64', generator: new Generator(6) });
    const rows = noise.mul(1e-7).add(noise.slice([0, 1]));
    expect(distanceFromOrthonormal(orthonormalize(rows))).toBeLessThan(1e-13);
  });
});
