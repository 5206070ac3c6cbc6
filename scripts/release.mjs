/**
 * `npm run release -- --dry-run`: what would be published, and what stands in the way. Without `--dry-run` it publishes, each
 * package after those it depends on, with provenance; that is for .github/workflows/release.yml, where npm can vouch for it.
 *
 * `--tested` says that `npm test` has passed on this commit; else it is run first.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packages, readManifests } from './packages.mjs';
import { npm, orExit, prepare, root, runNode, StepFailed } from './prepare.mjs';
import { problemsOf } from './versions.mjs';

const args = process.argv.slice(2);
const isDry = args.includes('--dry-run');

orExit(() => {
  const unknown = args.filter((argument) => !['--dry-run', '--tested'].includes(argument));
  if (unknown.length > 0) throw new StepFailed(`npm run release -- [--dry-run] [--tested]: got ${unknown.join(' ')}`);
  const manifests = readManifests();
  const version = manifests[0]?.version ?? '';
  const problems = problemsOf(manifests, readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'));
  if (git('status', '--porcelain') !== '') problems.push('the working tree has changes that are not committed');
  const tags = git('tag', '--points-at', 'HEAD').split('\n');
  if (!tags.includes(`v${version}`)) problems.push(`HEAD is not tagged v${version}`);
  for (const problem of problems) console.error(`not ready: ${problem}`);
  if (problems.length > 0 && !isDry) throw new StepFailed('Nothing was published.');

  prepare();
  if (args.includes('--tested')) console.error('tests: passed, as said by --tested');
  else if (isDry) console.error('tests: npm test would run first');
  else if (runNode(['scripts/test.mjs']) !== 0) throw new StepFailed('The tests failed; nothing was published.');

  const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-release-'));
  try {
    for (const [i, name] of packages.entries()) {
      const { name: published = name } = manifests[i] ?? {};
      // From the archive, so that what was looked at is what is published.
      const archive = pack(name, folder);
      if (isDry) console.error(`would publish ${published}@${version}`);
      else if (isPublished(published, version)) console.error(`${published}@${version} is published already`);
      else if (npm('publish', archive, '--provenance', '--access', 'public') !== 0)
        throw new StepFailed(`${published} could not be published; those before it are. Run this again.`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const ready =
    problems.length === 0
      ? 'ready'
      : `not ready, for ${problems.length} ${problems.length === 1 ? 'reason' : 'reasons'}`;
  console.log(isDry ? `${version}: ${ready}; nothing was published` : `${version} is published`);
});

function pack(/** @type {string} */ name, /** @type {string} */ folder) {
  const said = output('npm', ['pack', '--json', '--pack-destination', folder], path.join(root, 'packages', name));
  const [{ filename, size, unpackedSize, files }] = JSON.parse(said);
  const kilobytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  console.error(`${filename}: ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}, ${files.length} files`);
  return path.join(folder, filename);
}

function isPublished(/** @type {string} */ name, /** @type {string} */ version) {
  const { status, stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8' });
  return status === 0 && stdout.trim() === version;
}

function git(/** @type {string[]} */ ...command) {
  return output('git', command, root).trim();
}

function output(/** @type {string} */ command, /** @type {string[]} */ list, /** @type {string} */ cwd) {
  const { status, stdout, stderr } = spawnSync(command, list, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new StepFailed(`${command} ${list.join(' ')} failed: ${stderr}`);
  return stdout;
}
