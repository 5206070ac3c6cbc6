import { tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown, fixture } from '../../fixtures/testing.js';
import { ReduceOnPlateau, type ReduceOnPlateauOptions } from './index.js';

interface PlateauCase {
  readonly name: string;
  readonly options: ReduceOnPlateauOptions;
  readonly metrics: number[];
  /** After each metric. */
  readonly rates: number[];
}

const cases = fixture<PlateauCase>('plateaus');

/** The rate after each metric. */
const ratesOf = (plateau: ReduceOnPlateau, metrics: readonly number[]): number[] =>
  metrics.map((metric) => {
    plateau.step(metric);
    return plateau.learningRate;
  });

describe('ReduceOnPlateau', () => {
  it.each(cases)('$name', ({ options, metrics, rates }) => {
    expect(ratesOf(new ReduceOnPlateau(options), metrics)).toEqual(rates);
  });

  it('where it matters: the modes of minDelta part', () => {
    const ends = (mode: string) => cases.filter(({ name }) => name.endsWith(mode)).map(({ rates }) => rates);
    expect(ends('absolute')).not.toEqual(ends('relative'));
  });

  it('is a schedule whose rate is the same at every step, until it falls', () => {
    const plateau = new ReduceOnPlateau({ initialLearningRate: 1, patience: 2, factor: 0.5 });
    expect([plateau.at(0), plateau.at(1000)]).toEqual([1, 1]);
    expect([3, 3, 3, 3].map((metric) => plateau.step(metric))).toEqual([false, false, true, false]);
    expect([plateau.at(0), plateau.at(1000)]).toEqual([0.5, 0.5]);
  });

  it('counts NaN as no better, even at first', () => {
    const plateau = new ReduceOnPlateau({ initialLearningRate: 1, patience: 2, factor: 0.5 });
    expect(ratesOf(plateau, [Number.NaN, Number.NaN, 5, Number.NaN, 4, Number.NaN, Number.NaN])).toEqual([
      1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25,
    ]);
  });

  it('goes on from a saved state as if it had never stopped, also through JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.nat(40), ({ options, metrics, rates }, stop) => {
        const first = new ReduceOnPlateau(options);
        ratesOf(first, metrics.slice(0, stop));
        const second = new ReduceOnPlateau(options);
        second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
        expect(ratesOf(second, metrics.slice(stop))).toEqual(rates.slice(stop));
      }),
    );
  });

  it('refuses a state that it did not give, and stays as it was', () => {
    const plateau = new ReduceOnPlateau({ initialLearningRate: 1 });
    plateau.step(3);
    const state = plateau.stateDict();
    expect(state).toEqual({ learningRate: 1, best: 3, wait: 0, cooldown: 0 });
    expectThrown(
      () => plateau.loadStateDict({ ...state, patience: 3 } as never),
      ArgumentError,
      "ReduceOnPlateau: got unknown option 'patience'; expected one of learningRate, best, wait, cooldown",
    );
    expectThrown(
      () => plateau.loadStateDict({ learningRate: 0.5, best: null, wait: 0 } as never),
      ArgumentError,
      'ReduceOnPlateau: got cooldown undefined; expected a whole number of at least 0',
    );
    expect(plateau.stateDict()).toEqual(state);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a factor that lowers nothing',
      () => new ReduceOnPlateau({ initialLearningRate: 1, factor: 1 }),
      'ReduceOnPlateau: got factor 1; expected a finite number of at least 0 and below 1',
    ],
    [
      'a mode that Keras guesses',
      () => new ReduceOnPlateau({ initialLearningRate: 1, mode: 'auto' as never }),
      "ReduceOnPlateau: got mode 'auto'; expected one of 'min', 'max'",
    ],
    [
      'a metric in a tensor',
      () => new ReduceOnPlateau({ initialLearningRate: 1 }).step(tensor(1) as never),
      'ReduceOnPlateau: got metric an object; expected a number. Take it out of its tensor: metric.item().',
    ],
  ])('refuses %s', (_, f, message) => {
    expectThrown(f, ArgumentError, message);
  });
});
