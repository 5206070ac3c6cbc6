/** The Chromium that the system has. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The first on the path, or what COTANGENT_CHROMIUM names; null where there is none. */
export function findChromium() {
  const { COTANGENT_CHROMIUM: named, PATH = '' } = process.env;
  if (named) return existsSync(named) ? named : null;
  const folders = PATH.split(path.delimiter);
  const candidates = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  return candidates.find((file) => existsSync(file)) ?? null;
}

/** Nothing that looks at the network or needs a graphics card; `gc()` for the tests of what is collected. */
export const chromiumArguments = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--js-flags=--expose-gc'],
];
