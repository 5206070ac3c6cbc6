/**
 * `npm run check:packages`: packs every package, reads the tarballs as publint and are-the-types-wrong do, installs them in an empty
 * folder and uses them there as a newcomer would: ES modules, CommonJS, four versions of TypeScript, three bundlers, Bun and Deno; and
 * holds the sizes of the bundles against their budgets. The last line counts the checks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build as bundleWithEsbuild } from 'esbuild';
import { publint } from 'publint';
import { pack, packageNames, packed } from './pack.mjs';
import { root } from './prepare.mjs';

/** Kilobytes (1000 bytes) of the minified bundle, gzip; docs/benchmarks/size.md says how they compare. */
const budgets = { gradient: 58, browser: 82, keras: 109 };

/** Installed beside the tarballs; typescript under a name for each version. */
const tools = {
  'typescript-5.4': 'npm:typescript@~5.4.5',
  'typescript-5.9': 'npm:typescript@~5.9.3',
  'typescript-6': 'npm:@typescript/typescript6@^6.0.2',
  'typescript-7': 'npm:typescript@^7.0.2',
  '@types/node': '^20.0.0',
  vite: '^8.0.0',
  webpack: '^5.100.0',
  bun: '^1.4.0',
  deno: '^2.9.0',
};

let passed = 0;
let failed = 0;
let skipped = 0;

/**
 * @param {string} name
 * @param {() => unknown} run gives a remark, or one that begins with 'skipped'
 */
