/**
 * Runs Jest and ends with one plain line, `N passed, N failed`, that a machine can read.
 * Leading NAME=value arguments are set in the environment (npm scripts have no portable way to do that), the rest is
 * Jest's: `node scripts/jest.mjs COTANGENT_WEBASSEMBLY=off softmax`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkNode, install, orExit, root, runNode } from './prepare.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** @returns {Counts} */
export function runJest(/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ environment = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-jest-'));
  const results = path.join(folder, 'results.json');
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const code = runNode([jest, ...args, '--json', `--outputFile=${results}`], { ...process.env, ...environment });
  const counts = readCounts(results);
  rmSync(folder, { recursive: true });
  // Jest fails for more reasons than a failed test (no test found, a crash): never report those as success.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

export function summary(/** @type {Counts} */ { passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** @returns {Counts} */
function readCounts(/** @type {string} */ file) {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: results.numPassedTests,
      // A file that does not load holds no test that could fail, and must count all the same.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  /** @type {NodeJS.ProcessEnv} */
  const environment = {};
  while (/^[A-Z_]+=/.test(args[0] ?? '')) {
    const [name = '', value] = `${args.shift()}`.split('=', 2);
    environment[name] = value;
  }
  orExit(() => {
    checkNode();
    install();
  });
  const counts = runJest(args, environment);
  console.log(summary(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
