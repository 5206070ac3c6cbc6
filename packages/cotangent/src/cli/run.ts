import { CotangentError } from '@cotangent/kernels';
import { describeMachine } from './info.js';
import { describeFile } from './inspect.js';
import { printable } from './printable.js';
import { trainExample, trainOptions } from './train.js';
import { version } from './version.js';

/** Where a command writes. */
export interface Output {
  /** What was asked for, line by line. */
  readonly print: (line: string) => void;
  /** What went wrong. */
  readonly complain: (line: string) => void;
}

const help = `Usage: cotangent COMMAND

  info                version, kernels and threads of this machine, a self-test, and what its arithmetic reaches at best
  inspect FILE        what a file of weights (safetensors), a checkpoint or an IDX file holds
  train NAME          trains an example: spiral (a classifier), sine (a regression), xor
${trainOptions}
  --help, --version`;

/** A command that was not given what it needs. */
class UsageError extends Error {}

/**
 * Runs one command.
 *
 * @param args what follows `cotangent` on the command line
 * @returns the exit code: 0, or 1 where something went wrong
 */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    await runCommand(args, output);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) output.complain(`${error.message}\n\n${help}`);
    else if (error instanceof CotangentError) output.complain(printable(error.message));
    else throw error;
    return 1;
  }
}

async function runCommand([command, ...rest]: readonly string[], { print }: Output): Promise<void> {
  switch (command) {
    case undefined:
      throw new UsageError('cotangent: no command');
    case 'help':
    case '-h':
    case '--help':
      return print(help);
    case '-v':
    case '--version':
      return print(version());
    case 'info':
      expectArguments(command, rest, 0, 'nothing');
      for (const line of describeMachine()) print(line);
      return;
    case 'inspect':
      expectArguments(command, rest, 1, 'the path of a file');
      for (const line of await describeFile(rest[0]!)) print(line);
      return;
    case 'train':
      if (rest.length === 0) expectArguments(command, rest, 1, 'the name of an example');
      return trainExample(rest, print);
    default:
      throw new UsageError(`cotangent: unknown command '${printable(command)}'`);
  }
}

function expectArguments(command: string, args: readonly string[], count: number, what: string): void {
  if (args.length !== count)
    throw new UsageError(`cotangent ${command}: got ${printable(args.join(' ')) || 'nothing'}; expected ${what}`);
}
