/**
 * `npm run check:packages`: are the packages right for those who install them? Packs each, has the archives looked over by
 * publint and are-the-types-wrong, installs them into an empty folder, and there type-checks, runs and bundles what a new
 * user would write. `-- --all` adds every compiler in every mode, Bun and Deno, which take minutes or a download.
 *
 * Needs the npm registry, for what the packages depend on.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { preview, build as vite } from 'vite';
import { chromiumArguments, findChromium } from './browser/chromium.mjs';
import { checkSizes } from './checkSizes.mjs';
import { bundlers } from './consumers/bundlers.mjs';
import { summary } from './jest.mjs';
import { packages } from './packages.mjs';
import { build, orExit, root } from './prepare.mjs';

const all = process.argv.includes('--all');
const counts = { passed: 0, failed: 0, skipped: 0 };
const programs = ['firstSteps', 'entries'];

/** Runs one check, counts it and says how it went; a check fails by throwing. */
async function check(/** @type {string} */ name, /** @type {() => unknown} */ f) {
  const before = performance.now();
  let problem = null;
  try {
    await f();
  } catch (error) {
    problem = error instanceof Failed ? error.message : error;
  }
  counts[problem === null ? 'passed' : 'failed'] += 1;
  console.error(
    `${problem === null ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - before) / 1000).toFixed(1)} s)`,
  );
  if (problem !== null) console.error(problem);
}

function skip(/** @type {string} */ name, /** @type {string} */ why) {
  counts.skipped += 1;
  console.error(`skipped ${name}: ${why}`);
}

/** A check that failed and says why; where it failed in this script tells nothing. */
class Failed extends Error {}

/** Runs a program to its end; gives what it wrote. */
function run(
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {string} */ cwd,
  /** @type {NodeJS.ProcessEnv} */ env = process.env,
) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return stdout;
  throw new Failed(`${[command, ...args].join(' ')}: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`);
}

/** npm, in another folder. */
function npmIn(/** @type {string} */ folder, /** @type {string[]} */ ...args) {
  const self = process.env.npm_execpath;
  const quiet = [...args, '--no-audit', '--no-fund', '--loglevel=error'];
  return self?.endsWith('npm-cli.js') ? run(process.execPath, [self, ...quiet], folder) : run('npm', quiet, folder);
}

/** Packs every package into `folder`; gives the archives. */
export function pack(/** @type {string} */ folder) {
  return packages.map((name) => {
    const said = npmIn(path.join(root, 'packages', name), 'pack', '--json', '--pack-destination', folder);
    const [{ filename, files, size, unpackedSize }] = JSON.parse(said);
    return { name, archive: path.join(folder, filename), files, size, unpackedSize };
  });
}

/** What Node's own tools cannot see: a file that would have to be compiled, a script that runs when installing. */
function checkContents(/** @type {string} */ name, /** @type {{ path: string }[]} */ files) {
  const { scripts = {} } = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'));
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'].filter((script) => script in scripts);
  if (atInstall.length > 0) throw new Failed(`runs ${atInstall.join(', ')} when it is installed`);
  const native = files.filter((file) => /\.(node|wasm|c|cc|gyp|so|dll)$/.test(file.path));
  if (native.length > 0) throw new Failed(`holds native code: ${native.map((file) => file.path).join(', ')}`);
  const stray = files.filter((file) => /\.test\.|tsbuildinfo$/.test(file.path) && !file.path.startsWith('template/'));
  if (stray.length > 0) throw new Failed(`holds what nobody needs: ${stray.map((file) => file.path).join(', ')}`);
  for (const wanted of ['README.md', 'LICENSE']) {
    if (!files.some((file) => file.path === wanted)) throw new Failed(`lacks ${wanted}`);
  }
}

async function checkWithPublint(/** @type {string} */ archive) {
  const bytes = readFileSync(archive);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  // A repository has an address once it has been published.
  const said = messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
  if (said.length > 0) throw new Failed(said.join('\n'));
}

async function checkTypes(/** @type {string} */ archive) {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(archive))));
  if (!result.types) return;
  // TypeScript's oldest resolution knows no "exports", and so finds main alone.
  const problems = result.problems.filter(
    (problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
  );
  if (problems.length > 0) throw new Failed(problems.map((problem) => JSON.stringify(problem)).join('\n'));
}

