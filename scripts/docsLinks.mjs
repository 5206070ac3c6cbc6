/** The links of a finished site: each has to lead to a file of it, and to a place in that file if it names one. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * For each page of VitePress, and for the reference and the sources as a whole, what is wrong with its links.
 *
 * @returns {Map<string, string[]>}
 */
export function deadLinks(/** @type {string} */ site, base = '/') {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));
  const places = new Map(files.map((name) => [name, placesOf(readFileSync(path.join(site, name), 'utf8'))]));
  /** @type {Map<string, string[]>} */
  const problems = new Map();
  for (const [name, { links }] of places) {
    const group = /^(reference|source)\//.exec(name)?.[1] ?? name;
    const own = problems.get(group) ?? [];
    problems.set(group, own);
    for (const link of new Set(links)) {
      const why = problemOf(name, link);
      if (why !== null) own.push(`${name}: ${link}: ${why}`);
    }
  }
  return problems;

  /** @returns {string | null} */
  function problemOf(/** @type {string} */ page, /** @type {string} */ link) {
    if (/^[a-z][a-z+.-]*:/i.test(link) || link.startsWith('//')) return null;
    const [address = '', anchor = ''] = link.replace(/\?[^#]*/, '').split('#', 2);
    if (address.startsWith('/') && !address.startsWith(base)) return `is not below ${base}`;
    const target = address.startsWith('/')
      ? address.slice(base.length)
      : address === ''
        ? page
        : path.posix.join(path.posix.dirname(page), address);
    let file = decodeURIComponent(target) || 'index.html';
    if (file.endsWith('/')) file += 'index.html';
    const whole = path.join(site, file);
    if (!existsSync(whole) || statSync(whole).isDirectory()) return 'no such page';
    const known = places.get(path.posix.normalize(file));
    if (anchor === '' || known === undefined || known.ids.has(decodeURIComponent(anchor))) return null;
    return 'no such place on that page';
  }
}

/** @returns {{ links: string[], ids: Set<string> }} */
function placesOf(/** @type {string} */ html) {
  // Code that shows HTML is escaped, and scripts hold no attributes of elements.
  const elements = html.replace(/<script\b[\s\S]*?<\/script>/g, (script) => /^<script[^>]*>/.exec(script)?.[0] ?? '');
  const attributes = (/** @type {RegExp} */ pattern) =>
    [...elements.matchAll(pattern)].map(([, value = '']) => value.replaceAll('&amp;', '&'));
  return {
    links: attributes(/<[a-z][^<>]*?\s(?:href|src)="([^"]*)"/gi),
    ids: new Set(attributes(/\s(?:id|name)="([^"]*)"/g)),
  };
}
