/** A fixed set of computations, whose bits Node and Chromium have to agree on. */

import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cbrt,
  configureHeap,
  conv2d,
  cos,
  cosh,
  elu,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  gelu,
  hessian,
  layerNorm,
  log,
  log1p,
  log2,
  log10,
  logSumExp,
  manualSeed,
  maxPool,
  mish,
  nn,
  optim,
  randomNormal,
  randomUniform,
  selu,
  setDeterministic,
  sigmoid,
  silu,
  sin,
  sinh,
  softplus,
  stack,
  type Tensor,
  tan,
  tanh,
  tensor,
  valueAndGrad,
} from 'cotangent';

const computations: Readonly<Record<string, () => Tensor | Promise<Tensor>>> = {
  'random numbers': () => randomNormal([300]).add(randomUniform([300])),
  'matmul, float32': () => randomNormal([65, 97]).matmul(randomNormal([97, 83])),
  'matmul, float64': () =>
    randomNormal([33, 65], { dtype: 'float64' }).matmul(randomNormal([65, 29], { dtype: 'float64' })),
  sum: () => randomNormal([1000, 37]).sum({ axis: 0 }),
  'softmax and logSumExp': () => {
    const x = randomNormal([40, 50]);
    return x.softmax().add(logSumExp(x, { axis: 1, keepDims: true }));
  },
  'exp, log, tanh, sigmoid, sin': () => {
    const x = randomNormal([999]);
    return x.exp().add(x.abs().log()).add(x.tanh()).add(x.sigmoid()).add(x.sin());
  },
  'functions of a few numbers, float32': () => everyFunction((x) => x, 3, 'float32'),
  'functions of a few numbers, float64': () => everyFunction((x) => x, 3, 'float64'),
  'functions of many numbers, float64': () => everyFunction((x) => x, 400, 'float64'),
  'functions of a view, float64': () => everyFunction((x) => x.slice(null, 1), 40, 'float64'),
  'layer normalization': () => layerNorm(randomNormal([20, 64])),
  convolution: () => maxPool(conv2d(randomNormal([2, 14, 14, 3]), randomNormal([3, 3, 3, 8])).relu(), 2),
  'value and gradient': () => {
    const [w, x] = [randomNormal([40, 30]), randomNormal([50, 40])];
    return valueAndGrad((v: Tensor) => x.matmul(v).tanh().square().mean())(w)[1];
  },
  'second derivatives': () =>
    hessian((x: Tensor) => x.sin().mul(x.exp()).sum())(randomNormal([8], { dtype: 'float64' })),
  'a trained LSTM': () => trained([new nn.LSTM({ units: 12 }), new nn.Dense({ units: 4 })], [16, 9, 6]),
  'a trained convolutional network': () =>
    trained(
      [
        new nn.Conv2D({ filters: 6, kernelSize: 3, activation: 'relu' }),
        new nn.BatchNormalization(),
        new nn.MaxPooling2D(),
        new nn.Flatten(),
        new nn.Dropout({ rate: 0.25 }),
        new nn.Dense({ units: 4 }),
      ],
      [16, 12, 12, 2],
    ),
  'a trained transformer block': () =>
    trained(
      [
        new nn.TransformerEncoder({ intermediateDim: 16, numHeads: 2 }),
        new nn.GlobalAveragePooling1D(),
        new nn.Dense({ units: 4 }),
      ],
      [16, 7, 8],
    ),
};

const functions = [
  ...[
    exp2,
    expm1,
    log1p,
    log2,
    log10,
    sin,
    cos,
    tan,
    asin,
    acos,
    atan,
    sinh,
    cosh,
    asinh,
    acosh,
    atanh,
    cbrt,
    erf,
    erfc,
  ],
  ...[softplus, silu, gelu, mish, elu, selu, sigmoid, tanh, exp, log],
];

/** All functions of one number, of numbers from ½ to 1 (acosh: above 1½). */
function everyFunction(make: (x: Tensor) => Tensor, size: number, dtype: 'float32' | 'float64'): Tensor {
  return stack(
    functions.map((f) => {
      const x = make(randomUniform([size, 2], { dtype }).add(1).mul(0.5));
      return f(f === acosh ? x.add(1) : x);
    }),
  );
}

/** What a network says after some steps of training on noise. */
async function trained(layers: nn.Layer[], shape: number[]): Promise<Tensor> {
  const x = randomNormal(shape);
  const y = tensor(
    Array.from({ length: shape[0]! }, (_, i) => i % 4),
    { dtype: 'int32' },
  );
  const model = nn.sequential(layers);
  model.compile({
    optimizer: new optim.Adam({ learningRate: 0.01 }),
    loss: (yTrue, yPred) => nn.losses.sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true }),
  });
  await model.fit(x, y, { epochs: 3, batchSize: 8, verbose: 0 });
  return (await model.predict(x)) as Tensor;
}

/** What is the JavaScript engine's own where kernels are plain loops: they call Math, and keep all 53 bits of its answers. */
const ofTheEngine = /float64$|second derivatives/;

/**
 * Runs them all in deterministic mode; in plain loops without those whose bits are the engine's own.
 *
 * @param webAssembly whether kernels run as SIMD
 * @returns by name, the bytes of the result, 32 bits at a time
 */
export async function compute(webAssembly: boolean): Promise<Record<string, number[]>> {
  configureHeap({ webAssembly });
  setDeterministic(true);
  const found: Record<string, number[]> = {};
  for (const [k, [name, make]] of Object.entries(computations).entries()) {
    if (!webAssembly && ofTheEngine.test(name)) continue;
    manualSeed(k);
    const { buffer, byteOffset, byteLength } = (await make()).toTypedArray();
    found[name] = Array.from(new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength)));
  }
  return found;
}
