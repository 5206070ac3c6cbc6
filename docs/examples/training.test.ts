/**
 * Every example that trains, on a small budget: it runs, prints what it says, and learns. In full each runs by itself. Not without
 * WebAssembly, where they take ten times as long and show nothing that other tests do not.
 */

import * as autoencoder from './autoencoder.js';
import * as cartPole from './cartPole.js';
import * as cnn from './cnn.js';
import * as gan from './gan.js';
import * as iris from './iris.js';
import * as language from './language.js';
import * as names from './names.js';
import * as transfer from './transfer.js';

const it = process.env.COTANGENT_WEBASSEMBLY === 'off' ? test.skip : test;

let lines: string[];
const print = (line: string): void => void lines.push(line);
beforeEach(() => {
  lines = [];
});

it('cnn: recognizes digits', async () => {
  expect(await cnn.train({ epochs: 2, samples: 1000, tests: 500, print })).toBeGreaterThan(0.6);
  expect(lines.at(-1)).toMatch(/^test accuracy \d\d\.\d\d % after/);
});

it('autoencoder: gives digits back, and places them on a plane', async () => {
  const result = await autoencoder.train({ epochs: 2, samples: 3000, print });
  expect(result.crossentropy).toBeLessThan(result.blank);
  expect(result.bound).toBeLessThan(result.firstBound);
  expect([...result.picture.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
});

it('language: both models write, and learn from what they read', async () => {
  for (const kind of ['rnn', 'gpt'] as const) {
    lines = [];
    const { loss, text } = await language.train(kind, { epochs: 1, share: 0.1, written: 20, print });
    expect(loss).toBeLessThan(Math.log(61)); // better than any character as likely as another
    expect(text.length).toBeGreaterThan(20);
    expect(lines[0]).toMatch(/^epoch 1: loss .* nats a character \(pairs: /);
  }
});

it('names: letters tell women from men', async () => {
  const { accuracy, baseline } = await names.train({ epochs: 3, print });
  expect([accuracy, baseline]).toEqual([expect.closeTo(0.77, 1), expect.closeTo(0.77, 1)]);
});

it('iris: a network does as well as a line', async () => {
  const { network, line } = await iris.train({ folds: 2, print });
  expect(network).toBeGreaterThan(0.95);
  expect(line).toBeGreaterThan(0.95);
});

it('transfer: what 0 to 4 taught helps with 5 to 9', async () => {
  const { transferred } = await transfer.train({ samples: 800, epochs: 1, few: 60, fewEpochs: 10, tests: 500, print });
  expect(transferred).toBeGreaterThan(0.5); // a guess: 0.2
  expect(lines[0]).toMatch(/parameters are frozen$/);
});

it('gan: two networks train each other', async () => {
  const { found } = await gan.train({ steps: 120, print });
  expect(found).toBeGreaterThanOrEqual(0);
  expect(lines.at(-1)).toMatch(/of 8 found/);
});

it('cartPole: moves by the laws of motion, and gets better', () => {
  // From upright and at rest a push of 10 N: ẍ = 9.756…, θ̈ = −14.634… (the equations by hand), over 20 ms.
  const [, v, , spin] = cartPole.push([0, 0, 0, 0], true);
  expect([v, spin]).toEqual([expect.closeTo(0.195122, 6), expect.closeTo(-0.292683, 6)]);
  expect(cartPole.train({ episodes: 120, print }).mean).toBeGreaterThan(25);
});
