/** The tests of kernels and autograd in a page, and the bits of Node and Chromium side by side. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../prepare.mjs';
import { bundleTests } from './bundleTests.mjs';
import { check, must } from './context.mjs';
import { serveTests } from './serveTests.mjs';

/** Tests of how the repository is written: they read its folders, or use the compiler. */
const aboutTheRepository = [
  'packages/autograd/src/methods.test.ts',
  'packages/autograd/src/primitives/rows.test.ts',
  'packages/autograd/src/primitives/table.test.ts',
];

const computations = 'scripts/browser/computations.ts';

export async function checkCore(/** @type {import('./context.mjs').Context} */ context) {
  const files = ['packages/kernels/src', 'packages/autograd/src']
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => name.endsWith('.test.ts') && name.includes(context.only) && !aboutTheRepository.includes(name));
  const bundles = path.join(context.folder, 'tests');
  await bundleTests([computations, ...files], bundles);
  const { address, close } = await serveTests(bundles);
  await checkBits(context, address);
  await runFiles(context, address, files);
  close();
}

/** Runs the files, each in a page of its own, as Jest runs each in a process of its own. */
async function runFiles(
  /** @type {import('./context.mjs').Context} */ { browser, counts, pages, runs, seed },
  /** @type {string} */ address,
  /** @type {readonly string[]} */ files,
) {
  console.log(
    `Tests of kernels and autograd in Chromium: ${files.length} files, ${runs} examples a property, seed ${seed}`,
  );
  const queue = [...files];
  /** @type {Map<string, number>} */
  const reasons = new Map();
  const work = async () => {
    const page = await browser.newPage();
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const outcomes = await outcomesOf(page, address, file, runs, seed);
      for (const { name, status, reason } of outcomes) {
        counts[status] += 1;
        if (status === 'failed') console.log(`FAILED ${file}: ${name}\n  ${reason}`);
        if (status === 'skipped') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    await page.close();
  };
  await Promise.all(Array.from({ length: pages }, work));
  for (const [reason, count] of reasons) console.log(`skipped ${count}: ${reason}`);
}

/** @returns {Promise<import('./harness.js').Outcome[]>} */
async function outcomesOf(
  /** @type {import('playwright-core').Page} */ page,
  /** @type {string} */ address,
  /** @type {string} */ file,
  /** @type {number} */ runs,
  /** @type {number} */ seed,
) {
  try {
    await page.goto(address);
    await page.waitForFunction(() => 'runTests' in globalThis);
    return await page.evaluate(
      ([module, runs, seed]) =>
        /** @type {{ runTests: typeof import('./harness.js').runTests }} */ (
          /** @type {unknown} */ (globalThis)
        ).runTests(() => import(module), runs, seed),
      /** @type {const} */ ([`/${file.replace(/ts$/, 'js')}`, runs, seed]),
    );
  } catch (error) {
    // The page crashed, or the file could not be loaded.
    return [{ name: 'the whole file', status: 'failed', reason: String(error) }];
  }
}

/** Compares the computations in Node and in Chromium, in SIMD and in plain loops. */
async function checkBits(/** @type {import('./context.mjs').Context} */ context, /** @type {string} */ address) {
  const bundle = path.join(context.folder, 'computations.mjs');
  await build({
    entryPoints: [path.join(root, computations)],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    tsconfig: path.join(root, 'tsconfig.test.json'),
    ignoreAnnotations: true,
    logLevel: 'error',
  });
  for (const webAssembly of [true, false]) {
    const kernels = webAssembly ? 'SIMD' : 'plain loops';
    await check(context, `Node and Chromium agree on every bit in deterministic mode, ${kernels}`, async () => {
      // Another query is another copy of the module, and so another heap.
      const { compute } = await import(`${pathToFileURL(bundle).href}?${webAssembly}`);
      /** @type {Record<string, number[]>} */
      const here = await compute(webAssembly);
      const page = await context.browser.newPage();
      await page.goto(address);
      /** @type {Record<string, number[]>} */
      const there = await page.evaluate(
        async ([module, webAssembly]) => (await import(module)).compute(webAssembly),
        /** @type {const} */ ([`/${computations.replace(/ts$/, 'js')}`, webAssembly]),
      );
      await page.close();
      const names = Object.keys(here);
      must(names.length >= 12 && names.join() === Object.keys(there).join(), 'the computations are not the same');
      const differ = names.flatMap((name) => {
        const [a, b] = [here[name] ?? [], there[name] ?? []];
        const count = a.filter((bits, i) => bits !== b[i]).length + Math.abs(a.length - b.length);
        return count > 0 ? [`${name}: ${count} of ${a.length} words differ`] : [];
      });
      must(differ.length === 0, differ.join('\n'));
      return `${names.length} computations, ${names.reduce((sum, name) => sum + (here[name]?.length ?? 0), 0)} words`;
    });
  }
}
