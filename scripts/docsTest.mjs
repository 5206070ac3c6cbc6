/**
 * `npm run docs:test`: the finished site in a real Chromium, served from this machine, every other address refused. The playground runs
 * its examples, stops, shares and obeys the keyboard; search finds; pages fit small screens, their texts have contrast and their
 * controls names. Where there is no Chromium it says so and skips.
 *
 *     npm run docs:test -- --screenshots FOLDER     also writes pictures of some pages, wide and narrow, light and dark
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromiumArguments, findChromium } from './browser/chromium.mjs';
import { faintTexts } from './browser/contrast.mjs';
import { summary } from './jest.mjs';
import { root, runNode } from './prepare.mjs';

const { values: options } = parseArgs({ options: { screenshots: { type: 'string' } } });
const site = path.join(root, '.build/site');
const counts = { passed: 0, failed: 0, skipped: 0 };
const seconds = 30;

const kinds = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
]);

/** Pages to look at, by the name of their picture. */
const looked = new Map([
  ['home', 'index.html'],
  ['tutorial', 'tutorials/trainingLoop.html'],
  ['architecture', 'architecture/index.html'],
  ['names', 'migration/keras.html'],
  ['playground', 'playground.html'],
  ['reference', 'reference/classes/cotangent.Tensor.html'],
]);

const executable = findChromium();
if (executable === null) {
  console.log('There is no Chromium (apt-get install chromium, or COTANGENT_CHROMIUM=path): nothing was tested.');
  counts.skipped += 1;
} else {
  if (!existsSync(path.join(site, 'playground.html')) && runNode(['scripts/docsBuild.mjs']) !== 0) process.exit(1);
  await testIn(executable);
}
console.log(summary(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

async function testIn(/** @type {string} */ executablePath) {
  const { chromium } = await import('playwright-core');
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const address = `http://127.0.0.1:${port}/`;
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  console.log(`Chromium ${browser.version()}`);
  try {
    await testPlayground(browser, address);
    await testPages(browser, address);
  } finally {
    await browser.close();
    server.close();
  }
}

/** @type {import('node:http').RequestListener} */
function serve({ url = '/' }, response) {
  const name = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  const file = path.join(site, path.normalize(name.endsWith('/') ? `${name}index.html` : name));
  if (!file.startsWith(site) || !existsSync(file) || statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': kinds.get(path.extname(file)) ?? 'application/octet-stream' });
  response.end(readFileSync(file));
}

/**
 * A page of a size, without the rest of the world; what goes wrong in it ends up in the list.
 *
 * @returns {Promise<{ page: import('playwright-core').Page, problems: string[] }>}
 */
async function open(
  /** @type {import('playwright-core').Browser} */ browser,
  /** @type {string} */ address,
  /** @type {'light' | 'dark'} */ colorScheme = 'light',
  width = 1280,
) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: width < 600 ? 740 : 860 } });
  /** @type {string[]} */
  const problems = [];
  const home = new URL(address).origin;
  await context.route(
    (url) => url.origin !== home && /^(http|ws)/.test(url.protocol),
    (route) => {
      problems.push(`asked for ${route.request().url()}`);
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.setDefaultTimeout(1000 * seconds);
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(address);
  return { page, problems };
}

async function testPlayground(/** @type {import('playwright-core').Browser} */ browser, /** @type {string} */ address) {
  const { page, problems } = await open(browser, `${address}playground.html`);
  const editor = page.getByLabel('Program in TypeScript');
  const output = page.getByRole('log');
  const status = page.getByRole('status');
  const run = page.getByRole('button', { name: 'Run' });
  await editor.waitFor();
  const ended = () => status.filter({ hasText: /Finished|Ended/ }).waitFor();

  await check('the playground trains a model, prints tensors and draws curves', async () => {
    await run.click();
    await ended();
    const text = (await output.textContent()) ?? '';
    must(/accuracy: (0\.9[5-9]|1)/.test(text), `it printed ${text}`);
    const pictures = output.locator('img');
    must((await pictures.count()) === 3, `${await pictures.count()} pictures`);
    const widths = await pictures.evaluateAll((all) =>
      all.map((one) => /** @type {HTMLImageElement} */ (one).naturalWidth),
    );
    must(
      widths.every((width) => width > 100),
      `pictures are ${widths.join(', ')} wide`,
    );
  });

  const names = await page.getByLabel('Example').locator('option').allTextContents();
  await check(`the other ${names.length - 1} examples run`, async () => {
    for (const label of names.slice(1)) {
      await page.getByLabel('Example').selectOption({ label });
      await run.click();
      await ended();
      const failed = await output.locator('.error').allTextContents();
      must(failed.length === 0, `${label}: ${failed.join('\n')}`);
      must((await output.locator('pre').count()) > 1, `${label} printed nothing`);
    }
  });

  await check('the keyboard runs programs, indents, and gets out of the editor', async () => {
    await editor.fill('if (true) {');
    await editor.press('Enter');
    await editor.pressSequentially('console.log(1 + 1);\n}');
    must((await editor.inputValue()) === 'if (true) {\n  console.log(1 + 1);\n  }', await editor.inputValue());
    await editor.press('Control+Enter');
    await ended();
    must((await output.textContent())?.trim() === '2', `it printed ${await output.textContent()}`);
    await page.getByLabel('Example').focus();
    await page.keyboard.press('Tab');
    must(await run.evaluate((button) => button === document.activeElement), 'Run does not follow the examples');
    await editor.focus();
    await page.keyboard.press('Tab');
    must(await editor.evaluate((area) => area !== document.activeElement), 'Tab does not leave the editor');
  });

  await check('Stop ends a program that would never end', async () => {
    await editor.fill('console.log("begun");\nwhile (true) {}');
    await run.click();
    await output.getByText('begun').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    must((await status.textContent()) === 'Stopped.', `it says ${await status.textContent()}`);
    await editor.fill('"again"');
    await run.click();
    await output.getByText('again').waitFor();
  });

  await check('errors name their line', async () => {
    await editor.fill("import { ones } from 'cotangent';\n\nones([2, 3]).matmul(ones([2, 3]));");
    await run.click();
    await output.getByText('in line 3').waitFor();
  });

  await check('an address holds a program', async () => {
    await editor.fill('console.log("shared: äß∂");');
    await page.getByRole('button', { name: 'Share' }).click();
    await status.filter({ hasText: 'holds the program' }).waitFor();
    const other = await open(browser, page.url());
    await other.page.getByLabel('Program in TypeScript').waitFor();
    must(
      (await other.page.getByLabel('Program in TypeScript').inputValue()) === 'console.log("shared: äß∂");',
      'the program did not come along',
    );
    must(((await other.page.getByRole('log').textContent()) ?? '').trim() === '', 'it ran without being asked to');
    await other.page.context().close();
  });

  await check('search finds without a network', async () => {
    await page.keyboard.press('Control+k');
    await page.locator('#localsearch-input').fill('hessian');
    await page.locator('.VPLocalSearchBox .result').first().waitFor();
  });

  await check('the playground asked for nothing from elsewhere', async () => {
    must(problems.length === 0, problems.join('\n'));
  });
  await page.context().close();
}

async function testPages(/** @type {import('playwright-core').Browser} */ browser, /** @type {string} */ address) {
  const { screenshots } = options;
  if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });
  for (const [name, file] of looked) {
    for (const [width, mode] of /** @type {const} */ ([
      [1280, 'light'],
      [1280, 'dark'],
      [375, 'light'],
      [375, 'dark'],
    ])) {
      await check(`${name}, ${mode}, ${width} wide, fits, can be read, and is whole`, async () => {
        const { page, problems } = await open(browser, address + file, mode, width);
        if (name === 'playground') {
          await page.getByRole('button', { name: 'Run' }).click();
          await page.getByRole('status').filter({ hasText: 'Finished' }).waitFor();
        }
        await page.waitForLoadState('networkidle');
        if (screenshots !== undefined) {
          await page.screenshot({ path: path.join(screenshots, `${name}-${width}-${mode}.png`) });
          if (name === 'playground')
            await page.screenshot({
              path: path.join(screenshots, `${name}-${width}-${mode}-whole.png`),
              fullPage: true,
            });
        }
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        must(wide <= width, `it is ${wide} wide`);
        const faint = await page.evaluate(faintTexts);
        must(faint.length === 0, faint.slice(0, 20).join('\n'));
        const unnamed = await page.evaluate(nameless);
        must(unnamed.length === 0, unnamed.join('\n'));
        must(problems.length === 0, problems.join('\n'));
        await page.context().close();
      });
    }
  }
}

