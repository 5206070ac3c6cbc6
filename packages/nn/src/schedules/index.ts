/**
 * Learning rates that change from step to step: Keras's formulas and defaults where Keras has the schedule, else PyTorch's.
 * t is the step, from 0; η₀ the initial learning rate.
 */

export {
  ChainedSchedule,
  type ChainedScheduleOptions,
  LambdaSchedule,
  type LambdaScheduleOptions,
  SequentialSchedule,
  type SequentialScheduleOptions,
  Warmup,
  type WarmupOptions,
} from './combined.js';
export {
  CosineDecay,
  type CosineDecayOptions,
  CosineDecayRestarts,
  type CosineDecayRestartsOptions,
} from './cosine.js';
export { Cyclic, type CyclicOptions, OneCycle, type OneCycleOptions } from './cycles.js';
export {
  ExponentialDecay,
  InverseTimeDecay,
  PolynomialDecay,
  type PolynomialDecayOptions,
  type RateDecayOptions,
} from './decay.js';
export {
  MultiStepDecay,
  type MultiStepDecayOptions,
  PiecewiseConstantDecay,
  type PiecewiseConstantDecayOptions,
  StepDecay,
  type StepDecayOptions,
} from './piecewise.js';
export { type PlateauState, ReduceOnPlateau, type ReduceOnPlateauOptions } from './plateau.js';
export { LearningRateSchedule, type Schedule, type ScheduleLike } from './schedule.js';
export { deserialize, type ScheduleClass, type SerializedSchedule, serialize } from './serialization.js';
