/** Every name that a program can import has its entry in the reference: asked of the packages themselves, not of TypeDoc. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** The public entries by the name that the reference gives them. */
const entries = {
  cotangent: () => import('cotangent'),
  cotangent_node: () => import('cotangent/node'),
  cotangent_testing: () => import('cotangent/testing'),
  cotangent_ndarray: () => import('cotangent/ndarray'),
  _cotangent_kernels: () => import('@cotangent/kernels'),
};
const kinds = ['classes', 'functions', 'variables', 'modules'];

/**
 * Entries of the package that a program may import, and that the reference has neither as a module nor as a namespace.
 *
 * @returns {string[]}
 */
function missingEntries(/** @type {string} */ reference) {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'packages/cotangent/package.json'), 'utf8'));
  const names = Object.keys(exports).filter((name) => name !== './package.json');
  return names.filter((name) => {
    const entry = name.replace('.', 'cotangent');
    const pages = [entry.replace('/', '_'), entry.replace('/', '.')].map((page) => `modules/${page}.html`);
    return !pages.some((page) => existsSync(path.join(reference, page)));
  });
}

/** @returns {Promise<string[]>} */
export async function missingFromReference(/** @type {string} */ reference) {
  /** @type {string[]} */
  const missing = missingEntries(reference);
  for (const [entry, load] of Object.entries(entries)) {
    await check(entry, await load());
  }
  return missing;

  async function check(/** @type {string} */ module, /** @type {Record<string, unknown>} */ exported) {
    const listed = readFileSync(path.join(reference, 'modules', `${module}.html`), 'utf8');
    for (const [name, value] of Object.entries(exported)) {
      const found = kinds.filter((kind) => existsSync(path.join(reference, kind, `${module}.${name}.html`)));
      // What another entry exports too has its page there, and a line here that leads to it.
      if (found.length === 0 && !listed.includes(`id="${name.toLowerCase()}"`)) missing.push(`${module}.${name}`);
      if (found.includes('modules')) await check(`${module}.${name}`, /** @type {Record<string, unknown>} */ (value));
    }
  }
}
