/** The columns of parity.md and parityTable.md that are ours name only what is exported, and lead to where it is spoken of. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cotangent from 'cotangent';
import * as ndarray from 'cotangent/ndarray';
import * as node from 'cotangent/node';
import * as testing from 'cotangent/testing';

const cellsOf = (page: string): string[][] =>
  [...readFileSync(join(__dirname, page), 'utf8').matchAll(/^\| (.*) \|$/gm)].map(([, row]) =>
    row!.split(' | ').map((cell) => cell.trim()),
  );
const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** Entries that are named themselves, not names in them. */
const entries = new Set(['cotangent/node', 'cotangent/testing']);

const everything: Record<string, unknown> = { ...node, ...ndarray, ...testing, ...cotangent };

/** Whether a path leads to an export, or to a method or property of an exported class. */
function isExported(name: string): boolean {
  let value: unknown = everything;
  for (const key of name.split('.')) {
    const holder = value as Record<string, unknown> & { prototype?: object };
    if (holder[key] === undefined && key in (holder.prototype ?? {})) return true;
    value = holder[key];
    if (value === undefined) return false;
  }
  return true;
}

describe('parity.md', () => {
  const cells = cellsOf('parity.md').map((row) => row[1]!);
  const names = cells.flatMap(codesIn);

  it('names what is there', () => {
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !entries.has(name) && !isExported(name))).toEqual([]);
  });

  it('says of every capability whether it is here', () => {
    const said = cells.filter((cell) => !/^[ -]*$|^here$/.test(cell));
    expect(said.length).toBeGreaterThan(40);
    expect(said.filter((cell) => !/^(yes|part|no)\b|^\[all of Gluon's/.test(cell))).toEqual([]);
  });
});

describe('parityTable.md', () => {
  const rows = cellsOf('parityTable.md')
    .filter((row) => row[1] !== 'Cotangent' && !/^-*$/.test(row[1]!))
    .map(([what, ours]) => ({ what: what!, ours: ours! }));
  const notHere = (ours: string): boolean => /^N\b/.test(ours);
  const texts = new Map<string, string>();
  const textOf = (link: string): string => {
    const file = join(__dirname, link.replace(/#.*/, ''));
    const text = texts.get(file) ?? readFileSync(file, 'utf8');
    texts.set(file, text);
    return text;
  };
  const linksIn = (cell: string): string[] => [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
  /** Without options, which stand in braces, and commands. */
  const namesIn = (cell: string): string[] =>
    codesIn(cell).filter((code) => !/^(\{|npx |\.)|^(if|for)$/.test(code) && !entries.has(code));

  it('has every row of the checklist', () => {
    expect(rows.length).toBeGreaterThan(300);
  });

  it('names what is there', () => {
    const wrong = rows.flatMap(({ what, ours }) => namesIn(ours).map((name) => ({ what, name })));
    const ofJavaScript = new Set(['dtype']);
    expect(wrong.filter(({ name }) => !ofJavaScript.has(name) && !isExported(name))).toEqual([]);
  });

  it('leads from all that is here to a test or a page', () => {
    expect(rows.filter(({ ours }) => !notHere(ours) && linksIn(ours).length === 0)).toEqual([]);
    const links = rows.flatMap(({ ours }) => linksIn(ours));
    expect(links.filter((link) => !existsSync(join(__dirname, link.replace(/#.*/, ''))))).toEqual([]);
  });

  it('leads to where the names are spoken of', () => {
    const missing = rows
      .filter(({ ours }) => linksIn(ours).length > 0)
      .flatMap(({ what, ours }) => {
        const text = linksIn(ours).map(textOf).join('\n');
        const last = namesIn(ours).map((name) => name.split('.').at(-1)!);
        return last
          .filter((name) => !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text))
          .map((name) => `${what}: ${name}`);
      });
    expect(missing).toEqual([]);
  });
});
