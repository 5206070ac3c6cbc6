/** Runs every TypeScript block of the README and the docs, and compares what it says after `// →` with what comes out. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSnippet } from './runSnippet.js';

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

for (const page of pages) {
  describe(page, () => {
    const snippets = snippetsOf(page);
    if (snippets.length === 0) it('has no code to run', () => undefined);
    for (const snippet of snippets)
      it(`line ${snippet.line} runs and prints what it says`, () => runSnippet(snippet.code));
  });
}
