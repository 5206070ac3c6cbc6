/** Layers, models, losses, metrics and initializers: the namespace `nn`. */

export { type Activation as ActivationFunction, type ActivationName, activations } from './activations.js';
export type { Callback, Logs, RunParameters } from './callbacks/callback.js';
export { History } from './callbacks/history.js';
export { ProgressBar, type ProgressOutput, type Verbosity } from './callbacks/progress.js';
export { parseIdx } from './data/idx.js';
export { functionalCall } from './functionalCall.js';
export type { BackwardHook, ForwardHook, ForwardPreHook } from './hooks.js';
export {
  Constant,
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  type Initializer,
  type InitializerLike,
  type InitializerName,
  RandomNormal,
  RandomUniform,
  VarianceScaling,
  type VarianceScalingOptions,
} from './initializers.js';
export { Activation, Dropout, type DropoutOptions, Flatten, ReLU, Softmax } from './layers/core.js';
export { Dense, type DenseOptions } from './layers/dense.js';
export { Layer, type LayerOptions } from './layers/layer.js';
export * as losses from './losses/index.js';
export {
  BinaryAccuracy,
  CategoricalAccuracy,
  type Metric,
  type MetricName,
  SparseCategoricalAccuracy,
} from './metrics/accuracy.js';
export type { Data } from './model/batches.js';
export { type CompileOptions, type EvaluateOptions, type FitOptions, Model } from './model/model.js';
export { Sequential, sequential } from './model/sequential.js';
export { Module, Parameter, type ParameterOptions } from './module.js';
