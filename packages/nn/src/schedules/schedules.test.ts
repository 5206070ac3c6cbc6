import { expectClose } from '@cotangent/autograd/testing';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown, fixture } from '../../fixtures/testing.js';
import {
  CosineDecay,
  CosineDecayRestarts,
  Cyclic,
  deserialize,
  ExponentialDecay,
  InverseTimeDecay,
  LearningRateSchedule,
  MultiStepDecay,
  OneCycle,
  PiecewiseConstantDecay,
  PolynomialDecay,
  type SerializedSchedule,
  StepDecay,
} from './index.js';
import { resolveSchedule } from './schedule.js';

interface ScheduleCase {
  readonly name: string;
  readonly schedule: SerializedSchedule;
  /** Of the steps from 0. */
  readonly rates: number[];
}

/** Rates as shares of the largest, so that small ones are looked at as closely. */
function expectRates(schedule: LearningRateSchedule, rates: readonly number[]): void {
  const peak = Math.max(...rates);
  for (const [t, rate] of rates.entries()) expectClose(schedule.at(t) / peak, rate / peak, 1e-13, `step ${t}`);
}

const rate = fc.double({ min: 1e-6, max: 10, noNaN: true });
const count = fc.integer({ min: 1, max: 50 });
const step = fc.integer({ min: 0, max: 500 });

