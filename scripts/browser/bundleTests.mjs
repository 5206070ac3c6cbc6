/** Bundles test files for a page: each a module of its own, with what they share beside them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { root } from '../prepare.mjs';

const shims = path.join(root, 'scripts/browser/shims');

/** What a page lacks and tests import is in the folder of shims; `__dirname` is the folder in the repository. */
const nodeForPages = {
  name: 'node for pages',
  setup(/** @type {import('esbuild').PluginBuild} */ { onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path: name }) => ({
      path: path.join(shims, `${name.slice('node:'.length)}.ts`),
    }));
    // `expect` brings parts of Jest that look at the disk.
    onResolve({ filter: /^jest-util$/ }, () => ({ path: path.join(shims, 'jestUtil.ts') }));
    onResolve({ filter: /^jest-message-util$/ }, () => ({ path: path.join(shims, 'jestMessageUtil.ts') }));
    onLoad({ filter: /packages\/(kernels|autograd)\/src\/.*\.test\.ts$/ }, async ({ path: file }) => ({
      contents: `const __dirname = ${JSON.stringify(path.relative(root, path.dirname(file)))}; ${await readFile(file, 'utf8')}`,
      loader: 'ts',
    }));
  },
};

/** Bundles `harness.js` and the tests into a folder, as `<name of the file, without .ts>.js` under its path. */
export async function bundleTests(/** @type {readonly string[]} */ files, /** @type {string} */ folder) {
  await build({
    entryPoints: ['scripts/browser/harness.ts', ...files].map((file) => path.join(root, file)),
    outbase: root,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The sources, as in Jest.
    tsconfig: path.join(root, 'tsconfig.test.json'),
    // package.json names the files with side effects among those that are published, and these are the sources.
    ignoreAnnotations: true,
    define: { 'process.env.NODE_ENV': '"test"' },
    logLevel: 'error',
    plugins: [nodeForPages],
  });
}
