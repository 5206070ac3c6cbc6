import { ArgumentError, DTypeError, Generator, manualSeed } from '@cotangent/kernels';
import { randomIntegers, randomNormal, randomTruncatedNormal, randomUniform, type Tensor } from './index.js';
import { expectError } from './testing/expectError.js';

const makers: Record<string, (options?: object) => Tensor> = {
  randomUniform: (options) => randomUniform([64], options),
  randomNormal: (options) => randomNormal([64], options),
  randomTruncatedNormal: (options) => randomTruncatedNormal([64], options),
  randomIntegers: (options) => randomIntegers([64], { high: 1000, ...options }),
};

describe.each(Object.entries(makers))('%s', (name, make) => {
  it('gives the same numbers for the same seed, and others for the next call', () => {
    const draw = (): unknown[] => {
      manualSeed(7);
      return [make().toArray(), make().toArray()];
    };
    const [first, second] = draw();
    expect(draw()).toEqual([first, second]);
    expect(first).not.toEqual(second);
  });

  it('draws from the generator given, and leaves the global one alone', () => {
    manualSeed(7);
    const expected = make().toArray();
    manualSeed(7);
    const own = make({ generator: new Generator(3) }).toArray();
    expect(make().toArray()).toEqual(expected);
    expect(make({ generator: new Generator(3) }).toArray()).toEqual(own);
    expect(own).not.toEqual(expected);
  });

  it('takes the options of every function that makes a tensor', () => {
    expect(make({ dtype: 'float64' }).dtype).toBe('float64');
    expect(make({ dtype: 'float64', requiresGrad: true }).requiresGrad).toBe(true);
    expect(make().madeBy).toBe(name);
    expectError(() => make({ dtype: 'float16' }), DTypeError, new RegExp(`^${name}: got dtype float16`));
  });

  it('refuses unknown options', () => {
    expectError(
      () => make({ sedd: 3 }),
      ArgumentError,
      new RegExp(`^${name}: got unknown option 'sedd'; expected one of \\w+, \\w+, dtype, requiresGrad, generator$`),
    );
  });
});

describe('the numbers', () => {
  it('lie where they should', () => {
    manualSeed(1);
    const uniform = randomUniform([5000], { low: -1, high: 3 });
    expect([uniform.min().item() >= -1, uniform.max().item() < 3]).toEqual([true, true]);
    const integers = randomIntegers([5000], { low: -2, high: 3 });
    expect([integers.dtype, integers.min().item(), integers.max().item()]).toEqual(['int32', -2, 2]);
    const normal = randomNormal([20_000], { mean: 2, standardDeviation: 3 });
    expect(normal.mean().item()).toBeCloseTo(2, 0);
    expect(normal.sub(2).square().mean().sqrt().item()).toBeCloseTo(3, 0);
    expect(randomTruncatedNormal([5000]).abs().max().item()).toBeLessThanOrEqual(2);
  });
});
