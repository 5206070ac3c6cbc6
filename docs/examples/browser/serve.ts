/** A server of the files in one folder, for this machine alone. */

import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
};

/**
 * Headers that keep a page to itself, as a careful host would send them: no script but its own files, and cross-origin
 * isolation, which memory shared between workers needs. `'wasm-unsafe-eval'` lets WebAssembly be compiled; without it the
 * library computes in plain loops.
 */
export function pageHeaders(webAssembly: boolean): Record<string, string> {
  return {
    'content-security-policy': `default-src 'self'; script-src 'self'${webAssembly ? " 'wasm-unsafe-eval'" : ''}; img-src 'self' data:`,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  };
}

/** Options of `servePage`. */
export interface ServeOptions {
  /** 0 for any that is free. @defaultValue 0 */
  readonly port?: number;
  /** Sent with every file. @defaultValue pageHeaders(true) */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The file that a request means; null where it means none in the folder. */
function pathIn(folder: string, request: string): string | null {
  try {
    const { pathname } = new URL(request, 'http://localhost');
    const path = normalize(join(folder, decodeURIComponent(pathname === '/' ? '/index.html' : pathname)));
    return path.startsWith(folder + sep) ? path : null;
  } catch {
    // Not percent-encoded text.
    return null;
  }
}

/** Serves a folder on localhost until the server is closed. */
export async function servePage(
  folder: string,
  { port = 0, headers = pageHeaders(true) }: ServeOptions = {},
): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = pathIn(folder, request.url ?? '/');
    const file = path === null ? undefined : statSync(path, { throwIfNoEntry: false });
    if (path === null || file?.isFile() !== true) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file here.');
      return;
    }
    response.writeHead(200, {
      ...headers,
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      'content-length': file.size,
    });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  return { address: `http://localhost:${(server.address() as AddressInfo).port}/`, server };
}
