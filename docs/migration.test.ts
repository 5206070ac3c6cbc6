/** The tables of the pages for people who come from another library name only what is there. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cotangent from 'cotangent';
import { Generator, nn, optim, tensor } from 'cotangent';
import * as ndarray from 'cotangent/ndarray';
import * as node from 'cotangent/node';
import * as testing from 'cotangent/testing';
import { checklist } from './migration/checklist.js';

const folder = join(__dirname, 'migration');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

/** What a table calls the things that have methods. */
const layer = new nn.Dense({ units: 1, inputShape: [2] });
const net = new nn.Sequential([layer]);
const input = nn.input({ shape: [2] });
const objects: Readonly<Record<string, object>> = {
  x: tensor([[1, 2]]),
  layer,
  net,
  model: net,
  functional: nn.model({ inputs: input, outputs: layer.call(input) }),
  parameter: layer.kernel,
  optimizer: new optim.Adam(net.parameters()),
  trainer: new nn.gluon.Trainer(net.parameters(), 'sgd'),
  metric: new nn.metrics.Mean(),
  dataset: nn.data.Dataset.range(2),
  samples: new nn.data.ArrayDataset([new Int32Array(2)]),
  loader: new nn.data.DataLoader(new nn.data.ArrayDataset([new Int32Array(2)]), { batchSize: 1 }),
  generator: new Generator(1),
};
/** Tables call tensors by these letters, and losses, weights and indices by their names. */
for (const name of ['a', 'b', 'y', 'u', 'w', 'q', 'loss', 'weights', 'value'])
  Object.assign(objects, { [name]: objects['x'] });

const spaces: Readonly<Record<string, object>> = {
  cotangent,
  nn,
  optim,
  'cotangent/node': node,
  'cotangent/testing': testing,
  'cotangent/ndarray': ndarray,
};
const roots: Readonly<Record<string, unknown>> = { ...testing, ...ndarray, ...node, ...cotangent, ...objects };
const ofJavaScript = new Set([
  'if',
  'for',
  'while',
  'switch',
  'const',
  'Math',
  'Infinity',
  'Set',
  'Map',
  'fetch',
  'cotangent',
]);

const sources = ['kernels', 'autograd', 'nn']
  .map((name) => textOf(join(__dirname, '../packages', name, 'src')))
  .join('\n');
const options = new Set([...sources.matchAll(/\b(\w+)\??:/g)].map(([, name]) => name!));

function textOf(path: string): string {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(path, name), 'utf8'))
    .join('\n');
}

interface Row {
  readonly theirs: string;
  readonly ours: string;
}

/** The rows of the tables whose second column is ours. */
function rowsOf(page: string): Row[] {
  const text = readFileSync(join(folder, page), 'utf8');
  return [...text.matchAll(/^\| \S.*\| Cotangent +\|\n\|[ -|]+\|\n((?:\|.*\n)+)/gm)].flatMap(([, body]) =>
    [...body!.matchAll(/^\| (.*?) +\| (.*?) +\|$/gm)].map(([, theirs, ours]) => ({ theirs: theirs!, ours: ours! })),
  );
}

const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** What is wrong with a piece of code in a table, or nothing. */
function problemOf(code: string): string | undefined {
  const text = code.replace(/'[^']*'/g, "''").replace(/^(?:await |new )+/, '');
  const keys = [...text.matchAll(/[{,] *(\w+) *(?=[:,}])|^(\w+): /g)].map(([, inside, first]) => inside ?? first!);
  const unknown =
    text.includes('{') || /^\w+: /.test(text) ? keys.filter((key) => !options.has(key) && !(key in roots)) : [];
  if (unknown.length > 0) return `no option ${unknown.join(', ')}`;
  const path = /^([A-Za-z]\w*)((?:\.\w+)*)/.exec(text);
  if (path === null || /^\w+: /.test(text)) return undefined;
  const [, root, rest] = path;
  if (ofJavaScript.has(root!)) return undefined;
  // A bare word may be the name of an option.
  if (!(root! in roots)) return options.has(root!) && rest === '' ? undefined : `nothing is called ${root}`;
  let value: unknown = roots[root!];
  for (const name of rest!.split('.').slice(1)) {
    if (value === null || value === undefined) return undefined;
    if (!(name in Object(value))) return `${root} has no ${name}`;
    value = (value as Record<string, unknown>)[name];
  }
  const later = [...text.matchAll(/\)\.(\w+)/g)].map(([, name]) => name!);
  const everything = [...Object.values(objects), ...Object.values(nn.data.Dataset)];
  const missing = later.filter((name) => !everything.some((object) => name in Object(object)));
  return missing.length > 0 ? `nothing has ${missing.join(', ')}` : undefined;
}

const camel = (name: string): string => name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const small = (name: string): string => name.replace(/^[A-Z]/, (letter) => letter.toLowerCase());

/** Names of the other library that a row says are the same here, and are not. */
function missingIn(space: string, theirs: readonly string[]): string[] {
  const names = space.split('.');
  const found = names.slice(1).reduce<object>((object, name) => object[name as never], spaces[names[0]!]!);
  return theirs.filter((name) => {
    const last = camel(name.split('.').at(-1)!.replace(/\(.*/, ''));
    return !(last in found) && !(small(last) in found);
  });
}

describe.each(Object.entries(checklist))('docs/migration/%s', (page, names) => {
  it(`has each of ${names.length} names of that library`, () => {
    const written = new Set(
      rowsOf(page).flatMap(({ theirs }) => codesIn(theirs).flatMap((code) => code.match(/\w+/g) ?? [])),
    );
    expect(names.filter((name) => !written.has(name))).toEqual([]);
  });
});

describe.each(pages)('docs/migration/%s', (page) => {
  const rows = rowsOf(page);

  it('has tables', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it('names only what is there', () => {
    const problems = rows.flatMap(({ theirs, ours }) => {
      const same = /the same in `([^`]+)`/.exec(ours);
      if (same !== null) {
        const missing = missingIn(same[1]!, codesIn(theirs));
        return missing.length > 0 ? [`${missing.join(' ')}: not in ${same[1]}`] : [];
      }
      if (ours.startsWith('the class of that name')) {
        const classes = new Set(Object.keys(nn).map((name) => name.toLowerCase()));
        return codesIn(theirs).filter((name) => !classes.has(name.toLowerCase()));
      }
      return codesIn(ours).flatMap((code) => {
        if (code in spaces) return [];
        const problem = problemOf(code);
        return problem === undefined ? [] : [`${theirs.slice(0, 40)} → ${code}: ${problem}`];
      });
    });
    expect(problems).toEqual([]);
  });

  it('says of everything what to do', () => {
    expect(rows.filter(({ ours }) => codesIn(ours).length === 0 && !/^(not there|nothing)/.test(ours))).toEqual([]);
  });
});
