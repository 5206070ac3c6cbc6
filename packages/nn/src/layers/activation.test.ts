import { ones, softmax, type Tensor, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, shapes, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import { type ActivationName, activations } from '../activations.js';
import { maskOf, setMask } from '../masks.js';
import {
  Activation,
  CELU,
  ELU,
  GELU,
  GLU,
  LeakyReLU,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Swish,
  Tanh,
} from './activation.js';
import type { Layer } from './layer.js';

const { abs, exp, log, max, min, sign, sqrt, tanh } = Math;
const sigmoid = (x: number): number => 1 / (1 + exp(-x));
const row = [-2, -0.7, 0.1, 0.4, 2, 3.5];
const total = row.reduce((sum, x) => sum + exp(x), 0);
const hardSigmoid = (x: number): number => min(max(x + 3, 0), 6) / 6;
/** The normal distribution function, by Simpson's rule from 0. */
const phi = (x: number): number => {
  const [n, density] = [2000, (t: number) => exp((-t * t) / 2) / sqrt(2 * Math.PI)];
  let sum = density(0) + density(x);
  for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * density((x * i) / n);
  return 0.5 + (sum * x) / n / 3;
};

/** The formulas of https://keras.io/api/layers/activations/, one number at a time. */
const formulas: Record<
  Exclude<ActivationName, 'softmax' | 'logSoftmax' | 'glu' | 'sparsemax'>,
  (x: number) => number
> = {
  linear: (x) => x,
  relu: (x) => max(x, 0),
  relu6: (x) => min(max(x, 0), 6),
  leakyRelu: (x) => (x > 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : exp(x) - 1),
  celu: (x) => max(x, 0) + min(0, exp(x) - 1),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1)),
  gelu: (x) => x * phi(x),
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * tanh(log(1 + exp(x))),
  sigmoid,
  logSigmoid: (x) => log(sigmoid(x)),
  tanh,
  exponential: exp,
  softplus: (x) => log(1 + exp(x)),
  softsign: (x) => x / (1 + abs(x)),
  squareplus: (x) => (x + sqrt(x * x + 4)) / 2,
  sparsePlus: (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
  sparseSigmoid: (x) => min(max((x + 1) / 2, 0), 1),
  hardSigmoid,
  hardTanh: (x) => min(max(x, -1), 1),
  hardSilu: (x) => x * hardSigmoid(x),
  hardSwish: (x) => x * hardSigmoid(x),
  hardShrink: (x) => (abs(x) > 0.5 ? x : 0),
  softShrink: (x) => (abs(x) > 0.5 ? x - 0.5 * sign(x) : 0),
  tanhShrink: (x) => x - tanh(x),
};

const expected: Record<ActivationName, number[]> = {
  ...(Object.fromEntries(Object.entries(formulas).map(([name, f]) => [name, row.map(f)])) as Record<
    keyof typeof formulas,
    number[]
  >),
  softmax: row.map((x) => exp(x) / total),
  logSoftmax: row.map((x) => x - log(total)),
  glu: row.slice(0, 3).map((x, i) => x * sigmoid(row[i + 3]!)),
  sparsemax: [0, 0, 0, 0, 0, 1],
};

describe('nn.activations, and nn.Activation', () => {
  it.each(Object.keys(activations) as ActivationName[])('%s is what Keras says', (name) => {
    expectNear(new Activation({ activation: name }).call(float64([row])), [expected[name]], 1e-12);
    expectNear(activations[name](float64(row)), expected[name], 1e-12);
  });

  it.each(Object.keys(activations) as ActivationName[])('%s has the derivatives that differences show', (name) => {
    const inputs = shapes({ minRank: 1, minExtent: 1 })
      .map((shape) => [...shape.slice(0, -1), 4])
      .chain((shape) => smoothTensors([shape], { kinks: [-3, -1, -0.5, 0, 0.5, 1, 3] }));
    // Where an element of sparsemax leaves the simplex is not known beforehand.
    if (name === 'sparsemax') return;
    fc.assert(
      fc.property(inputs, ([x]) => gradientAgreesWithDifferences(activations[name], [x!], 0)),
      { numRuns: 25 },
    );
  });

  it('take a function', () => {
    expect(new Activation({ activation: (x: Tensor) => x.neg() }).call(tensor([1, -2])).toArray()).toEqual([-1, 2]);
  });

  it('refuse an unknown name, naming those there are', () => {
    expectThrown(
      () => new Activation({ activation: 'rleu' as never }),
      ArgumentError,
      `Activation: got activation 'rleu'; expected one of ${Object.keys(activations).join(', ')}, or a function. Did you mean 'relu'?`,
    );
    expect(() => new Activation({} as never)).toThrow('Activation: got activation undefined; expected one of linear');
  });
});

const x = float64([row]);

