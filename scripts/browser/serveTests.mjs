/** A server for this machine alone: an empty page with the harness, the bundles, and the repository's fixtures. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { root } from '../prepare.mjs';

const empty =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/scripts/browser/harness.js"></script>';

/** @returns {Promise<{ address: string, close: () => void }>} */
export async function serveTests(/** @type {string} */ bundles) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(empty);
      return;
    }
    // A URL has no .. left in its path.
    const fixture = /^\/repository\/(packages\/\w+\/fixtures\/[\w.-]+\.json)$/.exec(pathname)?.[1];
    const file = fixture === undefined ? path.join(bundles, pathname) : path.join(root, fixture);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = fixture === undefined ? 'text/javascript' : 'application/json';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=3600' });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(undefined)));
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server has no port');
  return { address: `http://localhost:${at.port}/`, close: () => server.close() };
}
