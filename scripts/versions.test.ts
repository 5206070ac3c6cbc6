import { nextVersion, problemsOf, sectionOf, withRelease, withVersion } from './versions.mjs';

const changelog = `# Changelog

## Unreleased

- A new layer.

## 0.2.0 (2026-01-02)

- An old one.
- Another.

## 0.1.0 (2026-01-01)

- The first.
`;

describe('nextVersion', () => {
  it.each([
    ['1.2.3', 'patch', '1.2.4'],
    ['1.2.3', 'minor', '1.3.0'],
    ['1.2.3', 'major', '2.0.0'],
    ['0.9.9', 'minor', '0.10.0'],
    ['1.2.3-beta.1', 'patch', '1.2.3'],
    ['1.2.3', '1.2.10', '1.2.10'],
    ['1.2.3-beta.2', '1.2.3-beta.10', '1.2.3-beta.10'],
    ['1.2.3-beta.2', '1.2.3', '1.2.3'],
  ])('%s, %s → %s', (version, step, next) => expect(nextVersion(version, step)).toBe(next));

  it.each([
    ['1.2.3', '1.2.3'],
    ['1.10.0', '1.9.0'],
    ['1.2.3', '1.2.3-beta'],
    ['1.2.3', 'huge'],
    ['1.2', 'patch'],
    ['1.2.3', 'v1.2.4'],
  ])('refuses %s, %s', (version, step) => expect(() => nextVersion(version, step)).toThrow(RangeError));
});

describe('the changelog', () => {
  it('is read by section', () => {
    expect(sectionOf(changelog, 'Unreleased')).toBe('- A new layer.');
    expect(sectionOf(changelog, '0.2.0')).toBe('- An old one.\n- Another.');
    expect(sectionOf(changelog, '0.1.0')).toBe('- The first.');
    expect(sectionOf(changelog, '0.1')).toBeNull();
  });

  it('moves what was unreleased under the new version', () => {
    const released = withRelease(changelog, '0.3.0', '2026-02-03');
    expect(sectionOf(released, 'Unreleased')).toBe('');
    expect(sectionOf(released, '0.3.0')).toBe('- A new layer.');
    expect(released).toContain('## 0.3.0 (2026-02-03)\n');
    expect(sectionOf(released, '0.2.0')).toBe(sectionOf(changelog, '0.2.0'));
  });

  it('is not released twice, nor with nothing new', () => {
    expect(() => withRelease(changelog, '0.2.0', '2026-02-03')).toThrow('already');
    const released = withRelease(changelog, '0.3.0', '2026-02-03');
    expect(() => withRelease(released, '0.4.0', '2026-02-03')).toThrow('nothing');
  });
});

const manifests = (version: string) => [
  { name: 'a', version, repository: 'x/y' },
  { name: 'b', version, repository: 'x/y', dependencies: { a: version, other: '^9.0.0' } },
];

describe('versions of packages', () => {
  it('move together, and leave other dependencies alone', () => {
    const text = withVersion(JSON.stringify(manifests('1.0.0')[1]), '1.1.0', ['a', 'b']);
    expect(JSON.parse(text)).toMatchObject({
      name: 'b',
      version: '1.1.0',
      dependencies: { a: '1.1.0', other: '^9.0.0' },
    });
  });

  it('are ready when they agree and the changelog tells of them', () => {
    const released = withRelease(changelog, '0.3.0', '2026-02-03');
    expect(problemsOf(manifests('0.3.0'), released)).toEqual([]);
  });

  it('are not ready when they differ, or the changelog is behind', () => {
    const [a, b] = manifests('0.3.0');
    const problems = problemsOf(
      [
        { ...a!, version: '0.4.0' },
        { ...b!, private: true, repository: undefined },
      ],
      changelog,
    ).join('\n');
    expect(problems).toContain('b has version 0.3.0, a 0.4.0');
    expect(problems).toContain('b depends on a 0.3.0, not 0.4.0');
    expect(problems).toContain('b is private');
    expect(problems).toContain('b names no repository');
    expect(problems).toContain('says nothing of 0.4.0');
    expect(problems).toContain('under "Unreleased"');
  });
});