describe('optim.schedules', () => {
  it.each(fixture<ScheduleCase>('schedules'))(
    '$name: agrees with PyTorch, or with the formula of Keras',
    (reference) => {
      expectRates(deserialize(reference.schedule), reference.rates);
    },
  );

  it.each(fixture<ScheduleCase>('schedules'))('$name: is a function of the step alone', ({ schedule, rates }) => {
    const [there, back] = [deserialize(schedule), deserialize(schedule)];
    const forwards = rates.map((_, t) => there.at(t));
    const backwards = rates.map((_, t) => back.at(rates.length - 1 - t));
    expect(backwards.reverse()).toEqual(forwards);
  });

  it('do as their examples say', () => {
    const examples: [LearningRateSchedule, number[], number[]][] = [
      [new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.96 }), [2000], [0.09216]],
      [new InverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 }), [2], [0.05]],
      [new PolynomialDecay({ initialLearningRate: 0.1, endLearningRate: 0.01, decaySteps: 1000 }), [500], [0.055]],
      [new PiecewiseConstantDecay({ boundaries: [100, 150], values: [1, 0.5, 0.1] }), [100, 101, 151], [1, 0.5, 0.1]],
      [new StepDecay({ initialLearningRate: 0.1, stepSize: 30 }), [29, 30], [0.1, 0.01]],
      [new MultiStepDecay({ initialLearningRate: 0.1, milestones: [30, 80] }), [29, 30, 80], [0.1, 0.01, 0.001]],
      [
        new CosineDecay({ initialLearningRate: 0, warmupTarget: 0.1, warmupSteps: 100, decaySteps: 1000 }),
        [50, 100, 600],
        [0.05, 0.1, 0.05],
      ],
      [
        new CosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 100 }),
        [0, 50, 100, 200],
        [0.1, 0.05, 0.1, 0.05],
      ],
      [new OneCycle({ maxLearningRate: 0.1, totalSteps: 1000 }), [0, 299], [0.004, 0.1]],
      [new Cyclic({ baseLearningRate: 0.1, maxLearningRate: 0.5, stepSizeUp: 4 }), [0, 2, 4, 8], [0.1, 0.3, 0.5, 0.1]],
    ];
    for (const [schedule, steps, rates] of examples)
      for (const [i, t] of steps.entries())
        expectClose(schedule.at(t), rates[i]!, 1e-15, `${schedule.name}, step ${t}`);
  });

  it('count steps from 0, and refuse others', () => {
    const schedule = new StepDecay({ initialLearningRate: 0.1, stepSize: 30 });
    expectThrown(
      () => schedule.at(-1),
      ArgumentError,
      'StepDecay: got step -1; expected a finite number of at least 0',
    );
    expectThrown(
      () => schedule.at(Number.NaN),
      ArgumentError,
      'StepDecay: got step NaN; expected a finite number of at least 0',
    );
  });

  it('may be one of your own', () => {
    class InverseRoot extends LearningRateSchedule {
      readonly name: string = 'InverseRoot';
      readonly config = {};
      protected override rateAt(t: number): number {
        return 0.1 / Math.sqrt(t + 1);
      }
    }
    expect(new InverseRoot().at(3)).toBe(0.05);
    expect(() => new InverseRoot().at(-1)).toThrow('InverseRoot: got step -1');
  });

  describe('hold their laws:', () => {
    it('a staircase is the curve at the last whole period', () => {
      fc.assert(
        fc.property(rate, count, rate, step, (initialLearningRate, decaySteps, decayRate, t) => {
          const options = { initialLearningRate, decaySteps, decayRate };
          for (const Class of [ExponentialDecay, InverseTimeDecay]) {
            const [curve, stairs] = [new Class(options), new Class({ ...options, staircase: true })];
            expect(stairs.at(t)).toBe(curve.at(t - (t % decaySteps)));
          }
        }),
      );
    });

    it('a step decay is a staircase, and one of milestones a stair apart', () => {
      fc.assert(
        fc.property(
          rate,
          count,
          fc.double({ min: 0.1, max: 1, noNaN: true }),
          step,
          (initialLearningRate, stepSize, gamma, t) => {
            const stairs = new StepDecay({ initialLearningRate, stepSize, gamma });
            const milestones = Array.from({ length: 500 }, (_, k) => (k + 1) * stepSize);
            expect(new MultiStepDecay({ initialLearningRate, milestones, gamma }).at(t)).toBe(stairs.at(t));
            const options = { initialLearningRate, decaySteps: stepSize, decayRate: gamma, staircase: true };
            expect(new ExponentialDecay(options).at(t)).toBe(stairs.at(t));
          },
        ),
      );
    });

    it('a boundary is the last step of the old rate, a milestone the first of the new one', () => {
      fc.assert(
        fc.property(rate, count, step, (initialLearningRate, milestone, t) => {
          const values = [initialLearningRate, initialLearningRate * 0.1];
          const schedule = new MultiStepDecay({ initialLearningRate, milestones: [milestone + 1] });
          expect(new PiecewiseConstantDecay({ boundaries: [milestone], values }).at(t)).toBe(schedule.at(t));
        }),
      );
    });

    it('decays go from the first rate to the last and stay there', () => {
      fc.assert(
        fc.property(rate, rate, count, count, rate, (first, last, decaySteps, after, power) => {
          const schedule = new PolynomialDecay({
            initialLearningRate: first,
            endLearningRate: last,
            decaySteps,
            power,
          });
          expectClose(schedule.at(0), first, 1e-14, 'the first rate');
          for (const t of [decaySteps, decaySteps + after]) expect(schedule.at(t)).toBe(last);
          const cosine = new CosineDecay({ initialLearningRate: first, decaySteps, alpha: 0.25 });
          expect(cosine.at(0)).toBe(first);
          for (const t of [decaySteps, decaySteps + after]) expect(cosine.at(t)).toBe(first / 4);
        }),
      );
    });

    it('a warm-up reaches its target, and then falls as without one', () => {
      fc.assert(
        fc.property(rate, rate, count, count, step, (initialLearningRate, warmupTarget, warmupSteps, decaySteps, t) => {
          const schedule = new CosineDecay({ initialLearningRate, warmupTarget, warmupSteps, decaySteps });
          expect(schedule.at(0)).toBe(initialLearningRate);
          const fall = new CosineDecay({ initialLearningRate: warmupTarget, decaySteps });
          expect(schedule.at(warmupSteps + t)).toBe(fall.at(t));
        }),
      );
    });

    it('every restart is at its step, and the step before it is low', () => {
      fc.assert(
        fc.property(rate, count, fc.integer({ min: 1, max: 12 }), fc.nat(12), (top, before, tMul, falls) => {
          const firstDecaySteps = before + 1;
          const schedule = new CosineDecayRestarts({ initialLearningRate: top, firstDecaySteps, tMul });
          let start = 0;
          for (let k = 0; k < falls; k++) start += firstDecaySteps * tMul ** k;
          expect(schedule.at(start)).toBe(top);
          if (falls > 0) expect(schedule.at(start - 1)).toBeLessThanOrEqual(top / 2 + 1e-12);
        }),
      );
    });

    it('a cycle comes again, half as high each time where it is told so', () => {
      fc.assert(
        fc.property(rate, rate, count, count, step, (low, height, stepSizeUp, stepSizeDown, t) => {
          const options = { baseLearningRate: low, maxLearningRate: low + height, stepSizeUp, stepSizeDown };
          const period = stepSizeUp + stepSizeDown;
          const [same, halved] = [new Cyclic(options), new Cyclic({ ...options, mode: 'triangular2' })];
          expect(same.at(t + period)).toBe(same.at(t));
          expectClose(halved.at(t + period) - low, (halved.at(t) - low) / 2, 1e-13, 'the height');
          expectClose(same.at(stepSizeUp), low + height, 1e-13, 'the top');
        }),
      );
    });

    it('one cycle starts, peaks and ends where it is told to, and stays at its end', () => {
      fc.assert(
        fc.property(
          rate,
          count,
          fc.boolean(),
          fc.constantFrom('cos', 'linear'),
          (top, tenths, threePhase, annealStrategy) => {
            const totalSteps = 10 * tenths;
            const schedule = new OneCycle({ maxLearningRate: top, totalSteps, threePhase, annealStrategy });
            expectClose(schedule.at(0) / top, 1 / 25, 1e-13, 'the first rate');
            expectClose(schedule.at(3 * tenths - 1) / top, 1, 1e-13, 'the top');
            for (const t of [totalSteps - 1, totalSteps, totalSteps + 100])
              expectClose(schedule.at(t) / top, 1 / 25e4, 1e-13, 'the last rate');
          },
        ),
      );
    });

    it('where PyTorch divides by 0: a rise that is over at step 0', () => {
      expect(new OneCycle({ maxLearningRate: 0.5, totalSteps: 10, pctStart: 0.1 }).at(0)).toBe(0.5);
    });
  });

  describe('refuse', () => {
    it.each<[string, () => unknown, string]>([
      [
        'no options',
        () => new ExponentialDecay(undefined as never),
        'ExponentialDecay: got undefined; expected an options object. For example { initialLearningRate: … }.',
      ],
      [
        'a missing rate',
        () => new CosineDecay({ decaySteps: 10 } as never),
        'CosineDecay: got initialLearningRate undefined; expected a finite number of at least 0',
      ],
      [
        'an option of another',
        () => new StepDecay({ initialLearningRate: 1, stepSize: 1, decayRate: 1 } as never),
        "StepDecay: got unknown option 'decayRate'; expected one of initialLearningRate, stepSize, gamma, minLearningRate",
      ],
      [
        'no steps',
        () => new InverseTimeDecay({ initialLearningRate: 1, decaySteps: 0, decayRate: 1 }),
        'InverseTimeDecay: got decaySteps 0; expected a finite number above 0',
      ],
      [
        'text for true',
        () => new PolynomialDecay({ initialLearningRate: 1, decaySteps: 1, cycle: 'yes' as never }),
        "PolynomialDecay: got cycle 'yes'; expected true or false",
      ],
      [
        'boundaries that fall',
        () => new PiecewiseConstantDecay({ boundaries: [5, 3], values: [3, 2, 1] }),
        'PiecewiseConstantDecay: got boundaries [5, 3]; expected steps above 0, each larger than the one before',
      ],
      [
        'boundaries that are no array',
        () => new PiecewiseConstantDecay({ boundaries: 5 as never, values: [2, 1] }),
        'PiecewiseConstantDecay: got boundaries 5; expected steps above 0, each larger than the one before',
      ],
      [
        'too few values',
        () => new PiecewiseConstantDecay({ boundaries: [5], values: [1] }),
        'PiecewiseConstantDecay: got 1 values for 1 boundaries; expected one value more than boundaries',
      ],
      [
        'values that are no array',
        () => new PiecewiseConstantDecay({ boundaries: [5], values: 1 as never }),
        'PiecewiseConstantDecay: got values 1 for 1 boundaries; expected one value more than boundaries',
      ],
      [
        'a value that is no rate',
        () => new PiecewiseConstantDecay({ boundaries: [5], values: [1, -1] }),
        'PiecewiseConstantDecay: got values[1] -1; expected a finite number of at least 0',
      ],
      [
        'no milestones',
        () => new MultiStepDecay({ initialLearningRate: 1, milestones: [] }),
        'MultiStepDecay: got milestones []; expected steps above 0, each larger than the one before',
      ],
      [
        'a warm-up to nowhere',
        () => new CosineDecay({ initialLearningRate: 1, decaySteps: 10, warmupSteps: 5 }),
        'CosineDecay: got warmupSteps 5 without warmupTarget; expected both or neither. Give the rate that the warm-up ends at as warmupTarget.',
      ],
      [
        'falls that grow shorter',
        () => new CosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 4, tMul: 0.5 }),
        'CosineDecayRestarts: got tMul 0.5; expected a finite number of at least 1',
      ],
      [
        'half a step',
        () => new OneCycle({ maxLearningRate: 1, totalSteps: 2.5 }),
        'OneCycle: got totalSteps 2.5; expected a whole number of at least 1',
      ],
      [
        'a fall with no room',
        () => new OneCycle({ maxLearningRate: 1, totalSteps: 9, pctStart: 0.6, threePhase: true }),
        'OneCycle: got pctStart 0.6; expected a finite number of at least 0 and of at most 0.5',
      ],
      [
        'another way to anneal',
        () => new OneCycle({ maxLearningRate: 1, totalSteps: 9, annealStrategy: 'cosine' as never }),
        "OneCycle: got annealStrategy 'cosine'; expected one of 'cos', 'linear'",
      ],
      [
        'a top below the bottom',
        () => new Cyclic({ baseLearningRate: 1, maxLearningRate: 0.5 }),
        'Cyclic: got maxLearningRate 0.5; expected a finite number of at least 1',
      ],
    ])('%s', (_, make, message) => {
      expectThrown(make, ArgumentError, message);
    });
  });
});

