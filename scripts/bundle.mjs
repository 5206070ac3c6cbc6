/**
 * Compiles the packages' sources to JavaScript; `tsc -b` has checked them and written their declarations to dist/esm.
 * docs/decisions/0010-packages.md says why there are three kinds of output:
 *
 *   dist/esm/    ES modules for bundlers: of what a program does not use, all falls away
 *   dist/node/   the same in as few files as can be, for Node, Deno and Bun: they load in half the time
 *   dist/cjs/    dist/node as CommonJS, with declarations that say so
 *
 * For Node the index of `cotangent` loads `nn` and `optim` when a program first asks them for something.
 *
 *   node scripts/bundle.mjs
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
export const target = ['es2022', 'node20'];

/** The sources that users import, or that Node starts by itself, with the name each has in dist/. */
export const entries = new Map([
  ['kernels', { index: 'index', ndarray: 'ndarray', 'wasm/index': 'wasm/index', 'testing/index': 'testing/index' }],
  ['autograd', { index: 'index', ndarray: 'ndarray', 'testing/index': 'testing/index' }],
  [
    'nn',
    {
      index: 'index',
      nn: 'nn',
      'optimizers/index': 'optimizers/index',
      node: 'node',
      workerThread: 'data/workerThread',
    },
  ],
  [
    'cotangent',
    { index: 'index', ndarray: 'ndarray', nn: 'nn', optim: 'optim', node: 'node', testing: 'testing', cli: 'cli/main' },
  ],
]);

/**
 * Annotates each source on its way into esbuild, and leaves `export * as name from './file.js'` as it is: the file becomes
 * an entry of its own. Folded into one file, a namespace would be an object, of which no bundler can leave out a part.
 */
const preserve = {
  name: 'preserve',
  setup(/** @type {esbuild.PluginBuild} */ build) {
    const sources = path.join(build.initialOptions.absWorkingDir ?? '', 'src');
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path: specifier, importer, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const file = path.join(resolveDir, specifier.replace(/js$/, 'ts'));
      if (!namespacesOf(importer).includes(specifier)) return { path: file, sideEffects: true };
      return { path: `${inDist}${posix(path.relative(sources, file)).replace(/ts$/, 'js')}`, external: true };
    });
    build.onLoad({ filter: /\.ts$/ }, ({ path: file }) => ({
      contents: markPure(readFileSync(file, 'utf8')),
      loader: 'ts',
    }));
  },
};

/** Keeps what sources do when they are loaded: "sideEffects": false is said to those who import packages. */
const preserveEffects = {
  name: 'preserveEffects',
  setup(/** @type {esbuild.PluginBuild} */ build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path: specifier, resolveDir, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { path: path.join(resolveDir, specifier.replace(/js$/, 'ts')), sideEffects: true },
    );
  },
};

/**
 * What is loaded when a program first uses it, by the module that holds it: the names it exports, each with what makes it. Node
 * loads at once with `require`, ES modules too (0010 says which Node does); toCommonJs knows how `loadNow` is written.
 */
const onDemand = {
  '@cotangent/nn': async () => {
    const [nn, optim] = await Promise.all(['nn/src/nn.ts', 'nn/src/optimizers/index.ts'].map(exportsOf));
    return `${onFirstUse}
      export const nn = onFirstUse(${JSON.stringify(nn)}, () => loadNow('./nn.js'));
      export const optim = onFirstUse(${JSON.stringify(optim)}, () => loadNow('./optim.js'));`;
  },
  papaparse: async () => "export default { parse: (text, options) => loadNow('papaparse').parse(text, options) };",
};

/** Puts modules that load on demand in the place of some. */
const loadOnDemand = (/** @type {(keyof typeof onDemand)[]} */ ...modules) => ({
  name: 'loadOnDemand',
  setup(/** @type {esbuild.PluginBuild} */ build) {
    for (const module of modules) {
      build.onResolve({ filter: new RegExp(`^${module}$`) }, () => ({ path: module, namespace: 'on-demand' }));
    }
    build.onResolve({ filter: /./, namespace: 'on-demand' }, ({ path: module }) => ({ path: module, external: true }));
    build.onLoad({ filter: /./, namespace: 'on-demand' }, async ({ path: module }) => ({
      contents: `import { createRequire } from 'node:module';
        const loadNow = createRequire(import.meta.url);
        ${await onDemand[/** @type {keyof typeof onDemand} */ (module)]()}`,
    }));
  },
});

