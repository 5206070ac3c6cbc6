#!/usr/bin/env node
/** `npx cotangent`: what this machine can do, what a file holds, a first training. */

import { run } from './run.js';

const output = {
  print: (line: string) => void process.stdout.write(`${line}\n`),
  complain: (line: string) => void process.stderr.write(`${line}\n`),
};

run(process.argv.slice(2), output).then((code) => {
  process.exitCode = code;
});
