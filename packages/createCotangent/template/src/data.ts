import { Generator, randomNormal, randomUniform, type Tensor, tensor } from 'cotangent';

/** Points and their labels. */
export interface Samples {
  /** float32 [count, 2] */
  readonly x: Tensor;
  /** int32 [count], 0 or 1 */
  readonly y: Tensor;
}

/** Two half circles, one in the other, with some noise: no line separates them. */
export function twoMoons(count: number, seed: number): Samples {
  const generator = new Generator(seed);
  const angles = randomUniform([count], { generator }).toTypedArray();
  const noise = randomNormal([count, 2], { generator }).mul(0.1);
  const points = Array.from(angles, (turn, i) => {
    const angle = Math.PI * turn;
    return i % 2 === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
  });
  return {
    x: tensor(points).add(noise),
    y: tensor(
      points.map((_, i) => i % 2),
      { dtype: 'int32' },
    ),
  };
}
