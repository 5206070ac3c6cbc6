import { manualSeed, optim } from 'cotangent';
import { twoMoons } from './data.js';
import { lossOf, Model } from './model.js';

manualSeed(1);
const batch = 256;
const { x, y } = twoMoons(batch, 1);
const model = new Model(128);
model.call(x);
const optimizer = new optim.Adam(model.parameters());

function step(): void {
  const loss = lossOf(model.call(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}

// The first steps compile; they would be measured with the others.
for (let i = 0; i < 100; i++) step();
const times = Array.from({ length: 300 }, () => {
  const start = performance.now();
  step();
  return performance.now() - start;
}).sort((a, b) => a - b);
const median = times[times.length / 2] ?? 0;
console.log(
  `a step of ${batch} points: ${median.toFixed(3)} ms, ${Math.round((1000 * batch) / median)} points a second`,
);
