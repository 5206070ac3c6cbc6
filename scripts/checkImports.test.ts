import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const manifests = {
  'packages/kernels/package.json': manifest('@cotangent/kernels', ['.', './testing']),
  'packages/autograd/package.json': manifest('@cotangent/autograd', ['.', './testing']),
  'packages/nn/package.json': manifest('@cotangent/nn', ['.', './node']),
};

function manifest(name: string, entries: string[]): string {
  return JSON.stringify({ name, exports: Object.fromEntries(entries.map((entry) => [entry, './dist/index.js'])) });
}

/** Writes a made-up tree, runs the check on it as `npm run check:imports` does, and returns what it said. */
function check(files: Record<string, string>): { code: number | null; said: string } {
  const root = mkdtempSync(path.join(tmpdir(), 'cotangent-imports-'));
  try {
    for (const [file, text] of Object.entries({ ...manifests, ...files })) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    const script = path.join(__dirname, 'checkImports.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
    return { code: status, said: stdout + stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('checkImports', () => {
  it('is content with nn → autograd → kernels, with type cycles and with words in strings and comments', () => {
    const { code, said } = check({
      'packages/kernels/src/index.ts': "// import '@cotangent/nn'\nexport const s = \"import '@cotangent/nn'\";\n",
      'packages/autograd/src/index.ts': "import { s } from '@cotangent/kernels';\nexport * from './a.js';\n",
      'packages/autograd/src/a.ts': "import type { B } from './b.js';\nexport interface A { b: B }\n",
      'packages/autograd/src/b.ts': "import { A } from './a.js';\nexport interface B { a: A }\n",
      'packages/autograd/src/a.test.ts':
        "import { x } from '@cotangent/kernels/testing';\nimport '@cotangent/autograd';\n",
      'packages/nn/src/index.ts': "import { grad } from '@cotangent/autograd';\nimport '@cotangent/kernels';\n",
      'docs/examples/mnist.ts': "import { grad } from '@cotangent/autograd';\n",
    });
    expect(said).toContain('imports of 7 files');
    expect(code).toBe(0);
  });

  const refused = [
    ['looks back', 'packages/kernels/src/a.ts', "import '@cotangent/autograd';", 'must not import @cotangent/autograd'],
    ['looks back for a type', 'packages/autograd/src/a.ts', "import type { M } from '@cotangent/nn';", 'must not'],
    ['looks back later', 'packages/autograd/src/b.ts', "const m = import('@cotangent/nn');", 'must not'],
    ['goes past the entry', 'packages/nn/src/a.ts', "export * from '@cotangent/autograd/tape';", 'not a public entry'],
    [
      'goes past it by path',
      'packages/nn/src/b.ts',
      "import '../../kernels/src/heap.js';",
      "'@cotangent/kernels' instead",
    ],
    ['imports itself', 'packages/nn/src/c.ts', "import '@cotangent/nn';", 'does not import itself'],
    ['needs fast-check', 'packages/nn/src/d.ts', "import '@cotangent/autograd/testing';", 'needs fast-check'],
    ['is an example, yet no user', 'docs/a.ts', "import '../packages/nn/src/a.js';", "'@cotangent/nn' instead"],
  ] as const;

  describe('refuses a file that', () => {
    let result: ReturnType<typeof check>;
    beforeAll(() => {
      result = check(Object.fromEntries(refused.map(([, file, text]) => [file, `\n${text}\n`])));
    });

    it.each(refused)('%s', (_, file, __, message) => {
      const line = result.said.split('\n').find((each) => each.startsWith(`${file}:2: `));
      expect(line).toContain(message);
      expect(result.code).toBe(1);
    });
  });

  it('names every step of a cycle, and counts `import { type A }` as the run-time import it is', () => {
    const { code, said } = check({
      'packages/kernels/src/a.ts': "import { b } from './b.js';\nexport type A = typeof b;\n",
      'packages/kernels/src/b.ts': "export * from './sub/c.js';\n",
      'packages/kernels/src/sub/c.ts': "\n\nimport { type A } from '../a.js';\nexport type C = A;\n",
    });
    expect(said).toContain('packages/kernels/src/a.ts:1 imports ./b.js');
    expect(said).toContain('packages/kernels/src/b.ts:1 imports ./sub/c.js');
    expect(said).toContain('packages/kernels/src/sub/c.ts:3 imports ../a.js');
    expect(code).toBe(1);
  });
});
