import { arange, flip, predictMode, type Tensor } from '@cotangent/autograd';
import { Generator, ShapeError } from '@cotangent/kernels';
import { RandomFlip } from './randomFlip.js';

const image = arange(12).reshape([2, 3, 2]);
const images = arange(12 * 64).reshape([64, 2, 3, 2]);
const text = (x: Tensor): string => JSON.stringify(x.toArray());

describe('RandomFlip', () => {
  it('mirrors each image by itself, about half of them along each axis', () => {
    const y = new RandomFlip({ seed: 3 }).call(images);
    const kinds = [[], [0], [1], [0, 1]].map(
      (axes) =>
        Array.from({ length: 64 }, (_, i) => i).filter((i) => {
          const one = (x: Tensor): Tensor => x.slice([i, i + 1]).reshape([2, 3, 2]);
          return text(one(y)) === text(axes.reduce((x, axis) => flip(x, { axis }), one(images)));
        }).length,
    );
    expect(kinds.reduce((sum, count) => sum + count)).toBe(64);
    for (const count of kinds) expect(count).toBeGreaterThan(4);
  });

  it('repeats with its seed or a generator that is given, and takes one image', () => {
    const run = () => text(new RandomFlip({ seed: 5 }).call(images));
    expect(run()).toBe(run());
    const layer = new RandomFlip({ mode: 'horizontal' });
    const drawn = () => text(layer.call(images, { generator: new Generator(9) }));
    expect(drawn()).toBe(drawn());
    expect([text(image), text(flip(image, { axis: 1 }))]).toContain(text(layer.call(image)));
  });

  it('leaves images alone in inference, and refuses other axes', () => {
    const layer = new RandomFlip();
    expect(predictMode(() => layer.call(images))).toBe(images);
    expect(() => layer.call(arange(3))).toThrow(ShapeError);
  });
});