/** A namespace that is loaded when it is first asked for something. This text goes into the packages. */
function onFirstUse(/** @type {string[]} */ names, /** @type {() => Record<string, unknown>} */ load) {
  /** @type {Record<string, unknown> | undefined} */
  let loaded;
  const namespace = Object.defineProperty({}, Symbol.toStringTag, { value: 'Module' });
  for (const name of names) {
    Object.defineProperty(namespace, name, {
      enumerable: true,
      get() {
        loaded ??= load();
        return loaded[name];
      },
    });
  }
  return Object.freeze(namespace);
}

/** The names that a source exports. */
async function exportsOf(/** @type {string} */ source) {
  const { metafile } = await esbuild.build({
    absWorkingDir: path.join(root, 'packages'),
    entryPoints: [source],
    bundle: true,
    packages: 'external',
    format: 'esm',
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports);
}

/** Before a path from dist/esm; at the end it is made relative to the file it stands in. */
const inDist = 'dist:';

/** What a source exports as namespaces. */
function namespacesOf(/** @type {string} */ file) {
  return [...readFileSync(file, 'utf8').matchAll(/^export \* as \w+ from '(\..+)';$/gm)].map(
    ([, specifier = '']) => specifier,
  );
}

/**
 * Says of what initializes a constant of a module that it has no effect but its value, so that a bundler may leave out a
 * constant that nobody uses. That is a rule here: what a module does when it is loaded, it does in a statement of its
 * own (as `methods.ts` does). Calls and `new` are marked one by one; what reads a property, which might be a getter as far
 * as a bundler knows, goes into a function that is called at once.
 */
export function markPure(/** @type {string} */ text) {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  /** @type {Map<number, string>} */
  const insertions = new Map();
  const insert = (/** @type {number} */ at, /** @type {string} */ code) =>
    insertions.set(at, (insertions.get(at) ?? '') + code);
  const mark = (/** @type {ts.Node} */ node) => {
    if (ts.isFunctionLike(node)) return;
    if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && !insertions.has(node.getStart()))
      insert(node.getStart(), pure);
    ts.forEachChild(node, mark);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (!initializer) continue;
        const wraps = ts.isIdentifier(name) && mayReadGetter(initializer);
        if (wraps) insert(initializer.getStart(), `${pure}(() => (`);
        else mark(initializer);
        if (wraps) insert(initializer.getEnd(), '))()');
      }
    }
    if (!ts.isClassDeclaration(statement)) continue;
    for (const member of statement.members) if (ts.isPropertyDeclaration(member) && isStatic(member)) mark(member);
  }
  return [...insertions]
    .sort(([a], [b]) => b - a)
    .reduce((code, [at, added]) => code.slice(0, at) + added + code.slice(at), text);
}

const pure = '/* @__PURE__ */ ';

/** @returns {boolean} */
function mayReadGetter(/** @type {ts.Node} */ node) {
  if (ts.isFunctionLike(node) || ts.isTypeNode(node)) return false;
  if (
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isSpreadElement(node) ||
    ts.isSpreadAssignment(node)
  )
    return true;
  return ts.forEachChild(node, mayReadGetter) ?? false;
}

function isStatic(/** @type {ts.PropertyDeclaration} */ member) {
  return member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true;
}

