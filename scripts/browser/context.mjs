/**
 * @typedef {object} Context what the checks in Chromium share
 * @property {import('playwright-core').Browser} browser
 * @property {string} folder for files that are served
 * @property {{ passed: number, failed: number, skipped: number }} counts
 * @property {string} only of the core tests, files with this in their path
 * @property {string | undefined} screenshots where pictures go
 * @property {number} runs examples that a property draws
 * @property {number} seed from which it draws them
 * @property {number} pages open at the same time
 */

/** Runs one check, counts it and says how it went; it fails by throwing. */
export async function check(
  /** @type {Context} */ { counts },
  /** @type {string} */ name,
  /** @type {() => Promise<unknown>} */ holds,
) {
  const started = performance.now();
  try {
    const said = await holds();
    counts.passed += 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`ok     ${name}${said === undefined ? '' : `: ${said}`} (${seconds} s)`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
}

/** Throws unless it holds. */
export function must(/** @type {boolean} */ holds, /** @type {string} */ otherwise) {
  if (!holds) throw new Error(otherwise);
}
