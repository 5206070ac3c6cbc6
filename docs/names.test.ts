/** The tables of docs/layers.md name every layer, loss, metric, initializer, optimizer and schedule that there is, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nn, optim } from 'cotangent';

const page = readFileSync(join(__dirname, 'layers.md'), 'utf8');
const named = new Set(
  [...page.matchAll(/^\| .*$/gm)].flatMap(([row]) => [...row.matchAll(/`(?:nn\.)?(\w+)`/g)].map(([, name]) => name!)),
);

/** What is not in a table: the bases to extend, what reads names, and what other pages describe. */
const elsewhere = new Set([
  ...['Layer', 'RecurrentCell', 'RecurrentLayer', 'Module', 'Model', 'Parameter', 'Buffer', 'Sequential', 'sequential'],
  ...['functionalCall', 'maskOf', 'setMask', 'parseIdx', 'History', 'ProgressBar', 'Optimizer', 'LearningRateSchedule'],
  ...['metricLogs', 'metricNames', 'serialize', 'deserialize', 'schedules'],
  ...['activations', 'constraints', 'initializers', 'losses', 'metrics', 'regularizers'],
]);

const exported = [
  nn,
  nn.activations,
  nn.constraints,
  nn.initializers,
  nn.losses,
  nn.metrics,
  nn.regularizers,
  optim,
  optim.schedules,
]
  .flatMap((group) => Object.keys(group))
  .filter((name) => !elsewhere.has(name) && !name.startsWith('resolve'));

describe('docs/layers.md', () => {
  it('names everything that the packages export', () => {
    expect(exported.filter((name) => !named.has(name))).toEqual([]);
  });

  it('names nothing that they do not', () => {
    const others = new Set(['functionalCall', 'build', 'inputShape', 'forward', 'call']);
    const classes = [...named].filter((name) => /^[A-Z]/.test(name) && !others.has(name));
    expect(classes.filter((name) => !exported.includes(name) && !elsewhere.has(name))).toEqual([]);
  });
});
