/**
 * Pages link to each other and to sources as files of the repository do, so that they can be read there. On the site a source has
 * a page below `source/`, a folder the page that tells of it, and CONTRIBUTING and CHANGELOG pages of their own.
 */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = path.join(root, 'docs');

/** Files outside docs that are pages of the site: each page includes the file, whose links start at its own folder. */
const included = new Map([
  ['CONTRIBUTING.md', 'contributing.md'],
  ['CHANGELOG.md', 'changelog.md'],
]);
const includers = new Set(included.values());

/** Teaches markdown-it those links. */
export function repositoryLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('repositoryLinks', (state) => {
    const environment = state.env as MarkdownEnv & { realPath?: string };
    const page = path.relative(docs, environment.realPath ?? environment.path);
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^([a-z]+:|#|\/)/.test(href)) continue;
      const [file = '', anchor] = href.split('#', 2);
      const address = addressOf(page, decodeURIComponent(file));
      token.attrSet('href', anchor === undefined ? address.href : `${address.href}#${anchor}`);
      // What VitePress did not make, its router does not know: the browser goes there by itself.
      if (address.outside) token.attrSet('target', '_self');
    }
  });
}

function addressOf(page: string, file: string): { href: string; outside: boolean } {
  const from = includers.has(page) ? root : path.dirname(path.join(docs, page));
  const target = path.resolve(from, file);
  if (target.startsWith(path.join(docs, 'reference')) || target.startsWith(path.join(docs, 'source'))) {
    return { href: file, outside: true };
  }
  const name = path.relative(root, target);
  const own = included.get(name);
  if (own !== undefined) return { href: `/${own}`, outside: false };
  const isFolder = existsSync(target) && statSync(target).isDirectory();
  const index = isFolder && ['README.md', 'index.md'].find((each) => existsSync(path.join(target, each)));
  const whole = index ? path.join(target, index) : target;
  if (whole.endsWith('.md') && whole.startsWith(docs)) {
    const inDocs = path.relative(docs, whole).replace(/README\.md$/, 'index.md');
    return { href: `/${inDocs}`, outside: false };
  }
  const up = '../'.repeat(page.split(path.sep).length - 1) || './';
  return { href: `${up}source/${name}${isFolder ? '/index' : ''}.html`, outside: true };
}
