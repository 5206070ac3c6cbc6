/**
 * Numbers in memory. Dtypes, shapes, the heap and the loops that run over them; nothing of gradients.
 *
 * @module @cotangent/kernels
 */

// Numbers and their memory
export {
  bytesPerElement,
  createArray,
  type DType,
  dtypeOfArray,
  dtypes,
  floatingDType,
  isDType,
  isFloating,
  promoteDTypes,
  type TypedArray,
} from './dtype.js';
export {
  broadcastShapes,
  checkList,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  reducedShape,
  resolveReshape,
  type Shape,
  shapesEqual,
  sizeOf,
} from './shape.js';
export {
  contiguousStrides,
  expandLayout,
  isContiguous,
  type Layout,
  permuteLayout,
  reshapeLayout,
  sliceLayout,
  type Strides,
} from './layout.js';
export { Block, copyOut, Form, newBlock } from './block.js';
export {
  configureHeap,
  type HeapOptions,
  type HeapStats,
  heapMemory,
  heapStats,
  resetHeapStats,
} from './heap/heap.js';
export { Storage } from './heap/storage.js';
export { isDeterministic, setDeterministic } from './wasm/features.js';
export {
  ArgumentError,
  CotangentError,
  DTypeError,
  FormatError,
  IndexError,
  InternalError,
  invariant,
  type Shaped,
  ShapeError,
  extentNames,
  showShape,
} from './errors.js';

// Kernels
export type { DispatchedKernel } from './kernel.js';
export type { Kernel } from './elementwise/runs.js';
export { mapBinary, mapUnary } from './elementwise/runs.js';
export {
  abs,
  add,
  cbrt,
  divide,
  hypot,
  maximum,
  minimum,
  multiply,
  negative,
  power,
  reciprocal,
  rsqrt,
  sign,
  sqrt,
  square,
  squareBackward,
  subtract,
} from './elementwise/arithmetic.js';
export { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, leftShift, rightShift } from './elementwise/bits.js';
export {
  equal,
  greater,
  greaterEqual,
  isfinite,
  isinf,
  isnan,
  less,
  lessEqual,
  notEqual,
} from './elementwise/comparison.js';
export { ceil, floor, floorDivide, fmod, remainder, round, trunc } from './elementwise/rounding.js';
export { exp, exp2, expm1, log, log1p, log2, log10, logaddexp, xlogy } from './elementwise/exponential.js';
export { acos, asin, atan, atan2, cos, sin, tan } from './elementwise/trigonometric.js';
export { acosh, asinh, atanh, cosh, sinh } from './elementwise/hyperbolic.js';
export { erf, erfc } from './elementwise/errorFunction.js';
export {
  type AlphaAttributes,
  elu,
  eluSlope,
  gelu,
  geluBackward,
  geluTanh,
  geluTanhBackward,
  mish,
  mishBackward,
  relu,
  reluBackward,
  sigmoid,
  sigmoidBackward,
  silu,
  siluBackward,
  softplus,
  tanh,
  tanhBackward,
} from './elementwise/activation.js';
export {
  type ClipAttributes,
  clip,
  copysign,
  type DropoutAttributes,
  dropout,
  fmax,
  fmin,
  where,
} from './elementwise/select.js';
export type { ReduceAttributes } from './reduce/axes.js';
export { mean, sum } from './reduce/sum.js';
export { argmax, argmin, max, min } from './reduce/extremum.js';
export { logSumExp } from './reduce/logSumExp.js';
export { matmul } from './matmul/plain.js';
export { type DenseAttributes, dense } from './fused/dense.js';
export type { FusedActivation } from './fused/ending.js';
export { cast } from './move/cast.js';
export { copy, copyInto, fill, loosen, withContiguous } from './move/copy.js';
export {
  type ConvolutionAttributes,
  type ConvolutionEnding,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from './conv/convolution.js';
export { outputExtent, type Triple, type WindowAttributes } from './conv/geometry.js';
export {
  maxPool,
  maxPoolGather,
  maxPoolScatter,
  type PoolingAttributes,
  sumPool,
  sumPoolTranspose,
} from './conv/pooling.js';
export { concat, placeSlice, type SliceAttributes } from './move/concat.js';
export { type AlongAxisAttributes, gather, gatherAlong, scatterAdd, scatterAlong } from './move/gather.js';
export { argsort, type SortAttributes } from './scan/argsort.js';
export { cumargmax, cumargmin, cumsum, recurrence, type ScanAttributes } from './scan/scan.js';
export {
  type AffineNormalizeAttributes,
  type AffineNormalizePull,
  affineNormalize,
  affineNormalizeBackward,
  columnMoments,
} from './fused/affineNormalize.js';
export {
  type RmsNormalizeAttributes,
  type RmsNormalizePull,
  rmsNormalize,
  rmsNormalizeBackward,
} from './fused/rmsNormalize.js';
export { type NormalizeAttributes, normalize, normalizeBackward } from './fused/normalize.js';
export { type AxisAttributes, logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './fused/softmax.js';
export { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './fused/crossEntropy.js';
export {
  type AttentionAttributes,
  type AttentionPullAttributes,
  attention,
  attentionBackward,
} from './fused/attention.js';
export type { RecurrentPullAttributes } from './fused/recurrent/engine.js';
export { gru, gruBackward, gruParts } from './fused/recurrent/gru.js';
export { lstm, lstmBackward, lstmParts } from './fused/recurrent/lstm.js';
export { rnnParts, simpleRNN, simpleRNNBackward } from './fused/recurrent/simpleRNN.js';
export { euclideanNorm, globalNorm } from './fused/norm.js';
export { meanSquaredDifference, meanSquaredDifferenceBackward } from './fused/squaredError.js';
export {
  type AdamStep,
  adamStep,
  type MomentumStep,
  momentumStep,
  type RMSpropState,
  type RMSpropStep,
  rmspropStep,
  type SGDStep,
  type StepOptions,
  sgdStep,
} from './fused/optimizerStep.js';
export * from './fused/optimizerSteps.js';

// Randomness
export {
  defaultGenerator,
  Generator,
  type GeneratorState,
  manualSeed,
  type NormalOptions,
  type UniformOptions,
} from './random/generator.js';
