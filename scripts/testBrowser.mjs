/**
 * `npm run test:browser`: what has to hold in a real Chromium. The page of docs/examples/browser trains, reads what is
 * drawn, stops and stays responsive; it works under a strict policy; the tests of kernels and autograd pass in a page;
 * and a fixed set of computations gives the bits that Node gives. Where there is no Chromium it says so and skips.
 *
 *     npm run test:browser -- --screenshots FOLDER     also writes pictures of the page
 *     npm run test:browser -- --only reduce            of the tests of kernels and autograd, files with that in their path
 *     npm run test:browser -- --runs 100 --seed 1      examples that a property draws (20), and from what
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromiumArguments, findChromium } from './browser/chromium.mjs';
import { summary } from './jest.mjs';
import { checkNode, install, orExit, prepare } from './prepare.mjs';

const { values: options } = parseArgs({
  options: {
    screenshots: { type: 'string' },
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: process.env.COTANGENT_SEED ?? String(Math.floor(Math.random() * 2 ** 31)) },
  },
});

const executable = findChromium();
if (executable === null) {
  console.log('There is no Chromium (apt-get install chromium, or COTANGENT_CHROMIUM=path): nothing was tested.');
  console.log(summary({ passed: 0, failed: 0, skipped: 1 }));
} else {
  orExit(() => {
    checkNode();
    install();
    prepare();
  });
  // What was just installed.
  const { chromium } = await import('playwright-core');
  const { checkCore } = await import('./browser/core.mjs');
  const { checkExample } = await import('./browser/example.mjs');
  const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-browser-'));
  const browser = await chromium.launch({ executablePath: executable, args: chromiumArguments });
  console.log(`Chromium ${browser.version()}`);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {import('./browser/context.mjs').Context} */
  const context = {
    browser,
    folder,
    counts,
    only: options.only,
    screenshots: options.screenshots,
    runs: Number(options.runs),
    seed: Number(options.seed),
    pages: Math.min(2, cpus().length),
  };
  try {
    await checkExample(context);
    await checkCore(context);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
  console.log(summary(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
