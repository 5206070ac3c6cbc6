/**
 * `npm run pack`: makes of every package the folder that is published, in .build/packages: ES modules for bundlers and bundled ones
 * for Node, CommonJS beside them, declarations for all, and a package.json that names them. docs/decisions/0011-published-packages.md
 * says why.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import { build as compile, root } from './prepare.mjs';

/** In the order in which they depend on each other. */
export const packageNames = ['kernels', 'autograd', 'nn', 'cotangent'];
export const packed = path.join(root, '.build/packages');

/** @typedef {{ types: string, default: string }} Target */
/** @typedef {{ name: string, exports: Record<string, string | Target>, sideEffects: boolean | string[], files?: string[], bin?: unknown }} Manifest */

/** @param {string} file */
const read = (file) => readFileSync(file, 'utf8');
/** @param {string} file @returns {Manifest} */
const readJson = (file) => JSON.parse(read(file));

/** Files below a folder, as paths relative to it. @param {string} folder */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/**
 * Says of the constants of a module that nothing else happens when they are made, so that a bundler leaves out the operations and
 * layers which a program does not use.
 *
 * @param {string} code
 */
export function markPure(code) {
  return code.replace(
    /^((?:export )?const [\w$]+ = )((?:new )?[A-Za-z_$][\w$.]*(?:<[^\n]*>)?\()/gm,
    '$1/* @__PURE__ */ $2',
  );
}

/**
 * What the subpaths of `exports` are compiled to.
 *
 * @param {Manifest} manifest
 */
const targetsOf = (manifest) => Object.values(manifest.exports).filter((target) => typeof target === 'object');

/**
 * What each subpath answers. Node gets one file for all modules, which loads several times as fast; a Node that can `require` ES modules
 * gets it there too (`module-sync`), and so has one copy of all state. Bundlers get every module as a file, and leave out what is not used.
 *
 * @param {Manifest} manifest
 */
function publishedExports(manifest) {
  /** @type {Record<string, unknown>} */
  const exports = {};
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target !== 'object') {
      exports[subpath] = target;
      continue;
    }
    const { types, default: file } = target;
    /** @param {string} one */
    const inCommonJs = (one) => one.replace('./dist/', './dist/cjs/');
    const bundled = { types, default: file.replace('./dist/', './dist/node/') };
    const required = { types: inCommonJs(types), default: inCommonJs(file) };
    exports[subpath] = {
      node: { 'module-sync': bundled, import: bundled, require: required },
      import: { types, default: file },
      require: required,
    };
  }
  return exports;
}

/**
 * Modules that others start in threads: files of their own in every form.
 *
 * @param {string} dist
 * @param {string[]} scripts
 */
function threadsOf(dist, scripts) {
  const found = scripts.flatMap((file) =>
    [...read(path.join(dist, file)).matchAll(/^(?! \*).*new URL\('\.\/([\w./]+)', import\.meta\.url\)/gm)].map(
      (match) => path.join(path.dirname(file), /** @type {string} */ (match[1])),
    ),
  );
  return [...new Set(found)];
}

/** @param {string} name */
async function packOne(name) {
  const from = path.join(root, 'packages', name);
  const to = path.join(packed, name);
  const manifest = readJson(path.join(from, 'package.json'));
  const dist = path.join(from, 'dist');
  const files = filesBelow(dist);
  const scripts = files.filter((file) => file.endsWith('.js'));
  /** @param {string} file @param {string} text */
  const write = (file, text) => {
    const target = path.join(to, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  };
  const shared = /** @type {const} */ ({
    target: 'es2022',
    logLevel: 'warning',
    sourcemap: true,
    sourcesContent: false,
  });

  for (const file of scripts) write(`dist/${file}`, markPure(read(path.join(dist, file))));
  for (const file of files.filter((one) => one.endsWith('.js.map'))) write(`dist/${file}`, read(path.join(dist, file)));

  const entries = targetsOf(manifest).map((target) => path.relative(dist, path.join(from, target.default)));
  await bundle({
    ...shared,
    // A thread is found beside the module that starts it, which is in this folder now.
    entryPoints: Object.fromEntries([
      ...entries.map((file) => [file.replace(/\.js$/, ''), path.join(dist, file)]),
      ...threadsOf(dist, scripts).map((file) => [path.basename(file, '.js'), path.join(dist, file)]),
    ]),
    outdir: path.join(to, 'dist/node'),
    chunkNames: '[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });

  // Bundles would each have a copy of what they share, its state too, so every module stays a file of its own.
  await bundle({
    ...shared,
    entryPoints: scripts.map((file) => path.join(dist, file)),
    outdir: path.join(to, 'dist/cjs'),
    outbase: dist,
    format: 'cjs',
    platform: 'node',
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  write('dist/cjs/package.json', `${JSON.stringify({ type: 'commonjs' })}\n`);
  for (const file of files.filter((one) => one.endsWith('.d.ts'))) {
    const text = read(path.join(dist, file)).replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    for (const folder of ['dist', 'dist/cjs']) write(`${folder}/${file}`, text);
  }
  for (const file of filesBelow(path.join(from, 'src')))
    if (!file.endsWith('.test.ts')) write(`src/${file}`, read(path.join(from, 'src', file)));

  const { files: _, ...published } = manifest;
  const sideEffects = Array.isArray(manifest.sideEffects)
    ? manifest.sideEffects.flatMap((file) => [
        file,
        ...['node', 'cjs'].map((kind) => file.replace('dist/', `dist/${kind}/`)),
      ])
    : manifest.sideEffects;
  write(
    'package.json',
    `${JSON.stringify({ ...published, sideEffects, exports: publishedExports(manifest), files: ['dist', 'src', 'bin'] }, null, 2)}\n`,
  );
  cpSync(path.join(root, 'LICENSE'), path.join(to, 'LICENSE'));
  cpSync(path.join(name === 'cotangent' ? root : from, 'README.md'), path.join(to, 'README.md'));
}

/** Makes all of them anew. */
export async function pack() {
  compile();
  rmSync(packed, { recursive: true, force: true });
  for (const name of packageNames) await packOne(name);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await pack();
