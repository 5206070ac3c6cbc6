/** A page for every source file and every folder of them, so that links to the code work without a network, line by line. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

const folders = ['packages/kernels', 'packages/autograd', 'packages/nn', 'packages/cotangent', 'docs/examples'];
const left = new Set(['node_modules', 'dist', 'coverage']);

const style = `
:root { color-scheme: light dark; }
body { margin: 1.5rem; font: 15px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
pre { font: 13px/1.55 ui-monospace, "DejaVu Sans Mono", monospace; overflow-x: auto; }
a { color: light-dark(#0f6e66, #5fd8c6); }
pre a { display: inline-block; width: 4ch; margin-right: 2ch; text-align: right; text-decoration: none; color: light-dark(#66666e, #9a9aa3); }
pre a:target { background: #f5b942; color: #000; }`;

export function writeSourcePages(/** @type {string} */ site) {
  for (const folder of folders) writeFolder(site, folder);
}

function writeFolder(/** @type {string} */ site, /** @type {string} */ folder) {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).filter(({ name }) => !left.has(name));
  const links = entries.flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      writeFolder(site, name);
      return [`<li><a href="${entry.name}/index.html">${entry.name}/</a></li>`];
    }
    if (!/\.(ts|py)$/.test(entry.name)) return [];
    writePage(site, `${name}.html`, name, linesOf(readFileSync(path.join(root, name), 'utf8')));
    return [`<li><a href="${entry.name}.html">${entry.name}</a></li>`];
  });
  writePage(site, `${folder}/index.html`, folder, `<ul>\n${links.join('\n')}\n</ul>`);
}

function linesOf(/** @type {string} */ text) {
  const lines = text.trimEnd().split('\n');
  const numbered = lines.map((line, i) => `<a id="L${i + 1}" href="#L${i + 1}">${i + 1}</a>${escaped(line)}`);
  return `<pre>${numbered.join('\n')}</pre>`;
}

function writePage(
  /** @type {string} */ site,
  /** @type {string} */ file,
  /** @type {string} */ title,
  /** @type {string} */ body,
) {
  const whole = path.join(site, file);
  const home = `${'../'.repeat(file.split('/').length)}index.html`;
  mkdirSync(path.dirname(whole), { recursive: true });
  writeFileSync(
    whole,
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Cotangent</title>
<style>${style}</style>
</head>
<body>
<p><a href="${home}">Cotangent</a> · ${title}</p>
${body}
</body>
</html>
`,
  );
}

function escaped(/** @type {string} */ text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
