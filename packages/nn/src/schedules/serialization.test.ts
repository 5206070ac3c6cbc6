import { ArgumentError } from '@cotangent/kernels';
import { expectThrown, fixture } from '../../fixtures/testing.js';
import {
  ChainedSchedule,
  deserialize,
  LambdaSchedule,
  LearningRateSchedule,
  ReduceOnPlateau,
  SequentialSchedule,
  type SerializedSchedule,
  StepDecay,
  serialize,
  Warmup,
} from './index.js';

const decay = new StepDecay({ initialLearningRate: 0.1, stepSize: 30 });

describe('serialize() and deserialize()', () => {
  const cases = fixture<{ name: string; schedule: SerializedSchedule; rates: number[] }>('schedules');

  it.each(cases)('$name: comes back from JSON as it was', ({ schedule, rates }) => {
    const first = deserialize(schedule);
    const second = deserialize(JSON.parse(JSON.stringify(serialize(first))));
    expect(second).toBeInstanceOf(first.constructor);
    expect(serialize(second)).toEqual(serialize(first));
    expect(rates.map((_, t) => second.at(t))).toEqual(rates.map((_, t) => first.at(t)));
  });

  it('write down every option, those by default too', () => {
    expect(serialize(new SequentialSchedule({ schedules: [0.5, decay], milestones: [10] }))).toEqual({
      className: 'SequentialSchedule',
      config: {
        schedules: [
          0.5,
          {
            className: 'StepDecay',
            config: { initialLearningRate: 0.1, stepSize: 30, gamma: 0.1, minLearningRate: 0 },
          },
        ],
        milestones: [10],
      },
    });
  });

  it('know every class that can be written down by its name', () => {
    const plateau = new ReduceOnPlateau({ initialLearningRate: 1 });
    expect(deserialize(serialize(plateau))).toEqual(plateau);
  });

  it('take classes of your own, also inside others', () => {
    class Falling extends LearningRateSchedule {
      readonly name: string = 'Falling';
      constructor(readonly config: { from: number }) {
        super();
      }
      protected override rateAt(step: number): number {
        return Math.max(0, this.config.from - step);
      }
    }
    const written = serialize(new Warmup({ schedule: new Falling({ from: 9 }), warmupSteps: 3 }));
    expect(deserialize(written, { Falling }).at(5)).toBe(7);
    expect(() => deserialize(written)).toThrow("got className 'Falling'");
  });

  it.each<[string, () => unknown, string]>([
    [
      'a function inside',
      () => serialize(new LambdaSchedule({ initialLearningRate: 1, factor: Math.cos })),
      'serialize: got the function cos; expected a LearningRateSchedule. Use a class of optim.schedules, or extend LearningRateSchedule.',
    ],
    [
      'an object of your own inside',
      () => serialize(new ChainedSchedule({ schedules: [decay, { at: () => 1 }] })),
      'serialize: got an object; expected a LearningRateSchedule. Use a class of optim.schedules, or extend LearningRateSchedule.',
    ],
    [
      'a number',
      () => serialize(0.1 as never),
      'serialize: got 0.1; expected a LearningRateSchedule. Use a class of optim.schedules, or extend LearningRateSchedule.',
    ],
    [
      'a name alone',
      () => deserialize('StepDecay' as never),
      "deserialize: got 'StepDecay'; expected { className, config }, as serialize() gives it",
    ],
    [
      'an unknown name',
      () => deserialize({ className: 'toString', config: {} }),
      "deserialize: got className 'toString'; expected one of ChainedSchedule, CosineDecay, CosineDecayRestarts, Cyclic, ExponentialDecay, InverseTimeDecay, MultiStepDecay, OneCycle, PiecewiseConstantDecay, PolynomialDecay, ReduceOnPlateau, SequentialSchedule, StepDecay, Warmup. Pass a class of your own as deserialize(serialized, { className: Class }).",
    ],
    [
      'options that the class refuses',
      () => deserialize({ className: 'StepDecay', config: { initialLearningRate: 1, stepSize: 0 } }),
      'StepDecay: got stepSize 0; expected a finite number above 0',
    ],
  ])('refuse %s', (_, f, message) => {
    expectThrown(f, ArgumentError, message);
  });
});
