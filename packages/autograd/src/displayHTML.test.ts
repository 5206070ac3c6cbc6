import { arange, ones, type Tensor, tensor, vmap, zeros } from './index.js';

const jupyterDisplay = Symbol.for('Jupyter.display');
const displayed = (x: Tensor): Record<string, string> =>
  (x as unknown as Record<symbol, () => Record<string, string>>)[jupyterDisplay]!();

/** What stands in the cells, line by line; heads are marked. */
const cellsOf = (html: string): string[][] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, line]) =>
    [...line!.matchAll(/<(t[hd])>(.*?)<\/\1>/g)].map(([, tag, text]) => (tag === 'th' ? `#${text}` : text!)),
  );

describe('toHTML()', () => {
  it('is a table with dtype and shape above it and the indices around it', () => {
    const html = arange(6).reshape([2, 3]).toHTML();
    expect(html).toContain('<caption>Tensor float32 [2, 3]</caption>');
    expect(cellsOf(html)).toEqual([
      ['#', '#0', '#1', '#2'],
      ['#0', '0', '1', '2'],
      ['#1', '3', '4', '5'],
    ]);
  });

  it.each<[string, Tensor, string[][]]>([
    ['a scalar', tensor(0.5), [['0.5']]],
    [
      'a vector',
      tensor([1, NaN]),
      [
        ['#0', '#1'],
        ['1', 'NaN'],
      ],
    ],
    [
      'booleans',
      tensor([true, false]),
      [
        ['#0', '#1'],
        ['true', 'false'],
      ],
    ],
    ['an empty vector', zeros([0]), [[], []]],
    ['an empty matrix', zeros([0, 2]), [['#', '#0', '#1']]],
    [
      'a view',
      arange(4).reshape([2, 2]).T,
      [
        ['#', '#0', '#1'],
        ['#0', '0', '2'],
        ['#1', '1', '3'],
      ],
    ],
  ])('shows %s', (_, x, cells) => {
    expect(cellsOf(x.toHTML())).toEqual(cells);
  });

  it('leaves out the middle of long axes', () => {
    const cells = cellsOf(arange(10_000).reshape([100, 100]).toHTML());
    expect(cells).toHaveLength(1 + 11);
    expect(cells[0]!.join(' ')).toBe('# #0 #1 #2 #3 #4 #5 #… #94 #95 #96 #97 #98 #99');
    expect(cells.map(([head]) => head).join(' ')).toBe('# #0 #1 #2 #3 #4 #… #95 #96 #97 #98 #99');
    expect(cells.at(-1)!.at(-1)).toBe('9999');
    expect(cells[6]!.slice(1).every((text) => text === '…')).toBe(true);
  });

  it('is a table for every pair of the last two axes, of which the middle ones are left out too', () => {
    const x = arange(2 * 3 * 2 * 2).reshape([2, 3, 2, 2]);
    const html = x.toHTML();
    const captions = [...html.matchAll(/<caption>(.*?)<\/caption>|<p>…<\/p>/g)].map(([, caption]) => caption ?? '…');
    expect(captions).toEqual(['[0, 0, :, :]', '[0, 1, :, :]', '…', '[1, 1, :, :]', '[1, 2, :, :]']);
    expect(html).toContain('<p>Tensor float32 [2, 3, 2, 2]</p>');
    expect(cellsOf(html).at(-1)).toEqual(['#1', '22', '23']);
  });

  it('says why there are no numbers, with nothing in it that HTML would read', () => {
    let inside = '';
    vmap((x: Tensor) => {
      inside = x.toHTML();
      return x;
    })(ones([3, 2]));
    expect(inside).toMatch(/^<pre>Tensor float32 \[2\] \(one of 3 examples in vmap; made by .*\)<\/pre>$/);
    const released = ones([2]);
    (released as unknown as { madeBy: string }).madeBy = '<img onerror=alert(1)>&';
    released[Symbol.dispose]();
    expect(released.toHTML()).toBe('<pre>Tensor float32 [2] (released; made by &#60;img onerror=alert(1)>&#38;)</pre>');
  });
});

describe('the Jupyter display of a tensor', () => {
  it('is text and HTML', () => {
    const x = tensor([1, 2]);
    expect(displayed(x)).toEqual({ 'text/plain': 'Tensor float32 [2] [1, 2]', 'text/html': x.toHTML() });
  });

  it('is not among the properties of a tensor', () => {
    expect(Object.getOwnPropertySymbols(tensor([1]))).not.toContain(jupyterDisplay);
  });
});
