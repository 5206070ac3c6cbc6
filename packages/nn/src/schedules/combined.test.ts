import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import { ChainedSchedule, ExponentialDecay, LambdaSchedule, SequentialSchedule, StepDecay, Warmup } from './index.js';

const decay = new ExponentialDecay({ initialLearningRate: 0.5, decaySteps: 7, decayRate: 0.8 });
const count = fc.integer({ min: 1, max: 50 });
const step = fc.integer({ min: 0, max: 200 });

describe('schedules of schedules', () => {
  it('Warmup ends where the schedule begins, whatever it is', () => {
    fc.assert(
      fc.property(count, step, fc.constantFrom('linear' as const, 'constant' as const), (warmupSteps, t, mode) => {
        const schedule = new Warmup({ schedule: decay, warmupSteps, beginLearningRate: 0.1, mode });
        expect(schedule.at(0)).toBe(0.1);
        expect(schedule.at(warmupSteps + t)).toBe(decay.at(t));
      }),
    );
    expect(new Warmup({ schedule: (t) => 3 + t, warmupSteps: 4 }).at(2)).toBe(1.5);
  });

  it('a constant Warmup is the first of two schedules', () => {
    fc.assert(
      fc.property(count, step, (warmupSteps, t) => {
        const warmup = new Warmup({ schedule: decay, warmupSteps, beginLearningRate: 0.1, mode: 'constant' });
        const sequence = new SequentialSchedule({ schedules: [0.1, decay], milestones: [warmupSteps] });
        expect(sequence.at(t)).toBe(warmup.at(t));
      }),
    );
  });

  it('do as their examples say', () => {
    const stairs = new StepDecay({ initialLearningRate: 0.1, stepSize: 1000 });
    const warmup = new Warmup({ schedule: stairs, warmupSteps: 100 });
    const tenth = new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.9 });
    const sequence = new SequentialSchedule({ schedules: [0.01, tenth], milestones: [20] });
    const factor = new StepDecay({ initialLearningRate: 1, stepSize: 10 });
    const product = new ChainedSchedule({ schedules: [tenth, factor] });
    const root = new LambdaSchedule({ initialLearningRate: 0.1, factor: (t) => 1 / Math.sqrt(t + 1) });
    expectNear(float64([50, 100, 1100].map((t) => warmup.at(t))), [0.05, 0.1, 0.01], 1e-15);
    expectNear(float64([19, 20, 21].map((t) => sequence.at(t))), [0.01, 0.1, 0.09], 1e-15);
    expectNear(float64([product.at(10), root.at(3)]), [0.1 * 0.9 ** 10 * 0.1, 0.05], 1e-15);
  });

  it('SequentialSchedule gives each schedule its own steps', () => {
    const same = (t: number): number => t;
    const schedule = new SequentialSchedule({ schedules: [same, same, same], milestones: [3, 5] });
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((t) => schedule.at(t))).toEqual([0, 1, 2, 0, 1, 0, 1, 2]);
  });

  it('ChainedSchedule does not mind the order', () => {
    const stairs = new StepDecay({ initialLearningRate: 1, stepSize: 10 });
    fc.assert(
      fc.property(step, (t) => {
        const product = new ChainedSchedule({ schedules: [decay, stairs] }).at(t);
        expect(product).toBe(decay.at(t) * stairs.at(t));
        expect(new ChainedSchedule({ schedules: [stairs, decay] }).at(t)).toBe(product);
      }),
    );
  });

  it('LambdaSchedule multiplies by any function', () => {
    const schedule = new LambdaSchedule({ initialLearningRate: 0.5, factor: (t) => 1 / (t + 1) });
    expect([0, 1, 4].map((t) => schedule.at(t))).toEqual([0.5, 0.25, 0.1]);
  });

  it('keep what they were made of, whatever becomes of the array', () => {
    const schedules = [0.1, 0.2];
    const milestones = [5];
    const schedule = new SequentialSchedule({ schedules, milestones });
    schedules.length = 0;
    milestones[0] = 1;
    expect([schedule.at(4), schedule.at(5)]).toEqual([0.1, 0.2]);
    expect(schedule.config).toEqual({ schedules: [0.1, 0.2], milestones: [5] });
  });

  it.each<[string, () => unknown, string]>([
    [
      'Warmup for no schedule',
      () => new Warmup({ warmupSteps: 5 } as never),
      'Warmup: got schedule undefined; expected a number, a function of the step, or a schedule: an object with at(step)',
    ],
    [
      'Warmup of no steps',
      () => new Warmup({ schedule: decay, warmupSteps: 0 }),
      'Warmup: got warmupSteps 0; expected a finite number above 0',
    ],
    [
      'Warmup of another kind',
      () => new Warmup({ schedule: decay, warmupSteps: 1, mode: 'cosine' as never }),
      "Warmup: got mode 'cosine'; expected one of 'linear', 'constant'",
    ],
    [
      'a chain of nothing',
      () => new ChainedSchedule({ schedules: [] }),
      'ChainedSchedule: got schedules []; expected an array of at least one',
    ],
    [
      'a chain that is no array',
      () => new ChainedSchedule({ schedules: decay as never }),
      'ChainedSchedule: got schedules an object; expected an array of at least one',
    ],
    [
      'what is no schedule, saying which',
      () => new ChainedSchedule({ schedules: [decay, 'step' as never] }),
      "ChainedSchedule: got schedules[1] 'step'; expected a number, a function of the step, or a schedule: an object with at(step)",
    ],
    [
      'too few schedules',
      () => new SequentialSchedule({ schedules: [decay], milestones: [3] }),
      'SequentialSchedule: got 1 schedules for 1 milestones; expected one schedule more than milestones',
    ],
    [
      'milestones out of order',
      () => new SequentialSchedule({ schedules: [1, 2, 3], milestones: [3, 3] }),
      'SequentialSchedule: got milestones [3, 3]; expected steps above 0, each larger than the one before',
    ],
    [
      'a factor that is no function',
      () => new LambdaSchedule({ initialLearningRate: 1, factor: 0.5 as never }),
      'LambdaSchedule: got factor 0.5; expected a function of the step',
    ],
    [
      'a function that gives no rate',
      () => new LambdaSchedule({ initialLearningRate: 1, factor: () => Number.NaN }).at(2),
      'LambdaSchedule: got factor(2) = NaN; expected a finite number of at least 0',
    ],
  ])('refuse %s', (_, make, message) => {
    expectThrown(make, ArgumentError, message);
  });
});
