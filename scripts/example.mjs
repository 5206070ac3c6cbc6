/** `npm run example -- cnn`: installs and builds what is missing, and runs one of docs/examples in full. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { prepareAndRun, root } from './prepare.mjs';

const names = readdirSync(path.join(root, 'docs/examples'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
// What follows the name is the example's.
const [name] = process.argv.splice(2, 1);
if (name !== undefined && names.includes(name)) prepareAndRun(`.build/examples/${name}.js`);
else {
  console.error(
    `npm run example -- NAME: ${name === undefined ? 'no name' : `no '${name}'`}; there are ${names.join(', ')}`,
  );
  process.exitCode = 1;
}