describe('activation layers', () => {
  const layers: [Layer, (x: number) => number][] = [
    [new ReLU(), formulas.relu],
    [new ReLU({ maxValue: 1 }), (v) => min(max(v, 0), 1)],
    [new ReLU({ negativeSlope: 0.1 }), (v) => (v > 0 ? v : 0.1 * v)],
    [new ReLU({ threshold: 1 }), (v) => (v >= 1 ? v : 0)],
    [
      new ReLU({ threshold: 0.2, negativeSlope: 0.5, maxValue: 3 }),
      (v) => (v >= 3 ? 3 : v >= 0.2 ? v : 0.5 * (v - 0.2)),
    ],
    [new LeakyReLU(), (v) => (v > 0 ? v : 0.3 * v)],
    [new LeakyReLU({ negativeSlope: 0.01 }), (v) => (v > 0 ? v : 0.01 * v)],
    [new ELU({ alpha: 0.5 }), (v) => (v > 0 ? v : 0.5 * (exp(v) - 1))],
    [new CELU({ alpha: 2 }), (v) => max(v, 0) + min(0, 2 * (exp(v / 2) - 1))],
    [new GELU(), formulas.gelu],
    [new GELU({ approximate: true }), (v) => 0.5 * v * (1 + tanh(sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))],
    [new Swish(), formulas.silu],
    [new Swish({ beta: 1.5 }), (v) => v * sigmoid(1.5 * v)],
    [new SiLU(), formulas.silu],
    [new Mish(), formulas.mish],
    [new SELU(), formulas.selu],
    [new Sigmoid(), sigmoid],
    [new Tanh(), tanh],
  ];

  it.each(layers.map(([layer, f], i) => [`${i} ${layer.constructor.name}`, layer, f] as const))('%s', (_, layer, f) => {
    expectNear(layer.call(x) as Tensor, [row.map(f)], 1e-12);
  });

  it('keep masks', () => {
    const masked = setMask(ones([1, 2]), tensor([[true, false]]));
    expect(maskOf(new Tanh().call(masked))!.toArray()).toEqual([[true, false]]);
  });

  it('refuse options they do not have and numbers out of range, in their own name', () => {
    expectThrown(
      () => new SiLU({ beta: 1 } as never),
      ArgumentError,
      "SiLU: got unknown option 'beta'; expected one of name, inputShape, activityRegularizer",
    );
    expectThrown(
      () => new ReLU({ maxValue: -1 }),
      ArgumentError,
      'ReLU: got maxValue -1; expected a finite number of at least 0',
    );
    expectThrown(() => new CELU({ alpha: 0 }), ArgumentError, 'CELU: got alpha 0; expected a finite number above 0');
    expectThrown(() => new GLU({ axis: 0 }), ArgumentError, 'GLU: got axis 0, that of the batch; expected another');
  });
});

describe('nn.Softmax', () => {
  it('makes an axis, or several together, sum to 1', () => {
    expectNear(new Softmax().call(float64([[[0, log(3)]], [[1000, -1000]]])), [[[0.25, 0.75]], [[1, 0]]], 1e-15);
    fc.assert(
      fc.property(smoothTensors([[2, 3, 4]]), ([y]) => {
        const flat = softmax(y!.reshape([2, 12])).reshape([2, 3, 4]);
        expectNear(new Softmax({ axis: [1, 2] }).call(y!), flat.toArray(), 1e-12);
        gradientAgreesWithDifferences((z) => new Softmax({ axis: [1, 2] }).call(z), [y!], 0);
      }),
      { numRuns: 20 },
    );
  });

  it('gives nothing to what a mask forbids', () => {
    const mask = tensor([[true, false, true]]);
    expectNear(new Softmax().call(float64([[0, 5, 0]]), { mask }), [[0.5, 0, 0.5]]);
  });

  it('LogSoftmax is its logarithm', () => {
    expectNear(new LogSoftmax({ axis: 1 }).call(x), [expected.logSoftmax], 1e-12);
  });
});

describe('nn.GLU', () => {
  it('halves an axis', () => {
    expectNear(new GLU().call(x), [expected.glu], 1e-12);
    expect(new GLU({ axis: 1 }).computeOutputShape([4, 3])).toEqual([2, 3]);
    expect(new GLU().computeOutputShape([4, 6])).toEqual([4, 3]);
  });
});

describe('nn.PReLU', () => {
  it('keeps the laws of layers', () => {
    const cases = fc
      .tuple(
        shapes({ minRank: 2, maxRank: 4, minExtent: 1 }),
        fc.subarray([1, 2, 3]),
        fc.constantFrom('zeros', 'ones', 'randomNormal'),
      )
      .map(([shape, sharedAxes, alphaInitializer]) => ({
        shape,
        make: () => new PReLU({ sharedAxes, alphaInitializer, dtype: 'float64' }),
      }));
    checkLayerLaws(cases as never, { domain: { kinks: [0] } });
  });

  it('has a slope for every element, or fewer', () => {
    const layer = new PReLU({ alphaInitializer: 'ones', sharedAxes: [1, 2], inputShape: [8, 8, 3] });
    expect(layer.alpha.shape).toEqual([1, 1, 3]);
    expect(new PReLU({ inputShape: [2, 3] }).alpha.shape).toEqual([2, 3]);
  });

  it('refuses an input that does not fit, and axes that are none', () => {
    const layer = new PReLU({ inputShape: [2] });
    expectThrown(
      () => layer.call(ones([1, 3])),
      ShapeError,
      'PReLU › Parameter: got parameter [2]; expected shape [3]',
    );
    expectThrown(
      () => new PReLU({ sharedAxes: [0] }),
      ArgumentError,
      'PReLU: got sharedAxes that are not whole numbers from 1, the first after the batch',
    );
  });
});
