/**
 * Holds the directions of STYLE: nn looks at autograd looks at kernels, never back, and only through a public entry.
 * Inside a package no two files may need each other to load. `import type` costs nothing at run time and may go round.
 *
 *   node scripts/checkImports.mjs [root of a tree with packages/, docs/, benchmarks/]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));

/** What each package may look at. */
const mayImport = new Map([
  ['packages/kernels', []],
  ['packages/autograd', ['@cotangent/kernels']],
  ['packages/nn', ['@cotangent/kernels', '@cotangent/autograd']],
  ['packages/cotangent', ['@cotangent/kernels', '@cotangent/autograd', '@cotangent/nn']],
]);

/** Programs that use the library as a user does. */
const programs = ['docs', 'benchmarks'];

/** @typedef {{ specifier: string, line: number, type: boolean, dynamic: boolean }} Import */

const entries = publicEntries();
/** @type {string[]} */
const problems = [];
let count = 0;

for (const folder of [...mayImport.keys(), ...programs]) {
  const files = typescriptFiles(path.join(root, folder));
  const imports = new Map(files.map((file) => [file, importsOf(file)]));
  count += files.length;
  for (const [file, list] of imports) {
    for (const item of list) {
      const problem = wrongDirection(folder, file, item);
      if (problem) problems.push(`${at(file, item)}: ${problem}`);
    }
  }
  problems.push(...cycles(imports));
}

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`imports of ${count} files: every one in the right direction, no cycle`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** @returns {string | null} */
function wrongDirection(
  /** @type {string} */ folder,
  /** @type {string} */ file,
  /** @type {Import} */ { specifier, type },
) {
  if (specifier.startsWith('.')) {
    const target = path.resolve(path.dirname(file), specifier);
    const other = [...mayImport.keys()].find((name) => name !== folder && isInside(target, path.join(root, name)));
    if (other) return `'${specifier}' reaches into ${other}: import '${nameOf(other)}' instead`;
    if (!type && isTestOnly(specifier) && !mayUseTesting(file)) return testingProblem(specifier);
    return null;
  }
  const owner = ['cotangent', '@cotangent/kernels', '@cotangent/autograd', '@cotangent/nn'].find(
    (name) => specifier === name || specifier.startsWith(`${name}/`),
  );
  if (!owner) return null;
  const allowed = mayImport.get(folder);
  if (owner === nameOf(folder) && !isTest(file)) {
    return `a package does not import itself by name: write a relative path for '${specifier}'`;
  }
  if (allowed && owner !== nameOf(folder) && !allowed.includes(owner)) {
    return `${nameOf(folder)} must not import ${owner}: nn looks at autograd looks at kernels, never back`;
  }
  if (!entries.has(specifier)) {
    const known = [...entries].filter((entry) => entry === owner || entry.startsWith(`${owner}/`));
    return `'${specifier}' is not a public entry of ${owner}: those are ${known.join(', ')}`;
  }
  if (!type && allowed && isTestOnly(specifier) && !mayUseTesting(file)) return testingProblem(specifier);
  return null;
}

function testingProblem(/** @type {string} */ specifier) {
  return `'${specifier}' needs fast-check, which users need not have: only tests and testing/ may import it`;
}

function isTestOnly(/** @type {string} */ specifier) {
  return /\/testing(\/|\.js$|$)/.test(specifier);
}

/** A test may stand where a user stands and import its own package by name. */
function isTest(/** @type {string} */ file) {
  return file.endsWith('.test.ts');
}

function mayUseTesting(/** @type {string} */ file) {
  return isTest(file) || /[\\/]testing(\.ts$|[\\/])/.test(file);
}

/** Every chain of run-time imports that comes back to where it began, each reported once. */
function cycles(/** @type {Map<string, Import[]>} */ imports) {
  /** @type {string[]} */
  const found = [];
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map();
  /** @type {{ file: string, item: Import }[]} */
  const chain = [];
  const visit = (/** @type {string} */ file) => {
    state.set(file, 'open');
    for (const item of imports.get(file) ?? []) {
      if (item.type || item.dynamic || !item.specifier.startsWith('.')) continue;
      const target = path.resolve(path.dirname(file), item.specifier).replace(/js$/, 'ts');
      if (!imports.has(target)) continue;
      chain.push({ file, item });
      if (state.get(target) === 'open')
        found.push(describe(chain.slice(chain.findIndex((step) => step.file === target))));
      else if (!state.has(target)) visit(target);
      chain.pop();
    }
    state.set(file, 'done');
  };
  for (const file of imports.keys()) if (!state.has(file)) visit(file);
  return found;
}

function describe(/** @type {{ file: string, item: Import }[]} */ cycle) {
  const [first] = cycle;
  if (!first) return '';
  const steps = cycle.map(({ file, item }) => `\n    ${at(file, item)} imports ${item.specifier}`);
  return `${at(first.file, first.item)}: files that need each other to load (is one of these only for a type?)${steps.join('')}`;
}

/** @returns {Import[]} */
function importsOf(/** @type {string} */ file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  /** @type {Import[]} */
  const found = [];
  const add = (/** @type {ts.Node | undefined} */ specifier, type = false, dynamic = false) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ specifier: specifier.text, line, type, dynamic });
  };
  const visit = (/** @type {ts.Node} */ node) => {
    // `import { type A }` still loads the module under verbatimModuleSyntax; only `import type` does not.
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function publicEntries() {
  /** @type {Set<string>} */
  const names = new Set();
  for (const folder of mayImport.keys()) {
    const file = path.join(root, folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name, exports } = JSON.parse(readFileSync(file, 'utf8'));
    for (const entry of Object.keys(exports)) names.add(path.posix.join(name, entry));
  }
  return names;
}

function nameOf(/** @type {string} */ folder) {
  const last = path.basename(folder);
  return last === 'cotangent' ? last : `@cotangent/${last}`;
}

function typescriptFiles(/** @type {string} */ folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/(^|[\\/])(node_modules|dist)[\\/]/.test(file))
    .map((file) => path.join(folder, file))
    .sort();
}

function isInside(/** @type {string} */ file, /** @type {string} */ folder) {
  return file === folder || file.startsWith(folder + path.sep);
}

function at(/** @type {string} */ file, /** @type {Import} */ { line }) {
  return `${path.relative(root, file).split(path.sep).join('/')}:${line}`;
}
