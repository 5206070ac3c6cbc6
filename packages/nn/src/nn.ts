/** Layers, models, losses, metrics and initializers: the namespace `nn`. */

export { type Activation as ActivationFunction, type ActivationName, activations } from './activations.js';
export type { Callback, CallbackState, Logs, RunLength, RunParameters } from './callbacks/callback.js';
export { EarlyStopping, type EarlyStoppingOptions } from './callbacks/earlyStopping.js';
export { History } from './callbacks/history.js';
export { LearningRateScheduler, ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './callbacks/learningRate.js';
export { drawCurves, LossCurve, type LossCurveOptions } from './callbacks/lossCurve.js';
export { ProgressBar, type ProgressOutput, type Verbosity } from './callbacks/progress.js';
export {
  LambdaCallback,
  type LambdaCallbackOptions,
  SwapEMAWeights,
  type SwapEMAWeightsOptions,
  TerminateOnNaN,
} from './callbacks/small.js';
export * as constraints from './constraints.js';
export * as data from './data/index.js';
export { functionalCall } from './functionalCall.js';
export * as gluon from './gluon.js';
export type { BackwardHook, ForwardHook, ForwardPreHook } from './hooks.js';
export type { Initializer, InitializerLike, InitializerName } from './initializers/index.js';
export * as initializers from './initializers/index.js';
export {
  type CheckpointParts,
  decodeCheckpoint,
  type EncodeCheckpointOptions,
  encodeCheckpoint,
} from './io/checkpoint.js';
export type { Json } from './io/json.js';
export { encodeSafetensors, parseSafetensors, type Safetensors } from './io/safetensors.js';
export * from './layers/index.js';
export * from './layers/recurrent/index.js';
export * as losses from './losses/index.js';
export { maskOf, setMask } from './masks.js';
export type { Metric, MetricName } from './metrics/index.js';
export * as metrics from './metrics/index.js';
export { Functional, type FunctionalOptions, type GraphNode, model } from './model/functional.js';
export { type CompileOptions, type EvaluateOptions, type FitOptions, Model } from './model/model.js';
export type { Data, Samples } from './model/samples.js';
export { Sequential, sequential } from './model/sequential.js';
export type { Batch, BatchSource } from './model/source.js';
export { type InputOptions, input, SymbolicTensor } from './model/symbolic.js';
export { Module } from './module.js';
export * as plots from './notebook/index.js';
export { Buffer, type BufferOptions, Parameter, type ParameterOptions } from './parameter.js';
export * as regularizers from './regularizers.js';
export { type PlotModelOptions, plotModel } from './seeing/plotModel.js';
export { type ReportOptions, report } from './seeing/report.js';
export type { LoadedState, LoadStateOptions, StateDict } from './state.js';
export * as text from './text/index.js';
export * as utils from './utils.js';
