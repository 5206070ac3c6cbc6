import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor, zeros } from '@cotangent/autograd';
import { manualSeed } from '@cotangent/kernels';
import { nn, optim } from '@cotangent/nn';
import { saveCheckpoint } from '@cotangent/nn/node';
import fc from 'fast-check';
import { run } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'cotangent-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with these bytes; gives its path. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function cotangent(...args: string[]): Promise<{ code: number; printed: string; complained: string }> {
  const [printed, complained]: [string[], string[]] = [[], []];
  const code = await run(args, {
    print: (line) => void printed.push(line),
    complain: (line) => void complained.push(line),
  });
  return { code, printed: printed.join('\n'), complained: complained.join('\n') };
}

describe('the command', () => {
  it('prints help and the version of the package', async () => {
    expect(await cotangent('--help')).toMatchObject({ code: 0, printed: expect.stringContaining('inspect FILE') });
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
    expect(await cotangent('--version')).toEqual({ code: 0, printed: version, complained: '' });
  });

  it.each([
    [[], 'no command'],
    [['trian'], "unknown command 'trian'"],
    [['\u001b[2J'], "unknown command '\\u001b[2J'"],
    [['inspect'], 'got nothing; expected the path of a file'],
    [['inspect', 'a', 'b'], 'got a b; expected the path of a file'],
    [['info', 'x'], 'got x; expected nothing'],
    [['train'], 'expected the name of an example'],
  ])('says how it is used after %j', async (args, problem) => {
    const { code, printed, complained } = await cotangent(...args);
    expect({ code, printed }).toEqual({ code: 1, printed: '' });
    expect(complained).toContain(problem);
    expect(complained).toContain('Usage: cotangent COMMAND');
  });
});

describe('info', () => {
  it('tells the kernels, and compares them with the plain loops', async () => {
    const { code, printed } = await cotangent('info');
    expect(code).toBe(0);
    expect(printed).toContain(`Node              ${process.versions.node}`);
    const simd = process.env['COTANGENT_WEBASSEMBLY'] !== 'off';
    expect(printed).toContain(simd ? 'self-test       passed' : 'nothing to compare');
    expect(printed).toMatch(/copying +\d+\.\d GB\/s/);
    if (simd) expect(printed).toMatch(/matmul +\d+\.\d GFLOP\/s/);
  });
});

describe('train', () => {
  it.each(['spiral', 'sine', 'xor'])('trains %s, and again with the same losses', async (name) => {
    const losses = ({ printed }: { printed: string }): number[] =>
      [...printed.matchAll(/^epoch .* loss (\S+)/gm)].map(([, loss]) => Number(loss));
    const first = await cotangent('train', name, '--epochs', '5', '--seed', '4');
    expect(first.code).toBe(0);
    expect(losses(first)).toHaveLength(5);
    expect(losses(first)[4]).toBeLessThan(losses(first)[0]!);
    expect(losses(await cotangent('train', name, '--epochs', '5', '--seed', '4'))).toEqual(losses(first));
  });

  it.each([
    [['mnist'], "got example 'mnist'; expected one of spiral, sine, xor"],
    [['toString'], "got example 'toString'"],
    [['xor', '--epochs', '0'], "got --epochs '0'; expected a whole number from 1"],
    [['xor', '--epochs', 'many'], "got --epochs 'many'"],
    [['xor', '--speed', '2'], '--speed'],
    [['xor', 'sine'], 'got 2 names of examples'],
  ])('refuses %j', async (args, problem) => {
    const { code, complained } = await cotangent('train', ...args);
    expect(code).toBe(1);
    expect(complained).toContain(problem);
  });
});

describe('inspect', () => {
  it('lists weights by name, with what was said of them', async () => {
    const weights = { b: zeros([3]), a: tensor([[1, 2]], { dtype: 'int32' }) };
    const path = file('weights.safetensors', nn.encodeSafetensors(weights, { author: 'me\u001b[31m' }));
    const { code, printed } = await cotangent('inspect', path);
    expect(code).toBe(0);
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(/^safetensors file, \d+ bytes$/),
      'author: me\\u001b[31m',
      '',
      'a  int32    [1, 2]  2',
      'b  float32  [3]     3',
      '2 tensors, 5 numbers',
    ]);
  });

  it('tells what a checkpoint holds beside tensors', async () => {
    manualSeed(1);
    const model = new nn.Dense({ units: 2, inputUnits: 3 });
    const optimizer = new optim.SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
    const path = join(folder, 'run.checkpoint');
    await saveCheckpoint(path, { model, optimizer, extra: { note: 'third try' } });
    const { printed } = await cotangent('inspect', path);
    expect(printed).toMatch(/^checkpoint, /);
    expect(printed).toContain('optimizer: SGD {');
    expect(printed).toContain('extra: {"note":"third try"}');
    expect(printed).toMatch(/model\.kernel +float32 +\[3, 2\] +6/);
  });

  it('reads IDX files', async () => {
    const path = file('labels-idx1-ubyte', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9));
    expect((await cotangent('inspect', path)).printed).toContain('data  uint8  [3]  3');
  });

  it('refuses what it cannot read, with exit code 1', async () => {
    mkdirSync(join(folder, 'directory'));
    const broken = nn.encodeSafetensors({ a: zeros([4]) }).slice(0, -3);
    for (const [path, problem] of [
      [join(folder, 'nowhere'), 'there is no such file'],
      [join(folder, 'directory'), 'got a folder'],
      [file('weights.npz', 'PK\u0003\u0004'), 'is a zip archive'],
      [file('empty', ''), 'has 0 bytes'],
      [file('broken', broken), 'at byte'],
      [file('no\u001bname', 'text'), 'no\\u001bname'],
    ] as const) {
      const { code, printed, complained } = await cotangent('inspect', path);
      expect({ code, printed }).toEqual({ code: 1, printed: '' });
      expect(complained).toContain(problem);
    }
  });

  it('neither throws nor writes control characters, whatever the bytes', async () => {
    const whole = nn.encodeSafetensors(
      { 'a\u0007b': zeros([2]) },
      { 'cotangent.checkpoint': '{"version":1,"fit":[]}' },
    );
    const changed = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, fc.uint8Array({ maxLength: 64 })), async (bytes) => {
        const { code, printed, complained } = await cotangent('inspect', file('any', bytes));
        expect(code === 0 ? complained : printed).toBe('');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(printed + complained).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
