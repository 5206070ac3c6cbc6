import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualSeed, optim, randomNormal, tensor } from 'cotangent';
import { checkGrads } from 'cotangent/testing';
import { twoMoons } from './data.js';
import { lossOf, Model } from './model.js';

test('gives two logits for each point', () => {
  assert.deepEqual(new Model().call(randomNormal([5, 2])).shape, [5, 2]);
});

test('its gradient with respect to the input agrees with differences', () => {
  manualSeed(1);
  const model = new Model(4, 'float64');
  const labels = tensor([0, 1, 1], { dtype: 'int32' });
  const points = randomNormal([3, 2], { dtype: 'float64' });
  checkGrads((x) => lossOf(model.call(x), labels), [points], { order: 2 });
});

test('learns: the loss falls', () => {
  manualSeed(1);
  const { x, y } = twoMoons(200, 1);
  const model = new Model(16);
  const before = lossOf(model.call(x), y).item();
  const optimizer = new optim.Adam(model.parameters(), { learningRate: 0.02 });
  for (let step = 0; step < 60; step++) {
    const loss = lossOf(model.call(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  assert.ok(lossOf(model.call(x), y).item() < before / 2);
});