/** Pictures and controls of a page that a screen reader could not name. Runs in the page. */
function nameless() {
  const pictures = [...document.querySelectorAll('img:not([alt])')];
  const controls = [...document.querySelectorAll('a[href], button, input, select, textarea')].filter((element) => {
    const labels = 'labels' in element ? /** @type {HTMLInputElement} */ (element).labels : null;
    const words = [element.textContent, element.getAttribute('aria-label'), element.getAttribute('title')];
    const inside = [...element.querySelectorAll('img[alt], svg title')].map(
      (one) => one.getAttribute('alt') ?? one.textContent,
    );
    const described = element.getAttribute('aria-labelledby') !== null || (labels?.length ?? 0) > 0;
    return !described && element.checkVisibility() && ![...words, ...inside].some((word) => word?.trim());
  });
  const headings = document.querySelectorAll('h1').length === 1 ? [] : ['not one h1'];
  return [...headings, ...[...pictures, ...controls].map((element) => element.outerHTML.slice(0, 120))];
}

/** Runs one check, counts it and says how it went; it fails by throwing. */
async function check(/** @type {string} */ name, /** @type {() => Promise<void>} */ holds) {
  try {
    await holds();
    counts.passed += 1;
    console.log(`ok     ${name}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function must(/** @type {boolean} */ holds, /** @type {string} */ otherwise) {
  if (!holds) throw new Error(otherwise);
}
