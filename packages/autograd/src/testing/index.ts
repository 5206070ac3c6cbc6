/** Tools for checking gradients: a checker, arbitraries of tensors and of whole programs, the laws that derivatives keep, a matcher. Needs fast-check. */

import '../methods.js';

export {
  axesOf,
  broadcastablePairs,
  extents,
  narrowed,
  shapes,
  smoothTensors,
  type TensorsOptions,
  tensors,
} from './arbitraries.js';
export { type CheckGradsOptions, checkGrads, GradientCheckError, type WorstElement } from './checkGrads.js';
export { type Expression, expressionOperations, expressions } from './expressions.js';
export {
  direction,
  expectClose,
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  type TensorFunction,
} from './laws.js';
export { tensorMatchers } from './matcher.js';
