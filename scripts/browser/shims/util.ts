/** node:util is Node's alone. */

import { lacking } from './notInPage.js';

export const inspect: { (...given: unknown[]): never; custom: symbol } = Object.assign(lacking('util.inspect'), {
  custom: Symbol.for('nodejs.util.inspect.custom'),
});
