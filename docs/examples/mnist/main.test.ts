import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from './main.js';

// Each run reads all 70,000 digits, which takes a busy machine seconds.
jest.setTimeout(120_000);

describe('npm start', () => {
  let folder: string;
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
  const small = ['--limit', '1500', '--epochs', '1', '--units', '24', '--batch-size', '16', '--quiet'];

  it('trains, prints the accuracy and the confusion matrix, draws misread digits and writes the report', async () => {
    const report = join(folder, 'deeper', 'report.html');
    const { code, out, error } = await run(...small, '--report', report);
    expect(error).toBe('');
    expect(code).toBe(0);
    const accuracy = /^Test accuracy: (\d\d\.\d\d) %$/m.exec(out);
    expect(Number(accuracy![1])).toBeGreaterThan(70);
    expect(out).toContain('true \\ read');
    expect(out).toMatch(/true \d, read \d \(\d+ %\)/);
    expect(out).toContain(`Report: ${report}`);
    const page = readFileSync(report, 'utf8');
    expect(page).toContain(`${accuracy![1]} %`);
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain('data:image/png;base64,');
    expect(existsSync(`${report}.part`)).toBe(false);
  });

  it('repeats bit for bit with the same seed, and not with another', async () => {
    const report = join(folder, 'report.html');
    const lossOf = async (seed: string): Promise<string> => {
      const { out } = await run(...small, '--seed', seed, '--report', report);
      return /^Final training loss: (.*)$/m.exec(out)![1]!;
    };
    const first = await lossOf('11');
    expect(await lossOf('11')).toBe(first);
    expect(await lossOf('12')).not.toBe(first);
  });

  it.each([
    [['--epoch', '3'], "Unknown option '--epoch'"],
    [['--epochs', '0'], 'got --epochs 0; expected a whole number of at least 1'],
    [['--epochs', '1.5'], 'got --epochs 1.5; expected a whole number'],
    [['--seed', 'seven'], 'got --seed seven; expected a whole number of at least 0'],
    [['--learning-rate', '-1'], '--learning-rate'],
    [['extra'], "Unexpected argument 'extra'"],
  ])('answers %j with exit code 2 and one line', async (argv, message) => {
    const { code, out, error } = await run(...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(error).toContain(message);
    expect(error.split('\n')).toHaveLength(1);
  });

  it('names missing and truncated data files, with exit code 1', async () => {
    const missing = await run('--data', folder);
    expect(missing.code).toBe(1);
    expect(missing.error).toMatch(/train-images-idx3-ubyte: there is no such file/);
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), Uint8Array.of(0, 0, 8, 3, 0, 0));
    writeFileSync(join(folder, 'train-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0));
    const truncated = await run('--data', folder);
    expect(truncated.code).toBe(1);
    expect(truncated.error).toMatch(/train-images-idx3-ubyte: the header of 3 axes is cut off.*\(at byte 6\)/);
  });

  it('prints its options', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toContain('--epochs N');
  });
});
