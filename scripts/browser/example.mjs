/** The page of docs/examples/browser, used as a person would. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../prepare.mjs';
import { check, must } from './context.mjs';
import { longTasks } from './longTasks.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {readonly (readonly [number, number])[]} Stroke points, from 0 to 1 of the canvas */

/** @type {Readonly<Record<number, readonly Stroke[]>>} */
const drawings = {
  0: [
    Array.from({ length: 13 }, (_, i) => [
      0.5 + 0.2 * Math.sin((i * Math.PI) / 6),
      0.5 - 0.32 * Math.cos((i * Math.PI) / 6),
    ]),
  ],
  1: [
    [
      [0.5, 0.15],
      [0.5, 0.85],
    ],
  ],
  3: [
    [
      [0.32, 0.22],
      [0.5, 0.15],
      [0.66, 0.25],
      [0.6, 0.42],
      [0.45, 0.48],
      [0.62, 0.55],
      [0.68, 0.7],
      [0.52, 0.84],
      [0.32, 0.78],
    ],
  ],
  7: [
    [
      [0.28, 0.2],
      [0.72, 0.2],
      [0.45, 0.85],
    ],
  ],
};

/** More than a busy machine needs. */
const patience = { timeout: 120_000 };

export async function checkExample(/** @type {import('./context.mjs').Context} */ context) {
  const compiled = path.join(root, '.build/examples/browser');
  const { buildPage } = await import(pathToFileURL(path.join(compiled, 'build.js')).href);
  const { pageHeaders, servePage } = await import(pathToFileURL(path.join(compiled, 'serve.js')).href);
  const folder = path.join(context.folder, 'page');
  await buildPage(folder, 30_000);

  const open = await servePage(folder, { headers: pageHeaders(true) });
  await onPage(context, open.address, async (page, failures) => {
    await check(context, 'the page is cross-origin isolated, and computes in SIMD', async () => {
      must(await page.evaluate(() => crossOriginIsolated), 'crossOriginIsolated is false');
      const facts = await factsOf(page);
      must(/WebAssembly SIMD/.test(facts) && /page is cross-origin isolated/.test(facts), facts);
    });
    await check(
      context,
      'trains to 95 %, the curves growing meanwhile, no task of the main thread over 50 ms',
      async () => {
        const tasks = await longTasks(page, async () => {
          await page.click('#train');
          let pictures = 0;
          let before = '';
          while (/^(Ready|Training|Epoch)/.test(await statusOf(page))) {
            const points = (await page.locator('#loss polyline').first().getAttribute('points', patience)) ?? '';
            if (points !== before) pictures += 1;
            before = points;
          }
          must(pictures >= 3, `the curve changed ${pictures} times`);
          await readsDrawings(page);
        });
        const accuracy = await accuracyOf(page);
        must(accuracy >= 95, `the test accuracy is ${accuracy} %`);
        must(tasks.longest < 50, `a task took ${tasks.longest} ms`);
        return `${accuracy} %, the longest of ${tasks.count} tasks ${tasks.longest.toFixed(1)} ms`;
      },
    );
    await check(context, 'reads the drawn digits 0, 1, 3 and 7', () => readsDrawings(page));
    if (context.screenshots !== undefined) await takePictures(page, context.screenshots);
    await check(context, 'stops when told, and trains again', async () => {
      await page.fill('#epochs', '20');
      await page.click('#train');
      await page.waitForFunction(
        () => document.querySelector('#status')?.textContent?.startsWith('Epoch'),
        null,
        patience,
      );
      await page.click('#abort');
      await page.waitForFunction(
        () => document.querySelector('#status')?.textContent?.startsWith('Aborted'),
        null,
        patience,
      );
      must(await page.isEnabled('#train'), 'Train is disabled');
      must(await page.isDisabled('#abort'), 'Abort is enabled');
      await readDrawing(page, 1);
      await page.fill('#epochs', '1');
      await page.click('#train');
      must((await accuracyOf(page)) > 85, await statusOf(page));
    });
    await check(context, 'shows a test digit on request, and fits a narrow screen', async () => {
      await page.click('#pick');
      await page.waitForFunction(() => /labelled \d/.test(document.querySelector('#picked')?.textContent ?? ''));
      await page.setViewportSize({ width: 360, height: 800 });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      must(width <= 360, `the page is ${width} wide`);
    });
    await check(context, 'nothing failed on the way', async () => must(failures.length === 0, failures.join('\n')));
  });
  open.server.close();

  const strict = await servePage(folder, { headers: pageHeaders(false) });
  await onPage(context, strict.address, async (page, failures) => {
    await check(context, "under script-src 'self' it trains in plain loops and reads the drawn digits", async () => {
      must(/plain loops/.test(await factsOf(page)), await factsOf(page));
      await page.fill('#epochs', '1');
      await page.click('#train');
      const accuracy = await accuracyOf(page);
      must(accuracy >= 90, `the test accuracy is ${accuracy} %`);
      await readsDrawings(page);
      must(failures.length === 0, failures.join('\n'));
      return `${accuracy} %`;
    });
  });
  strict.server.close();
}

/** Opens a page, waits until the digits are there, and closes it in the end. */
async function onPage(
  /** @type {import('./context.mjs').Context} */ { browser },
  /** @type {string} */ address,
  /** @type {(page: Page, failures: string[]) => Promise<void>} */ use,
) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 860 } });
  /** @type {string[]} */
  const failures = [];
  page.on('pageerror', (error) => failures.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') failures.push(message.text());
  });
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector('#train')?.matches(':enabled'), null, patience);
  await use(page, failures);
  await page.close();
}

async function statusOf(/** @type {Page} */ page) {
  return (await page.textContent('#status')) ?? '';
}

async function factsOf(/** @type {Page} */ page) {
  return (await page.textContent('#facts')) ?? '';
}

/** Waits for the end of training. @returns percent */
async function accuracyOf(/** @type {Page} */ page) {
  await page.waitForFunction(() => document.querySelector('#train')?.matches(':enabled'), null, patience);
  const status = await statusOf(page);
  const found = /^Test accuracy ([\d.]+) %/.exec(status);
  must(found !== null, `the page says: ${status}`);
  return Number(found?.[1]);
}

async function readsDrawings(/** @type {Page} */ page) {
  for (const digit of Object.keys(drawings)) await readDrawing(page, Number(digit));
}

/** Draws a digit with the mouse and waits until the page says what it is; a wrong answer is reported as it stands. */
async function readDrawing(/** @type {Page} */ page, /** @type {number} */ digit) {
  await page.click('#clear');
  const box = await page.locator('#sketch').boundingBox();
  must(box !== null, 'there is nothing to draw on');
  const { x, y, width, height } = /** @type {NonNullable<typeof box>} */ (box);
  for (const stroke of drawings[digit] ?? []) {
    for (const [i, [toX, toY]] of stroke.entries()) {
      await page.mouse.move(x + toX * width, y + toY * height, { steps: i === 0 ? 1 : 6 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
  const answered = page.waitForFunction(
    (wanted) => document.querySelector('#answer')?.textContent?.startsWith(`That is a ${wanted} `),
    digit,
    { timeout: 20_000 },
  );
  await answered.catch(async () => {
    throw new Error(`drew a ${digit}; the page says: ${await page.textContent('#answer')}`);
  });
}

async function takePictures(/** @type {Page} */ page, /** @type {string} */ folder) {
  await page.screenshot({ path: path.join(folder, 'page.png'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 1500 });
  await page.screenshot({ path: path.join(folder, 'narrow.png'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1000, height: 860 });
}
