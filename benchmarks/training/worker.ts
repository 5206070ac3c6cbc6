/**
 * One library at one workload, in a process of its own so that its memory is its own: `node worker.js LIBRARY WORKLOAD`. A line with
 * a number does so many steps and answers with a line of JSON.
 */

import { createInterface } from 'node:readline';

/** Answer to one line. */
export interface Answer {
  /** Of one step, as the mean of those that were asked for. */
  readonly milliseconds: number;
  /** Loss of the last step, or the first number of its result. */
  readonly value: number;
  /** The most memory that the process has held so far. */
  readonly peakMegabytes: number;
}

export interface Prepared {
  /** Does the work once. */
  step(): void;
  value(): number | Promise<number>;
}

const modules: Readonly<Record<string, string>> = {
  cotangent: './libraries/cotangent.js',
  'TF.js cpu': './libraries/tfjs.js',
  'TF.js wasm': './libraries/tfjs.js',
  'jax-js': './libraries/jaxjs.js',
};

const [library = '', workload = ''] = process.argv.slice(2);
const { prepare } = (await import(modules[library]!)) as {
  prepare(workload: string, library: string): Prepared | Promise<Prepared>;
};
const prepared = await prepare(workload, library);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const steps = Number(line);
  const start = performance.now();
  for (let i = 0; i < steps; i++) prepared.step();
  // Reading it waits for whatever has been put off.
  const value = await prepared.value();
  const milliseconds = (performance.now() - start) / steps;
  const answer: Answer = { milliseconds, value, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
  console.log(JSON.stringify(answer));
}
