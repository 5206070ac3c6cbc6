/** What a version is, and what a changelog says of it: the part of releasing that touches no file. */

/** @typedef {import('./packages.mjs').Manifest} Manifest */

const form = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/;

/**
 * The version after `version`.
 * @param {string} version
 * @param {string} step major, minor, patch, or the new version itself, which has to be a later one
 */
export function nextVersion(version, step) {
  const [, major = '', minor = '', patch = '', early] = form.exec(version) ?? fail(`'${version}' is no version`);
  const [a, b, c] = [major, minor, patch].map(Number);
  if (a === undefined || b === undefined || c === undefined) return fail(`'${version}' is no version`);
  if (step === 'major') return `${a + 1}.0.0`;
  if (step === 'minor') return `${a}.${b + 1}.0`;
  // What came before 1.2.3-beta is not 1.2.3.
  if (step === 'patch') return early === undefined ? `${a}.${b}.${c + 1}` : `${a}.${b}.${c}`;
  if (!form.test(step)) return fail(`got '${step}'; expected major, minor, patch or a version such as 1.2.3`);
  if (!isLater(step, version)) return fail(`${step} does not come after ${version}`);
  return step;
}

/** @returns {never} */
function fail(/** @type {string} */ problem) {
  throw new RangeError(problem);
}

/** By semantic versioning's order, of early versions (1.2.3-beta.2) their text's. */
function isLater(/** @type {string} */ version, /** @type {string} */ than) {
  const [a, b] = [form.exec(version) ?? [], form.exec(than) ?? []];
  for (const i of [1, 2, 3]) if (Number(a[i]) !== Number(b[i])) return Number(a[i]) > Number(b[i]);
  if (a[4] === undefined || b[4] === undefined) return a[4] === undefined && b[4] !== undefined;
  return a[4].localeCompare(b[4], 'en', { numeric: true }) > 0;
}

/** The changelog's lines of a version or of 'Unreleased'; null where it has no such section. */
export function sectionOf(/** @type {string} */ changelog, /** @type {string} */ title) {
  const parts = changelog.split(/^## /m).slice(1);
  const part = parts.find((text) => text.split(/[\s(]/, 1)[0] === title);
  return part === undefined ? null : part.slice(part.indexOf('\n') + 1).trim();
}

/** The changelog with what was unreleased under the new version. @throws RangeError where nothing was */
export function withRelease(
  /** @type {string} */ changelog,
  /** @type {string} */ version,
  /** @type {string} */ date,
) {
  if (!sectionOf(changelog, 'Unreleased')) fail('the changelog has nothing under "Unreleased"');
  if (sectionOf(changelog, version) !== null) fail(`the changelog has a section ${version} already`);
  return changelog.replace(/^## Unreleased\n/m, `## Unreleased\n\n## ${version} (${date})\n`);
}

/**
 * A package.json with a new version, its own and that of the packages that go with it.
 * @param {string} text
 * @param {string} version
 * @param {readonly string[]} names
 */
export function withVersion(text, version, names) {
  const manifest = JSON.parse(text);
  manifest.version = version;
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (names.includes(name)) manifest.dependencies[name] = version;
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Why these packages cannot be published together.
 * @param {readonly Manifest[]} manifests
 * @param {string} changelog
 */
export function problemsOf(manifests, changelog) {
  /** @type {string[]} */
  const problems = [];
  const version = manifests[0]?.version ?? '';
  const names = manifests.map(({ name }) => name);
  for (const { name, version: own, private: hidden, repository, dependencies = {} } of manifests) {
    if (own !== version) problems.push(`${name} has version ${own}, ${names[0]} ${version}`);
    if (hidden) problems.push(`${name} is private`);
    if (repository === undefined) problems.push(`${name} names no repository, which npm compares with the provenance`);
    for (const [other, wanted] of Object.entries(dependencies)) {
      if (names.includes(other) && wanted !== version)
        problems.push(`${name} depends on ${other} ${wanted}, not ${version}`);
    }
  }
  if (!sectionOf(changelog, version)) problems.push(`CHANGELOG.md says nothing of ${version}: run npm run bump`);
  if (sectionOf(changelog, 'Unreleased')) problems.push('CHANGELOG.md has lines under "Unreleased": run npm run bump');
  return problems;
}
