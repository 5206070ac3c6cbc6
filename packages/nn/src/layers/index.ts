/** The layers, in the order in which Keras lists them (https://keras.io/api/layers/). */

export { Layer, type LayerOptions } from './layer.js';
export type { DTypeOption, WeightOptions } from './weights.js';
export { ActivityRegularization, Identity, Lambda, type LambdaOptions, Masking } from './core.js';
export * from './dense.js';
export * from './embedding.js';
export * from './einsumDense.js';
export * from './activation.js';
export {
  Conv1D,
  Conv2D,
  Conv3D,
  type ConvolutionLayerOptions,
  type ConvOptions,
  DepthwiseConv1D,
  DepthwiseConv2D,
  type DepthwiseConvOptions,
  SeparableConv1D,
  SeparableConv2D,
  type SeparableConvOptions,
} from './convolution.js';
export * from './transposedConvolution.js';
export * from './deformableConvolution.js';
export * from './pooling.js';
export * from './globalPooling.js';
export {
  type AffineOptions,
  GroupNormalization,
  type GroupNormalizationOptions,
  InstanceNormalization,
  LayerNormalization,
  type LayerNormalizationOptions,
  RMSNormalization,
  type RMSNormalizationOptions,
  UnitNormalization,
} from './normalization.js';
export * from './batchNormalization.js';
export * from './spectralNormalization.js';
export * from './regularization.js';
export * from './reshaping.js';
export * from './resizing.js';
export * from './merging.js';
export * from './attention/index.js';
export * from './lora.js';
export {
  CategoryEncoding,
  type CategoryEncodingOptions,
  Discretization,
  type DiscretizationOptions,
  Normalization,
  type NormalizationOptions,
  Rescaling,
} from './preprocessing/numeric.js';
export type { AdaptData, NestedTokens, Token } from './preprocessing/adapting.js';
export type { EncodingMode } from './preprocessing/encoding.js';
export { HashedCrossing, type HashedCrossingOptions, Hashing, type HashingOptions } from './preprocessing/hashing.js';
export { IntegerLookup, type LookupOptions, StringLookup } from './preprocessing/lookup.js';
export type { FillMode, FillOptions, Interpolation } from './preprocessing/affine.js';
export {
  CutMix,
  type LabelledBatch,
  type MixingOptions,
  MixUp,
  RandomBrightness,
  type RandomBrightnessOptions,
  RandomContrast,
  type RandomContrastOptions,
  RandomErasing,
  type RandomErasingOptions,
} from './preprocessing/colors.js';
export {
  CenterCrop,
  RandomCrop,
  type RandomCropOptions,
  Resizing,
  type ResizingOptions,
  type SizeOptions,
} from './preprocessing/cropping.js';
export {
  RandomRotation,
  type RandomRotationOptions,
  RandomTranslation,
  type RandomTranslationOptions,
  RandomZoom,
  type RandomZoomOptions,
} from './preprocessing/geometry.js';
export type { Factor, RandomCallOptions } from './preprocessing/images.js';
export { RandomFlip, type RandomFlipOptions } from './preprocessing/randomFlip.js';
export { TextVectorization, type TextVectorizationOptions } from './preprocessing/textVectorization.js';
export { MinMaxScaling, type MinMaxScalingOptions, Standardization } from './preprocessing/scaling.js';
