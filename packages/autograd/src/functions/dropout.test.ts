import { ArgumentError, Generator, manualSeed, ShapeError } from '@cotangent/kernels';
import { dropout, ones, randomUniform, type Tensor, tensor, vmap, where } from '../index.js';
import { expectError } from '../testing/expectError.js';
import { gradientAgreesWithDifferences } from '../testing/index.js';

/** As it was composed of other operations. */
const composed = (x: Tensor, rate: number, generator: Generator): Tensor =>
  where(randomUniform(x.shape, { generator }).greaterEqual(rate), x.mul(1 / (1 - rate)), 0);

describe('dropout(x, rate, { noiseShape, generator })', () => {
  it.each([0, 0.1, 0.3, 0.5, 0.999])('gives the bits of its composition, and of its gradient: rate %p', (rate) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = randomUniform([7, 33], { low: -1, dtype, generator: new Generator(1), requiresGrad: true });
      const results = [
        (generator: Generator) => dropout(x, rate, { generator }),
        (generator: Generator) => composed(x, rate, generator),
      ].map((f) => {
        const y = f(new Generator(5));
        x.grad = null;
        y.mul(y).sum().backward();
        return [y.toArray(), x.grad!.toArray()];
      });
      expect(results[0]).toEqual(results[1]);
    }
  });

  it('is 0 where it drops, whatever x', () => {
    const y = dropout(tensor(new Array<number>(100).fill(Number.NaN)), 0.5, {
      generator: new Generator(2),
    }).toTypedArray();
    expect(y.some((value) => Object.is(value, 0))).toBe(true);
    expect([...y].every((value) => Object.is(value, 0) || Number.isNaN(value))).toBe(true);
  });

  it('drops along whole axes by noiseShape', () => {
    const y = dropout(ones([4, 5, 3]), 0.5, { noiseShape: [4, 1, 3], generator: new Generator(3) });
    expect(y.min({ axis: 1 }).toArray()).toEqual(y.max({ axis: 1 }).toArray());
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, 2]));
  });

  it('draws from the global generator without one, and makes integers float32', () => {
    manualSeed(4);
    const y = dropout(ones([50], { dtype: 'int32' }), 0.5);
    expect(y.dtype).toBe('float32');
    expect(y.toArray()).toEqual(dropout(ones([50]), 0.5, { generator: new Generator(4) }).toArray());
  });

  it('agrees with differences', () => {
    const x = randomUniform([3, 4], { dtype: 'float64', generator: new Generator(7) });
    gradientAgreesWithDifferences((x) => dropout(x, 0.4, { generator: new Generator(6) }).square(), [x], 0);
  });

  it('draws once or for each example inside vmap, as randomness says', () => {
    const drop = (x: Tensor): Tensor => dropout(x, 0.5, { generator: new Generator(8) });
    const same = vmap(drop, { randomness: 'same' })(ones([2, 64]));
    expect(same.slice(0).toArray()).toEqual(same.slice(1).toArray());
    const different = vmap(drop, { randomness: 'different' })(ones([2, 64]));
    expect(different.slice(0).toArray()).not.toEqual(different.slice(1).toArray());
  });

  it('refuses rates that are none, and shapes that do not broadcast', () => {
    for (const rate of [-0.1, 1, Number.NaN, '0.5'])
      expectError(
        () => dropout(ones([2]), rate as number),
        ArgumentError,
        `dropout: got rate ${rate}; expected a number of at least 0 and below 1`,
      );
    expectError(() => dropout(ones([2, 3]), 0.5, { noiseShape: [2, 2] }), ShapeError, /^dropout: /);
  });
});
