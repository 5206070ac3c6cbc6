/**
 * `npm run test:notebook`: what somebody sees who tries the library in a notebook. Installs the packed archives in an empty folder,
 * starts Deno's Jupyter kernel there, and gives it cells: the first gradient, the first model, the first plot. Where npm has
 * no Deno for this machine it says so and skips. Vega-Lite itself compiles the specs of the plots, and Vega draws them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pack } from './checkPackages.mjs';
import { summary } from './jest.mjs';
import { startKernel } from './notebook/kernel.mjs';
import { build, orExit } from './prepare.mjs';

/** @typedef {import('./notebook/kernel.mjs').Output} Output */

const deno = '@deno/linux-x64-glibc@2';

/** A cell, and what it has to show: patterns by MIME type, or of the text of an error. */
const cells = [
  { name: 'import', code: `import { grad, nn, ones, tensor } from 'cotangent';`, shows: null },
  {
    name: 'the first gradient is a table',
    code: 'grad((x) => x.square().sum())(tensor([1, 2, 3]))',
    shows: {
      'text/plain': /^Tensor float32 \[3\] \[2, 4, 6\]$/,
      'text/html': /^<table>.*<td>2<\/td><td>4<\/td><td>6<\/td>/,
    },
  },
  {
    name: 'the first model is the table of its summary',
    code: `const model = nn.sequential([new nn.Dense({ units: 8, activation: 'relu', inputShape: [4] }), new nn.Dense({ units: 1 })]);
      model.compile({ loss: 'mse' });
      model`,
    shows: { 'text/plain': /Total parameters: 49/, 'text/html': /^<table>.*<td>dense \(Dense\)<\/td>/ },
  },
  {
    name: 'what fit returns is a table and a curve',
    code: `const history = await model.fit(ones([64, 4]), ones([64, 1]), { epochs: 3, verbose: 0 });
      history`,
    shows: { 'text/plain': /^epoch +loss\n +0 /, 'text/html': /<th>loss<\/th>.*<svg / },
  },
  {
    name: 'the first plot is SVG, and a Vega-Lite spec',
    code: 'nn.plots.history(history)',
    shows: {
      'text/plain': /^Plot History$/,
      'image/svg+xml': /^<svg .*<path /,
      'application/vnd.vegalite.v5+json': /"hconcat":\[\{"title":"loss"/,
    },
  },
  {
    name: 'a tensor is shown in the middle of a cell',
    code: 'await Deno.jupyter.display(tensor([[1, 2]])); undefined',
    shows: { 'text/html': /<caption>Tensor float32 \[1, 2\]<\/caption>/ },
  },
  { name: 'an error says what to do', code: 'tensor([1, 2]).add(tensor([1, 2, 3]))', shows: /ShapeError: add: / },
];

/** A program that fails where Vega-Lite has anything to say against a spec, or Vega draws nothing. */
const drawSpecs = `
import { nn } from 'cotangent';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const plots = [
  nn.plots.lines({ loss: [3, NaN, 1], validation: [4, 3, 2] }, { title: 'Loss' }),
  nn.plots.history({ history: { loss: [3, 2, 1], valLoss: [3, 3, 2], accuracy: [0.1, 0.5, 0.9] } }),
  nn.plots.histogram([1, 2, 2, 3]),
  nn.plots.confusion([[3, 1], [0, 2]], { names: ['cat', 'dog'] }),
];
const complaints = [];
const complain = (...words) => (complaints.push(words.join(' ')), logger);
const logger = { level: () => logger, info: () => logger, debug: () => logger, warn: complain, error: complain };
for (const { title, spec } of plots) {
  const view = new View(parse(compile(spec, { logger }).spec), { renderer: 'none', logger });
  const svg = await view.toSVG();
  if (!/mark-(line|rect)/.test(svg) || !svg.includes(title)) complaints.push(title + ': nothing is drawn');
}
if (complaints.length > 0) throw new Error(complaints.join('\\n'));
`;

/** What is wrong with the outputs of a cell; null when nothing is. */
function problemOf(/** @type {Output[]} */ outputs, /** @type {(typeof cells)[number]['shows']} */ shows) {
  const shown = outputs.filter(({ kind }) => kind === 'execute_result' || kind === 'display_data');
  const error = outputs.find(({ kind }) => kind === 'error');
  const got = () => JSON.stringify(outputs).slice(0, 1000);
  if (shows instanceof RegExp) return error !== undefined && shows.test(error.text) ? null : got();
  if (error !== undefined) return got();
  if (shows === null) return null;
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value : JSON.stringify(value));
  const isRight = Object.entries(shows).every(([type, pattern]) => pattern.test(text(shown[0]?.data[type]) ?? ''));
  return shown.length === 1 && isRight ? null : got();
}

/** An empty folder with the archives, Vega and Deno installed; whether there is a Deno. */
function install(/** @type {string} */ folder) {
  const archives = pack(folder).map(({ archive }) => archive);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'notebook', private: true, type: 'module' }));
  const npm = (/** @type {string[]} */ ...args) => {
    const quiet = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...args];
    const self = process.env.npm_execpath;
    const [command, given] = self?.endsWith('npm-cli.js') ? [process.execPath, [self, ...quiet]] : ['npm', quiet];
    return spawnSync(command, given, { cwd: folder, stdio: 'inherit' }).status === 0;
  };
  if (!npm(...archives, 'vega@6', 'vega-lite@6')) throw new Error('The archives could not be installed.');
  return npm(deno);
}

orExit(build);
const counts = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-notebook-'));
const tell = (/** @type {string} */ name, /** @type {string | null} */ problem) => {
  counts[problem === null ? 'passed' : 'failed'] += 1;
  console.log(`${problem === null ? 'ok    ' : 'FAILED'} ${name}`);
  if (problem !== null) console.log(problem);
};

/** The cells, one after the other, in a kernel that starts in the folder. */
async function runCells() {
  const program = path.join(folder, 'node_modules/@deno/linux-x64-glibc/deno');
  const env = { ...process.env, HOME: folder, DENO_DIR: path.join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
  const kernel = await startKernel(folder, (file) => [program, ['jupyter', '--kernel', '--conn', file]], env);
  try {
    for (const { name, code, shows } of cells)
      tell(name, problemOf(await kernel.run(code, shows === null ? 0 : 1), shows));
  } finally {
    kernel.close();
  }
}

try {
  const hasDeno = install(folder) && process.platform === 'linux' && process.arch === 'x64';
  writeFileSync(path.join(folder, 'drawSpecs.mjs'), drawSpecs);
  const drawn = spawnSync(process.execPath, ['drawSpecs.mjs'], { cwd: folder, encoding: 'utf8' });
  tell('Vega-Lite takes the specs of all plots, and Vega draws them', drawn.status === 0 ? null : drawn.stderr);
  if (hasDeno) await runCells();
  else {
    console.log(`skipped: there is no ${deno} for this machine`);
    counts.skipped = cells.length;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(summary(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
