/** @cotangent/autograd: tensors, the tape, every primitive with its derivative, and the transforms. */

import './methods.js';

export { isTensor, type NestedArray, Tensor } from './tensor.js';
export {
  arange,
  eye,
  fromTypedArray,
  full,
  linspace,
  ones,
  onesLike,
  type TensorData,
  type TensorOptions,
  tensor,
  zeros,
  zerosLike,
} from './create.js';
export { randomIntegers, randomNormal, type RandomOptions, randomTruncatedNormal, randomUniform } from './random.js';

// Functions of tensors
export {
  abs,
  add,
  cast,
  clip,
  copysign,
  fmax,
  fmin,
  logicalXor,
  divide,
  equal,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  multiply,
  negative,
  notEqual,
  power,
  reciprocal,
  relu,
  sigmoid,
  sign,
  sqrt,
  square,
  subtract,
  tanh,
  where,
} from './functions/elementwise.js';
export type { Operand } from './functions/operands.js';
export {
  type ArgOptions,
  argmax,
  argmin,
  max,
  mean,
  min,
  type ReduceOptions,
  sum,
  sumTo,
} from './functions/reductions.js';
export {
  broadcastTo,
  concat,
  expandDims,
  fullView,
  oneHot,
  permute,
  type Range,
  reshape,
  slice,
  squeeze,
  stack,
  swapAxes,
  take,
} from './functions/shape.js';
export { type AttentionOptions, scaledDotProductAttention } from './functions/attention.js';
export { type DropoutOptions, dropout } from './functions/dropout.js';
export { type ClipByNormOptions, clipByGlobalNorm, clipByNorm, clipByValue } from './functions/clipping.js';
export { type DenseFunctionOptions, dense } from './functions/dense.js';
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  cos,
  cosh,
  erf,
  erfc,
  exp2,
  expm1,
  hypot,
  log10,
  log1p,
  log2,
  logaddexp,
  rsqrt,
  sin,
  sinh,
  tan,
  xlogy,
} from './functions/elementary.js';
export {
  celu,
  elu,
  gelu,
  glu,
  hardShrink,
  hardSigmoid,
  hardSilu,
  hardTanh,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  relu6,
  selu,
  silu,
  softShrink,
  softmin,
  softplus,
  softsign,
  sparsePlus,
  sparseSigmoid,
  sparsemax,
  squareplus,
  tanhShrink,
  threshold,
  type EluOptions,
  type GeluOptions,
} from './functions/activations.js';
export {
  allclose,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  ceil,
  floor,
  floorDivide,
  fmod,
  heaviside,
  isclose,
  isfinite,
  isinf,
  isnan,
  leftShift,
  nanToNum,
  remainder,
  rightShift,
  round,
  trunc,
  type CloseOptions,
  type NanToNumOptions,
} from './functions/rounding.js';
export { matmul } from './functions/products.js';
export {
  type GRUFunctionOptions,
  gru,
  type LSTMFunctionOptions,
  type LSTMResult,
  lstm,
  type RecurrentOptions,
  type RecurrentResult,
  type RNNFunctionOptions,
  simpleRNN,
} from './functions/recurrent.js';
export { logSoftmax, type SoftmaxOptions, softmax, softmaxCrossEntropy } from './functions/softmax.js';
export { meanSquaredDifference } from './functions/squaredError.js';
export {
  type ConvolutionEndingOptions,
  type ConvolutionOptions,
  type DepthwiseConvolutionOptions,
  type ConvolutionTransposeOptions,
  conv,
  conv1d,
  conv2d,
  conv3d,
  convTranspose,
  depthwiseConv,
  separableConv,
} from './functions/convolution.js';
export {
  type AveragePoolOptions,
  adaptiveAveragePool,
  adaptiveMaxPool,
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
  type PoolFormatOptions,
} from './functions/pooling.js';
export { type ResizeMethod, type ResizeOptions, resize } from './functions/resize.js';
export type { DataFormat, Padding, PerAxis, WindowOptions } from './functions/windows.js';
export { cummax, cummin, cumprod, cumsum, logCumSumExp, type ScanOptions } from './functions/scan.js';
export {
  type AlongAxisOptions,
  argsort,
  type SortOptions,
  scatterAlongAxis,
  sort,
  type TopKOptions,
  takeAlongAxis,
  topK,
} from './functions/sorting.js';
export {
  type AverageOptions,
  all,
  any,
  average,
  countNonzero,
  logSumExp,
  median,
  moments,
  type NormOptions,
  nanmax,
  nanmean,
  nanmin,
  nansum,
  norm,
  prod,
  ptp,
  type QuantileOptions,
  quantile,
  std,
  type VarianceOptions,
  variance,
} from './functions/statistics.js';
export {
  batchNorm,
  type ChannelNormalizationOptions,
  groupNorm,
  instanceNorm,
  layerNorm,
  type NormalizationOptions,
  channelMoments,
  normalize,
  rmsNorm,
} from './functions/normalization.js';
export {
  moveAxis,
  flip,
  roll,
  tile,
  repeat,
  split,
  unstack,
  pad,
  tril,
  triu,
  diagonal,
  trace,
  diag,
  meshgrid,
  embedding,
  gatherNd,
  nonzero,
  booleanMask,
  type AxesOptions,
  type PadMode,
  type PadOptions,
  type DiagonalOptions,
} from './functions/rearrange.js';
export {
  vdot,
  dot,
  inner,
  outer,
  tensordot,
  kron,
  cross,
} from './functions/contractions.js';
export { einsum } from './functions/einsum.js';
export { assign, detach, stopGradient } from './functions/memory.js';

