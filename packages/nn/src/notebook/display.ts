/** What notebooks ask values for. */

import { element, escaped } from '../seeing/svg.js';

/** One value in several forms, by MIME type: text and markup as strings, specs as objects. The notebook takes the one it likes best. */
type MimeBundle = Readonly<Record<string, string | object>>;

/** What a value that can be shown has to say. */
export interface Shown {
  /** As text. */
  toString(): string;
  /** As HTML text. Notebooks show it. */
  toHTML(): string;
  /** In other forms than text and HTML. @internal */
  otherForms?(): MimeBundle;
}

/**
 * Base of what notebooks show: they ask for a method under a symbol of theirs. It is put there by name, for declarations that are
 * made file by file cannot hold such a symbol; inside a function, for what no program uses then falls away in bundles.
 *
 * @see https://docs.deno.com/runtime/reference/cli/jupyter/
 */
export const Shown: abstract new () => Shown = /* @__PURE__ */ (() => {
  abstract class Shown {
    abstract toHTML(): string;
  }
  Object.defineProperty(Shown.prototype, Symbol.for('Jupyter.display'), {
    value(this: globalThis.Object & { toHTML(): string; otherForms?(): MimeBundle }): MimeBundle {
      return { 'text/plain': this.toString(), 'text/html': this.toHTML(), ...this.otherForms?.() };
    },
  });
  return Shown;
})();

/** A table as HTML. @param cells lines of text, the head first; all as long as the first */
export function htmlTable(caption: string, cells: readonly (readonly string[])[], below: string = ''): string {
  const line = (tag: string, row: readonly string[]): string =>
    element('tr', {}, ...row.map((text) => element(tag, {}, escaped(text))));
  const [head = [], ...rows] = cells;
  return element(
    'table',
    {},
    element('caption', {}, escaped(caption)),
    element('thead', {}, line('th', head)),
    element('tbody', {}, ...rows.map((row) => line('td', row))),
    ...(below === '' ? [] : [element('tfoot', {}, `<tr><td colspan="${head.length}">${escaped(below)}</td></tr>`)]),
  );
}

/** A table as text, in columns. */
export function textTable(cells: readonly (readonly string[])[]): string {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => row.map((text, column) => text.padStart(widths[column]!)).join('   ')).join('\n');
}
