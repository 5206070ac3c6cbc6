/** A program as one file for browsers, the way each bundler makes it: what checkPackages runs and checkSizes weighs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';

/** Each gives the text of the bundle. */
export const bundlers = {
  async esbuild(/** @type {string} */ entry) {
    const { outputFiles } = await esbuild.build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
      logLevel: 'error',
    });
    return outputFiles[0]?.text ?? '';
  },

  async vite(/** @type {string} */ entry) {
    const built = await vite({
      root: path.dirname(entry),
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        minify: true,
        target: 'es2022',
        // As an application, whose chunks are all there is; a library would keep what others may import.
        rollupOptions: { input: entry, output: { codeSplitting: false } },
        modulePreload: false,
      },
    });
    const outputs = /** @type {{ output: { type: string, code?: string }[] }[]} */ ([built].flat());
    return outputs
      .flatMap(({ output }) => output)
      .map(({ code = '' }) => code)
      .join('\n');
  },

  async webpack(/** @type {string} */ entry) {
    const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-webpack-'));
    try {
      await new Promise((resolve, reject) => {
        webpack(
          {
            mode: 'production',
            entry,
            context: path.dirname(entry),
            target: ['web', 'es2022'],
            output: { path: folder, filename: 'bundle.js' },
            performance: { hints: false },
            plugins: [new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })],
          },
          (error, stats) => {
            if (error) reject(error);
            else if (stats?.hasErrors()) reject(new Error(stats.toString('errors-only')));
            else resolve(null);
          },
        );
      });
      const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
      return files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
