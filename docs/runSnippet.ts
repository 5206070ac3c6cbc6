/** Runs the code of a page or of a docstring. */

import { transformSync } from '@swc/core';

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
  if (typeof value === 'number')
    return value === 0 || Number.isInteger(value) ? value + 0 : Number(value.toPrecision(5));
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

/**
 * Runs TypeScript, and compares what it says after `// →` and `// throws` with what happens. `scope` has names that it need not
 * import.
 */
export async function runSnippet(code: string, scope: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const body = instrument(code);
  const imports = body.match(/^import [^;]*;/gm)?.join('\n') ?? '';
  const rest = body.replace(/^import [^;]*;/gm, '');
  const used = Object.keys(scope).filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  // A block of its own: the code may give a name of the scope to something else.
  const source = `${imports}\nexport const run = async (__check: Function, __throws: Function, { ${used} }) => {{\n${rest}\n}};`;
  const { code: script } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  const module = { exports: {} as { run(check: unknown, throws: unknown, scope: unknown): Promise<void> } };
  new Function('require', 'exports', 'module', 'console', script)(require, module.exports, module, {
    log: () => undefined,
  });
  await module.exports.run(check, throws, scope);
}