/** An empty folder with the archives installed, and in it one folder for each kind of module. */
function install(/** @type {string} */ home, /** @type {string[]} */ archives) {
  mkdirSync(home);
  write(path.join(home, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  npmIn(home, 'install', ...archives, 'fast-check@4', '@types/node@20');
  for (const [folder, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ]) {
    write(path.join(home, `${folder}/package.json`), JSON.stringify({ type }));
  }
}

/** The programs in JavaScript, without a type checker's help. */
async function runJavaScript(/** @type {string} */ home, /** @type {'esm' | 'cjs'} */ format) {
  for (const name of programs) {
    const source = readFileSync(path.join(root, `scripts/consumers/${name}.ts`), 'utf8');
    const { code } = await esbuild.transform(source, { loader: 'ts', format, platform: 'node', target: 'node20' });
    write(path.join(home, format, `${name}.js`), code);
    run(process.execPath, [`${name}.js`], path.join(home, format));
  }
}

/** One process that imports and requires: both must be given the same copy. */
function checkOneCopy(/** @type {string} */ home) {
  if (!(/** @type {{ require_module?: boolean }} */ (process.features).require_module)) {
    return skip('import and require give one copy', `Node ${process.versions.node} cannot require ES modules`);
  }
  write(
    path.join(home, 'esm/both.js'),
    `     import { createRequire } from 'node:module';
     import { manualSeed, randomNormal, Tensor } from 'cotangent';
     const required = createRequire(import.meta.url)('cotangent');
     if (required.Tensor !== Tensor) throw new Error('two classes of tensors');
     manualSeed(3);
     const first = randomNormal([2]).toString();
     required.manualSeed(3);
     if (randomNormal([2]).toString() !== first) throw new Error('two global random streams');`,
  );
  run(process.execPath, ['both.js'], path.join(home, 'esm'));
}

/** Where each compiler is: the older ones are installed for this check alone, for all of them call their command `tsc`. */
const compilers = new Map([
  ['5.4', 'typescript-5.4/bin/tsc'],
  ['5.9', 'typescript-5.9/bin/tsc'],
  ['6', path.join(root, 'node_modules/typescript/bin/tsc6')],
  ['7', path.join(root, 'node_modules/@typescript/native/bin/tsc')],
]);

function installCompilers(/** @type {string} */ home) {
  const archives = ['5.4', '5.9'].map((version) => `typescript-${version}@npm:typescript@~${version}.0`);
  npmIn(home, 'install', ...archives);
}

/** Type-checks the programs with the libraries' declarations, and runs what the compiler made of them. */
function compile(
  /** @type {string} */ home,
  /** @type {string} */ version,
  /** @type {'nodenext' | 'bundler'} */ resolution,
) {
  const name = `typescript-${version}-${resolution}`;
  const folder = path.join(home, name);
  // .cts is a CommonJS module whatever the package says; a bundler knows ES modules only.
  const endings = resolution === 'nodenext' ? ['mts', 'cts'] : ['ts'];
  for (const ending of endings) {
    for (const program of programs) {
      mkdirSync(folder, { recursive: true });
      copyFileSync(path.join(root, `scripts/consumers/${program}.ts`), path.join(folder, `${program}.${ending}`));
    }
  }
  write(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom'],
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    strict: true,
    skipLibCheck: false,
    types: ['node'],
    outDir: 'out',
    rootDir: '.',
  };
  write(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: endings.map((ending) => `*.${ending}`) }),
  );
  run(process.execPath, [path.resolve(home, 'node_modules', compilers.get(version) ?? ''), '-p', '.'], folder);
  for (const file of readdirSync(path.join(folder, 'out'))) run(process.execPath, [path.join('out', file)], folder);
}

