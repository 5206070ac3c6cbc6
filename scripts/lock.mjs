/**
 * `npm run lock` after a change of dependencies: brings package-lock.json up to date and makes it fit for everybody.
 * npm leaves two things in it that depend on whoever ran it last: addresses of its registry (.npmrc turns those off),
 * and, where that registry holds no build of a tool for another system, no entry for that build; `npm ci` then
 * refuses the whole file. `node scripts/lock.mjs --check` only tells whether the file is fit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm, orExit, root, StepFailed } from './prepare.mjs';

/** @typedef {{ version?: string, resolved?: string, link?: boolean, dev?: boolean, optional?: boolean, funding?: unknown,
 *   os?: string[], cpu?: string[], libc?: string[], optionalDependencies?: Record<string, string> }} Entry */

const file = path.join(root, 'package-lock.json');
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

orExit(() => {
  if (process.argv.includes('--check')) return check();
  if (npm('install', '--package-lock-only') !== 0) throw new StepFailed('npm could not resolve the dependencies.');
  complete();
});

function check() {
  const { packages } = read();
  const problems = missingBuilds(packages).map(({ name, version }) => `no entry for ${name}@${version}`);
  for (const [where, entry] of Object.entries(packages)) {
    if (entry.resolved && !entry.link) problems.push(`${where} names an address: ${entry.resolved}`);
    if (where.includes('node_modules/') && !entry.version && !entry.link) problems.push(`${where} has no version`);
  }
  if (problems.length > 0) throw new StepFailed(`package-lock.json: run \`npm run lock\`.\n  ${problems.join('\n  ')}`);
}

function complete() {
  const lock = read();
  for (const { name, version, dev } of missingBuilds(lock.packages)) {
    const entry = { version, ...(dev && { dev }), optional: true, ...platformOf(name) };
    // In the order of npm's own entries, so that npm leaves the file as it is.
    const keys = Object.entries(entry).sort(
      ([a], [b]) => Number(b === 'version') - Number(a === 'version') || (a < b ? -1 : 1),
    );
    lock.packages[`node_modules/${name}`] = Object.fromEntries(keys);
  }
  for (const entry of Object.values(lock.packages)) {
    delete entry.funding;
    if (!entry.link) delete entry.resolved;
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}

function missingBuilds(/** @type {Record<string, Entry>} */ packages) {
  return Object.entries(packages).flatMap(([where, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !packages[`node_modules/${name}`]?.version && !packages[`${where}/node_modules/${name}`])
      // A tool names its builds by exact version; a range (fsevents) is npm's own business.
      .filter(([, version]) => /^\d/.test(version))
      .map(([name, version]) => ({ name, version, dev })),
  );
}

/** Builds are named after the system they are for: @swc/core-linux-x64-musl. */
function platformOf(/** @type {string} */ name) {
  const words = name.split(/[/-]/);
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu')) && 'glibc';
  return { ...(cpu.length > 0 && { cpu }), ...(libc && { libc: [libc] }), ...(os.length > 0 && { os }) };
}

/** @returns {{ packages: Record<string, Entry> }} */
function read() {
  return JSON.parse(readFileSync(file, 'utf8'));
}
