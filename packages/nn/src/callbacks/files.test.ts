import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator, manualSeed } from '@cotangent/kernels';
import { bundle } from '../../fixtures/testing/bundle.js';
import { decodeCheckpoint } from '../io/checkpoint.js';
import { loadWeights, saveWeights, writeAtomically } from '../io/files.js';
import { parseSafetensors } from '../io/safetensors.js';
import { Dense } from '../layers/index.js';
import type { FitOptions } from '../model/model.js';
import { Sequential } from '../model/sequential.js';
import { SGD } from '../optimizers/index.js';
import type { Callback } from './callback.js';
import { BackupAndRestore, CSVLogger, ModelCheckpoint } from './files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotangent-'));
  manualSeed(1);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function model(): Sequential {
  const net = new Sequential([new Dense({ units: 1, useBias: false, kernelInitializer: 'zeros' })]);
  net.compile({ optimizer: new SGD({ learningRate: 0.25 }), loss: 'mse' });
  return net;
}

/** One sample whose error halves with every step: losses 1, 1/4, 1/16, … */
const fit = (net: Sequential, options: FitOptions) =>
  net.fit([[1]], [[1]], { validationData: [[[1]], [[1]]], ...options });

describe('ModelCheckpoint', () => {
  it('fills in epochs, batches and logs, and saves what can be loaded', async () => {
    const callback = new ModelCheckpoint(at('runs/{epoch:3}-{batch}-{valLoss:.3}.safetensors'));
    await fit(model(), { epochs: 2, callbacks: [callback] });
    expect(readdirSync(at('runs')).sort()).toEqual(['001-1-0.250.safetensors', '002-1-0.063.safetensors']);
    expect(callback.lastPath).toBe(at('runs/002-1-0.063.safetensors'));
    const restored = model();
    decodeCheckpoint(readFileSync(callback.lastPath!), { model: restored, optimizer: restored.optimizer });
    expect(restored.predictOnBatch([[1]]).toArray()).toEqual([[0.75]]);
    expect(restored.optimizer.iterations).toBe(2);
  });

  it('saves only what is better than ever, or than a threshold', async () => {
    const net = model();
    const worsen: Callback = {
      onEpochEnd(epoch) {
        if (epoch === 1) net.optimizer.learningRate = 1.2;
      },
    };
    const callback = new ModelCheckpoint(at('{epoch}.safetensors'), {
      saveBestOnly: true,
      saveWeightsOnly: true,
      initialValueThreshold: 0.1,
    });
    await fit(net, { epochs: 4, callbacks: [worsen, callback] });
    expect(readdirSync(folder)).toEqual(['2.safetensors']);
    expect(Object.keys(parseSafetensors(readFileSync(at('2.safetensors'))).tensors)).toEqual(['0.kernel']);
  });

  it('saves after every so many batches', async () => {
    const x = [[1], [1], [1]];
    const callback = new ModelCheckpoint(at('{epoch}-{batch}'), { saveFrequency: 2 });
    await model().fit(x, x, { epochs: 2, batchSize: 1, callbacks: [callback] });
    expect(readdirSync(folder).sort()).toEqual(['1-2', '2-1', '2-3']);
  });

  it('refuses names that the logs do not have', async () => {
    const run = fit(model(), { callbacks: [new ModelCheckpoint(at('{accuracy}'))] });
    await expect(run).rejects.toThrow(
      'ModelCheckpoint: got {accuracy} in the path; the logs have loss, valLoss, epoch, batch',
    );
    expect(() => new ModelCheckpoint('')).toThrow("got path ''; expected text");
    expect(() => new ModelCheckpoint('x', { saveFrequency: 0 })).toThrow('got saveFrequency 0');
  });
});

describe('CSVLogger', () => {
  it('writes a line an epoch, anew or behind what is there', async () => {
    const path = at('log/run.csv');
    await fit(model(), { epochs: 2, callbacks: [new CSVLogger(path)] });
    expect(readFileSync(path, 'utf8')).toBe('epoch,loss,valLoss\n0,1,0.25\n1,0.25,0.0625\n');
    await fit(model(), { epochs: 1, callbacks: [new CSVLogger(path, { append: true })] });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(5);
    await fit(model(), { epochs: 1, callbacks: [new CSVLogger(path, { separator: ';' })] });
    expect(readFileSync(path, 'utf8')).toBe('epoch;loss;valLoss\n0;1;0.25\n');
  });
});

