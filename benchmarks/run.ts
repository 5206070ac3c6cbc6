/** `npm run bench -- SUITE [--steps N] [--json FILE]`: runs a suite, prints Markdown, writes its rows as JSON. */

import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { run as memory } from './memory/run.js';
import { markdownTable, type Row } from './rows.js';

/** What a suite is told. */
interface SuiteOptions {
  readonly steps: number;
}

const suites: Readonly<Record<string, (options: SuiteOptions) => Row[]>> = {
  memory: ({ steps }) => memory(steps),
};

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { steps: { type: 'string', default: '20000' }, json: { type: 'string' } },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { positionals, values } = readArguments();
const steps = Number(values.steps);
if (!Number.isInteger(steps) || steps < 1) fail(`got --steps ${values.steps}; expected a whole number above 0`);
const names = positionals.length > 0 ? positionals : Object.keys(suites);
for (const name of names) {
  if (!Object.hasOwn(suites, name)) fail(`got suite '${name}'; expected one of ${Object.keys(suites).join(', ')}`);
}

const rows: Row[] = [];
for (const name of names) {
  const measured = suites[name]!({ steps });
  console.log(`\n## ${name}: Node ${process.versions.node}, ${steps} steps\n\n${markdownTable(measured)}`);
  rows.push(...measured);
}
if (values.json !== undefined) {
  writeFileSync(`${values.json}.part`, `${JSON.stringify(rows, null, 2)}\n`);
  renameSync(`${values.json}.part`, values.json);
}
