/** `npm run bench:peers`: installs the libraries that the benchmarks compare with, beside the benchmarks and without a script of theirs. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../benchmarks/peers', import.meta.url));
execFileSync(
  'npm',
  ['install', '--prefix', folder, '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'],
  {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  },
);
