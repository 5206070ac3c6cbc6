/**
 * `npm test`: everything that has to hold, in one command on a fresh clone. Installing, the lock file, the build,
 * Biome, the types of the tests and the directions of imports are one check each; the rest is Jest's count, and the
 * arguments are Jest's.
 */
import { runJest, summary } from './jest.mjs';
import { build, checkNode, install, runNode, runTool, StepFailed } from './prepare.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };

if (check('install', prepared)) {
  check('lock file', () => runNode(['scripts/lock.mjs', '--check']) === 0);
  check('build', built);
  check('biome check', () => runTool('@biomejs/biome/bin/biome', 'check') === 0);
  check('types of tests and scripts', () => runTool('@typescript/native/bin/tsc', '-p', 'tsconfig.test.json') === 0);
  check('directions of imports', () => runNode(['scripts/checkImports.mjs']) === 0);
  const tests = runJest(process.argv.slice(2));
  counts.passed += tests.passed;
  counts.failed += tests.failed;
  counts.skipped += tests.skipped;
}

console.log(summary(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** Runs one check, counts it and says how it went; a check fails by saying false or by throwing StepFailed. */
function check(/** @type {string} */ name, /** @type {() => boolean} */ passes) {
  const passed = attempt(passes);
  counts[passed ? 'passed' : 'failed'] += 1;
  console.error(`${passed ? 'ok    ' : 'FAILED'} ${name}`);
  return passed;
}

function attempt(/** @type {() => boolean} */ passes) {
  try {
    return passes();
  } catch (error) {
    console.error(error instanceof StepFailed ? error.message : error);
    return false;
  }
}

function prepared() {
  checkNode();
  install();
  return true;
}

function built() {
  build();
  return true;
}
