/** The TypeScript blocks of the pages are compiled, each as a program of its own (docs/snippets.test.ts runs them). */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

const folder = path.join(root, '.build/snippets');

/**
 * What the compiler has against the blocks of all pages; a complaint names the page, and the line of it.
 *
 * @returns {string[]}
 */
export function badSnippets() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const docs = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name));
  for (const page of ['README.md', 'CONTRIBUTING.md', ...docs]) {
    const text = readFileSync(path.join(root, page), 'utf8');
    for (const { index, 1: code } of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
      const lines = text.slice(0, index).split('\n').length;
      const name = `${page.replaceAll(path.sep, '_').replace(/\.md$/, '')}_${lines}.ts`;
      // Empty lines before it: a complaint about line 12 is about line 12 of the page.
      writeFileSync(path.join(folder, name), `${'\n'.repeat(lines)}${code}\nexport {};\n`);
    }
  }
  const options = { incremental: false, tsBuildInfoFile: null, allowJs: false, checkJs: false };
  const settings = { extends: '../../tsconfig.test.json', compilerOptions: options, include: ['*.ts'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = path.join(root, 'node_modules/@typescript/native/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { cwd: root, encoding: 'utf8' });
  return status === 0 ? [] : stdout.trim().split('\n');
}
