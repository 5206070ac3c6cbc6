/** Dead links of a small site are found, and living ones are not complained about. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deadLinks } from './docsLinks.mjs';

let site = '';
const write = (name: string, html: string): void => {
  mkdirSync(path.dirname(path.join(site, name)), { recursive: true });
  writeFileSync(path.join(site, name), html);
};
beforeEach(() => {
  site = mkdtempSync(path.join(tmpdir(), 'cotangent-site-'));
  write('index.html', '<h1 id="top">Top</h1><a href="/guide/page.html#here">page</a>');
  write('guide/page.html', '<p id="here"><a class="x" href="../index.html#top">top</a> <a href="#here">here</a></p>');
});
afterEach(() => rmSync(site, { recursive: true }));

const problems = (base?: string): string[] => [...deadLinks(site, base).values()].flat();

describe('deadLinks', () => {
  it('follows links from folder to folder, from the root, and to places', () => {
    write(
      'more.html',
      '<a href="guide/../index.html?x=1">a</a> <a href="https://example.com/gone">b</a> <img src="pixel.svg">',
    );
    write('pixel.svg', '<svg/>');
    expect(problems()).toEqual([]);
  });

  it.each([
    ['a page that is not there', '<a href="gone.html">', 'gone.html: no such page'],
    ['a place that is not there', '<a href="/guide/page.html#there">', 'no such place on that page'],
    ['a picture that is not there', '<img alt="" src="guide/gone.png">', 'gone.png: no such page'],
    ['a folder without an index', '<a href="guide/">', 'guide/: no such page'],
  ])('finds %s', (_, html, expected) => {
    write('bad.html', html);
    expect(problems()).toEqual([expect.stringContaining(expected)]);
  });

  it('takes what a program only writes for no link', () => {
    write('script.html', '<script>const a = \'<a href="gone.html">\';</script><code>&lt;a href="gone.html"></code>');
    expect(problems()).toEqual([]);
  });

  it('holds a site in a subfolder to that folder', () => {
    write('index.html', '<h1 id="top"><a href="/guide/page.html">');
    expect(problems('/cotangent/')).toEqual(['index.html: /guide/page.html: is not below /cotangent/']);
    write('index.html', '<h1 id="top"><a href="/cotangent/guide/page.html">');
    expect(problems('/cotangent/')).toEqual([]);
  });

  it('counts each page, and reference and sources as a whole', () => {
    write('reference/a/b.html', '<a href="../../index.html">');
    write('source/c.html', '');
    expect([...deadLinks(site).keys()].sort()).toEqual(['guide/page.html', 'index.html', 'reference', 'source']);
  });
});
