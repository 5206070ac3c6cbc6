/** What tests use of node:fs: reading files of the repository, which the server of the tests gives out. */

import { lacking } from './notInPage.js';

export function readFileSync(path: string): string {
  const request = new XMLHttpRequest();
  // Synchronous, as the function is; pages may still do that, workers better.
  request.open('GET', `/repository/${path}`, false);
  request.send();
  if (request.status !== 200) throw new Error(`${path}: ${request.status} ${request.statusText}`);
  return request.responseText;
}

export const readdirSync = lacking('folders');
export const writeFileSync = lacking('files to write');
