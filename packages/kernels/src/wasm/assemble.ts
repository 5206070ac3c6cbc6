/** Functions to the bytes of a module, which imports the heap and exports every function by its name. */

import { Code, type Local, type VectorConstant } from './code.js';
import { type Bytes, flatten, list, section, sized, text, unsigned } from './encode.js';
import type { Expr } from './expr.js';
import { typeCodes, type ValueType } from './instructions.js';

/** A finished function. */
export interface Func {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | null;
  readonly locals: readonly ValueType[];
  readonly constants: readonly VectorConstant[];
  readonly body: readonly number[];
}

type Parameters = Readonly<Record<string, ValueType>>;
type Arguments<P extends Parameters> = { readonly [K in keyof P]: Local<P[K]> };

/** Writes a function that returns nothing. Parameters are passed in the order in which `parameters` names them. */
export function procedure<P extends Parameters>(
  name: string,
  parameters: P,
  write: (code: Code, args: Arguments<P>) => void,
): Func {
  const types = Object.values(parameters);
  const code = new Code(types);
  write(code, argumentsOf(code, parameters));
  return { name, parameters: types, result: null, locals: code.locals, constants: code.constants, body: code.bytes };
}

/** Writes a function that returns the value of the expression that `write` ends with. */
export function func<P extends Parameters, R extends ValueType>(
  name: string,
  parameters: P,
  result: R,
  write: (code: Code, args: Arguments<P>) => Expr<NoInfer<R>>,
): Func {
  const types = Object.values(parameters);
  const code = new Code(types);
  const value = write(code, argumentsOf(code, parameters));
  const body = [...code.bytes, ...flatten(value.code)];
  return { name, parameters: types, result, locals: code.locals, constants: code.constants, body };
}

function argumentsOf<P extends Parameters>(code: Code, parameters: P): Arguments<P> {
  const entries = Object.entries(parameters).map(([name, type], index) => [name, code.parameter(type, index)]);
  return Object.fromEntries(entries) as Arguments<P>;
}

/** Locals as runs of one type, which is how the format lists them. */
function localRuns(types: readonly ValueType[]): Bytes {
  const runs: { count: number; type: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === typeCodes[type]) last.count++;
    else runs.push({ count: 1, type: typeCodes[type] });
  }
  return list(runs.map(({ count, type }) => [unsigned(count), type]));
}

/**
 * The bytes of a module of these functions.
 *
 * @param shared whether the heap is shared memory: an import must say what it will get
 */
export function assemble(functions: readonly Func[], shared: boolean): Uint8Array {
  const typesOf = (types: readonly ValueType[]): Bytes => list(types.map((type) => [typeCodes[type]]));
  // Any size of memory will do: at least 0 pages, at most all 65536 that 32-bit addresses reach.
  const memory: Bytes = shared ? [0x03, unsigned(0), unsigned(65536)] : [0x00, unsigned(0)];
  const signatures = functions.map(({ parameters, result }) => [
    0x60,
    typesOf(parameters),
    typesOf(result === null ? [] : [result]),
  ]);
  // Each constant once, whichever functions use it.
  const globals = new Map<string, { readonly index: number; readonly value: Bytes }>();
  const globalOf = (value: Bytes): number => {
    const key = flatten(value).join();
    const known = globals.get(key) ?? { index: globals.size, value };
    globals.set(key, known);
    return known.index;
  };
  const bodies = functions.map(({ locals, constants, body }) => {
    const entry = constants.map(({ local, value }) => [0x23, unsigned(globalOf(value)), 0x21, unsigned(local)]);
    return sized(flatten([localRuns(locals), entry, body, 0x0b]));
  });
  const vectorType = typeCodes.f32x4;
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(signatures)),
      section(2, list([[text('heap'), text('memory'), 0x02, memory]])),
      section(3, list(functions.map((_, index) => unsigned(index)))),
      section(6, list([...globals.values()].map(({ value }) => [vectorType, 0, value, 0x0b]))),
      section(7, list(functions.map(({ name }, index) => [text(name), 0x00, unsigned(index)]))),
      section(10, list(bodies)),
    ]),
  );
}
