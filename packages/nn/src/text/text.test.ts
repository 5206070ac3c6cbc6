import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, FormatError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { Dataset } from '../data/dataset.js';
import { Dense, Embedding, GlobalAveragePooling1D, HashedCrossing, TextVectorization } from '../layers/index.js';
import { withOptions } from '../losses/index.js';
import { Sequential } from '../model/sequential.js';
import { Adam } from '../optimizers/index.js';
import { BytePairTokenizer } from './bytePair.js';
import { CharacterTokenizer } from './character.js';
import { WordPieceTokenizer } from './wordPiece.js';

interface Gpt2 {
  readonly vocabulary: Record<string, number>;
  readonly merges: string[];
  readonly cases: { text: string; ids: number[] }[];
}
const gpt2 = JSON.parse(readFileSync(join(__dirname, '../../fixtures/gpt2Tokens.json'), 'utf8')) as Gpt2;

/** Any text without halves of surrogate pairs. */
const anyText = fc.string({ unit: 'binary', maxLength: 30 });

describe('BytePairTokenizer', () => {
  const { vocabulary, merges } = gpt2;
  const tokenizer = new BytePairTokenizer({ vocabulary, merges, specialTokens: { '<|endoftext|>': 50256 } });

  it.each(gpt2.cases)('gives the tokens of GPT-2 for $text', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it('gives every text back', () => {
    fc.assert(fc.property(anyText, (text) => expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)));
  });

  it('keeps special tokens whole', () => {
    const ids = tokenizer.encode('Hello<|endoftext|>Hello');
    expect(ids).toEqual([15496, 50256, 15496]);
    expect(tokenizer.decode(ids)).toBe('Hello<|endoftext|>Hello');
    expect([
      tokenizer.tokenToId('<|endoftext|>'),
      tokenizer.tokenToId('Hello'),
      tokenizer.tokenToId('nothing'),
    ]).toEqual([50256, 15496, undefined]);
  });

  it('reads the files of GPT-2 and of Hugging Face', () => {
    const [json, lines] = [JSON.stringify(vocabulary), `#version: 0.2\n${merges.join('\n')}\n`];
    const fromFiles = BytePairTokenizer.fromFiles(json, lines);
    const model = { type: 'BPE', vocab: vocabulary, merges: merges.map((pair) => pair.split(' ')) };
    const added = [{ id: 50256, content: '<|endoftext|>', special: true }];
    const fromJson = BytePairTokenizer.fromTokenizerJson(JSON.stringify({ model, added_tokens: added }));
    for (const { text, ids } of gpt2.cases) {
      expect(fromFiles.encode(text)).toEqual(ids);
      expect(fromJson.encode(text)).toEqual(ids);
    }
    expect(fromJson.encode('<|endoftext|>')).toEqual([50256]);
  });

  it.each<[string, () => unknown, string]>([
    ['text that is no JSON', () => BytePairTokenizer.fromFiles('{', ''), 'vocab.json: is no valid JSON'],
    [
      'a tokenizer of another kind',
      () => BytePairTokenizer.fromTokenizerJson('{"model": {"type": "WordPiece"}}'),
      "tokenizer.json: has a model of type 'WordPiece'; expected 'BPE' with merges",
    ],
    [
      'merges without their tokens',
      () => BytePairTokenizer.fromFiles('{"a": 0}', 'a b'),
      "got merge 'a b'; expected two tokens of the vocabulary that make a third",
    ],
    [
      'numbers given twice',
      () => BytePairTokenizer.fromFiles('{"a": 0, "b": 0}', ''),
      'expected a whole number of its own for each token',
    ],
    ['a prototype', () => BytePairTokenizer.fromFiles('{"__proto__": 1}', ''), "the key '__proto__' is not allowed"],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(FormatError);
    expect(run).toThrow(message);
  });

  it('learns merges from a corpus: the steps of Hugging Face’s course', () => {
    // https://huggingface.co/learn/llm-course/chapter6/5: hug ×10, pug ×5, pun ×12, bun ×4, hugs ×5: first u g, then u n, then h ug.
    const words = { hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 };
    const corpus = Object.entries(words).flatMap(([word, count]) => new Array<string>(count).fill(word));
    const trained = BytePairTokenizer.train(corpus, { vocabularySize: 259 });
    expect([256, 257, 258].map((id) => trained.decode([id]))).toEqual(['ug', 'un', 'hug']);
    expect(trained.encode('hugs').map((id) => trained.decode([id]))).toEqual(['hug', 's']);
    expect(trained.vocabularySize).toBe(259);
    fc.assert(fc.property(anyText, (text) => expect(trained.decode(trained.encode(text))).toBe(text)));
    const special = BytePairTokenizer.train(corpus, { vocabularySize: 300, specialTokens: ['<pad>'] });
    expect(special.encode('<pad>')).toEqual([0]);
    expect(() => BytePairTokenizer.train(corpus, { vocabularySize: 200 })).toThrow('got vocabularySize 200');
    expect(() => tokenizer.decode([999_999])).toThrow('got 999999, which is no token');
  });
});

