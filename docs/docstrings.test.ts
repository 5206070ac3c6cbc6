/** Every function and class that a program can import says which errors it throws and has an example; and the examples run. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cotangent from 'cotangent';
import { nn, randomNormal, zeros } from 'cotangent';
import * as ofNdarray from 'cotangent/ndarray';
import * as node from 'cotangent/node';
import * as testing from 'cotangent/testing';
import fc from 'fast-check';
import ndarray from 'ndarray';
import { documentedExports } from './docstrings.js';
import { runSnippet } from './runSnippet.js';

const exported = documentedExports();

/** Not run here, and why. */
const notRun: Readonly<Record<string, string>> = {
  WorkerDataset: 'import.meta, which Jest has not',
  workerDataset: 'import.meta, which Jest has not',
};

/** What an example has without saying so: all that is exported, and these stand-ins for the reader's own. */
function scope(): Record<string, unknown> {
  const layer = () => new nn.Dense({ units: 1, inputShape: [4] });
  const net = nn.sequential([layer()]);
  const model = nn.sequential([layer()]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const x = randomNormal([8, 4]);
  const y = x.sum({ axis: 1, keepDims: true });
  const images = zeros([8, 28, 28, 1]);
  const labels = zeros([8], { dtype: 'int32' });
  const others = { fc, ndarray, net, model, x, y, images, labels };
  return { ...testing, ...ofNdarray, ...node, ...others, ...cotangent };
}

/** The loops over numbers are one family, of one signature: what each computes is said with the function of tensors. */
const needsExample = exported.filter(
  ({ kind, entry }) => (kind === 'function' || kind === 'class') && entry !== '@cotangent/kernels',
);

/** What a layer does in these is asked for through `call`, so that the class says what they throw. */
const ofTheClass = /\.(build|forward|computeOutputShape)$/;

/** A method without a text of its own has that of the class it overrides. */
const needsErrors = exported.filter(
  ({ kind, name, text }) => kind !== 'method' || (text !== '' && !ofTheClass.test(name)),
);

/** Errors of a bug, and what is thrown on by its cause. */
const unsaid = ['InternalError', 'TypeError'];

describe('the docstrings', () => {
  it('are there', () => {
    expect(exported.length).toBeGreaterThan(800);
    expect(exported.filter(({ kind, text }) => kind !== 'method' && text === '').map(({ place }) => place)).toEqual([]);
  });

  it('have an example', () => {
    const without = needsExample.filter(({ examples }) => examples.length === 0);
    expect(without.map(({ name, place }) => `${name} (${place})`)).toEqual([]);
  });

  it('name the errors that are thrown', () => {
    const silent = needsErrors.flatMap(({ name, place, text, errors }) =>
      errors
        .filter((error) => !unsaid.includes(error) && !text.includes(error))
        .map((error) => `${name} (${place}): ${error}`),
    );
    expect(silent).toEqual([]);
  });
});

describe('examples of docstrings', () => {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-'));

  beforeAll(async () => {
    process.chdir(folder);
    for (const name of ['cats', 'dogs']) {
      mkdirSync(join('pictures', name), { recursive: true });
      writeFileSync(join('pictures', name, '1.png'), await nn.data.encodePng(zeros([4, 4, 3], { dtype: 'uint8' })));
    }
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  for (const { name, place, examples } of exported) {
    for (const code of examples) if (!(name in notRun)) it(`${name} (${place})`, () => runSnippet(code, scope()));
  }
});
