import { ones, tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { History } from '../callbacks/history.js';
import * as nn from '../nn.js';

const jupyterDisplay = Symbol.for('Jupyter.display');
const displayed = (value: object): Record<string, unknown> =>
  (value as Record<symbol, () => Record<string, unknown>>)[jupyterDisplay]!();

/** Every element is closed, in order: a browser and an XML parser read the same. */
function expectBalanced(markup: string): void {
  const open: string[] = [];
  for (const [, closing, name, alone] of markup.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name);
    else if (alone !== '/') open.push(name!);
  }
  expect(open).toEqual([]);
}

const cellsOf = (html: string): string[][] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, line]) =>
    [...line!.matchAll(/<(t[hd])[^>]*>(.*?)<\/\1>/g)].map(([, , text]) => text!),
  );

const network = (): nn.Sequential =>
  nn.sequential([
    new nn.Dense({ units: 8, activation: 'relu', inputShape: [4] }),
    new nn.Dense({ units: 1, name: 'a<b' }),
  ]);

const historyOf = (count: number): History => {
  const history = new History();
  for (let epoch = 0; epoch < count; epoch++)
    history.onEpochEnd(epoch, { loss: 1 / (1 + epoch), valLoss: 2 / (1 + epoch), accuracy: epoch });
  return history;
};

describe('a model in a notebook', () => {
  it('is the table of its summary, as text and as HTML', () => {
    const model = network();
    model.call(ones([2, 4]));
    let text = '';
    model.summary({ print: (table) => (text = table) });
    const bundle = displayed(model);
    expect(bundle).toEqual({ 'text/plain': text, 'text/html': model.toHTML() });
    expect(cellsOf(model.toHTML())).toEqual([
      ['Layer (type)', 'Output shape', 'Parameters'],
      ['dense (Dense)', '[batch, 8]', '40'],
      ['a&#60;b (Dense)', '[batch, 1]', '9'],
      ['Total parameters: 49 (49 trainable)'],
    ]);
    expectBalanced(model.toHTML());
  });

  it('need not be built, nor have modules inside', () => {
    expect(cellsOf(new nn.Sequential([new nn.Dense({ units: 2 })]).toHTML())[1]).toEqual([
      'dense (Dense)',
      'unknown',
      'not built',
    ]);
    expect(new nn.ReLU().toHTML()).toContain('<caption>Model: ReLU</caption>');
  });
});

describe('a history in a notebook', () => {
  it('is a table and a curve for each loss and metric', async () => {
    const model = network();
    model.compile({ loss: 'mse' });
    const history = await model.fit(ones([8, 4]), ones([8, 1]), { epochs: 3, verbose: 0, validationSplit: 0.5 });
    const { 'text/plain': text, 'text/html': html } = displayed(history) as Record<string, string>;
    expect(html).toBe(history.toHTML());
    const cells = cellsOf(html!);
    expect(cells.map(([epoch]) => epoch)).toEqual(['epoch', '0', '1', '2']);
    expect(cells[0]).toEqual(['epoch', 'loss', 'valLoss']);
    expect(Number(cells[3]![1])).toBeCloseTo(history.history.loss![2]!, 3);
    expect(html!.match(/<svg/g)).toHaveLength(1);
    expectBalanced(html!);
    expect(text!.split('\n').map((line) => line.trim().split(/\s+/))).toEqual(cells);
  });

  it('abridges long runs', () => {
    const cells = cellsOf(historyOf(1000).toHTML());
    expect(cells).toHaveLength(1 + 21);
    expect(cells[11]).toEqual(['…', '…', '…', '…']);
    expect(cells.at(-1)).toEqual(['999', '0.001', '0.002', '999']);
  });

  it('leaves the cells empty of what was not measured in every epoch', () => {
    const history = historyOf(2);
    history.history.valLoss!.pop();
    expect(cellsOf(history.toHTML())[2]).toEqual(['1', '0.5', '', '1']);
  });

  it('may be empty', () => {
    expect(cellsOf(new History().toHTML())).toEqual([['epoch']]);
  });
});

