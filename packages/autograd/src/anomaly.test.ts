import { AnomalyError, detectAnomaly, grad, type Tensor, tensor, whereabouts } from './index.js';

function thrownBy(f: () => unknown): AnomalyError {
  try {
    f();
  } catch (error) {
    return error as AnomalyError;
  }
  throw new Error('nothing was thrown');
}

describe('detectAnomaly(f)', () => {
  it('names the operation that made the first NaN or infinity, and where in its result', () => {
    const error = thrownBy(() =>
      detectAnomaly(() =>
        tensor([
          [1, 2],
          [3, 0],
        ])
          .log()
          .add(1)
          .sum(),
      ),
    );
    expect(error).toBeInstanceOf(AnomalyError);
    expect(error.message).toBe(
      'log: gave -Infinity at [1, 1] of its result, from finite inputs. ' +
        'Look at the values it was given: a logarithm or root of something negative, a division by 0, an overflow?',
    );
  });

  it('blames nobody who was given one already', () => {
    expect(detectAnomaly(() => tensor([Number.NaN]).add(1).toArray())).toEqual([Number.NaN]);
  });

  it('lets infinities pass where they are meant', () => {
    const masked = () =>
      tensor([1, 2])
        .add(tensor([0, Number.NEGATIVE_INFINITY]))
        .exp()
        .toArray();
    expect(detectAnomaly(masked)).toHaveLength(2);
    const overflow = () => tensor([1000]).exp().toArray();
    expect(detectAnomaly(overflow, { infinities: false })).toEqual([Number.POSITIVE_INFINITY]);
    expect(() => detectAnomaly(overflow)).toThrow(AnomalyError);
  });

  it('names the derivative that made one in a backward pass, and shows where it was recorded', () => {
    const norm = (x: Tensor): Tensor => x.square().sum().sqrt();
    const error = thrownBy(() => detectAnomaly(() => grad(norm)(tensor([0, 0]))));
    expect(error.message).toContain('sqrt: its derivative gave Infinity at [] of the gradient of input x');
    expect((error.cause as Error).stack).toContain('norm');
  });

  it('knows the module', () => {
    whereabouts.current = () => 'encoder.0 (Dense)';
    try {
      const error = thrownBy(() => detectAnomaly(() => grad((x: Tensor) => x.sqrt().sum())(tensor([0]))));
      expect(error.message).toContain('encoder.0 (Dense)');
    } finally {
      whereabouts.current = null;
    }
  });

  it('is over when f is, also an asynchronous one', async () => {
    const bad = () => tensor([0]).log().item();
    await detectAnomaly(async () => {
      await null;
      expect(bad).toThrow(AnomalyError);
    });
    expect(bad()).toBe(Number.NEGATIVE_INFINITY);
    expect(() => detectAnomaly(bad)).toThrow(AnomalyError);
    expect(bad()).toBe(Number.NEGATIVE_INFINITY);
  });
});
