/** Activation functions by name (https://keras.io/api/layers/activations/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { shown } from './options.js';

/** A function applied to a layer's output. */
export type Activation = (x: Tensor) => Tensor;

/** Names of the activations. */
export type ActivationName = 'linear' | 'relu' | 'tanh' | 'sigmoid' | 'softmax' | 'logSoftmax' | 'exponential';

const byName: Readonly<Record<ActivationName, Activation>> = {
  /** x */
  linear: (x: Tensor): Tensor => x,
  /** max(x, 0) */
  relu: (x: Tensor): Tensor => x.relu(),
  /** tanh x */
  tanh: (x: Tensor): Tensor => x.tanh(),
  /** 1 / (1 + e⁻ˣ) */
  sigmoid: (x: Tensor): Tensor => x.sigmoid(),
  /** eˣ / Σ eˣ along the last axis */
  softmax: (x: Tensor): Tensor => x.softmax(),
  /** ln softmax along the last axis */
  logSoftmax: (x: Tensor): Tensor => x.logSoftmax(),
  /** eˣ */
  exponential: (x: Tensor): Tensor => x.exp(),
};

/** Any activation by name. @example nn.activations.relu(x) */
export const activations: Readonly<Record<ActivationName, Activation>> = byName;

/** The activations that `dense` applies while the product is still in registers, by the functions that they are. */
export const fusedActivations: ReadonlyMap<Activation, 'linear' | 'relu' | 'tanh' | 'sigmoid'> = new Map(
  (['linear', 'relu', 'tanh', 'sigmoid'] as const).map((name) => [byName[name], name]),
);

/** The activation meant by a name, or the function given. @throws ArgumentError for an unknown name */
export function resolveActivation(operation: string, given: ActivationName | Activation): Activation {
  if (typeof given === 'function') return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given];
  throw new ArgumentError(
    operation,
    `got activation ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or a function`,
  );
}
