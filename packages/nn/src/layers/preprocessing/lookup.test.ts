import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear } from '../../../fixtures/testing.js';
import { Hashing, sipHash } from './hashing.js';
import { IntegerLookup, StringLookup } from './lookup.js';

const vocabulary = ['a', 'b', 'c', 'd'];
const rows = [
  ['a', 'c', 'd', 'd'],
  ['d', 'z', 'b', 'z'],
];
const arrayOf = (x: unknown): unknown => (x as Tensor).toArray();

describe('Hashing', () => {
  it('is SipHash-2-4, by the vectors of its authors', () => {
    const [k0, k1] = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n];
    expect(sipHash(new Uint8Array(0), k0, k1)).toBe(0x726fdb47dd0e0e31n);
    expect(
      sipHash(
        Uint8Array.from({ length: 15 }, (_, i) => i),
        k0,
        k1,
      ),
    ).toBe(0xa129ca6149be45e5n);
  });

  it('gives the bins of the examples of Keras', () => {
    const letters = [['A'], ['B'], ['C'], ['D'], ['E']];
    expect(new Hashing({ numBins: 3, salt: 133 }).call(letters).toArray()).toEqual([[0], [0], [2], [1], [0]]);
    expect(new Hashing({ numBins: 3, salt: [133, 137] }).call(letters).toArray()).toEqual([[1], [2], [1], [0], [2]]);
  });

  it('keeps bin 0 for the mask', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (tokens) => {
        const bins = new Hashing({ numBins: 4, maskValue: '' }).call(tokens).toTypedArray();
        for (const [i, token] of tokens.entries()) expect(bins[i] === 0).toBe(token === '');
      }),
    );
    expect(() => new Hashing({ numBins: 0 })).toThrow(ArgumentError);
  });
});

describe('StringLookup', () => {
  it('does what the examples of Keras do', async () => {
    const layer = new StringLookup({ vocabulary });
    expect(
      arrayOf(
        layer.call([
          ['a', 'c', 'd'],
          ['d', 'z', 'b'],
        ]),
      ),
    ).toEqual([
      [1, 3, 4],
      [4, 0, 2],
    ]);
    const mode = (outputMode: 'multiHot' | 'count') => arrayOf(new StringLookup({ vocabulary, outputMode }).call(rows));
    expect(mode('multiHot')).toEqual([
      [0, 1, 0, 1, 1],
      [1, 0, 1, 0, 1],
    ]);
    expect(mode('count')).toEqual([
      [0, 1, 0, 1, 2],
      [2, 0, 1, 0, 1],
    ]);
    const idf = new StringLookup({ vocabulary, idfWeights: [0.25, 0.75, 0.6, 0.4], outputMode: 'tfIdf' });
    expectNear(
      idf.call(rows) as Tensor,
      [
        [0, 0.25, 0, 0.6, 0.8],
        [1, 0, 0.75, 0, 0.4],
      ],
      1e-6,
    );
    expect(
      new StringLookup({ vocabulary, invert: true }).call([
        [1, 3, 4],
        [4, 0, 2],
      ]),
    ).toEqual([
      ['a', 'c', 'd'],
      ['d', '[UNK]', 'b'],
    ]);
    const adapted = await new StringLookup().adapt([
      ['a', 'c', 'd'],
      ['d', 'z', 'b'],
    ]);
    expect(adapted.getVocabulary()).toEqual(['[UNK]', 'd', 'z', 'c', 'b', 'a']);
  });

  it('learns the same from batches, in order of frequency, and hands it on', async () => {
    const word = fc.constantFrom('a', 'b', 'c', 'é', '😀', '');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(word, { minLength: 3, maxLength: 3 }), { minLength: 1 }), async (data) => {
        const make = () => new StringLookup({ outputMode: 'tfIdf', maskToken: '' });
        const whole = await make().adapt(data);
        const parts = await make().adapt(data.map((row) => [row]).values());
        expect(parts.extraStates()).toEqual(whole.extraStates());
        const counts = whole
          .getVocabulary({ includeSpecialTokens: false })
          .map((t) => data.flat().filter((u) => u === t).length);
        expect(counts).toEqual([...counts].sort((a, b) => b - a));
        const other = make();
        other.loadExtraStates(whole.extraStates());
        expect(arrayOf(other.call(data))).toEqual(arrayOf(whole.call(data)));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what cannot be', () => {
    expect(() => new StringLookup().call(['a'])).toThrow('it has no vocabulary yet');
    expect(() => new StringLookup({ vocabulary: ['a', 'a'] })).toThrow('repeated');
    expect(() => new StringLookup({ vocabulary, numOovIndices: 0 }).call(['z'])).toThrow('not in the vocabulary');
    expect(() => new StringLookup({ vocabulary, maxTokens: 4 })).toThrow('expected at most 3');
    expect(() => new StringLookup().loadExtraState({ tokens: [1], weights: null })).toThrow(ArgumentError);
  });
});

describe('IntegerLookup', () => {
  it('does what the examples of Keras do', async () => {
    const data = [
      [12, 1138, 42],
      [42, 1000, 36],
    ];
    expect(arrayOf(new IntegerLookup({ vocabulary: [12, 36, 1138, 42] }).call(data))).toEqual([
      [1, 3, 4],
      [4, 0, 2],
    ]);
    expect((await new IntegerLookup().adapt(data)).getVocabulary()).toEqual([-1, 42, 1138, 1000, 36, 12]);
  });

  it('spreads unknown numbers over several indices', () => {
    const layer = new IntegerLookup({ vocabulary: [7], numOovIndices: 2, maskToken: 0 });
    expect(arrayOf(layer.call([0, 4, 5, -3, 7]))).toEqual([0, 1, 2, 2, 3]);
    expect(layer.getVocabulary()).toEqual([0, -1, -1, 7]);
  });
});
