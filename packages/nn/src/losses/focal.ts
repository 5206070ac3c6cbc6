/** What focal losses have in common (Lin et al. 2017, arXiv:1708.02002). */

import type { Tensor } from '@cotangent/autograd';

/** Below this a miss counts as this much, so that its powers have finite derivatives. */
const leastMiss = 1e-30;

/** losses · missedᵞ: those that are nearly right count little. `missed` is from 0 to 1. */
export function modulated(losses: Tensor, missed: Tensor, gamma: number): Tensor {
  return gamma === 0 ? losses : losses.mul(missed.clip(leastMiss, 1).pow(gamma));
}
