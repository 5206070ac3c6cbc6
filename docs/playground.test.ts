/** Programs of the playground, run as its worker runs them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cotangent from 'cotangent';
import fc from 'fast-check';
import { compile } from './.vitepress/theme/playground/compile.js';
import { run } from './.vitepress/theme/playground/run.js';
import { fromHash, toHash } from './.vitepress/theme/playground/share.js';
import type { Piece } from './.vitepress/theme/playground/show.js';

const folder = join(__dirname, 'playground');

async function outputOf(source: string): Promise<{ pieces: Piece[]; finished: boolean; text: string }> {
  const pieces: Piece[] = [];
  const finished = await run(source, { cotangent }, (piece) => pieces.push(piece));
  return {
    pieces,
    finished,
    text: pieces.map((piece) => (piece.kind === 'picture' ? 'picture' : piece.text)).join('\n'),
  };
}

describe('examples of the playground', () => {
  it.each(readdirSync(folder))('%s runs to its end and shows something', async (name) => {
    const { finished, pieces, text } = await outputOf(readFileSync(join(folder, name), 'utf8'));
    expect(text).not.toMatch(/Error/);
    expect(finished).toBe(true);
    expect(pieces.length).toBeGreaterThan(2);
  });

  it('train a model and draw its curves', async () => {
    const { pieces, text } = await outputOf(readFileSync(join(folder, 'classify.ts'), 'utf8'));
    expect(pieces.filter(({ kind }) => kind === 'picture').length).toBe(3);
    expect(Number(/accuracy: ([\d.]+)/.exec(text)![1])).toBeGreaterThan(0.95);
  });
});

describe('a program of the playground', () => {
  it('shows what stands alone, and what it prints', async () => {
    const { text } = await outputOf(
      "import { tensor } from 'cotangent';\nconst x: number = 2;\ntensor([1, x]).mul(2);\nx + 1;\nconsole.log('a', [1, { b: 'c' }]);\nundefined;",
    );
    expect(text.split('\n').slice(-2)).toEqual(['3', 'a [1, { b: "c" }]']);
    expect(text).toContain('[2, 4]');
  });

  it('has types, awaits, exports and imports of every form', async () => {
    const { text, finished } = await outputOf(
      [
        "import * as all from 'cotangent';",
        "import {\n  tensor as make,\n  type Tensor,\n} from 'cotangent';",
        'export const twice = (x: Tensor): Tensor => x.mul(2);',
        'await Promise.resolve(twice(make(3)).item() as number);',
        'typeof all.grad;',
        'let z; z = 4; z++;',
      ].join('\n'),
    );
    expect(text).toBe('Promise (write `await` before it)\nfunction'.replace(/.*\n/, '6\n'));
    expect(finished).toBe(true);
  });

  it('says in which line it failed', async () => {
    const thrown = await outputOf("import {\n  tensor,\n} from 'cotangent';\n\ntensor([[1], [2, 3]]);");
    expect(thrown.finished).toBe(false);
    expect(thrown.text).toMatch(/^ShapeError: tensor: [\s\S]*in line 5$/);
    expect((await outputOf('const a = 1;\nconst b = ;')).text).toMatch(/^SyntaxError: .*line 2$/);
    expect((await outputOf("import fs from 'node:fs';\nfs.readFileSync('x');")).text).toContain(
      "There is no module 'node:fs' here",
    );
  });

  it('is cut short when it prints without end', async () => {
    const { pieces } = await outputOf('for (let i = 0; i < 5000; i++) console.log(i);');
    expect(pieces).toHaveLength(1001);
  });

  it('cannot put markup into the page', async () => {
    const { pieces } = await outputOf("console.log('<img src=x onerror=alert(1)>', { a: '<b>' });");
    expect(pieces).toEqual([{ kind: 'text', text: '<img src=x onerror=alert(1)> { a: "<b>" }' }]);
  });

  it('keeps the numbers of its lines', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('1;', 'const type = 2;'.slice(0, 0), '// a', "f('x');", '{ let b: number; }')),
        (lines) => {
          expect(compile(lines.join('\n')).split('\n')).toHaveLength(Math.max(1, lines.length));
        },
      ),
    );
  });
});

describe('an address of the playground', () => {
  it('holds any program', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (source) => expect(fromHash(toHash(source))).toBe(source)));
  });

  it('may hold something else', () => {
    expect(['', '#', '#code=%', '#code=/w', '#other=YQ'].map(fromHash)).toEqual([null, null, null, null, null]);
  });
});
