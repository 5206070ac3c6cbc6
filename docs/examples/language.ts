/**
 * Language: a character RNN (Karpathy 2015, https://karpathy.github.io/2015/05/21/rnn-effectiveness/) and a small GPT (Radford et al.
 * 2018), on Shakespeare's sonnets. The baseline is the entropy of a table of pairs of characters; both have to do better on
 * sonnets they have not read.
 */

import { fromTypedArray, Generator, manualSeed, nn, optim, type Tensor, tensor } from 'cotangent';
import { isMain, type Print, since } from './support/budget.js';
import { bigramEntropy, encode, sonnets } from './support/sonnets.js';

/** Embedding, one LSTM, scores for the next character. */
export const characterRNN = (size: number, units = 128): nn.Sequential =>
  new nn.Sequential([
    new nn.Embedding({ inputDim: size, outputDim: 32 }),
    new nn.LSTM({ units, returnSequences: true }),
    new nn.Dense({ units: size }),
  ]);

/** Token and position embeddings, causal transformer blocks, scores for the next character. */
export class GPT extends nn.Model {
  private readonly tokens: nn.Embedding;
  private readonly positions: nn.PositionEmbedding;
  private readonly blocks: nn.TransformerDecoder[];
  private readonly norm = new nn.LayerNormalization();
  private readonly scores: nn.Dense;

  constructor(size: number, length: number, width = 64, heads = 4, depth = 2) {
    super();
    this.tokens = new nn.Embedding({ inputDim: size, outputDim: width });
    this.positions = new nn.PositionEmbedding({ sequenceLength: length });
    const block = {
      intermediateDim: 4 * width,
      numHeads: heads,
      dropout: 0.1,
      activation: 'gelu',
      normalizeFirst: true,
    } as const;
    this.blocks = Array.from({ length: depth }, () => new nn.TransformerDecoder(block));
    this.scores = new nn.Dense({ units: size });
  }

  override forward(x: Tensor): Tensor {
    const embedded = this.tokens.call(x);
    let h = embedded.add(this.positions.call(embedded));
    for (const block of this.blocks) h = block.call(h);
    return this.scores.call(this.norm.call(h));
  }
}

/** Writes on, character by character. @param temperature below 1 more careful, above 1 bolder */
export function write(
  model: nn.Model,
  start: Int32Array,
  count: number,
  length: number,
  temperature: number,
  generator: Generator,
): number[] {
  const ids = [...start];
  for (let i = 0; i < count; i++) {
    const x = tensor([ids.slice(-length)], { dtype: 'int32' });
    const scores = model.predictOnBatch(x);
    const p = scores.slice(0, -1).div(temperature).softmax().toTypedArray();
    let left = generator.uniform();
    let next = 0;
    while (next < p.length - 1 && left >= p[next]!) left -= p[next++]!;
    ids.push(next);
  }
  return ids;
}

/** What came of training. */
export interface Result {
  /** Nats a character on text that was not trained on. */
  readonly loss: number;
  readonly bigrams: number;
  readonly text: string;
}

/** Trains one of the two. */
export async function train(
  kind: 'rnn' | 'gpt',
  { epochs = kind === 'rnn' ? 8 : 10, length = 64, share = 1, print = console.log as Print, written = 300 } = {},
): Promise<Result> {
  manualSeed(1);
  const all = encode(sonnets());
  const ids = all.ids.subarray(0, Math.floor(all.ids.length * share));
  const split = Math.floor(ids.length * 0.9);
  const size = all.characters.length;
  const windows = (part: Int32Array): [Tensor, Tensor] => {
    const count = Math.floor((part.length - 1) / length);
    const cut = (shift: number): Tensor => fromTypedArray(part.slice(shift, shift + count * length), [count, length]);
    return [cut(0), cut(1)];
  };
  const [x, y] = windows(ids.subarray(0, split));
  const [xTest, yTest] = windows(ids.subarray(split));
  const bigrams = bigramEntropy(ids.subarray(0, split), ids.subarray(split), size);
  const model = kind === 'rnn' ? characterRNN(size) : new GPT(size, length);
  const steps = Math.ceil(x.shape[0]! / 16) * epochs;
  model.compile({
    optimizer: new optim.Adam({
      learningRate: new optim.schedules.CosineDecay({
        initialLearningRate: kind === 'rnn' ? 5e-3 : 3e-3,
        decaySteps: steps,
      }),
      globalClipNorm: 1,
    }),
    loss: nn.losses.withOptions('sparseCategoricalCrossentropy', { fromLogits: true }),
  });
  const start = performance.now();
  let loss = Number.NaN;
  await model.fit(x, y, {
    epochs,
    batchSize: 16,
    validationData: [xTest, yTest],
    verbose: 0,
    callbacks: [
      {
        onEpochEnd(epoch, logs) {
          loss = logs.valLoss!;
          print(
            `epoch ${epoch + 1}: loss ${logs.loss!.toFixed(3)}, unread ${loss.toFixed(3)} nats a character (pairs: ${bigrams.toFixed(3)}), ${since(start)}`,
          );
        },
      },
    ],
  });
  const begin = all.ids.subarray(0, all.ids.indexOf(all.characters.indexOf('\n')) + 1);
  const text = all.decode(write(model, begin, written, length, 0.7, new Generator(2)));
  print(text);
  return { loss, bigrams, text };
}

if (isMain(import.meta.filename)) void train('rnn').then(() => train('gpt'));
