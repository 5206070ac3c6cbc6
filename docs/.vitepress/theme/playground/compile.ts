/** Turns a program as people write it into one that a function can hold. */

import { type ImportDeclaration, type Program, parse } from 'acorn';
import { transform } from 'sucrase';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * JavaScript for the body of an asynchronous function with the parameters `__load` (a module by its name) and `__show`. Types are
 * taken out, imports become calls of `__load`, and each expression that stands alone is shown. Lines keep their numbers.
 *
 * @throws SyntaxError that names the line
 */
export function compile(source: string): string {
  const code = withoutTypes(source);
  const edits = parsed(code).body.flatMap((node): Edit[] => {
    const { start, end } = node;
    if (node.type === 'ImportDeclaration') return [{ start, end, text: loading(node, code) }];
    // `export` says nothing here; what is exported is declared all the same.
    if (node.type === 'ExportNamedDeclaration' && node.declaration)
      return [{ start, end: node.declaration.start, text: '' }];
    if (node.type !== 'ExpressionStatement' || /^(Assignment|Update)Expression$/.test(node.expression.type)) return [];
    const { expression } = node;
    return [{ start, end, text: `__show((${code.slice(expression.start, expression.end)}));` }];
  });
  return edits.reduceRight((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

function withoutTypes(source: string): string {
  try {
    return transform(source, { transforms: ['typescript'], disableESTransforms: true }).code;
  } catch (error) {
    throw explained(error, 'Error transforming (unknown): ');
  }
}

function parsed(code: string): Program {
  try {
    return parse(code, { ecmaVersion: 2022, sourceType: 'module', allowAwaitOutsideFunction: true });
  } catch (error) {
    throw explained(error);
  }
}

/** Both parsers end their messages with `(line:column)`. */
function explained(error: unknown, before: string = ''): SyntaxError {
  const text = error instanceof Error ? error.message.replace(before, '') : String(error);
  const [, what = text, line] = /^(.*?) ?\((\d+):\d+\)$/s.exec(text) ?? [];
  return new SyntaxError(line === undefined ? what : `${what.replace(/^Error transforming.*?: /, '')}, line ${line}`);
}

/** `import { a, b as c } from 'm'` as `const { a, b: c } = __load('m')`, over as many lines. */
function loading({ specifiers, source, start, end }: ImportDeclaration, code: string): string {
  const names = specifiers.map((specifier) => {
    if (specifier.type === 'ImportNamespaceSpecifier') return `...${specifier.local.name}`;
    if (specifier.type === 'ImportDefaultSpecifier') return `default: ${specifier.local.name}`;
    const { imported, local } = specifier;
    return `${imported.type === 'Identifier' ? imported.name : JSON.stringify(imported.value)}: ${local.name}`;
  });
  const lines = '\n'.repeat(code.slice(start, end).split('\n').length - 1);
  return `const { ${names.join(', ')} } = __load(${JSON.stringify(source.value)});${lines}`;
}
