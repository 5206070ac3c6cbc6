/**
 * `npm run docs:build`: the site in .build/site. VitePress makes the pages, TypeDoc the reference, and every source file gets a page
 * for the links to it. Then the finished site is checked: each link leads to a page and a place on it, and each export has an entry
 * in the reference; and all code on the pages compiles. One check is one line of `N passed, M failed`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deadLinks } from './docsLinks.mjs';
import { missingFromReference } from './docsReference.mjs';
import { badSnippets } from './docsSnippets.mjs';
import { writeSourcePages } from './docsSources.mjs';
import { summary } from './jest.mjs';
import { orExit, prepare, root } from './prepare.mjs';

const site = path.join(root, '.build/site');
const reference = path.join(root, '.build/reference');

const counts = { passed: 0, failed: 0, skipped: 0 };

orExit(prepare);
for (const folder of [site, reference]) rmSync(folder, { recursive: true, force: true });

// Each uses one processor for most of its time.
const [pages, api] = await Promise.all([
  run('vitepress/bin/vitepress.js', 'build', 'docs'),
  run('typedoc/bin/typedoc', '--options', 'docs/.vitepress/reference/typedoc.json', '--logLevel', 'Warn'),
]);
report('pages of the site', pages);
report('reference', api);
report('types of the code on the pages', badSnippets());

if (counts.failed === 0) {
  moveReference();
  writeSourcePages(path.join(site, 'source'));
  report('an entry in the reference for every export', await missingFromReference(path.join(site, 'reference')));
  for (const [name, problems] of deadLinks(site, process.env['DOCS_BASE'] ?? '/')) report(name, problems);
}

console.log(summary(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** TypeDoc writes the links of its header as they are given to it, on pages of every depth: `SITE/` in them is the way to the site. */
function moveReference() {
  for (const name of readdirSync(reference, { recursive: true, encoding: 'utf8' })) {
    const [from, to] = [path.join(reference, name), path.join(site, 'reference', name)];
    if (statSync(from).isDirectory()) continue;
    const text = readFileSync(from, 'utf8');
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, text.replaceAll('href="SITE/', `href="${'../'.repeat(name.split(path.sep).length)}`));
  }
}

/** Counts one check; says what is wrong with it, if anything is. */
function report(/** @type {string} */ name, /** @type {readonly string[]} */ problems) {
  counts[problems.length === 0 ? 'passed' : 'failed'] += 1;
  if (problems.length > 0) console.error([`FAILED ${name}`, ...problems].join('\n  '));
}

/**
 * Runs a program of node_modules; what it said is the problem when it fails.
 *
 * @returns {Promise<string[]>}
 */
function run(/** @type {string} */ script, /** @type {string[]} */ ...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, 'node_modules', script), ...args], { cwd: root });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.on('close', (code) => resolve(code === 0 ? [] : [said]));
  });
}