// Differentiation
export { type BackwardOptions, backward } from './backward.js';
export {
  enableGrad,
  inferenceMode,
  isRecording,
  isTraining,
  noGrad,
  pause,
  predictMode,
  type RecordOptions,
  record,
  trainMode,
} from './modes.js';
export { AnomalyError, type DetectAnomalyOptions, detectAnomaly, whereabouts } from './anomaly.js';
export { type Phase, Profile, type ProfileEvent, type ProfileOptions, type ProfileRow, profile } from './profile.js';
export { type HookHandle, registerHook, retainGrad } from './functions/hooks.js';
export { type CheckpointOptions, checkpoint } from './transforms/checkpoint.js';
export { type CustomJvp, type CustomVjp, customGrad, customJvp, customVjp } from './transforms/custom.js';
export { type GradientOf, type GradOptions, grad, valueAndGrad } from './transforms/grad.js';
export {
  hessian,
  type HessianOf,
  hvp,
  jacfwd,
  type JacobianOf,
  type JacobianOptions,
  jacrev,
} from './transforms/jacobian.js';
export { jvp } from './transforms/jvp.js';
export { linearize, type Pullback, type VjpOptions, vjp } from './transforms/vjp.js';
export type { Randomness } from './mapping.js';
export { type Axes, type VmapOptions, vmap } from './transforms/vmap.js';
export { scope } from './scope.js';
export { type Gradient, type HoldsParameters, type MapTree, mapTree, treeLeaves } from './trees.js';
export { GradientError, ReleasedTensorError } from './errors.js';

// For those who add a primitive
export {
  apply,
  type BatchCall,
  type BatchRule,
  type Domain,
  type Env,
  type Keeps,
  Primitive,
  type PrimitiveSpec,
  type Promotion,
  primitive,
  variadic,
} from './primitive.js';
export type { Tracer } from './tracer.js';
export { elementwise, linear, pairwise } from './families.js';
export { axesBatch, axisBatch, elementwiseBatch, leadingBatch } from './batching.js';
export { identity } from './primitives/reshape.js';
export { allNumbers } from './tensor.js';
export { giveValue, persistent, update } from './update.js';
