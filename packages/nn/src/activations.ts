/** Activation functions by name (https://keras.io/api/layers/activations/). */

import type { Tensor } from '@cotangent/autograd';
import * as functions from '@cotangent/autograd';
import { named } from './options.js';

/** A function applied to a layer's output. */
export type Activation = (x: Tensor) => Tensor;

const byName: Readonly<Record<ActivationName, Activation>> = {
  /** x */
  linear: (x: Tensor): Tensor => x,
  /** max(x, 0) */
  relu: (x: Tensor): Tensor => x.relu(),
  /** max(x, 0) held below 6 */
  relu6: (x: Tensor): Tensor => functions.relu6(x),
  /** x above 0, 0.2 x below (Keras; `nn.LeakyReLU` takes other slopes) */
  leakyRelu: (x: Tensor): Tensor => functions.leakyRelu(x),
  /** x above 0, eˣ − 1 below */
  elu: (x: Tensor): Tensor => functions.elu(x),
  /** max(x, 0) + min(0, eˣ − 1) */
  celu: (x: Tensor): Tensor => functions.celu(x),
  /** 1.0507 · elu(x, 1.6733): keeps means at 0 and variances at 1 */
  selu: (x: Tensor): Tensor => functions.selu(x),
  /** x Φ(x), exactly */
  gelu: (x: Tensor): Tensor => functions.gelu(x),
  /** x σ(x) */
  silu: (x: Tensor): Tensor => functions.silu(x),
  /** x σ(x), the other name of silu */
  swish: (x: Tensor): Tensor => functions.silu(x),
  /** x tanh(ln(1 + eˣ)) */
  mish: (x: Tensor): Tensor => functions.mish(x),
  /** The first half of the last axis times σ of the second */
  glu: (x: Tensor): Tensor => functions.glu(x),
  /** 1 / (1 + e⁻ˣ) */
  sigmoid: (x: Tensor): Tensor => x.sigmoid(),
  /** ln σ(x) */
  logSigmoid: (x: Tensor): Tensor => functions.logSigmoid(x),
  /** tanh x */
  tanh: (x: Tensor): Tensor => x.tanh(),
  /** eˣ / Σ eˣ along the last axis */
  softmax: (x: Tensor): Tensor => x.softmax(),
  /** ln softmax along the last axis */
  logSoftmax: (x: Tensor): Tensor => x.logSoftmax(),
  /** The nearest point of the simplex along the last axis */
  sparsemax: (x: Tensor): Tensor => functions.sparsemax(x),
  /** eˣ */
  exponential: (x: Tensor): Tensor => x.exp(),
  /** ln(1 + eˣ) */
  softplus: (x: Tensor): Tensor => functions.softplus(x),
  /** x / (1 + |x|) */
  softsign: (x: Tensor): Tensor => functions.softsign(x),
  /** (x + √(x² + 4)) / 2 */
  squareplus: (x: Tensor): Tensor => functions.squareplus(x),
  /** 0 to −1, x from 1, a parabola between */
  sparsePlus: (x: Tensor): Tensor => functions.sparsePlus(x),
  /** 0 to −1, 1 from 1, straight between */
  sparseSigmoid: (x: Tensor): Tensor => functions.sparseSigmoid(x),
  /** relu6(x + 3) / 6 */
  hardSigmoid: (x: Tensor): Tensor => functions.hardSigmoid(x),
  /** x held between −1 and 1 */
  hardTanh: (x: Tensor): Tensor => functions.hardTanh(x),
  /** x · hardSigmoid(x) */
  hardSilu: (x: Tensor): Tensor => functions.hardSilu(x),
  /** x · hardSigmoid(x), the other name of hardSilu */
  hardSwish: (x: Tensor): Tensor => functions.hardSilu(x),
  /** x beyond ±½, else 0 */
  hardShrink: (x: Tensor): Tensor => functions.hardShrink(x),
  /** x brought ½ nearer to 0, and 0 within */
  softShrink: (x: Tensor): Tensor => functions.softShrink(x),
  /** x − tanh x */
  tanhShrink: (x: Tensor): Tensor => functions.tanhShrink(x),
};

/** Names of the activations. */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'elu'
  | 'celu'
  | 'selu'
  | 'gelu'
  | 'silu'
  | 'swish'
  | 'mish'
  | 'glu'
  | 'sigmoid'
  | 'logSigmoid'
  | 'tanh'
  | 'softmax'
  | 'logSoftmax'
  | 'sparsemax'
  | 'exponential'
  | 'softplus'
  | 'softsign'
  | 'squareplus'
  | 'sparsePlus'
  | 'sparseSigmoid'
  | 'hardSigmoid'
  | 'hardTanh'
  | 'hardSilu'
  | 'hardSwish'
  | 'hardShrink'
  | 'softShrink'
  | 'tanhShrink';

/**
 * Any activation by name.
 *
 * @example
 * nn.activations.relu(tensor([-1, 2])); // → [0, 2]
 */
export const activations: Readonly<Record<ActivationName, Activation>> = byName;

/** The activations that `dense` applies while the product is still in registers, by the functions that they are. */
export const fusedActivations: ReadonlyMap<Activation, 'linear' | 'relu' | 'tanh' | 'sigmoid'> = new Map(
  (['linear', 'relu', 'tanh', 'sigmoid'] as const).map((name) => [byName[name], name]),
);

/** The activation meant by a name, or the function given. @throws ArgumentError for an unknown name */
export function resolveActivation(operation: string, given: ActivationName | Activation): Activation {
  if (typeof given === 'function') return given;
  return named(operation, 'activation', given, byName, 'or a function');
}
