/** JSON that keeps every number: NaN and infinities, which JSON itself turns into null. */

import { FormatError } from '@cotangent/kernels';

/** Plain data: what JSON keeps. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const key = '$number';

/** As text. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, node: unknown) =>
    typeof node === 'number' && !Number.isFinite(node) ? { [key]: String(node) } : node,
  );
}

/** From text that `toJson` or anybody else wrote. Keys that would reach into prototypes are refused. @throws FormatError */
export function fromJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text, (name, node: unknown) => {
      if (name === '__proto__') throw new SyntaxError("the key '__proto__' is not allowed");
      const special = typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined;
      return typeof special === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(special) ? Number(special) : node;
    });
  } catch (error) {
    throw new FormatError(source, `is no valid JSON: ${(error as Error).message}`);
  }
}
