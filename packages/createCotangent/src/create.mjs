/** `npm create cotangent NAME`: copies the template into a new folder and gives it a name. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ print: (line: string) => void, complain: (line: string) => void }} Output */

const help = `Usage: npm create cotangent FOLDER

Makes FOLDER, which must be empty or not exist yet, a project with a model, its training, tests and a benchmark.`;

const template = fileURLToPath(new URL('../template', import.meta.url));
const manifest = fileURLToPath(new URL('../package.json', import.meta.url));

/** A folder in which no project can be made; its message says why. */
class Refused extends Error {}

/** Runs the command; gives the exit code. */
export function run(/** @type {readonly string[]} */ args, /** @type {Output} */ { print, complain }) {
  if (args.includes('--help') || args.includes('-h')) {
    print(help);
    return 0;
  }
  const [folder, ...rest] = args;
  if (folder === undefined || folder.startsWith('-') || rest.length > 0) {
    complain(`create-cotangent: expected one folder, got ${args.length === 0 ? 'nothing' : args.join(' ')}\n\n${help}`);
    return 1;
  }
  try {
    create(folder);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(`create-cotangent: ${error.message}`);
    return 1;
  }
  print(`Made ${folder}. Now:

  cd ${folder}
  npm install
  npm run train     trains the model of src/model.ts
  npm test          checks its gradients, and that it learns
  npm run bench     measures a step`);
  return 0;
}

/** Writes the project. @throws Refused, with nothing written, where that would touch what is there already */
function create(/** @type {string} */ folder) {
  const target = path.resolve(folder);
  const name = packageName(path.basename(target));
  if (existsSync(target)) {
    if (!lstatSync(target).isDirectory()) throw new Refused(`${folder} is a file`);
    const [first] = readdirSync(target);
    if (first !== undefined) throw new Refused(`${folder} is not empty: it holds ${first}`);
  }
  mkdirSync(target, { recursive: true });
  cpSync(template, target, { recursive: true });
  // npm leaves files of this name out of packages.
  renameSync(path.join(target, '_gitignore'), path.join(target, '.gitignore'));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const file of ['package.json', 'README.md']) {
    const text = readFileSync(path.join(target, file), 'utf8');
    writeFileSync(path.join(target, file), text.replaceAll('{{name}}', name).replaceAll('{{version}}', version));
  }
}

/** The folder's name as that of a package. */
function packageName(/** @type {string} */ folder) {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  if (name === '' || name.length > 214)
    throw new Refused(`'${folder}' gives no name for a package; use letters and digits`);
  return name;
}
