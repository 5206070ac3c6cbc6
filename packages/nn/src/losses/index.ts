/** Losses: functions of (yTrue, yPred, options), as Keras orders them. */

export {
  type BinaryCrossentropyOptions,
  type BinaryFocalCrossentropyOptions,
  type BinaryOptions,
  binaryCrossentropy,
  binaryFocalCrossentropy,
} from './binary.js';
export type { ClassLossOptions, LabelLossOptions } from './classes.js';
export * from './classification.js';
export type { CrossentropyOptions, SmoothingOptions } from './crossentropy.js';
export { type CTCOptions, ctc } from './ctc.js';
export * from './distributions.js';
export * from './hinge.js';
export * from './metricLearning.js';
export { type LossFunction, type LossName, resolveLoss, withOptions } from './names.js';
export * from './overlap.js';
export * from './ranking.js';
export type { LossOptions, Reduction } from './reduction.js';
export * from './regression.js';
