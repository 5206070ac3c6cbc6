/** The models that every library trains, and the numbers that all of them start from. */

/** A model, and how its step is to be done; `libraries/` says the same in the words of each. */
export interface Workload {
  readonly name: string;
  readonly description: string;
  readonly kind: 'training' | 'inference' | 'overhead';
}

const training = (name: string, description: string): Workload => ({ name, description, kind: 'training' });
const inference = (name: string, description: string): Workload => ({ name, description, kind: 'inference' });

export const workloads: readonly Workload[] = [
  training('tiny', 'dense 8-8-1, tanh, batch 8, squared error, SGD'),
  training('mlp', 'dense 784-256-128-10, relu, batch 64, cross-entropy, Adam'),
  training('cnn', 'batch 32 of 28×28×1, conv 5×5×16, pool, conv 5×5×32, pool, dense 10, cross-entropy, Adam'),
  training('lstm', 'batch 32, 32 steps of 64, 128 units, dense 10, cross-entropy, Adam'),
  training(
    'transformer',
    'batch 16, 64 tokens of 256, width 128, 4 heads, 2 blocks (norm first, gelu), causal, cross-entropy, Adam',
  ),
  training('resnet', 'ResNet-20, batch 16 of 32×32×3, cross-entropy, SGD with momentum'),
  training('autoencoder', 'dense 784-512-64-512-784, relu, batch 128, squared error, Adam'),
  inference('mlp inference 1', 'mlp, batch 1, nothing recorded'),
  inference('mlp inference 64', 'mlp, batch 64, nothing recorded'),
  inference('cnn inference 1', 'cnn, batch 1, nothing recorded'),
  inference('cnn inference 64', 'cnn, batch 64, nothing recorded'),
  { name: 'overhead', description: '1,000 additions of 16 elements, forward and backward', kind: 'overhead' },
];

/** A number from 0 to 1 that depends on `seed` and `index` alone; training.py has the same. */
export function noise(seed: number, index: number): number {
  let h = Math.imul(index + Math.imul(seed, 1_000_003), 0x9e3779b1) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca77) >>> 0;
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

/** `size` numbers from `low` to `high`. */
export const uniform = (seed: number, size: number, low: number, high: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => low + (high - low) * noise(seed, i));

/** A kernel whose last axis is that of the outputs, as Glorot and Bengio (2010) draw it. */
export function glorot(seed: number, shape: readonly number[]): Float32Array {
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const taps = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const limit = Math.sqrt(6 / (taps * (inputs + outputs)));
  return uniform(seed, taps * inputs * outputs, -limit, limit);
}

/** `size` classes from 0 to `classes` − 1. */
export const classes = (seed: number, size: number, count: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => Math.floor(noise(seed, i) * count));