/** A bundle for browsers has to run without any of Node's modules. */
async function checkBundler(/** @type {string} */ home, /** @type {keyof typeof bundlers} */ name) {
  const source = readFileSync(path.join(root, 'scripts/consumers/firstSteps.ts'), 'utf8');
  const { code } = await esbuild.transform(source, { loader: 'ts', format: 'esm', target: 'es2022' });
  const entry = path.join(home, 'esm', 'bundled.js');
  write(entry, code);
  const bundle = await bundlers[name](entry);
  if (/\bfrom ?["']node:|require\(["'](node:|fs|path)/.test(bundle))
    throw new Failed('the bundle asks for a module of Node');
  write(path.join(home, 'esm', `${name}.js`), bundle);
  run(process.execPath, [`${name}.js`], path.join(home, 'esm'));
}

/** What somebody sees who makes a page with Vite: the built site, in a browser, with the picture on it. */
async function checkPage(/** @type {string} */ home, /** @type {string} */ executablePath) {
  const place = path.join(home, 'page');
  const source = readFileSync(path.join(root, 'scripts/consumers/firstSteps.ts'), 'utf8');
  // What the program shows in a page, where there is no console to look at.
  const shown = source.replace(
    /console\.log\((.*)\);/,
    'document.body.innerHTML = plot; document.body.dataset.said = $1;',
  );
  write(path.join(place, 'main.ts'), shown);
  write(
    path.join(place, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>First steps</title><script type="module" src="./main.ts"></script>',
  );
  await vite({ root: place, configFile: false, logLevel: 'error', base: './' });
  const server = await preview({ root: place, configFile: false, logLevel: 'error', preview: { port: 0 } });
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await browser.newPage();
    /** @type {string[]} */
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.waitForSelector('body[data-said]', { timeout: 60_000 }).catch(() => problems.push('nothing was shown'));
    if ((await page.locator('svg path').count()) === 0) problems.push('no picture');
    if (problems.length > 0) throw new Failed(problems.join('\n'));
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Programs of npm that hold a runtime, by system: their own install scripts are not needed. */
const runtimes = {
  bun: { archive: '@oven/bun-linux-x64@1', file: 'node_modules/@oven/bun-linux-x64/bin/bun', args: [] },
  deno: {
    archive: '@deno/linux-x64-glibc@2',
    file: 'node_modules/@deno/linux-x64-glibc/deno',
    args: ['run', '--allow-all'],
  },
};

async function checkRuntime(
  /** @type {string} */ home,
  /** @type {string} */ folder,
  /** @type {keyof typeof runtimes} */ name,
) {
  const { archive, file, args } = runtimes[name];
  if (process.platform !== 'linux' || process.arch !== 'x64') return skip(name, 'only tried on Linux, x64');
  const place = path.join(folder, name);
  mkdirSync(place);
  write(path.join(place, 'package.json'), '{}');
  try {
    npmIn(place, 'install', '--ignore-scripts', archive);
  } catch (error) {
    return skip(name, `npm could not install ${archive}: ${error instanceof Error ? error.message : error}`);
  }
  const command = path.join(place, file);
  await check(`${name}, ${run(command, ['--version'], place).split('\n')[0]}`, () => {
    for (const program of programs) run(command, [...args, `${program}.js`], path.join(home, 'esm'));
  });
}

/** A project made from the template, with what was packed in place of what the registry has. */
function checkTemplate(/** @type {string} */ home, /** @type {string} */ folder, /** @type {string[]} */ archives) {
  run(path.join(home, 'node_modules/.bin/create-cotangent'), ['my-model'], folder);
  const project = path.join(folder, 'my-model');
  npmIn(project, 'install', ...archives.filter((archive) => !archive.includes('create-cotangent')));
  for (const script of ['train', 'test', 'bench']) npmIn(project, 'run', script);
}

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-packages-'));
  try {
    const packed = pack(folder);
    for (const { name, archive, files, size, unpackedSize } of packed) {
      console.error(
        `${path.basename(archive)}: ${Math.round(size / 1000)} kB, unpacked ${Math.round(unpackedSize / 1000)} kB, ${files.length} files`,
      );
      await check(`${name}: no native code, no script at install`, () => checkContents(name, files));
      await check(`${name}: publint`, () => checkWithPublint(archive));
      await check(`${name}: are the types wrong`, () => checkTypes(archive));
    }
    const home = path.join(folder, 'consumer');
    await check('install from archives', () =>
      install(
        home,
        packed.map(({ archive }) => archive),
      ),
    );
    await check('ES modules', () => runJavaScript(home, 'esm'));
    await check('CommonJS', () => runJavaScript(home, 'cjs'));
    await check('import and require give one copy', () => checkOneCopy(home));
    await check('the command cotangent', () => {
      const command = path.join(home, 'node_modules/.bin/cotangent');
      for (const args of [['--version'], ['info'], ['train', 'xor', '--epochs', '3']]) run(command, args, home);
    });
    await check('npm create cotangent', () =>
      checkTemplate(
        home,
        folder,
        packed.map(({ archive }) => archive),
      ),
    );
    await check('install TypeScript 5.4 and 5.9', () => installCompilers(home));
    for (const version of compilers.keys()) {
      for (const resolution of /** @type {const} */ (['nodenext', 'bundler'])) {
        // One mode each in the short run: both occur, and the oldest and the newest see both kinds of modules.
        if (!all && (resolution === 'nodenext') === (version === '5.9' || version === '6')) continue;
        await check(`TypeScript ${version}, ${resolution}`, () => compile(home, version, resolution));
      }
    }
    for (const name of /** @type {(keyof typeof bundlers)[]} */ (Object.keys(bundlers))) {
      await check(`bundled by ${name}`, () => checkBundler(home, name));
    }
    const browser = findChromium();
    if (browser === null) skip('a page made with Vite', 'there is no Chromium');
    else await check('a page made with Vite, in Chromium', () => checkPage(home, browser));
    await check('sizes of bundles', async () => {
      const problems = await checkSizes(path.join(home, 'esm'), all);
      if (problems.length > 0) throw new Failed(problems.join('\n'));
    });
    if (all)
      for (const name of /** @type {(keyof typeof runtimes)[]} */ (Object.keys(runtimes)))
        await checkRuntime(home, folder, name);
    else skip('Bun and Deno', 'run npm run check:packages -- --all');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(summary(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

function write(/** @type {string} */ file, /** @type {string} */ text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  orExit(build);
  await main();
}
