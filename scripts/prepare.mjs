/**
 * Makes a fresh clone runnable, and a prepared one runnable at once: checks Node, installs what the lock file names,
 * compiles what changed. Each step says in one line what it does and why, and nothing when there is nothing to do.
 * Imports nothing but Node itself, for it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const oldestNode = 20;
const stamp = path.join(root, '.build/stamp');

/**
 * What `tsc -b` compiles: where its tsconfig.json is, its sources, and the folder that receives a file for each: of packages
 * their declarations, of programs the .js.
 */
const compiled = [
  ...['kernels', 'autograd', 'nn', 'cotangent'].map((name) => project(`packages/${name}`, 'src', 'dist/esm', 'd.ts')),
  project('docs', 'examples', '../.build/examples', 'js'),
  project('benchmarks', '.', '../.build/benchmarks', 'js'),
];

/** A step that failed and has already said why; the script ends, without a stack that would tell the user nothing. */
export class StepFailed extends Error {}

export function prepare() {
  checkNode();
  install();
  build();
}

export function checkNode() {
  if (Number.parseInt(process.versions.node, 10) >= oldestNode) return;
  throw new StepFailed(`Cotangent needs Node ${oldestNode} or newer; this is Node ${process.versions.node}.`);
}

export function install() {
  const reason = whyInstall();
  if (!reason) return;
  const command = existsSync(path.join(root, 'package-lock.json')) ? 'ci' : 'install';
  say(`npm ${command}: ${reason}`);
  const code = npm(command, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
  if (code !== 0) throw new StepFailed(`npm ${command} failed.`);
}

export function build() {
  const hash = hashOfSources();
  const incomplete = compiled.filter((project) => !isComplete(project));
  if (incomplete.length === 0 && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  say(`tsc -b: ${existsSync(stamp) ? 'a source or its output changed' : 'not built yet'}`);
  // tsc trusts its own notes and would not miss a deleted .js, nor delete the .js of a deleted source.
  for (const { output } of incomplete) rmSync(output, { recursive: true, force: true });
  rmSync(stamp, { force: true });
  if (runTool('@typescript/native/bin/tsc', '-b') !== 0) throw new StepFailed('The build failed.');
  if (runNode(['scripts/bundle.mjs']) !== 0) throw new StepFailed('The packages could not be bundled.');
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Runs a program of node_modules, given as package/path/of/its/script, on this Node; returns its exit code. */
export function runTool(/** @type {string} */ script, /** @type {string[]} */ ...args) {
  return runNode([path.join(root, 'node_modules', script), ...args]);
}

/** Runs Node in the repository with this process's input and output; returns the exit code. */
export function runNode(/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env = process.env) {
  return spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}

/** Prepares, then runs a compiled program with the arguments this script was given, and ends as it ends. */
export function prepareAndRun(/** @type {string} */ program) {
  orExit(prepare);
  process.exitCode = runNode([path.join(root, program), ...process.argv.slice(2)]);
}

/** Runs a step; when it fails, prints why and exits. */
export function orExit(/** @type {() => void} */ step) {
  try {
    step();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

function whyInstall() {
  const installed = readJson('node_modules/.package-lock.json');
  if (!installed) return 'nothing is installed yet';
  const locked = readJson('package-lock.json');
  if (!locked) return 'there is no lock file';
  for (const [where, wanted] of Object.entries(locked.packages)) {
    // What is optional may be for another system, and the rest are the workspaces' own folders.
    if (wanted.optional || wanted.devOptional || !where.includes('node_modules/')) continue;
    const found = installed.packages[where];
    if (!found || found.version !== wanted.version) return `${where} is not what the lock file names`;
  }
  return null;
}

function hashOfSources() {
  const settings = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json', 'scripts/bundle.mjs'].map((file) =>
    path.join(root, file),
  );
  const inputs = compiled.flatMap(({ folder, sources }) => [
    path.join(folder, 'package.json'),
    path.join(folder, 'tsconfig.json'),
    ...sourcesIn(sources),
  ]);
  const hash = createHash('sha256');
  for (const file of [...settings, ...inputs].filter((file) => existsSync(file))) {
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** @typedef {{ folder: string, sources: string, output: string, ending: string }} Project */

/** @returns {Project} */
function project(
  /** @type {string} */ name,
  /** @type {string} */ sources,
  /** @type {string} */ output,
  /** @type {string} */ ending,
) {
  const folder = path.join(root, name);
  return { folder, sources: path.join(folder, sources), output: path.join(folder, output), ending };
}

function isComplete(/** @type {Project} */ { folder, sources, output, ending }) {
  const expected = sourcesIn(sources).map((file) => path.relative(sources, file).replace(/ts$/, ending));
  const present = filesIn(output, `.${ending}`).map((file) => path.relative(output, file));
  // The last file that scripts/bundle.mjs writes.
  if (ending === 'd.ts' && !existsSync(path.join(folder, 'dist/cjs/package.json'))) return false;
  return expected.length === present.length && expected.every((file, i) => file === present[i]);
}

/** Sources that are compiled; tests and what only they use are not. */
function sourcesIn(/** @type {string} */ folder) {
  return filesIn(folder, '.ts').filter((file) => !/\.(test|d)\.ts$|[\\/]primitives[\\/]testing[\\/]/.test(file));
}

function filesIn(/** @type {string} */ folder, /** @type {string} */ ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(folder, file))
    .sort();
}

function readJson(/** @type {string} */ file) {
  const whole = path.join(root, file);
  return existsSync(whole) ? JSON.parse(readFileSync(whole, 'utf8')) : null;
}

export function npm(/** @type {string[]} */ ...args) {
  // Inside `npm run` npm tells where it is. On Windows the command is a .cmd, which only a shell can start.
  const self = process.env.npm_execpath;
  if (self?.endsWith('npm-cli.js')) return runNode([self, ...args]);
  return spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}

// To stderr, so that the output of a program started afterwards can be piped on its own.
function say(/** @type {string} */ line) {
  console.error(line);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) orExit(prepare);
