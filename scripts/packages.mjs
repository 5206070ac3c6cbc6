/** The packages, in the order in which they depend on each other; that is also the order of publishing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders in packages/. */
export const packages = ['kernels', 'autograd', 'nn', 'cotangent', 'createCotangent'];

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ name: string, version: string, private?: boolean, repository?: unknown, dependencies?: Record<string, string> }} Manifest */

/** Where a package's package.json is. */
export function manifestOf(/** @type {string} */ name) {
  return path.join(root, 'packages', name, 'package.json');
}

/** @returns {Manifest[]} */
export function readManifests() {
  return packages.map((name) => JSON.parse(readFileSync(manifestOf(name), 'utf8')));
}
