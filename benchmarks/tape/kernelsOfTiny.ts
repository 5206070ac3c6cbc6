/** The step of the workload "tiny" without a tape: its kernels, one after the other, on memory that is there already. */

import {
  type Block,
  dense,
  fill,
  matmul,
  meanSquaredDifference,
  meanSquaredDifferenceBackward,
  newBlock,
  permuteLayout,
  type Shape,
  sgdStep,
  sum,
  tanhBackward,
} from '@cotangent/kernels';

function filled(shape: Shape, value: number): Block {
  const block = newBlock('float32', shape, false);
  fill(block, value);
  return block;
}

const transposed = (x: Block): Block => x.view(permuteLayout(x, [1, 0]));

/** @returns the step: dense 8-8-1 with tanh, batch 8, squared error, SGD; forward, backward and update */
export function kernelsOfTiny(): () => void {
  const weights = [filled([8, 8], 0.1), filled([8], 0), filled([8, 1], 0.1), filled([1], 0)] as const;
  const gradients = weights.map(({ shape }) => filled(shape, 0)) as [Block, Block, Block, Block];
  const [x, h, dh, dz] = [0.5, 0, 0, 0].map((value) => filled([8, 8], value)) as [Block, Block, Block, Block];
  const [y, p, dp] = [0.3, 0, 0].map((value) => filled([8, 1], value)) as [Block, Block, Block];
  const [loss, seed] = [filled([], 0), filled([], 1)] as const;
  const [w1, b1, w2, b2] = weights;
  const [dw1, db1, dw2, db2] = gradients;
  const [xT, hT, w2T] = [x, h, w2].map(transposed) as [Block, Block, Block];
  const overRows = { axes: [0], keepDims: false };
  const [withTanh, linear] = [{ activation: 'tanh' }, { activation: null }] as const;
  const descent = { learningRate: 0.01 };
  return () => {
    dense(h, [x, w1, b1], withTanh);
    dense(p, [h, w2, b2], linear);
    meanSquaredDifference(loss, [p, y], undefined);
    fill(seed, 1);
    meanSquaredDifferenceBackward(dp, [seed, p, y], undefined);
    matmul(dh, [dp, w2T], undefined);
    matmul(dw2, [hT, dp], undefined);
    sum(db2, [dp], overRows);
    tanhBackward(dz, [dh, h], undefined);
    matmul(dw1, [xT, dz], undefined);
    sum(db1, [dz], overRows);
    for (let i = 0; i < weights.length; i++) sgdStep(weights[i]!, gradients[i]!, descent);
  };
}
