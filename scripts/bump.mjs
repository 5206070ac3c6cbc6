/**
 * `npm run bump -- minor` (or major, patch, or a version): gives all packages their next version, and what CHANGELOG.md has
 * under "Unreleased" its heading. Commit what it changed, and tag the commit `v` and the version: that starts the release.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { manifestOf, packages, readManifests } from './packages.mjs';
import { orExit, root, runNode, StepFailed } from './prepare.mjs';
import { nextVersion, sectionOf, withRelease, withVersion } from './versions.mjs';

orExit(() => {
  const [step, ...rest] = process.argv.slice(2);
  if (step === undefined || rest.length > 0) throw new StepFailed('npm run bump -- major|minor|patch|VERSION');
  const manifests = readManifests();
  const file = path.join(root, 'CHANGELOG.md');
  const changelog = readFileSync(file, 'utf8');
  const present = manifests[0]?.version ?? '';
  try {
    // The first release has the version that is there from the beginning.
    const isFirst = step === present && sectionOf(changelog, present) === null;
    const version = isFirst ? present : nextVersion(present, step);
    const released = withRelease(changelog, version, new Date().toISOString().slice(0, 10));
    const names = manifests.map(({ name }) => name);
    writeFileSync(file, released);
    for (const manifest of [...packages.map(manifestOf), path.join(root, 'package.json')]) {
      writeFileSync(manifest, withVersion(readFileSync(manifest, 'utf8'), version, names));
    }
    if (runNode(['scripts/lock.mjs']) !== 0) throw new StepFailed('package-lock.json could not be brought up to date.');
    console.error(`${present} → ${version}. Now: git commit -am 'Release ${version}' && git tag v${version}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StepFailed(error.message);
  }
});
