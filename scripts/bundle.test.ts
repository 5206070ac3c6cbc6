import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What esbuild leaves of a module of which nobody uses anything, once the sources have been marked. */
function left(source: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'cotangent-bundle-'));
  try {
    const program = path.join(folder, 'program.mjs');
    const bundle = JSON.stringify(path.join(__dirname, 'bundle.mjs'));
    const esbuild = JSON.stringify(require.resolve('esbuild'));
    writeFileSync(
      program,
      `import { markPure } from ${bundle}; import esbuild from ${esbuild};
       const options = { loader: 'ts', minify: true, treeShaking: true, format: 'esm' };
       process.stdout.write((await esbuild.transform(markPure(${JSON.stringify(source)}), options)).code);`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    return stdout.trim() + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('markPure', () => {
  it.each([
    ['a call', 'const row = make({ run: other(1) });'],
    ['a call of a call', 'const row = make(1)(2).third();'],
    ['new', 'const known = new Map([[1, read()]]);'],
    ['a property', 'const forward = rows().forward;'],
    ['an element', 'const forward = rows[0]!.forward as number;'],
    ['spread', 'const all = [...some, 1], more = { ...all };'],
    ['several in one statement', 'const a = f(), b = a.c, d = g(b);'],
    ['a static property', 'class Layer { static names = list(1); }'],
  ])('lets %s fall away where nobody uses the value', (_, source) => {
    expect(left(source)).toBe('');
  });

  it('keeps statements, and the values of constants', () => {
    expect(left('install(prototype);')).toBe('install(prototype);');
    expect(
      left('const { abs } = { abs: (x: number) => -x };\nconst f = () => g.h;\nconsole.log(f, abs(2));'),
    ).toContain('g.h');
    expect(left('const x = { y: 3 }.y;\nconsole.log(x);')).toBe('console.log(3);');
  });
});
