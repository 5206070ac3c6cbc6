/** What tests use of node:vm: to get hold of `gc`. */

import { NotInPage } from './notInPage.js';

export function runInNewContext(code: string): unknown {
  const { gc } = globalThis as { gc?: () => void };
  if (code !== 'gc' || gc === undefined) throw new NotInPage('other contexts');
  return gc;
}
