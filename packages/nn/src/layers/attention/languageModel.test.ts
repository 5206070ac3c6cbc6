import { noGrad, scope, type Tensor, tensor } from '@cotangent/autograd';
import { manualSeed } from '@cotangent/kernels';
import { sparseCategoricalCrossentropy } from '../../losses/index.js';
import { Module } from '../../module.js';
import { Adam } from '../../optimizers/index.js';
import { TokenAndPositionEmbedding } from './positions.js';
import { type DecoderCache, TransformerDecoder } from './transformerDecoder.js';

const vocabulary = 7;
const length = 8;

/** Two blocks between a table and its way back, as in GPT. */
class LanguageModel extends Module {
  readonly embedding = new TokenAndPositionEmbedding({
    vocabularySize: vocabulary,
    sequenceLength: length,
    embeddingDim: 16,
    embeddingsInitializer: 'glorotUniform',
  });
  readonly blocks = [0, 1].map(
    () => new TransformerDecoder({ intermediateDim: 32, numHeads: 2, normalizeFirst: true, inputShape: [length, 16] }),
  );

  /** Scores of the next word, [batch, time, vocabulary], and what the blocks have seen. */
  forward(words: Tensor, caches: readonly (DecoderCache | null)[] = [null, null]): [Tensor, DecoderCache[]] {
    const seen: DecoderCache[] = [];
    let x = this.embedding.call(words, { startIndex: caches[0]?.self.key.shape[1] ?? 0 });
    for (const [i, block] of this.blocks.entries()) {
      const [y, cache] = block.callWithCache(x, caches[i]!);
      seen.push(cache);
      x = y;
    }
    return [this.embedding.tokenEmbedding.call(x, { reverse: true }), seen];
  }
}

/** Words first, first + step, … around the vocabulary. */
const counted = (first: number, step: number): number[] =>
  Array.from({ length: length + 1 }, (_, i) => (first + i * step) % vocabulary);
const sequences = [1, 2, 3].flatMap((step) => Array.from({ length: vocabulary }, (_, first) => counted(first, step)));
const int32 = (values: number[][]): Tensor => tensor(values, { dtype: 'int32' });
const likeliest = (scores: Tensor): number => scores.slice(0, -1).argmax().item();

describe('a language model of these layers', () => {
  manualSeed(12);
  const model = new LanguageModel();

  it('learns to count in several steps', () => {
    const [x, y] = [int32(sequences.map((s) => s.slice(0, -1))), int32(sequences.map((s) => s.slice(1)))];
    const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
    let last = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 35; step++) {
      last = scope(() => {
        const [scores] = model.call(x);
        // The second word cannot be known; all after it can.
        const rest = [null, [1, null]] as const;
        const loss = sparseCategoricalCrossentropy(y.slice(...rest), scores.slice(...rest), { fromLogits: true });
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item();
      });
    }
    expect(last).toBeLessThan(0.1);
  });

  it('goes on counting, with a cache as without', () => {
    model.eval();
    for (const expected of sequences.slice(3, 9)) {
      const whole = expected.slice(0, 2);
      const stepwise = expected.slice(0, 2);
      let caches: readonly (DecoderCache | null)[] = [null, null];
      let fresh = stepwise;
      while (stepwise.length < length) {
        const [scores, seen] = noGrad(() => model.call(int32([fresh]), caches));
        fresh = [likeliest(scores)];
        stepwise.push(...fresh);
        caches = seen;
        whole.push(likeliest(noGrad(() => model.call(int32([whole]))[0])));
      }
      expect(stepwise).toEqual(expected.slice(0, length));
      expect(whole).toEqual(stepwise);
    }
  });
});