describe('saveWeights() and loadWeights()', () => {
  it('keep parameters, and say which file does not fit', async () => {
    const net = model().build([3]);
    net.parameters()[0]!.assign(net.parameters()[0]!.add(2));
    await saveWeights(net, at('w.safetensors'));
    const other = model();
    await loadWeights(other, at('w.safetensors'));
    expect(other.parameters()[0]!.toArray()).toEqual([[2], [2], [2]]);
    await expect(loadWeights(model().build([4]), at('w.safetensors'))).rejects.toThrow("'0.kernel' has shape [3, 1]");
    writeFileSync(at('x'), 'no tensors');
    await expect(loadWeights(other, at('x'))).rejects.toThrow(/x: its header should have \d+ bytes/);
  });
});

describe('writeAtomically()', () => {
  it('leaves nothing behind when it cannot write', async () => {
    await writeAtomically(at('file'), 'first');
    await expect(writeAtomically(at('none/file'), 'second')).rejects.toThrow('ENOENT');
    writeFileSync(at('folder'), '');
    rmSync(at('folder'));
    await writeAtomically(at('file'), 'third');
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(at('file'), 'utf8')).toBe('third');
  });
});

describe('BackupAndRestore', () => {
  let program: string;
  beforeAll(() => {
    program = join(bundle({ interrupted: 'nn/fixtures/testing/interrupted.ts' }), 'interrupted.js');
  });

  const start = (): ChildProcess =>
    spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });

  /** What a run prints when nobody kills it. */
  function finish(child: ChildProcess): Promise<string> {
    return new Promise((done, fail) => {
      let text = '';
      child.stdout!.on('data', (part: Buffer) => {
        text += part.toString();
      });
      child.on('close', (code) => (code === 0 ? done(text) : fail(new Error(`the run ended with ${code}`))));
    });
  }

  /** Kills a run when so many files have come and gone in its folder. */
  function killAfter(child: ChildProcess, changes: number): Promise<void> {
    return new Promise((done) => {
      let seen = 0;
      const watcher = watch(folder, () => {
        if (++seen === changes) child.kill('SIGKILL');
      });
      child.on('close', () => {
        watcher.close();
        done();
      });
      child.stdout!.resume();
    });
  }

  const kills = Number(process.env.COTANGENT_KILLS ?? 3);

  it(
    `ends bit for bit as if it had never been killed, ${kills} times`,
    async () => {
      const expected = await finish(start());
      const log = readFileSync(at('log.csv'), 'utf8');
      expect(existsSync(at('backup.safetensors'))).toBe(false);
      const generator = new Generator(Number(process.env.COTANGENT_SEED ?? 7) % 2 ** 32);
      let killed = 0;
      while (killed < kills) {
        rmSync(folder, { recursive: true });
        folder = mkdtempSync(join(tmpdir(), 'cotangent-'));
        // Some runs are killed several times before they may end.
        for (let turn = 0; turn < 2 && killed < kills; turn++, killed++) {
          await killAfter(start(), 1 + Math.floor(generator.uniform() * 120));
          // Whatever the moment: the backup is whole, or there is none.
          if (existsSync(at('backup.safetensors'))) parseSafetensors(readFileSync(at('backup.safetensors')));
        }
        expect(await finish(start())).toBe(expected);
        expect(readFileSync(at('log.csv'), 'utf8')).toBe(log);
      }
    },
    60_000 + 10_000 * kills,
  );
});

describe('a path of a callback', () => {
  it('has to be text', () => {
    expect(() => new BackupAndRestore(3 as never)).toThrow('BackupAndRestore: got path 3; expected text');
    expect(() => new CSVLogger('a', { separator: '' })).toThrow("got separator ''; expected one character");
  });
});
