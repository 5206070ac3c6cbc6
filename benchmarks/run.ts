/** `npm run bench -- SUITE [--filter NAME] [--libraries NAME,NAME] [--steps N] [--stride N] [--json FILE] [--update]`: runs a suite, prints Markdown, writes its rows as JSON. */

import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { run as guard } from './guard/run.js';
import { run as kernels } from './kernels/run.js';
import { run as memory } from './memory/run.js';
import { markdownTable, type Row } from './rows.js';
import { run as start } from './start/run.js';
import { run as tape } from './tape/run.js';
import { run as profile } from './training/profile.js';
import { run as training } from './training/run.js';
import { run as ulp } from './ulp/run.js';

/** What a suite is told. */
interface SuiteOptions {
  /** Of loops that run in steps. */
  readonly steps: number;
  /** Of the bit patterns that the ulp suite tries. */
  readonly stride: number;
  /** Only workloads whose names contain this. */
  readonly filter: string;
  /** Whom ours is compared with; everybody where the list is empty. */
  readonly libraries: readonly string[];
  /** Whether what the guard finds becomes its baseline. */
  readonly update: boolean;
}

const suites: Readonly<Record<string, (options: SuiteOptions) => Row[] | Promise<Row[]>>> = {
  guard: ({ filter, update }) => guard(filter, update),
  kernels: ({ filter, libraries }) => kernels(filter, libraries),
  memory: ({ steps }) => memory(steps),
  profile: ({ filter }) => profile(filter),
  start: () => start(),
  tape: () => tape(),
  training: ({ filter, libraries }) => training(filter, libraries),
  ulp: ({ stride, filter }) => ulp(stride, filter),
};

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        filter: { type: 'string', default: '' },
        steps: { type: 'string', default: '20000' },
        stride: { type: 'string', default: '1009' },
        json: { type: 'string' },
        libraries: { type: 'string', default: '' },
        update: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { positionals, values } = readArguments();
const steps = Number(values.steps);
if (!Number.isInteger(steps) || steps < 1) fail(`got --steps ${values.steps}; expected a whole number above 0`);
const stride = Number(values.stride);
if (!Number.isInteger(stride) || stride < 1) fail(`got --stride ${values.stride}; expected a whole number above 0`);
const names = positionals.length > 0 ? positionals : Object.keys(suites);
for (const name of names) {
  if (!Object.hasOwn(suites, name)) fail(`got suite '${name}'; expected one of ${Object.keys(suites).join(', ')}`);
}

const libraries = values.libraries === '' ? [] : values.libraries.split(',');
const rows: Row[] = [];
for (const name of names) {
  const measured = await suites[name]!({ steps, stride, filter: values.filter, libraries, update: values.update });
  console.log(
    `\n## ${name}: Node ${process.versions.node}${name === 'memory' ? `, ${steps} steps` : ''}\n\n${markdownTable(measured)}`,
  );
  rows.push(...measured);
}
if (values.json !== undefined) {
  writeFileSync(`${values.json}.part`, `${JSON.stringify(rows, null, 2)}\n`);
  renameSync(`${values.json}.part`, values.json);
}
