// Every other entry, as Node's programs use them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { features } from '@cotangent/kernels/wasm';
import { nn, optim, type Tensor, tensor } from 'cotangent';
import { fromNdarray, toNdarray } from 'cotangent/ndarray';
import { Dense } from 'cotangent/nn';
import { loadWeights, saveWeights, workerDataset } from 'cotangent/node';
import { Adam } from 'cotangent/optim';
import { checkGrads } from 'cotangent/testing';

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-entries-'));
  try {
    if (Dense !== nn.Dense || Adam !== optim.Adam) throw new Error('another copy of nn');
    const dense = new nn.Dense({ units: 2, inputUnits: 3 });
    const file = join(folder, 'weights.safetensors');
    await saveWeights(dense, file);
    await loadWeights(dense, file);
    checkGrads((x: Tensor) => x.sin().sum(), [tensor([1, 2], { dtype: 'float64' })]);
    if (fromNdarray(toNdarray(tensor([[1, 2]]))).size !== 2) throw new Error('ndarray does not come back');
    if (typeof features().simd !== 'boolean') throw new Error('no features');
    const source = join(folder, 'squares.mjs');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(source, 'export default () => ({ length: 3, get: (i) => i * i });');
    const squares = await workerDataset<number>(source, { workers: 1 });
    if ((await squares.get(2)) !== 4) throw new Error('the worker did not answer');
    await squares.close();
    console.log('files, ndarray, testing, wasm, workers');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