describe('resolveSchedule()', () => {
  it('takes numbers, functions and whatever has at(step)', () => {
    const own = { at: (t: number) => t };
    expect(resolveSchedule('SGD', 'learningRate', 0.1).at(7)).toBe(0.1);
    expect(resolveSchedule('SGD', 'learningRate', (t) => 2 * t).at(7)).toBe(14);
    expect(resolveSchedule('SGD', 'learningRate', own)).toBe(own);
  });

  it.each([
    ["'0.1'", '0.1'],
    ['null', null],
    ['an object', { rate: 1 }],
  ])('refuses %s', (shown, given) => {
    expectThrown(
      () => resolveSchedule('SGD', 'learningRate', given as never),
      ArgumentError,
      `SGD: got learningRate ${shown}; expected a number, a function of the step, or a schedule: an object with at(step)`,
    );
  });

  it('refuses rates below 0, at once or when a function gives one', () => {
    expectThrown(
      () => resolveSchedule('SGD', 'learningRate', -1),
      ArgumentError,
      'SGD: got learningRate -1; expected a finite number of at least 0',
    );
    const schedule = resolveSchedule('SGD', 'learningRate', (t) => 1 - t);
    expect(schedule.at(1)).toBe(0);
    expectThrown(
      () => schedule.at(3),
      ArgumentError,
      'SGD: got learningRate(3) = -2; expected a finite number of at least 0',
    );
  });
});