describe('nn.plots', () => {
  const all = {
    lines: nn.plots.lines({ loss: [3, Number.NaN, 1], 'a<b': new Float32Array([1, 2]) }),
    history: nn.plots.history(historyOf(3), { title: 'Run 1', width: 300, height: 200 }),
    histogram: nn.plots.histogram(tensor([1, 2, 2, Number.POSITIVE_INFINITY]).toTypedArray()),
    confusion: nn.plots.confusion([
      [3, 1],
      [0, 2],
    ]),
  };

  it.each(Object.entries(all))('%s is SVG, HTML, and a Vega-Lite spec of plain data', (_, plot) => {
    const bundle = displayed(plot);
    expect(Object.keys(bundle)).toEqual([
      'text/plain',
      'text/html',
      'image/svg+xml',
      'application/vnd.vegalite.v5+json',
    ]);
    expect(bundle['text/plain']).toBe(`Plot ${plot.title}`);
    expect(bundle['image/svg+xml']).toBe(plot.toSVG());
    expect(bundle['text/html']).toBe(plot.toHTML());
    expect(bundle['application/vnd.vegalite.v5+json']).toBe(plot.spec);
    expect(JSON.parse(JSON.stringify(plot.spec))).toEqual(plot.spec);
    expect(plot.spec['$schema']).toBe('https://vega.github.io/schema/vega-lite/v5.json');
    expect(plot.toSVG()).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expectBalanced(plot.toSVG());
  });

  it('lines have a value for each point, and gaps where it is not finite', () => {
    expect(all.lines.spec['data']).toEqual({
      values: [
        { x: 0, y: 3, line: 'loss' },
        { x: 1, y: null, line: 'loss' },
        { x: 2, y: 1, line: 'loss' },
        { x: 0, y: 1, line: 'a<b' },
        { x: 1, y: 2, line: 'a<b' },
      ],
    });
    expect(all.lines.title).toBe('loss, a<b');
    expect(all.lines.toSVG()).toContain('<title>loss, a&#60;b</title>');
  });

  it('lines may have more points than a call may have arguments', () => {
    expect(nn.plots.lines({ y: new Float32Array(200_000) }).toSVG()).toContain('<path');
  });

  it('histories have training and validation in one chart, and the charts side by side', () => {
    expect(all.history.title).toBe('Run 1');
    const charts = all.history.spec['hconcat'] as { title: string; data: { values: { line: string }[] } }[];
    expect(charts.map(({ title }) => title)).toEqual(['loss', 'accuracy']);
    expect(new Set(charts[0]!.data.values.map(({ line }) => line))).toEqual(new Set(['training', 'validation']));
    expect(all.history.toSVG()).toContain('viewBox="0 0 600 200"');
    expect([...all.history.toSVG().matchAll(/<svg x="(\d+)"/g)].map(([, x]) => x)).toEqual(['0', '300']);
  });

  it('histograms count what is finite', () => {
    const { values } = all.histogram.spec['data'] as { values: { from: number; to: number; count: number }[] };
    expect(values).toHaveLength(30);
    expect([values[0]!.from, values[29]!.to]).toEqual([1, 2]);
    expect(values.filter(({ count }) => count > 0).map(({ count }) => count)).toEqual([1, 2]);
    expect((nn.plots.histogram([]).spec['data'] as { values: unknown[] }).values).toEqual([]);
    const one = nn.plots.histogram([0, 0]).spec['data'] as { values: { from: number; to: number; count: number }[] };
    expect([one.values[0]!.count, one.values[0]!.to > one.values[0]!.from]).toEqual([2, true]);
  });

  it('confusion matrices have a cell for each pair', () => {
    const named = nn.plots.confusion([[3, 1], [0, 2]], { names: ['cat', 'dog'], title: 'Pets' }); // biome-ignore format: one line
    expect(named.spec['data']).toEqual({
      values: [
        { true: 'cat', predicted: 'cat', count: 3 },
        { true: 'cat', predicted: 'dog', count: 1 },
        { true: 'dog', predicted: 'cat', count: 0 },
        { true: 'dog', predicted: 'dog', count: 2 },
      ],
    });
    expect(named.title).toBe('Pets');
  });

  it('refuse what they cannot draw', () => {
    expect(() => nn.plots.lines({ loss: 3 as never })).toThrow(ArgumentError);
    expect(() => nn.plots.lines({ loss: [1] }, { widht: 100 } as never)).toThrow(/widht/);
    expect(() => nn.plots.lines({ loss: [1] }, { width: 10 })).toThrow(/width/);
    expect(() => nn.plots.histogram(3 as never)).toThrow(ArgumentError);
    expect(() => nn.plots.confusion([[1, 2]])).toThrow(/as many rows as columns/);
    expect(() => nn.plots.confusion([[1]], { names: [] })).toThrow(/0 names for 1 classes/);
  });
});
