/** What the packages export, with the text above each declaration and the errors behind it: asked of the TypeScript compiler. */

import { join, relative, sep } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');

/** What a program can import. What an entry exports that came in one before is not met again. */
const entries: Readonly<Record<string, string>> = {
  cotangent: 'packages/cotangent/src/index.ts',
  'cotangent/node': 'packages/cotangent/src/node.ts',
  'cotangent/ndarray': 'packages/cotangent/src/ndarray.ts',
  'cotangent/testing': 'packages/cotangent/src/testing.ts',
  '@cotangent/kernels': 'packages/kernels/src/index.ts',
};

/** A function, a class, a constant or a method. */
export interface Documented {
  /** As in `nn.Dense` or `nn.Module.summary`. */
  readonly name: string;
  /** Where it is imported from. */
  readonly entry: string;
  readonly kind: 'function' | 'class' | 'method' | 'constant';
  /** As in `packages/nn/src/layers/dense.ts:12`. */
  readonly place: string;
  /** The comment above it, without stars; '' where there is none. */
  readonly text: string;
  /** The code of each `@example`. */
  readonly examples: readonly string[];
  /** Classes of the errors that it throws: in its own lines (a class: in its constructor), or in those of a check that it calls. */
  readonly errors: readonly string[];
}

/** A function that looks at arguments, by its name: what it throws is thrown by whoever calls it. */
const isCheck = (name: string): boolean => /^(check|normalizeAx|resolve)[A-Z]/.test(name) && !saidOnce.includes(name);

/** All functions check that tensors are tensors and options are known; conventions.md says so, once. */
const saidOnce = ['checkTensor', 'checkOptions'];

/** Every value that the packages export, and the public methods of the classes; each under the first name that it is met by. */
export function documentedExports(): Documented[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.test.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const files = Object.values(entries).map((file) => join(root, file));
  const program = ts.createProgram(files, { ...options, noLib: true, types: [] });
  const checker = program.getTypeChecker();
  const found: Documented[] = [];
  const met = new Set<ts.Symbol>();
  for (const [entry, file] of Object.entries(entries)) {
    walk(entry, '', checker.getSymbolAtLocation(program.getSourceFile(join(root, file))!)!);
  }
  return found;

  function walk(entry: string, prefix: string, module: ts.Symbol): void {
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = meaning(exported);
      if (met.has(symbol)) continue;
      met.add(symbol);
      const name = prefix + exported.name;
      if (symbol.flags & ts.SymbolFlags.ValueModule) walk(entry, `${name}.`, symbol);
      else if (symbol.flags & ts.SymbolFlags.Class) addClass(entry, name, symbol);
      else if (symbol.flags & ts.SymbolFlags.Function) add(entry, name, 'function', symbol, symbol.valueDeclaration);
      else if (symbol.flags & ts.SymbolFlags.Variable) add(entry, name, 'constant', symbol, undefined);
    }
  }

  function addClass(entry: string, name: string, symbol: ts.Symbol): void {
    const declaration = symbol.valueDeclaration as ts.ClassDeclaration;
    add(entry, name, 'class', symbol, declaration.members.find(ts.isConstructorDeclaration));
    for (const member of symbol.members?.values() ?? []) {
      const [method] = member.declarations ?? [];
      if (method === undefined || !(ts.isMethodDeclaration(method) || ts.isMethodSignature(method))) continue;
      const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
      if (!ts.isIdentifier(method.name) || ts.getCombinedModifierFlags(method) & hidden) continue;
      if (!commentOf(method).includes('@internal')) add(entry, `${name}.${member.name}`, 'method', member, method);
    }
  }

  function add(
    entry: string,
    name: string,
    kind: Documented['kind'],
    { declarations }: ts.Symbol,
    body: ts.Node | undefined,
  ): void {
    const text = declarations!.map(commentOf).join('\n').trim();
    const source = declarations![0]!.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(declarations![0]!.getStart());
    const place = `${relative(root, source.fileName).replaceAll(sep, '/')}:${line + 1}`;
    const examples = declarations!.flatMap((declaration) =>
      [...commentOf(declaration).matchAll(/@example\s+([\s\S]*?)(?=\n@\w|$)/g)].map(([, code]) => code!.trim()),
    );
    const errors = new Set<string>();
    if (body !== undefined) collectErrors(body, errors, new Set());
    found.push({ name, entry, kind, place, text, examples, errors: [...errors].sort() });
  }

  /** What a name stands for that was imported, perhaps over several files. */
  function meaning(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  function collectErrors(node: ts.Node, errors: Set<string>, seen: Set<ts.Node>): void {
    if (seen.has(node)) return;
    seen.add(node);
    if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression))
      errors.add(node.expression.expression.getText());
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && isCheck(node.expression.text)) {
      const called = checker.getSymbolAtLocation(node.expression);
      const declaration = called && meaning(called).valueDeclaration;
      if (declaration !== undefined) collectErrors(declaration, errors, seen);
    }
    ts.forEachChild(node, (child) => collectErrors(child, errors, seen));
  }
}

/** The last comment of two stars above a declaration. */
function commentOf(declaration: ts.Node): string {
  const holder = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const source = holder.getSourceFile().text;
  const above = ts.getLeadingCommentRanges(source, holder.getFullStart()) ?? [];
  const comment = above.filter(({ pos }) => source.startsWith('/**', pos)).at(-1);
  if (comment === undefined) return '';
  const lines = source.slice(comment.pos + 3, comment.end - 2).split('\n');
  return lines
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}
