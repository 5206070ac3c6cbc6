/** Runs a program: what it prints and shows goes out piece by piece. */

import { compile } from './compile.js';
import { type Piece, show, showError } from './show.js';

/** Modules that a program may import, by name. */
export type Modules = Readonly<Record<string, object>>;

/** More than this is not shown: the page would not keep up. */
const mostPieces = 1000;
/** Lines that the engine puts before the body of a function made of text. */
const linesBefore = 2;

type AsyncFunction = (...inputs: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => undefined).constructor as new (...texts: string[]) => AsyncFunction;

/** @returns whether it came to its end */
export async function run(source: string, modules: Modules, emit: (piece: Piece) => void): Promise<boolean> {
  let count = 0;
  const print = (...values: unknown[]): void => {
    for (const piece of show(values)) {
      count++;
      if (count <= mostPieces) emit(piece);
      if (count === mostPieces) emit({ kind: 'error', text: `(more than ${mostPieces} pieces are not shown)` });
    }
  };
  const load = (name: string): object => {
    const found = modules[name];
    if (found === undefined)
      throw new Error(`There is no module '${name}' here; there are ${Object.keys(modules).join(', ')}.`);
    return found;
  };
  const console = { log: print, info: print, warn: print, error: print, debug: print };
  const shown = (value: unknown): void => {
    if (value !== undefined) print(value);
  };
  try {
    const body = `'use strict';${compile(source)}\n//# sourceURL=program.js`;
    await new AsyncFunction('__load', '__show', 'console', body)(load, shown, console);
    return true;
  } catch (error) {
    emit(showError(error, lineOf(error)));
    return false;
  }
}

function lineOf(error: unknown): number | null {
  const line = error instanceof Error ? /program\.js:(\d+)/.exec(error.stack ?? '')?.[1] : undefined;
  return line === undefined ? null : Number(line) - linesBefore;
}
