/** Runs every TypeScript block of the README and the docs, and compares what it says after `// →` with what comes out. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

const root = join(__dirname, '..');

/** Every Markdown page that users read, from the root of the repository. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

interface Snippet {
  readonly line: number;
  readonly code: string;
}

/** The ```ts blocks of a page. A block marked ```ts no-run shows only a part of a program. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    code: match[1]!,
  }));
}

/**
 * `expression; // → value` becomes a check of that value; `expression; // throws Name: text` one of the error.
 * `const name = expression; // → value` checks the name, `console.log(expression); // → value` what is printed.
 */
function instrument(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const thrown = /^(\s*)(.+?);?\s*\/\/ throws (.+)$/.exec(line);
      if (thrown !== null)
        return `${thrown[1]}await __throws(async () => { ${thrown[2]}; }, ${JSON.stringify(thrown[3])});`;
      const shown = /^(\s*)(?:(const|let) (\w+) = )?(.+?);?\s*\/\/ → (.+)$/.exec(line);
      if (shown === null) return line;
      const [, indent, keyword, name, expression, expected] = shown;
      if (name !== undefined)
        return `${indent}${keyword} ${name} = ${expression}; __check(${name}, ${JSON.stringify(expected)});`;
      const value = /^console\.log\((.*)\)$/.exec(expression!)?.[1] ?? expression;
      return `${indent}__check(${value}, ${JSON.stringify(expected)});`;
    })
    .join('\n');
}

/** Numbers to the digits that people write. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(5));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('toArray' in value) return plain((value as { toArray(): unknown }).toArray());
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plain(child)]));
}

function check(value: unknown, expected: string): void {
  const shown = plain(value);
  let wanted: unknown = expected;
  try {
    wanted = plain(JSON.parse(expected));
  } catch {
    // Not JSON: compared as text.
  }
  expect(typeof wanted === 'string' ? String(shown) : shown).toEqual(wanted);
}

async function throws(f: () => Promise<unknown>, expected: string): Promise<void> {
  const error: unknown = await f().then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toContain(expected.replace(/…$/, ''));
}

async function runSnippet({ code }: Snippet): Promise<void> {
  const body = instrument(code);
  const imports = body.match(/^import [^;]*;/gm)?.join('\n') ?? '';
  const rest = body.replace(/^import [^;]*;/gm, '');
  const source = `${imports}\nexport const run = async (__check: Function, __throws: Function) => {\n${rest}\n};`;
  const { code: script } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  const module = { exports: {} as { run(check: unknown, throws: unknown): Promise<void> } };
  new Function('require', 'exports', 'module', 'console', script)(require, module.exports, module, {
    log: () => undefined,
  });
  await module.exports.run(check, throws);
}

for (const page of pages) {
  describe(page, () => {
    const snippets = snippetsOf(page);
    if (snippets.length === 0) it('has no code to run', () => undefined);
    for (const snippet of snippets) it(`line ${snippet.line} runs and prints what it says`, () => runSnippet(snippet));
  });
}
