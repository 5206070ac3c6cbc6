import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { STFT, type STFTOptions } from './index.js';

interface Case {
  readonly name: string;
  readonly options: Omit<STFTOptions, 'side'>;
  readonly frame: number[];
  readonly real: number[];
  readonly imag: number[];
}

describe('nn.initializers.STFT', () => {
  const cases = fixture<Case>('stft').map((c) => [c.name, c] as const);

  it.each(cases)('makes a Fourier transform of a product: %s', (_, { options, frame, ...expected }) => {
    for (const side of ['real', 'imag'] as const) {
      const [length, bins] = [frame.length, expected[side].length];
      const kernel = new STFT({ side, ...options }).create([length, 1, bins], 'float64');
      expectNear(float64([frame]).matmul(kernel.reshape([length, bins])), [expected[side]]);
    }
  });

  it('takes a window in numbers', () => {
    const kernel = new STFT({ side: 'real', window: [3, 4], scaling: 'density' }).create([2, 1, 2], 'float64');
    expectNear(kernel, [[[0.6, 0.6]], [[0.8, -0.8]]]);
    const spectrum = new STFT({ side: 'real', window: [-1, 3], scaling: 'spectrum' }).create([2, 1, 2], 'float64');
    expectNear(spectrum, [[[-0.25, -0.25]], [[0.75, -0.75]]]);
  });

  it('makes one point of one point', () => {
    expectNear(new STFT({ side: 'real' }).create([1, 1, 3], 'float64'), [[[1, 1, 1]]]);
  });

  it('refuses other shapes', () => {
    for (const shape of [
      [8, 5],
      [8, 2, 5],
    ]) {
      expectThrown(
        () => new STFT({ side: 'real' }).create(shape, 'float32'),
        ShapeError,
        `STFT: got shape [${shape.join(', ')}]; expected [length, 1, bins]`,
      );
    }
    expectThrown(
      () => new STFT({ side: 'imag', window: [1, 1] }).create([3, 1, 2], 'float32'),
      ShapeError,
      'STFT: got shape [3, 1, 2] and window [2]; expected a window of the length of the kernel',
    );
  });

  it.each([
    [{}, "got side undefined; expected one of 'real', 'imag'"],
    [
      { side: 'real', window: 'kaiser' },
      "got window 'kaiser'; expected one of 'hann', 'hamming', 'blackman', 'bartlett'",
    ],
    [{ side: 'real', window: 3 }, 'got window 3; expected a name, an array of numbers, or null'],
    [{ side: 'real', window: [1, '2'] }, "got window[1] '2'; expected a finite number"],
    [{ side: 'real', scaling: 'power' }, "got scaling 'power'; expected one of 'density', 'spectrum'"],
    [{ side: 'real', periodic: 1 }, 'got periodic 1; expected true or false'],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new STFT(options as never), ArgumentError, `STFT: ${problem}`);
  });
});
