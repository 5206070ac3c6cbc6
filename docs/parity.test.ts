/** The column of parity.md that is ours names only what is exported. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cotangent from 'cotangent';
import * as node from 'cotangent/node';
import * as testing from 'cotangent/testing';

const page = readFileSync(join(__dirname, 'parity.md'), 'utf8');
const cells = [...page.matchAll(/^\| (.*)$/gm)].map(([, row]) => row!.split('|')[1]!);
const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));

/** Entries that are named themselves, not names in them. */
const entries = new Set(['cotangent/node', 'cotangent/testing']);

function isExported(name: string): boolean {
  let value: unknown = { ...node, ...testing, ...cotangent };
  for (const key of name.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value !== undefined;
}

describe('parity.md', () => {
  it('names what is there', () => {
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !entries.has(name) && !isExported(name))).toEqual([]);
  });

  it('says of every capability whether it is here', () => {
    const said = cells.filter((cell) => !/^[ -]*$|^ here +$/.test(cell)).map((cell) => cell.trim());
    expect(said.length).toBeGreaterThan(40);
    expect(said.filter((cell) => !/^(yes|part|no)\b|^\[all of Gluon's/.test(cell))).toEqual([]);
  });
});
