/**
 * Random tensors. Each function draws from the global generator (`manualSeed`) or from one given; inside `vmap`, once for all
 * examples or once for each, as its `randomness` says.
 */

import {
  ArgumentError,
  type Block,
  checkShape,
  defaultGenerator,
  type Generator,
  type NormalOptions,
  type Shape,
  type UniformOptions,
} from '@cotangent/kernels';
import { create, type TensorOptions } from './create.js';
import type { Mapping } from './mapping.js';
import { modes } from './modes.js';
import { checkOptions } from './options.js';
import type { Tensor } from './tensor.js';

/** Options of every random function. */
export interface RandomOptions extends TensorOptions {
  /** Where the numbers come from. @defaultValue the global generator */
  generator?: Generator;
}

const ownNames = ['dtype', 'requiresGrad', 'generator'];

/** Takes apart what goes to `create`, where the numbers come from, and what says how they are distributed. */
function split<O extends RandomOptions>(
  operation: string,
  all: O,
  names: readonly string[],
): { options: TensorOptions; generator: Generator; rest: Omit<O, keyof RandomOptions> } {
  checkOptions(operation, all, [...names, ...ownNames]);
  const { dtype, requiresGrad, generator = defaultGenerator(), ...rest } = all;
  return { options: { ...(dtype && { dtype }), ...(requiresGrad && { requiresGrad }) }, generator, rest };
}

/** Draws once; inside `vmap` as its `randomness` says. */
function draw(operation: string, shape: Shape, options: TensorOptions, write: (block: Block) => void): Tensor {
  checkShape(operation, shape);
  const different: Mapping[] = [];
  for (let { mapping } = modes; mapping !== null; mapping = mapping.outer) {
    if (mapping.randomness === 'error') {
      throw new ArgumentError(
        operation,
        'was called inside vmap, which has not been told whether examples share the numbers',
        "Pass { randomness: 'different' } or { randomness: 'same' } to vmap, or draw outside and pass the numbers in.",
      );
    }
    if (mapping.randomness === 'different') different.unshift(mapping);
  }
  const drawn = create(operation, [...different.map(({ size }) => size), ...shape], options, write);
  return different.reduce((examples, mapping) => mapping.wrap(examples, operation), drawn);
}

/**
 * Numbers drawn evenly from [low, high).
 *
 * @param options `low` (0), `high` (1), `dtype` (float32), `generator`
 * @example randomUniform([2, 3], { low: -1, high: 1 })
 */
export function randomUniform(shape: Shape, options: RandomOptions & UniformOptions = {}): Tensor {
  const { options: made, generator, rest } = split('randomUniform', options, ['low', 'high']);
  return draw('randomUniform', shape, made, (block) => generator.fillUniform(block, rest));
}

/**
 * Numbers from the normal distribution.
 *
 * @param options `mean` (0), `standardDeviation` (1), `dtype` (float32), `generator`
 * @example randomNormal([2, 3], { standardDeviation: 0.02 })
 */
export function randomNormal(shape: Shape, options: RandomOptions & NormalOptions = {}): Tensor {
  const { options: made, generator, rest } = split('randomNormal', options, ['mean', 'standardDeviation']);
  return draw('randomNormal', shape, made, (block) => generator.fillNormal(block, rest));
}

/**
 * Whole numbers from low to high − 1, each equally likely.
 *
 * @param options `low` (0), `high`, `dtype` (int32), `generator`
 * @example randomIntegers([10], { high: 6 })
 */
export function randomIntegers(shape: Shape, options: RandomOptions & { low?: number; high: number }): Tensor {
  const { options: made, generator, rest } = split('randomIntegers', options, ['low', 'high']);
  return draw('randomIntegers', shape, { dtype: 'int32', ...made }, (block) =>
    generator.fillIntegers(block, { low: 0, ...rest }),
  );
}

/**
 * Numbers from the normal distribution, at most two standard deviations from the mean.
 *
 * @param options as `randomNormal`; the result's own deviation is 0.88 times `standardDeviation`
 * @example
 * randomTruncatedNormal([1000], { generator: new Generator(1) }).abs().max().lessEqual(2); // → true
 */
export function randomTruncatedNormal(shape: Shape, options: RandomOptions & NormalOptions = {}): Tensor {
  const { options: made, generator, rest } = split('randomTruncatedNormal', options, ['mean', 'standardDeviation']);
  return draw('randomTruncatedNormal', shape, made, (block) => generator.fillTruncatedNormal(block, rest));
}

/** Bools that are true with probability 1 − rate, from the numbers that `randomUniform` would give in float32. Not exported. */
export function randomMask(
  operation: string,
  shape: Shape,
  rate: number,
  generator: Generator = defaultGenerator(),
): Tensor {
  return draw(operation, shape, { dtype: 'bool' }, (block) => generator.fillMask(block, rate));
}
