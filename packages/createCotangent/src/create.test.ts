import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './create.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'create-cotangent-'));
afterAll(() => rmSync(folder, { recursive: true }));

function create(...args: string[]): { code: number; printed: string; complained: string } {
  const [printed, complained]: [string[], string[]] = [[], []];
  const code = run(args, { print: (line) => void printed.push(line), complain: (line) => void complained.push(line) });
  return { code, printed: printed.join('\n'), complained: complained.join('\n') };
}

const own = JSON.parse(readFileSync(path.join(__dirname, '../package.json'), 'utf8')) as { version: string };

describe('create-cotangent', () => {
  it('writes the template under the name of the folder', () => {
    const target = path.join(folder, 'My Model');
    expect(create(target)).toMatchObject({ code: 0, complained: '' });
    const manifest = JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'my-model', dependencies: { cotangent: `^${own.version}` } });
    expect(readFileSync(path.join(target, '.gitignore'), 'utf8')).toContain('node_modules/');
    expect(existsSync(path.join(target, '_gitignore'))).toBe(false);
    expect(readFileSync(path.join(target, 'README.md'), 'utf8')).toMatch(/^# my-model\n/);
    for (const script of Object.values<string>(manifest.scripts)) {
      const source = /dist\/(\w+)\.js/.exec(script)?.[1];
      if (source !== undefined) expect(readdirSync(path.join(target, 'src'))).toContain(`${source}.ts`);
    }
  });

  it('takes a folder that is there and empty', () => {
    const target = path.join(folder, 'empty');
    mkdirSync(target);
    expect(create(target).code).toBe(0);
    expect(readdirSync(target)).toContain('package.json');
  });

  it('touches nothing where something is', () => {
    const target = path.join(folder, 'full');
    mkdirSync(target);
    writeFileSync(path.join(target, 'thesis.tex'), 'mine');
    expect(create(target)).toMatchObject({
      code: 1,
      complained: expect.stringContaining('is not empty: it holds thesis.tex'),
    });
    expect(readdirSync(target)).toEqual(['thesis.tex']);
    const file = path.join(target, 'thesis.tex');
    expect(create(file)).toMatchObject({ code: 1, complained: expect.stringContaining('is a file') });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it.each([[[]], [['--fast']], [['a', 'b']]])('says how it is used after %j', (args) => {
    expect(create(...args)).toMatchObject({
      code: 1,
      complained: expect.stringContaining('Usage: npm create cotangent'),
    });
  });

  it('prints help', () => {
    expect(create('--help')).toMatchObject({ code: 0, printed: expect.stringContaining('Usage') });
  });

  it('refuses a name that gives none for a package', () => {
    expect(create(path.join(folder, '???'))).toMatchObject({
      code: 1,
      complained: expect.stringContaining('letters and digits'),
    });
    expect(existsSync(path.join(folder, '???'))).toBe(false);
  });
});
