import { readFileSync } from 'node:fs';

/** The version of this package. */
export function version(): string {
  // As deep below the package in src/cli as in dist/node, dist/cjs and dist/esm.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
