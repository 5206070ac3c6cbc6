/** Tools for checking gradients: arbitraries of tensors, and the laws that derivatives keep. Needs fast-check. */

import '../methods.js';

export { broadcastablePairs, extents, narrowed, shapes, smoothTensors } from './arbitraries.js';
export {
  direction,
  expectClose,
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  type TensorFunction,
} from './laws.js';
