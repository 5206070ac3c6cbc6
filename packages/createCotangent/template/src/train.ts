import { manualSeed, nn, noGrad, optim } from 'cotangent';
import { saveWeights } from 'cotangent/node';
import { twoMoons } from './data.js';
import { lossOf, Model } from './model.js';

manualSeed(1);
const [training, test] = [twoMoons(1000, 1), twoMoons(500, 2)];
const model = new Model();
model.call(training.x); // Layers learn the size of their inputs from the first.
const optimizer = new optim.Adam(model.parameters(), { learningRate: 0.01 });
const dataset = new nn.data.ArrayDataset([training.x, training.y]);
const loader = new nn.data.DataLoader(dataset, { batchSize: 50, shuffle: true, seed: 3 });

const losses: number[] = [];
for (let epoch = 1; epoch <= 30; epoch++) {
  let sum = 0;
  let batches = 0;
  for await (const [x, y] of loader) {
    const loss = lossOf(model.call(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    sum += loss.item();
    batches += 1;
  }
  losses.push(sum / batches);
  if (epoch % 5 === 0) console.log(`epoch ${epoch}: loss ${(sum / batches).toFixed(4)}`);
}

console.log(nn.drawCurves({ loss: losses }, 60, 8).join('\n'));
const accuracy = noGrad(() => model.call(test.x).argmax({ axis: 1 }).equal(test.y).cast('float32').mean().item());
console.log(`accuracy on points not seen: ${(100 * accuracy).toFixed(1)} %`);
await saveWeights(model, 'model.safetensors');