describe('WordPieceTokenizer', () => {
  // The vocabulary and examples of BERT's own tests: google-research/bert, tokenization_test.py.
  const vocabulary = ['[UNK]', '[CLS]', '[SEP]', 'want', '##want', '##ed', 'wa', 'un', 'runn', '##ing', ','];
  const tokenizer = new WordPieceTokenizer({ vocabulary });

  it('gives the tokens of BERT’s own tests', () => {
    expect(tokenizer.tokens('UNwantéd,running')).toEqual(['un', '##want', '##ed', ',', 'runn', '##ing']);
    expect(tokenizer.encode('UNwantéd,running')).toEqual([7, 4, 5, 10, 8, 9]);
    expect(tokenizer.tokens('unwanted running')).toEqual(['un', '##want', '##ed', 'runn', '##ing']);
    expect(tokenizer.tokens('unwantedX running')).toEqual(['[UNK]', 'runn', '##ing']);
    expect(tokenizer.tokens('[CLS] wanted [SEP]')).toEqual(['[CLS]', 'want', '##ed', '[SEP]']);
    expect(tokenizer.decode([1, 7, 4, 5, 10, 8, 9])).toBe('[CLS] unwanted , running');
  });

  it('takes Han characters and punctuation for words, and drops what cannot be seen', () => {
    const basic = new WordPieceTokenizer({
      vocabulary: ['[UNK]', 'ah', '博', '推', 'zz', 'hello', '!', 'how', 'are', 'you', '?'],
    });
    expect(basic.tokens('ah\u535A\u63A8zz')).toEqual(['ah', '博', '推', 'zz']);
    expect(basic.tokens(' \tHeLLo!how  \n Are yoU?  ')).toEqual(['hello', '!', 'how', 'are', 'you', '?']);
    expect(basic.tokens('he\u0000llo')).toEqual(['hello']);
    const cased = new WordPieceTokenizer({ vocabulary: ['[UNK]', 'hello'], lowerCase: false });
    expect(cased.tokens('Hello hello')).toEqual(['[UNK]', 'hello']);
    expect(
      new WordPieceTokenizer({ vocabulary: ['?'], unknownToken: '?', maxCharactersPerWord: 3 }).tokens('aaaa'),
    ).toEqual(['?']);
  });

  it('learns a vocabulary that knows every word of the corpus', () => {
    const corpus = ['hug hug hug pug pun pun bun hugs hugs'];
    const trained = WordPieceTokenizer.train(corpus, { vocabularySize: 20 });
    expect(trained.vocabularySize).toBeLessThanOrEqual(20);
    expect(trained.decode(trained.encode('hug pug pun bun hugs'))).toBe('hug pug pun bun hugs');
    // Hugging Face's course, chapter 6.6: after seven characters ##gs comes first, since ##s stands nowhere else.
    expect(trained.tokenToId('##gs')).toBe(5 + 7);
    expect(() => WordPieceTokenizer.train(corpus, { vocabularySize: 3 })).toThrow('got vocabularySize 3');
    expect(() => new WordPieceTokenizer({ vocabulary: ['a'] })).toThrow(
      "the vocabulary has no '[UNK]'. Say which it is: unknownToken.",
    );
  });
});

describe('CharacterTokenizer', () => {
  it('numbers the characters of a text, and gives texts of them back', () => {
    const tokenizer = new CharacterTokenizer('hello 🙂');
    expect(tokenizer.characters).toEqual([' ', 'e', 'h', 'l', 'o', '🙂']);
    expect(tokenizer.encode('he🙂')).toEqual([2, 1, 5]);
    expect(tokenizer.decode([2, 1, 5])).toBe('he🙂');
    expect(() => tokenizer.encode('x')).toThrow("got 'x', which is none of its 6 characters");
    expect(() => tokenizer.decode([6])).toThrow(ArgumentError);
  });
});

