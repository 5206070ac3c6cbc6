/** The tables of the pages about nn name everything that it exports, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nn, optim } from 'cotangent';
import * as node from 'cotangent/node';

const pages = ['layers.md', 'training.md', 'data.md', 'preprocessing.md', 'seeing.md', 'notebooks.md'];
const page = pages.map((name) => readFileSync(join(__dirname, name), 'utf8')).join('\n');
const named = new Set(
  [...page.matchAll(/^\| .*$/gm)].flatMap(([row]) =>
    [...row.matchAll(/`(?:new )?(?:nn\.|optim\.)?(?:\w+\.)?(\w+)(?:\([^`]*)?`/g)].map(([, name]) => name!),
  ),
);

/** What is not in a table: the bases to extend, what reads names, and what other pages describe. */
const elsewhere = new Set([
  ...['Layer', 'RecurrentCell', 'RecurrentLayer', 'Module', 'Model', 'Parameter', 'Buffer', 'Sequential', 'sequential'],
  ...['functionalCall', 'maskOf', 'setMask', 'Optimizer', 'LearningRateSchedule'],
  ...[
    'SymbolicTensor',
    'Functional',
    'loadMnist',
    'readIdx',
    'metricLogs',
    'metricNames',
    'withOptions',
    'makeOptimizer',
    'serialize',
    'deserialize',
    'schedules',
  ],
  ...[
    'gluon',
    'data',
    'utils',
    'text',
    'activations',
    'constraints',
    'initializers',
    'losses',
    'metrics',
    'plots',
    'regularizers',
  ],
]);

const exported = [
  nn,
  nn.activations,
  nn.data,
  nn.utils,
  nn.text,
  nn.constraints,
  nn.initializers,
  nn.losses,
  nn.metrics,
  nn.plots,
  nn.regularizers,
  nn.gluon,
  optim,
  optim.schedules,
  node,
]
  .flatMap((group) => Object.keys(group))
  .filter((name) => !elsewhere.has(name) && !name.startsWith('resolve'));

describe(`docs: ${pages.join(', ')}`, () => {
  it('names everything that the packages export', () => {
    expect(exported.filter((name) => !named.has(name))).toEqual([]);
  });

  it('names nothing that they do not', () => {
    const others = new Set(['functionalCall', 'build', 'inputShape', 'forward', 'call']);
    const classes = [...named].filter((name) => /^[A-Z]/.test(name) && !others.has(name));
    expect(classes.filter((name) => !exported.includes(name) && !elsewhere.has(name))).toEqual([]);
  });
});
