/** Every loss beside PyTorch, or beside PyTorch's evaluation of the formulas of Keras and Gluon. */

import { grad, type NestedArray, type Tensor } from '@cotangent/autograd';
import { expectNear, fixture, float64 } from '../../fixtures/testing.js';
import * as losses from './index.js';

interface LossCase {
  readonly name: string;
  readonly loss: keyof typeof losses;
  readonly options: object;
  /** Options that are tensors. */
  readonly tensors: Readonly<Record<string, NestedArray>>;
  readonly inputs: readonly NestedArray[];
  readonly perSample: NestedArray;
  /** Where it is not that of perSample. */
  readonly mean?: number;
  /** Of the mean, for each input; null where there is none. */
  readonly gradients: readonly (NestedArray | null)[];
}

describe('in float64, value and gradient of', () => {
  it.each(fixture<LossCase>('lossFamilies').map((c) => [c.name, c] as const))('nn.losses.%s', (_, reference) => {
    const tensors = Object.fromEntries(Object.entries(reference.tensors).map(([name, x]) => [name, float64(x)]));
    const options = { ...reference.options, ...tensors };
    const loss = losses[reference.loss] as (...given: unknown[]) => Tensor;
    const inputs = reference.inputs.map(float64);
    const each = loss(...inputs, { ...options, reduction: 'none' });
    expectNear(each, reference.perSample);
    const mean = loss(...inputs, options);
    expectNear(mean, reference.mean ?? each.mean().item());
    for (const [i, gradient] of reference.gradients.entries()) {
      if (gradient !== null)
        expectNear(grad((...x: Tensor[]) => loss(...x, options), { argnums: i })(...inputs), gradient);
    }
  });
});
