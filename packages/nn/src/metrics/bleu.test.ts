import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { BLEU, type BLEUOptions, type Token } from './index.js';

const words = (text: string): string[] => text.split(' ');

/** The example of Papineni et al., in the words of NLTK's documentation, which gives these values. */
const guide = words('It is a guide to action which ensures that the military always obeys the commands of the party');
const references = [
  words('It is a guide to action that ensures that the military will forever heed Party commands'),
  words('It is the guiding principle which guarantees the military forces always being under the command of the Party'),
  words('It is the practical guide for the army always to heed the directions of the party'),
];
const history = words('he read the book because he was interested in world history');
const historyReference = words('he was interested in world history because he read the book');

function score(references: Parameters<BLEU['update']>[0], candidates: Token[][], options: BLEUOptions = {}): number {
  const metric = new BLEU(options);
  metric.update(references, candidates);
  return metric.result();
}

describe('nn.metrics.BLEU', () => {
  it('gives the values of NLTK', () => {
    expect(score([references], [guide])).toBeCloseTo(0.5045666840058485, 12);
    expect(score([references, [historyReference]], [guide, history])).toBeCloseTo(0.5920778868801042, 12);
  });

  it('counts no word more often than a reference has it', () => {
    const the = words('the the the the the the the');
    const of = [words('the cat is on the mat'), words('there is a cat on the mat')];
    expect(score([of], [the], { maxOrder: 1 })).toBeCloseTo(2 / 7, 12);
  });

  it('punishes what is too short, by the length of the nearest reference', () => {
    expect(score([words('a b c d')], [words('a b')], { maxOrder: 2 })).toBeCloseTo(Math.exp(1 - 4 / 2), 12);
    expect(score([[words('a b c d'), words('a b')]], [words('a b')], { maxOrder: 2 })).toBe(1);
    // Of two as near, the shorter.
    expect(score([[words('a b c d'), words('a b')]], [words('a b c')], { maxOrder: 2 })).toBe(1);
  });

  it('is 0 without a sequence of the longest kind in common, unless smooth', () => {
    expect(score([words('a b c d e')], [words('a b x d e')])).toBe(0);
    const smooth = Math.exp((Math.log(4 / 5) + Math.log(3 / 5) + Math.log(1 / 4) + Math.log(1 / 3)) / 4);
    expect(score([words('a b c d e')], [words('a b x d e')], { smooth: true })).toBeCloseTo(smooth, 12);
    expect(score([words('a')], [[]])).toBe(0);
  });

  it('is 1 for translations that are a reference, of words or of their numbers', () => {
    const texts = fc.array(fc.array(fc.nat({ max: 5 }), { minLength: 4, maxLength: 9 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(texts, (list) => {
        expect(score(list, list)).toBeCloseTo(1, 12);
        expect(score(list, list.map((text) => text.map(String)) as Token[][])).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same in pieces and merged', () => {
    const [whole, streamed, part] = [new BLEU(), new BLEU(), new BLEU()];
    whole.update([references, historyReference], [guide, history]);
    streamed.update([references], [guide]);
    part.update([historyReference], [history]);
    streamed.merge(part);
    expect(streamed.result()).toBe(whole.result());
    part.loadState(JSON.parse(JSON.stringify(whole.state())));
    expect(part.result()).toBe(whole.result());
    part.reset();
    expect(part.result()).toBeNaN();
  });

  it('refuses what are no lists of tokens', () => {
    expectThrown(
      () => score(['the cat'] as never, [['the', 'cat']]),
      ArgumentError,
      "bleu: got 'the cat' in references; expected lists of tokens. Split texts first: text.split(' ').",
    );
    expectThrown(
      () => score([['the', 'cat']], 'the cat' as never),
      ArgumentError,
      "bleu: got candidates 'the cat'; expected lists of tokens. Split texts first: text.split(' ').",
    );
    expectThrown(
      () => score([['the'], ['cat']], [['the']]),
      ArgumentError,
      'bleu: got references for 2 translations; expected them for 1',
    );
  });

  it.each([
    [{ maxOrder: 0 }, 'got maxOrder 0; expected a whole number above 0'],
    [{ smooth: 1 }, 'got smooth 1; expected true or false'],
    [{ order: 4 }, "got unknown option 'order'; expected one of maxOrder, smooth, name"],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new BLEU(options as never), ArgumentError, `BLEU: ${problem}`);
  });
});
