/** The activations that a product of a layer may end with in the same pass: what they are, and what flows back through them. */

import type { FusedActivation } from '@cotangent/kernels';
import { apply, type Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { reluBackward, sigmoidBackward, tanhBackward } from './activation.js';

/** An activation as a function, and the row of what flows back through it, from its result. */
export interface Activation {
  readonly name: FusedActivation;
  activate(z: Tensor): Tensor;
  readonly backward: Primitive<undefined>;
}

export const relu: Activation = { name: 'relu', activate: (z) => z.relu(), backward: reluBackward };
export const tanh: Activation = { name: 'tanh', activate: (z) => z.tanh(), backward: tanhBackward };
export const sigmoid: Activation = { name: 'sigmoid', activate: (z) => z.sigmoid(), backward: sigmoidBackward };

/** v times the derivative of the activation, which is computed from its result; v itself where there is none. */
export const through = (activation: Activation | null, v: Tensor, out: Tensor): Tensor =>
  activation === null ? v : apply(activation.backward, [v, out], undefined);
