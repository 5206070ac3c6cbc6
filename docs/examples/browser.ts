/**
 * The digits in a browser: builds the page of the folder beside this file and serves it. The page trains in a worker,
 * draws its curves while it does, reads what one draws, and stops when told.
 *
 *     npm run example -- browser                          serves it on http://localhost:8000
 *     npm run example -- browser --out site/digits        writes the files, for any host of static files
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPage } from './browser/build.js';
import { servePage } from './browser/serve.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    port: { type: 'string', default: '8000' },
    digits: { type: 'string', default: '60000' },
  },
});
const folder = resolve(values.out ?? '.build/browser');
await buildPage(folder, Number(values.digits));
if (values.out !== undefined) console.log(`The page is in ${folder}; any server of static files can show it.`);
else console.log(`Open ${(await servePage(folder, { port: Number(values.port) })).address} (Ctrl+C ends it)`);
