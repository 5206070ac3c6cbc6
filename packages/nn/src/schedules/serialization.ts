/** Schedules as plain data, to be written to files. */

import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { ChainedSchedule, SequentialSchedule, Warmup } from './combined.js';
import { CosineDecay, CosineDecayRestarts } from './cosine.js';
import { Cyclic, OneCycle } from './cycles.js';
import { ExponentialDecay, InverseTimeDecay, PolynomialDecay } from './decay.js';
import { MultiStepDecay, PiecewiseConstantDecay, StepDecay } from './piecewise.js';
import { ReduceOnPlateau } from './plateau.js';
import { LearningRateSchedule } from './schedule.js';

/** A schedule as plain data: numbers, text, arrays and objects of them. */
export interface SerializedSchedule {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Makes a schedule from its options. */
export type ScheduleClass = new (config: never) => LearningRateSchedule;

const classes: Readonly<Record<string, ScheduleClass>> = {
  ChainedSchedule,
  CosineDecay,
  CosineDecayRestarts,
  Cyclic,
  ExponentialDecay,
  InverseTimeDecay,
  MultiStepDecay,
  OneCycle,
  PiecewiseConstantDecay,
  PolynomialDecay,
  ReduceOnPlateau,
  SequentialSchedule,
  StepDecay,
  Warmup,
};

/**
 * A schedule, and those it is made of, as plain data that JSON takes.
 *
 * @throws ArgumentError when a function or an object of another kind is part of it
 * @see https://keras.io/api/optimizers/learning_rate_schedules/
 * @example
 * const decay = new optim.schedules.StepDecay({ initialLearningRate: 0.1, stepSize: 30 });
 * const text = JSON.stringify(optim.schedules.serialize(decay));
 * optim.schedules.deserialize(JSON.parse(text)).at(30); // → 0.01
 */
export function serialize(schedule: LearningRateSchedule): SerializedSchedule {
  if (!(schedule instanceof LearningRateSchedule)) {
    throw new ArgumentError(
      'serialize',
      `got ${shown(schedule)}; expected a LearningRateSchedule`,
      'Use a class of optim.schedules, or extend LearningRateSchedule.',
    );
  }
  const config = Object.entries(schedule.config).map(([option, value]) => [option, plain(value)] as const);
  return { className: schedule.name, config: Object.fromEntries(config) };
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'function' || (typeof value === 'object' && value !== null))
    return serialize(value as LearningRateSchedule);
  return value;
}

/**
 * The schedule that `serialize` was given.
 *
 * @param custom classes of your own, by the `name` of their schedules
 * @throws ArgumentError for a class that is not known, or options that the class refuses
 * @example
 * const { schedules } = optim;
 * const text = JSON.stringify(schedules.serialize(new schedules.StepDecay({ initialLearningRate: 0.1, stepSize: 30 })));
 * schedules.deserialize(JSON.parse(text)).at(30); // → 0.01
 */
export function deserialize(
  serialized: SerializedSchedule,
  custom: Readonly<Record<string, ScheduleClass>> = {},
): LearningRateSchedule {
  if (!isSerialized(serialized)) {
    throw new ArgumentError(
      'deserialize',
      `got ${shown(serialized)}; expected { className, config }, as serialize() gives it`,
    );
  }
  const { className, config } = serialized;
  const known = { ...classes, ...custom };
  if (!Object.hasOwn(known, className)) {
    throw new ArgumentError(
      'deserialize',
      `got className ${shown(className)}; expected one of ${Object.keys(known).join(', ')}`,
      'Pass a class of your own as deserialize(serialized, { className: Class }).',
    );
  }
  const options = Object.entries(config).map(([option, value]) => [option, revived(value, custom)] as const);
  return new known[className]!(Object.fromEntries(options) as never);
}

function revived(value: unknown, custom: Readonly<Record<string, ScheduleClass>>): unknown {
  if (Array.isArray(value)) return value.map((element) => revived(element, custom));
  return isSerialized(value) ? deserialize(value, custom) : value;
}

function isSerialized(value: unknown): value is SerializedSchedule {
  return typeof value === 'object' && value !== null && 'className' in value && 'config' in value;
}
