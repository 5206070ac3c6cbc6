/**
 * `npm run check:sizes`: what programs weigh in a browser, bundled and compressed. Prints a row for each program and fails where
 * one is over its budget. docs/benchmarks/size.md says what the budgets are made of.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundlers } from './consumers/bundlers.mjs';
import { build, orExit, root } from './prepare.mjs';

const train = `
const optimizer = new optim.Adam(net.parameters(), { learningRate: 0.01 });
const x = tensor([[0, 1], [1, 0]]);
const y = tensor([0, 1], { dtype: 'int32' });
for (let step = 0; step < 10; step++) {
  const loss = nn.losses.sparseCategoricalCrossentropy(y, net.call(x), { fromLogits: true });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}`;

/** The programs, with the most that each may weigh, in kB of 1000 bytes. */
export const programs = [
  {
    name: 'tensor and grad',
    budget: { esbuild: 65, vite: 62.5, webpack: 63 },
    code: `import { grad, tensor } from 'cotangent';
      console.log(grad((x) => x.tanh().sum())(tensor([0, 1])).toString());`,
  },
  {
    name: 'MLP of Dense in a Module, Adam, cross-entropy',
    budget: { esbuild: 91.5, vite: 82, webpack: 82.5 },
    code: `import { tensor } from 'cotangent';
      import * as nn from 'cotangent/nn';
      import * as optim from 'cotangent/optim';
      class Net extends nn.Module {
        hidden = new nn.Dense({ units: 16, activation: 'relu' });
        out = new nn.Dense({ units: 3 });
        forward(x) { return this.out.call(this.hidden.call(x)); }
      }
      const net = new Net();${train}`,
  },
  {
    name: 'the same in a Sequential, which can fit, compile and evaluate',
    budget: { esbuild: 120.5, vite: 115, webpack: 115.5 },
    code: `import { tensor } from 'cotangent';
      import * as nn from 'cotangent/nn';
      import * as optim from 'cotangent/optim';
      const net = new nn.Sequential([new nn.Dense({ units: 16, activation: 'relu' }), new nn.Dense({ units: 3 })]);${train}`,
  },
];

/**
 * What is over its budget. `folder` is one from which 'cotangent' can be imported as an ES module; without `all` webpack, which
 * takes ten times as long as the others and comes to the same sizes, is left out.
 */
export async function checkSizes(/** @type {string} */ folder, all = true) {
  /** @type {string[]} */
  const problems = [];
  for (const [index, { name, budget, code }] of programs.entries()) {
    const entry = path.join(folder, `size${index}.mjs`);
    writeFileSync(entry, code);
    for (const [bundler, most] of Object.entries(budget)) {
      if (bundler === 'webpack' && !all) continue;
      const text = await bundlers[/** @type {keyof typeof bundlers} */ (bundler)](entry);
      const kilobytes = gzipSync(text, { level: 9 }).length / 1000;
      const line = `${kilobytes.toFixed(1)} kB of ${most} kB, gzip, by ${bundler}: ${name}`;
      console.error(line);
      if (kilobytes > most) problems.push(`over its budget: ${line}`);
    }
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  orExit(build);
  const folder = mkdtempSync(path.join(root, '.build/sizes-'));
  try {
    const problems = await checkSizes(folder);
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
