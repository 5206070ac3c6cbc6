import { tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { expectRejected } from '../../fixtures/testing.js';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../model/sequential.js';
import type { Logs } from './callback.js';
import { ProgressBar, type ProgressOutput, resolveVerbosity, type Verbosity } from './progress.js';

/** What was written, and a clock that stands still until told. */
class FakeOutput implements ProgressOutput {
  readonly written: string[] = [];
  milliseconds = 5000;

  write(text: string): void {
    this.written.push(text);
  }

  now(): number {
    return this.milliseconds;
  }
}

/** Two epochs of four batches of 25; each batch takes 150 ms, or as told. */
function train(
  verbose: 1 | 2,
  batchMilliseconds = 150,
  logsOf: (batch: number) => Logs = (batch) => ({ loss: 1 / (batch + 1), accuracy: 0.5 }),
): string[] {
  const output = new FakeOutput();
  const bar = new ProgressBar(verbose, output);
  bar.onTrainBegin({ epochs: 2, steps: 4, samples: 100, batchSize: 25 });
  for (let epoch = 0; epoch < 2; epoch++) {
    bar.onEpochBegin(epoch);
    for (let batch = 0; batch < 4; batch++) {
      output.milliseconds += batchMilliseconds;
      bar.onBatchEnd(batch, { size: 25, ...logsOf(batch) });
    }
    bar.onEpochEnd(epoch, { loss: 0.52083, accuracy: 0.75, valLoss: 0.00012345 });
  }
  return output.written;
}

describe('nn.ProgressBar', () => {
  it('draws with verbose 1 a bar that grows, over itself, and leaves one line an epoch', () => {
    expect(train(1).slice(0, 5)).toEqual([
      '\rEpoch 1/2 ██████░░░░░░░░░░░░░░░░░░ loss 1.0000 · accuracy 0.5000 · 167 samples/s · 0 s left',
      '\rEpoch 1/2 ████████████░░░░░░░░░░░░ loss 0.7500 · accuracy 0.5000 · 167 samples/s · 0 s left',
      '\rEpoch 1/2 ██████████████████░░░░░░ loss 0.6111 · accuracy 0.5000 · 167 samples/s · 0 s left',
      '\rEpoch 1/2 ████████████████████████ loss 0.5208 · accuracy 0.5000 · 167 samples/s · 0 s left',
      // Shorter than the bar: spaces cover the rest of it.
      '\rEpoch 1/2 loss 0.5208 · accuracy 0.7500 · valLoss 1.23e-4 · 167 samples/s · 1 s            \n',
    ]);
  });

  it('starts every epoch afresh', () => {
    expect(train(1).slice(5)).toEqual(
      train(1)
        .slice(0, 5)
        .map((line) => line.replace('1/2', '2/2')),
    );
  });

  it('writes with verbose 2 one line an epoch and nothing else', () => {
    expect(train(2)).toEqual([
      'Epoch 1/2 loss 0.5208 · accuracy 0.7500 · valLoss 1.23e-4 · 167 samples/s · 1 s\n',
      'Epoch 2/2 loss 0.5208 · accuracy 0.7500 · valLoss 1.23e-4 · 167 samples/s · 1 s\n',
    ]);
  });

  it('stays within one line of a narrow terminal, so that it can be written over', () => {
    for (const columns of [80, 60, 30]) {
      const output = Object.assign(new FakeOutput(), { columns: () => columns });
      const bar = new ProgressBar(1, output);
      bar.onTrainBegin({ epochs: 2, steps: 4, samples: 100, batchSize: 25 });
      bar.onEpochBegin(0);
      output.milliseconds += 150;
      bar.onBatchEnd(0, { size: 25, loss: 1, accuracy: 0.5 });
      expect(output.written[0]).toHaveLength(columns);
      if (columns === 80) {
        expect(output.written[0]).toBe(
          '\rEpoch 1/2 ███░░░░░░░░░ loss 1.0000 · accuracy 0.5000 · 167 samples/s · 0 s left',
        );
      }
    }
  });

  it('redraws at most every 100 ms', () => {
    const bars = (batchMilliseconds: number) => train(1, batchMilliseconds).filter((text) => text.includes('█')).length;
    expect(bars(100)).toBe(8);
    expect(bars(60)).toBe(4); // after 60 and 180 ms of each epoch
    expect(bars(1)).toBe(2); // the first of each epoch
  });

  it('covers a longer line with spaces', () => {
    const output = new FakeOutput();
    const bar = new ProgressBar(1, output);
    bar.onTrainBegin({ epochs: 1, steps: 2, samples: 2, batchSize: 1 });
    bar.onEpochBegin(0);
    output.milliseconds += 1000;
    bar.onBatchEnd(0, { size: 1, loss: 10_000 });
    output.milliseconds += 1000;
    bar.onBatchEnd(1, { size: 1, loss: -10_000 });
    expect(output.written).toEqual([
      '\rEpoch 1/1 ████████████░░░░░░░░░░░░ loss 10000.0000 · 1 samples/s · 1 s left',
      '\rEpoch 1/1 ████████████████████████ loss 0.0000 · 1 samples/s · 0 s left    ',
    ]);
  });

  it('says once what to do about a loss that is not finite', () => {
    const output = new FakeOutput();
    const bar = new ProgressBar(2, output);
    bar.onTrainBegin({ epochs: 3, steps: 1, samples: 1, batchSize: 1 });
    for (const [epoch, loss] of [1, Number.NaN, Number.POSITIVE_INFINITY].entries()) bar.onEpochEnd(epoch, { loss });
    expect(output.written).toHaveLength(4);
    expect(output.written[2]).toBe(
      'The loss is no longer a finite number. A lower learningRate or globalClipNorm often helps; detectAnomaly finds where it begins.\n',
    );
  });

  it('weighs the batches by their size', () => {
    const output = new FakeOutput();
    const bar = new ProgressBar(1, output);
    bar.onTrainBegin({ epochs: 1, steps: 2, samples: 4, batchSize: 3 });
    bar.onEpochBegin(0);
    output.milliseconds += 1000;
    bar.onBatchEnd(0, { size: 3, loss: 1 });
    output.milliseconds += 1000;
    bar.onBatchEnd(1, { size: 1, loss: 5 });
    expect(output.written[1]).toContain('loss 2.0000');
  });

  it('says how much time is left, in seconds and minutes', () => {
    const bars = train(1, 100_000);
    expect(bars[0]).toContain('· 5:00 min left');
    expect(bars[1]).toContain('· 3:20 min left');
    expect(bars[3]).toContain('· 0 s left');
    expect(bars[4]).toContain('· 6:40 min');
    expect(train(1, 19_900)[0]).toContain('· 1:00 min left');
    expect(train(1, 1000)[0]).toContain('· 3 s left');
  });

  it('groups thousands of samples a second', () => {
    expect(train(2, 0.5)[0]).toContain('· 50,000 samples/s ·');
  });

  it('survives a clock that stands still, and losses that are no numbers', () => {
    expect(train(2, 0)[0]).toContain('samples/s');
    expect(train(1, 150, () => ({ loss: Number.NaN }))[0]).toContain('loss NaN');
    expect(train(1, 150, () => ({ loss: Number.POSITIVE_INFINITY }))[0]).toContain('loss Infinity');
  });
});

describe('the option verbose of fit', () => {
  const stdout = process.stdout as { isTTY?: boolean };
  const { isTTY } = stdout;

  afterEach(() => {
    stdout.isTTY = isTTY as boolean;
    jest.restoreAllMocks();
  });

  async function writtenByFit(verbose: Verbosity | undefined, terminal: boolean): Promise<string> {
    stdout.isTTY = terminal;
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const model = new Sequential([new Dense({ units: 1 })]);
    model.compile({ loss: 'mse' });
    await model.fit(tensor([[1], [2]]), tensor([[1], [2]]), verbose === undefined ? {} : { verbose });
    const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
    write.mockRestore();
    return text;
  }

  it("is 'auto' by default: silent where there is no terminal, a bar where there is", async () => {
    expect(await writtenByFit(undefined, false)).toBe('');
    expect(await writtenByFit('auto', false)).toBe('');
    expect(await writtenByFit(undefined, true)).toMatch(/^\rEpoch 1\/1 █{24} loss /);
  });

  it('0 is silent, 1 a bar and 2 a line, wherever the output goes', async () => {
    expect(await writtenByFit(0, true)).toBe('');
    expect(await writtenByFit(1, false)).toMatch(/^\rEpoch 1\/1 █{24} loss .* left\rEpoch 1\/1 loss .*\n$/);
    expect(await writtenByFit(2, false)).toMatch(/^Epoch 1\/1 loss [^\r\n]* s\n$/);
  });

  it.each([[3], [true], ['silent']])('refuses %p', async (verbose) => {
    expect(() => resolveVerbosity('fit', verbose as never)).toThrow(ArgumentError);
    const model = new Sequential([new Dense({ units: 1 })]);
    model.compile({ loss: 'mse' });
    await expectRejected(
      model.fit(tensor([[1]]), tensor([[1]]), { verbose: verbose as never }),
      ArgumentError,
      `fit: got verbose ${verbose}; expected 'auto', 0, 1 or 2`,
    );
  });
});