/** Compiles one package. */
export async function bundle(/** @type {string} */ name) {
  const folder = path.join(root, 'packages', name);
  const output = (/** @type {string} */ kind) => path.join(folder, 'dist', kind);
  removeScripts(output('esm'));
  for (const kind of ['node', 'cjs']) rmSync(output(kind), { recursive: true, force: true });
  const own = Object.entries(entries.get(name) ?? {}).map(([out, source]) => ({
    in: sourceOf(name, source),
    out: out === 'index' ? indexOf(name) : out,
  }));
  const packed = { minifyWhitespace: true, lineLimit: 160 };
  await Promise.all([
    compile(name, output('esm'), { entryPoints: withNamespaces(name), plugins: [preserve] }),
    compile(name, output('node'), {
      entryPoints: own,
      plugins: [loadOnDemand('papaparse'), preserveEffects],
      ...packed,
    }),
  ]);
  if (indexOf(name) !== 'index') {
    const entryPoints = [sourceOf(name, 'index')];
    await compile(name, output('node'), { entryPoints, plugins: [loadOnDemand('@cotangent/nn')], ...packed });
  }
  for (const file of filesIn(output('node'), '.js')) {
    if (file === 'eager.js') continue;
    write(path.join(output('cjs'), file), await toCommonJs(readFileSync(path.join(output('node'), file), 'utf8')));
  }
  copyDeclarations(output('esm'), output('cjs'));
  write(path.join(output('cjs'), 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
}

/** The name in dist/node of the index that loads everything at once. That of `cotangent` is for a Node that cannot do otherwise. */
function indexOf(/** @type {string} */ name) {
  return name === 'cotangent' ? 'eager' : 'index';
}

async function compile(
  /** @type {string} */ name,
  /** @type {string} */ outdir,
  /** @type {esbuild.BuildOptions} */ options,
) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: path.join(root, 'packages', name),
    outdir,
    bundle: true,
    splitting: true,
    packages: 'external',
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: 'neutral',
    target,
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    write: false,
    ...options,
  });
  const place = (/** @type {string} */ file, /** @type {string} */ to) =>
    JSON.stringify(relative(file, path.join(outdir, to)));
  for (const { path: file, text } of outputFiles ?? []) {
    // An import without names, for order alone: what a chunk does has no effect but for those who import names from it.
    const named = text.replaceAll(/^import ?"\.[^"]*";\n?/gm, '');
    write(
      file,
      named.replaceAll(new RegExp(`"${inDist}(.*?)"`, 'g'), (_, to) => place(file, to)),
    );
  }
}

/** The entries, and what they export as namespaces, and what those do. */
function withNamespaces(/** @type {string} */ name) {
  const found = new Map(Object.entries(entries.get(name) ?? {}));
  for (const [, source] of found) {
    for (const specifier of namespacesOf(sourceOf(name, source))) {
      const namespace = posix(path.join(path.dirname(source), specifier)).replace(/\.js$/, '');
      found.set(namespace, namespace);
    }
  }
  return [...found].map(([out, source]) => ({ in: sourceOf(name, source), out }));
}

function sourceOf(/** @type {string} */ name, /** @type {string} */ source) {
  return path.join(root, 'packages', name, 'src', `${source}.ts`);
}

/** The same file as CommonJS. Made file by file, so that entries share their state there too. */
async function toCommonJs(/** @type {string} */ module) {
  // Bundlers follow calls of `require` alone.
  const text = module.includes('loadNow')
    ? module
        .replace(/\bimport\{createRequire\}from"node:module";/, '')
        .replace(/\bvar loadNow=createRequire\(import\.meta\.url\);/, '')
        .replaceAll('loadNow(', 'require(')
    : module;
  if (text.includes('loadNow')) throw new Error('What is loaded on demand was not found by its form.');
  const { code } = await esbuild.transform(text, {
    format: 'cjs',
    target,
    platform: 'node',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: text.includes('import.meta.url')
      ? "const moduleUrl = require('node:url').pathToFileURL(__filename).href;"
      : '',
  });
  return code.replace(/\n\/\/# sourceMappingURL=.*\n*$/, '\n');
}

/** The declarations, where they count as CommonJS's. */
function copyDeclarations(/** @type {string} */ from, /** @type {string} */ to) {
  for (const file of filesIn(from, '.d.ts')) {
    const text = readFileSync(path.join(from, file), 'utf8');
    write(path.join(to, file), text.replace(/\n?\/\/# sourceMappingURL=.*\n*$/, '\n'));
  }
}

function removeScripts(/** @type {string} */ folder) {
  for (const ending of ['.js', '.js.map']) for (const file of filesIn(folder, ending)) rmSync(path.join(folder, file));
}

function filesIn(/** @type {string} */ folder, /** @type {string} */ ending) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending));
}

function relative(/** @type {string} */ from, /** @type {string} */ to) {
  const way = posix(path.relative(path.dirname(from), to));
  return way.startsWith('.') ? way : `./${way}`;
}

function posix(/** @type {string} */ file) {
  return file.split(path.sep).join('/');
}

function write(/** @type {string} */ file, /** @type {string} */ text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all([...entries.keys()].map(bundle));
