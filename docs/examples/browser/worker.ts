/** The worker: loads the digits, trains the network of `npm start` on them, and reads what is drawn. */

import { ArgumentError, fromTypedArray, heapStats, manualSeed, nn, optim, type Tensor } from 'cotangent';
import { centred } from './centred.js';
import type { Order, Report } from './messages.js';

/** Each epoch takes this much of the learning rate of the one before. */
const decay = 0.4;
const batchSize = 64;
/** Milliseconds between two reports: as often as people can follow. */
const reportEvery = 100;

const report = (message: Report): void => self.postMessage(message);

interface Digits {
  /** float32 [count, 28, 28], 0 (paper) to 1 (ink). */
  readonly images: Tensor;
  /** int32 [count]. */
  readonly labels: Tensor;
}

async function fetchIdx(name: string): Promise<nn.data.IdxData> {
  const address = new URL(`./data/${name}`, self.location.href);
  const response = await fetch(address);
  if (!response.ok)
    throw new ArgumentError('fetchIdx', `${address} answers ${response.status}`, 'Build the page again.');
  return nn.data.parseIdx(new Uint8Array(await response.arrayBuffer()), name);
}

async function fetchDigits(part: string): Promise<Digits> {
  const [pixels, labels] = await Promise.all([
    fetchIdx(`${part}-images-idx3-ubyte`),
    fetchIdx(`${part}-labels-idx1-ubyte`),
  ]);
  const ink = Float32Array.from(pixels.data, (value) => value / 255);
  return {
    images: fromTypedArray(ink, pixels.shape),
    labels: fromTypedArray(Int32Array.from(labels.data), labels.shape),
  };
}

function makeModel(): nn.Sequential {
  return nn.sequential([
    new nn.Flatten({ inputShape: [28, 28] }),
    new nn.Dense({ units: 128, activation: 'relu', kernelInitializer: 'heUniform' }),
    new nn.Dense({ units: 10 }),
  ]);
}

/** Whether the page's policy and the host let WebAssembly be compiled: this is an empty module. */
function compiles(): boolean {
  try {
    new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    return heapStats().reservedBytes > 0;
  } catch {
    return false;
  }
}

class Trainer {
  private model = makeModel();
  private running: AbortController | null = null;

  constructor(
    private readonly training: Digits,
    private readonly test: Digits,
  ) {}

  get parameters(): number {
    return this.model.countParameters();
  }

  async train({ epochs, learningRate, seed }: Extract<Order, { kind: 'train' }>): Promise<void> {
    if (this.running !== null) return;
    const running = new AbortController();
    this.running = running;
    manualSeed(seed);
    const model = makeModel();
    this.model = model;
    const optimizer = new optim.Adam({ learningRate });
    model.compile({
      optimizer,
      loss: (yTrue, yPred) => nn.losses.sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true }),
      metrics: ['accuracy'],
    });
    const { images, labels } = this.training;
    const stepsPerEpoch = Math.ceil(images.shape[0]! / batchSize);
    const started = performance.now();
    let losses: number[] = [];
    let reported = started;
    let testAccuracy = 0;
    const send = (now: number): void => {
      const digitsPerSecond = (losses.length * batchSize * 1000) / Math.max(1, now - reported);
      report({ kind: 'batches', losses, stepsPerEpoch, digitsPerSecond });
      losses = [];
      reported = now;
    };
    try {
      await model.fit(images, labels, {
        epochs,
        batchSize,
        validationData: [this.test.images, this.test.labels],
        verbose: 0,
        signal: running.signal,
        callbacks: [
          {
            onEpochBegin: (epoch) => {
              optimizer.learningRate = learningRate * decay ** epoch;
            },
            onBatchEnd: (_, { loss }) => {
              losses.push(loss!);
              const now = performance.now();
              if (now - reported >= reportEvery) send(now);
            },
            onEpochEnd: (epoch, logs) => {
              send(performance.now());
              testAccuracy = logs.valAccuracy!;
              report({ kind: 'epoch', epoch, accuracy: logs.accuracy!, testAccuracy });
            },
          },
        ],
      });
      report({ kind: 'done', testAccuracy, seconds: (performance.now() - started) / 1000 });
    } catch (error) {
      if (!running.signal.aborted) throw error;
      report({ kind: 'aborted' });
    } finally {
      this.running = null;
    }
  }

  abort(): void {
    this.running?.abort();
  }

  /** Reads a drawing, also in the middle of training: by the weights as they are. */
  read(ink: Float32Array, side: number): void {
    const pixels = centred(ink, side);
    const logits = this.model.predictOnBatch(fromTypedArray(pixels, [1, 28, 28])) as Tensor;
    report({ kind: 'prediction', pixels, probabilities: Array.from(logits.softmax().toTypedArray()) });
  }

  pick(): void {
    const index = Math.floor(Math.random() * this.test.labels.size);
    const pixels = Float32Array.from(this.test.images.slice(index).toTypedArray());
    report({ kind: 'picked', pixels, label: this.test.labels.slice(index).item() });
  }
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function begin(): Promise<void> {
  report({ kind: 'loading', what: 'the test digits' });
  const test = await fetchDigits('t10k');
  report({ kind: 'loading', what: 'the digits to train on' });
  const training = await fetchDigits('train');
  const trainer = new Trainer(training, test);
  self.onmessage = ({ data: order }: MessageEvent<Order>) => {
    try {
      if (order.kind === 'train')
        trainer.train(order).catch((error) => report({ kind: 'failed', message: said(error) }));
      else if (order.kind === 'abort') trainer.abort();
      else if (order.kind === 'read') trainer.read(order.ink, order.side);
      else trainer.pick();
    } catch (error) {
      report({ kind: 'failed', message: said(error) });
    }
  };
  report({
    kind: 'ready',
    trainingDigits: training.labels.size,
    testDigits: test.labels.size,
    parameters: trainer.parameters,
    compiles: compiles(),
  });
}

begin().catch((error) => report({ kind: 'failed', message: said(error) }));