describe('TextVectorization', () => {
  const texts = ['foo qux bar', 'qux baz'];

  it('does what Keras’s documentation shows', async () => {
    // https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
    const layer = new TextVectorization({
      maxTokens: 5000,
      outputSequenceLength: 4,
      vocabulary: ['earth', 'wind', 'and', 'fire'],
    });
    expect(layer.call([['earth, wind &and fire!'], ['Fire zebra']]).toArray()).toEqual([
      [2, 3, 4, 5],
      [5, 1, 0, 0],
    ]);
    expect(layer.getVocabulary()).toEqual(['', '[UNK]', 'earth', 'wind', 'and', 'fire']);
    const adapted = await new TextVectorization().adapt(texts);
    expect(adapted.getVocabulary()).toEqual(['', '[UNK]', 'qux', 'foo', 'baz', 'bar']);
    expect(adapted.call(texts).toArray()).toEqual([
      [3, 2, 5],
      [2, 4, 0],
    ]);
  });

  it('counts, marks and weighs tokens, and runs of them', async () => {
    const count = await new TextVectorization({ outputMode: 'count', ngrams: 2 }).adapt(texts);
    expect(count.getVocabulary()).toEqual(['[UNK]', 'qux', 'qux baz', 'qux bar', 'foo qux', 'foo', 'baz', 'bar']);
    expect(count.call(['foo qux qux new']).toArray()).toEqual([[3, 2, 0, 0, 1, 1, 0, 0]]);
    const multi = new TextVectorization({
      outputMode: 'multiHot',
      vocabulary: ['a', 'b'],
      split: 'character',
      maxTokens: 5,
      padToMaxTokens: true,
    });
    expect(multi.call(['ABBA', '']).toArray()).toEqual([
      [0, 1, 1, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
    const weighted = await new TextVectorization({ outputMode: 'tfIdf' }).adapt(texts);
    const [row] = weighted.call(['qux foo foo']).toArray() as [number[]];
    expect(row[1]).toBeCloseTo(Math.log(1 + 2 / 3), 6);
    expect(row[2]).toBeCloseTo(2 * Math.log(1 + 2 / 2), 6);
    const bigrams = new TextVectorization({
      ngrams: [2],
      standardize: null,
      split: (text) => text.split('-'),
      vocabulary: ['a b'],
    });
    expect(bigrams.call(['a-b-a']).toArray()).toEqual([[2, 1]]);
  });

  it('does not mind how texts are batched, and keeps its vocabulary in its extra state', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '.') }), { minLength: 1 }),
        fc.integer({ min: 1, max: 4 }),
        async (given, size) => {
          const whole = await new TextVectorization().adapt(given);
          const parts = await new TextVectorization().adapt(Dataset.fromArray(given).batch(size) as never);
          expect(parts.getVocabulary()).toEqual(whole.getVocabulary());
          const other = new TextVectorization();
          other.loadExtraStates(whole.extraStates());
          expect(other.call(given).toArray()).toEqual(whole.call(given).toArray());
        },
      ),
    ));

  it('stands at the head of a model that is fitted on texts', async () => {
    manualSeed(2);
    const good = ['a lovely warm film', 'lovely and warm', 'warm lovely cast', 'what a lovely cast'];
    const bad = ['a dull cold film', 'dull and cold', 'cold dull cast', 'what a dull cast'];
    const [x, y] = [
      [...good, ...bad],
      [1, 1, 1, 1, 0, 0, 0, 0],
    ];
    const vectorization = await new TextVectorization({ outputSequenceLength: 4 }).adapt(x);
    const net = new Sequential([
      vectorization,
      new Embedding({ inputDim: vectorization.vocabularySize(), outputDim: 8, maskZero: true }),
      new GlobalAveragePooling1D(),
      new Dense({ units: 1 }),
    ]);
    net.compile({
      optimizer: new Adam({ learningRate: 0.05 }),
      loss: withOptions('binaryCrossentropy', { fromLogits: true }),
    });
    const { history } = await net.fit(x, tensor(y.map((label) => [label])), { epochs: 30, batchSize: 4 });
    expect(history.loss!.at(-1)).toBeLessThan(0.1);
    const said = await net.predict(['such a lovely warm day', 'cold, dull!']);
    expect((said.toArray() as number[][]).map(([score]) => score! > 0)).toEqual([true, false]);
    const dataset = Dataset.fromTensors([x, y.map((label) => label)]).batch(3);
    const labelled = dataset.map(([texts, labels]) => [texts, (labels as Tensor).expandDims(-1)] as const);
    expect((await net.evaluate(labelled as never)).loss).toBeLessThan(0.1);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a call before adapt',
      () => new TextVectorization().call(['a']),
      'it has no vocabulary yet. Call await layer.adapt(data) first.',
    ],
    [
      'outputSequenceLength with counts',
      () => new TextVectorization({ outputMode: 'count', outputSequenceLength: 3 }),
      "got outputSequenceLength with outputMode 'count'; expected 'int'",
    ],
    [
      'padToMaxTokens with indices',
      () => new TextVectorization({ padToMaxTokens: true, maxTokens: 3 }),
      "got padToMaxTokens with outputMode 'int'",
    ],
    [
      'several texts a sample',
      () => new TextVectorization({ vocabulary: ['a'] }).call([['a', 'b']]),
      'expected texts [batch] or [batch, 1]',
    ],
    ['ngrams of 0', () => new TextVectorization({ ngrams: 0 }), 'got ngrams 0'],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe('HashedCrossing', () => {
  it('gives combinations bins, the same for the same', () => {
    const layer = new HashedCrossing({ numBins: 5 });
    const bins = layer.call([
      ['A', 'B', 'A'],
      [101, 102, 101],
    ]);
    const [a, b, c] = bins.toArray() as number[];
    expect([bins.dtype, a === c, a! >= 0 && a! < 5 && b! < 5]).toEqual(['int32', true, true]);
    expect(
      new HashedCrossing({ numBins: 5, outputMode: 'oneHot' }).call([
        ['A', 'B'],
        ['C', 'D'],
      ]).shape,
    ).toEqual([2, 5]);
    expect(() => layer.call([['A']])).toThrow('got fewer than two features');
    expect(() => layer.call([['A'], ['A', 'B']])).toThrow(ShapeError);
  });
});