async function check(name, run) {
  const start = performance.now();
  try {
    const note = (await run()) ?? '';
    if (typeof note === 'string' && note.startsWith('skipped')) {
      skipped++;
      console.log(`- ${name}: ${note}`);
      return;
    }
    passed++;
    console.log(`✓ ${name}${note ? `: ${note}` : ''} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.error(`✗ ${name}\n${error instanceof Error ? error.message : error}`);
  }
}

/** @param {string} cwd @param {string} command @param {string[]} args */
function run(cwd, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Kilobytes of a file, gzip. @param {string} file */
const sizeOf = (file) => (gzipSync(readFileSync(file), { level: 9 }).length / 1000).toFixed(1);

/** @param {string} output */
const done = (output) => {
  if (!output.includes('first steps: done')) throw new Error(`It did not come to its end:\n${output}`);
};

const place = mkdtempSync(path.join(tmpdir(), 'cotangent-packages-'));
try {
  await pack();
  const tarballs = new Map(
    packageNames.map((name) => {
      const [{ filename, size }] = JSON.parse(
        execFileSync('npm', ['pack', '--json', '--pack-destination', place, path.join(packed, name)], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      );
      console.log(`${filename}: ${(size / 1000).toFixed(0)} kB`);
      return [name, path.join(place, filename)];
    }),
  );

  for (const [name, tarball] of tarballs) {
    const bytes = readFileSync(tarball);
    await check(`publint: ${name}`, async () => {
      const tar = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      const { messages } = await publint({ pack: { tarball: tar }, strict: true });
      const found = messages.filter(({ type }) => type !== 'suggestion');
      if (found.length > 0) throw new Error(found.map((message) => JSON.stringify(message)).join('\n'));
    });
    await check(`are the types wrong: ${name}`, async () => {
      const found = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
      if (!('problems' in found)) throw new Error('no types');
      // TypeScript before 4.7 asks for files where `exports` now says it.
      const problems = found.problems.filter(
        (problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
      );
      if (problems.length > 0) throw new Error(problems.map((problem) => JSON.stringify(problem)).join('\n'));
    });
    await check(`nothing runs at installation: ${name}`, () => {
      const manifest = JSON.parse(readFileSync(path.join(packed, name, 'package.json'), 'utf8'));
      const scripts = Object.keys(manifest.scripts ?? {}).filter((one) => /^(pre|post)?install$|^prepare$/.test(one));
      if (scripts.length > 0 || manifest.gypfile) throw new Error(`scripts: ${scripts}`);
    });
  }

  const app = path.join(place, 'app');
  mkdirSync(app);
  writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  run(
    app,
    'npm',
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...tarballs.values(),
    ...Object.entries(tools).map(([name, version]) => `${name}@${version}`),
  );
  cpSync(path.join(root, 'scripts/packageChecks'), app, { recursive: true });

  await check('ES modules in Node', () => {
    const output = run(app, process.execPath, 'first.mjs');
    done(output);
    console.log(output.split('\n').slice(0, -2).join('\n'));
  });
  await check('CommonJS in Node', () => done(run(app, process.execPath, 'first.cjs')));
  await check('CommonJS without require of ES modules', () => {
    const { status } = spawnSync(process.execPath, ['--no-experimental-require-module', '-e', '']);
    if (status !== 0) return 'skipped, this Node has none';
    done(run(app, process.execPath, '--no-experimental-require-module', 'first.cjs'));
    return '';
  });

  for (const version of ['5.4', '5.9', '6', '7']) {
    for (const [module, resolution, file] of /** @type {[string, string, string][]} */ ([
      ['nodenext', 'nodenext', 'typed.mts'],
      ['nodenext', 'nodenext', 'typed.cts'],
      ['esnext', 'bundler', 'typed.ts'],
    ])) {
      await check(`TypeScript ${version}, ${resolution}, ${file}`, () => {
        if (file !== 'typed.ts') cpSync(path.join(app, 'typed.ts'), path.join(app, file));
        const compiler = ['tsc', 'tsc.js'].map((name) =>
          path.join(app, `node_modules/typescript-${version}/bin`, name),
        );
        const out = path.join(app, 'out', `${version}-${file}`);
        run(
          app,
          process.execPath,
          compiler.find((one) => existsSync(one)) ?? path.join(app, `node_modules/typescript-${version}/bin/tsc6`),
          ...['--strict', '--target', 'es2022', '--lib', 'es2023,dom,esnext.disposable', '--types', 'node'],
          ...['--module', module, '--moduleResolution', resolution, '--outDir', out, file],
        );
        if (resolution === 'nodenext') done(run(app, process.execPath, path.join(out, file.replace(/ts$/, 'js'))));
      });
    }
  }

  const bundled = path.join(app, 'bundled');
  mkdirSync(bundled);
  /** A bundle for browsers has everything in it, and runs where nothing can be imported. */
  /** @param {string | undefined} file */
  const runBundle = (file) => {
    if (file === undefined) throw new Error('There is no bundle.');
    const alone = path.join(place, 'alone');
    mkdirSync(alone, { recursive: true });
    cpSync(file, path.join(alone, 'bundle.mjs'));
    if (/\b(?:from|import|require)\s*\(?\s*["']/.test(readFileSync(file, 'utf8')))
      throw new Error('It imports something.');
    done(run(alone, process.execPath, 'bundle.mjs'));
  };
  for (const [name, budget] of Object.entries(budgets)) {
    await check(`esbuild: ${name}, at most ${budget} kB`, async () => {
      const outfile = path.join(bundled, `esbuild-${name}.mjs`);
      await bundleWithEsbuild({
        entryPoints: [path.join(app, `${name}.mjs`)],
        outfile,
        bundle: true,
        minify: true,
        format: 'esm',
        platform: 'browser',
        logLevel: 'error',
      });
      runBundle(outfile);
      const kilobytes = sizeOf(outfile);
      if (Number(kilobytes) > budget) throw new Error(`${kilobytes} kB`);
      return `${kilobytes} kB, gzip`;
    });
  }
  await check('Vite', () => {
    const config = {
      build: { lib: { entry: 'browser.mjs', formats: ['es'], fileName: 'vite' }, outDir: 'bundled/vite' },
    };
    writeFileSync(path.join(app, 'vite.config.mjs'), `export default ${JSON.stringify(config)};\n`);
    run(app, process.execPath, 'node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error');
    const file = path.join(bundled, 'vite/vite.js');
    runBundle(file);
    return `${sizeOf(file)} kB, gzip`;
  });
  await check('webpack', () => {
    writeFileSync(
      path.join(app, 'webpack.mjs'),
      `import webpack from 'webpack';
webpack({ mode: 'production', target: 'web', entry: './browser.mjs', output: { path: ${JSON.stringify(bundled)}, filename: 'webpack.mjs' } }, (error, stats) => {
  if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); }
});\n`,
    );
    run(app, process.execPath, 'webpack.mjs');
    const file = path.join(bundled, 'webpack.mjs');
    runBundle(file);
    return `${sizeOf(file)} kB, gzip`;
  });

  for (const [name, folders, args] of /** @type {[string, string[], string[]][]} */ ([
    ['Bun', ['@oven/bun-linux-x64', '@oven/bun-linux-x64-baseline'], ['run', 'first.mjs']],
    ['Deno', ['@deno/linux-x64-glibc'], ['run', '-A', '--node-modules-dir=manual', 'first.mjs']],
  ])) {
    await check(name, () => {
      const binary = folders
        .flatMap((folder) => ['bin/bun', 'deno'].map((file) => path.join(app, 'node_modules', folder, file)))
        .find((file) => existsSync(file));
      if (binary === undefined) return 'skipped, npm has no build of it for this system';
      done(run(app, binary, ...args));
      return '';
    });
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
