import { grad, type NestedArray, oneHot, type Tensor, tensor } from '@cotangent/autograd';
import {
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  smoothTensors,
} from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import * as losses from './index.js';
import {
  type CategoricalCrossentropyOptions,
  categoricalCrossentropy,
  meanSquaredError,
  resolveLoss,
  sparseCategoricalCrossentropy,
} from './index.js';

interface LossCase {
  readonly name: string;
  readonly loss: 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy' | 'meanSquaredError';
  readonly options: CategoricalCrossentropyOptions;
  readonly yTrue: NestedArray;
  readonly yPred: NestedArray;
  readonly perSample: NestedArray;
  readonly mean: number;
  readonly gradient: NestedArray;
}

const all = { sparseCategoricalCrossentropy, categoricalCrossentropy, meanSquaredError };
const int32 = (values: NestedArray): Tensor => tensor(values, { dtype: 'int32' });
const logits = { fromLogits: true } as const;

describe('nn.losses', () => {
  describe('agree with PyTorch 1.13', () => {
    it.each(fixture<LossCase>('losses'))('in value and gradient: $name', (reference) => {
      const loss = all[reference.loss] as (yTrue: Tensor, yPred: Tensor, options: object) => Tensor;
      const [yTrue, yPred, { options }] = [float64(reference.yTrue), float64(reference.yPred), reference];
      expectNear(loss(yTrue, yPred, { ...options, reduction: 'none' }), reference.perSample);
      expectNear(loss(yTrue, yPred, options), reference.mean);
      expectNear(grad((p: Tensor) => loss(yTrue, p, options))(yPred), reference.gradient);
    });
  });

  /** Labels and numbers for samples × classes. */
  const samples = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 5 })).chain(([n, classes]) =>
    fc.tuple(
      fc.array(fc.nat({ max: classes - 1 }), { minLength: n, maxLength: n }),
      smoothTensors([[n, classes]], { range: [-3, 3] }).map(([x]) => x!),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
  );

  describe('have the derivatives that differences show, once and twice:', () => {
    /** None so near 0 that its logarithm bends within the step of a difference. */
    const probabilities = (x: Tensor): Tensor => x.mul(0.2).softmax();
    const check = (f: (x: Tensor) => Tensor, x: Tensor): void => {
      gradientAgreesWithDifferences(f, [x], 0);
      secondOrderAgreesWithDifferences(f, [x], 0, 0);
    };

    it('sparseCategoricalCrossentropy of logits and of probabilities', () => {
      fc.assert(
        fc.property(samples, ([labels, x]) => {
          check((z) => sparseCategoricalCrossentropy(int32(labels), z, logits), x);
          check((z) => sparseCategoricalCrossentropy(int32(labels), z), probabilities(x));
        }),
      );
    });

    it('categoricalCrossentropy of logits and of probabilities, with smoothed labels', () => {
      fc.assert(
        fc.property(samples, ([labels, x, labelSmoothing]) => {
          const yTrue = oneHot(int32(labels), x.shape[1]!);
          check((z) => categoricalCrossentropy(yTrue, z, { ...logits, labelSmoothing }), x);
          check((z) => categoricalCrossentropy(yTrue, z, { labelSmoothing }), probabilities(x));
        }),
      );
    });

    it('categoricalCrossentropy with respect to its targets', () => {
      fc.assert(
        fc.property(samples, ([, x]) => {
          check((y) => categoricalCrossentropy(y, x, logits), x.softmax());
        }),
      );
    });

    it('meanSquaredError, with respect to predictions and targets', () => {
      fc.assert(
        fc.property(
          smoothTensors([
            [3, 2],
            [3, 2],
          ]),
          ([y, x]) => {
            check((z) => meanSquaredError(y!, z), x!);
            check((z) => meanSquaredError(z, x!), y!);
          },
        ),
      );
    });
  });
});

describe('nn.losses.sparseCategoricalCrossentropy', () => {
  it('is −ln of the probability at the label', () => {
    const loss = sparseCategoricalCrossentropy(
      int32([0, 2]),
      float64([
        [0.5, 0.25, 0.25],
        [0.1, 0.1, 0.8],
      ]),
      {
        reduction: 'none',
      },
    );
    expectNear(loss, [Math.log(2), -Math.log(0.8)]);
  });

  it('is ln classes where nothing is known', () => {
    expectNear(sparseCategoricalCrossentropy(int32([1]), float64([[0, 0, 0, 0]]), logits), Math.log(4));
  });

  it.each(['int32', 'uint8', 'float32', 'float64'] as const)('takes labels of dtype %s', (dtype) => {
    const labels = tensor([2, 0], { dtype });
    expectNear(
      sparseCategoricalCrossentropy(
        labels,
        float64(
          [
            [0, 0],
            [0, 0],
          ].map(() => [0, 0, 0]),
        ),
        logits,
      ),
      Math.log(3),
    );
  });

  it('takes labels with an axis of extent 1 behind', () => {
    const x = float64([
      [1, 2],
      [3, -1],
    ]);
    expect(sparseCategoricalCrossentropy(int32([[0], [1]]), x, logits).item()).toBe(
      sparseCategoricalCrossentropy(int32([0, 1]), x, logits).item(),
    );
  });

  it('clips probabilities at 1e-7: a certainty that was wrong costs −ln 1e-7', () => {
    const loss = sparseCategoricalCrossentropy(
      int32([1, 0]),
      float64([
        [1, 0],
        [1, 0],
      ]),
      { reduction: 'none' },
    );
    expectNear(loss, [-Math.log(1e-7), -Math.log(1 - 1e-7)]);
  });

  it('stays finite where float32 cannot tell probabilities from 0 and 1', () => {
    const p = tensor(
      [
        [1, 0],
        [0, 1],
      ],
      { requiresGrad: true },
    );
    const loss = sparseCategoricalCrossentropy(int32([1, 1]), p);
    loss.backward();
    expect(loss.item()).toBeCloseTo(-Math.log(1e-7) / 2, 3);
    expect(p.grad!.toTypedArray().every(Number.isFinite)).toBe(true);
  });

  it.each(['float32', 'float64'] as const)('is exact for logits of ±10,000 in %s', (dtype) => {
    const z = tensor(
      [
        [1e4, -1e4],
        [1e4, -1e4],
      ],
      { dtype, requiresGrad: true },
    );
    const loss = sparseCategoricalCrossentropy(int32([0, 1]), z, { ...logits, reduction: 'none' });
    loss.sum().backward();
    expect(loss.toArray()).toEqual([0, 2e4]);
    expect(z.grad!.toArray()).toEqual([
      [0, 0],
      [1, -1],
    ]);
  });

  it('refuses a label that is NaN, is a fraction or has no class, and says which', () => {
    const x = float64([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const at = (label: number) => () => sparseCategoricalCrossentropy(float64([0, label]), x, logits);
    for (const label of [3, -1, 0.5]) {
      expectThrown(
        at(label),
        IndexError,
        `softmaxCrossEntropy: got class label ${label} at position 1; expected integers from 0 to 2. The logits have 3 classes.`,
      );
    }
    expectThrown(
      at(Number.NaN),
      IndexError,
      'softmaxCrossEntropy: got class label NaN at position 1; expected integers from 0 to 2. The labels hold NaN: check how they were read.',
    );
  });

  it('refuses one-hot targets, and says what takes them', () => {
    expectThrown(
      () => sparseCategoricalCrossentropy(float64([[0, 1]]), float64([[0, 1]])),
      ShapeError,
      'sparseCategoricalCrossentropy: got yTrue [1, 2] and yPred [1, 2]; expected yTrue [...] and yPred [..., classes]. For one-hot targets use categoricalCrossentropy.',
    );
  });

  it('refuses another number of labels than of samples', () => {
    expectThrown(
      () => sparseCategoricalCrossentropy(int32([0, 1, 0]), float64([[0, 1]])),
      ShapeError,
      'sparseCategoricalCrossentropy: got yTrue [3] and yPred [1, 2]; expected yTrue [...] and yPred [..., classes]',
    );
  });
});

describe('nn.losses.categoricalCrossentropy', () => {
  const oneHots = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 5 })).chain(([n, classes]) =>
    fc.tuple(
      fc.array(fc.nat({ max: classes - 1 }), { minLength: n, maxLength: n }),
      smoothTensors([[n, classes]], { range: [-5, 5] }).map(([x]) => x!),
    ),
  );

  it('agrees with sparseCategoricalCrossentropy on one-hot targets', () => {
    fc.assert(
      fc.property(oneHots, fc.boolean(), ([labels, x], fromLogits) => {
        const yPred = fromLogits ? x : x.softmax();
        const dense = categoricalCrossentropy(oneHot(int32(labels), x.shape[1]!), yPred, { fromLogits });
        expectNear(dense, sparseCategoricalCrossentropy(int32(labels), yPred, { fromLogits }).item());
      }),
    );
  });

  it('gives the same for logits and for the probabilities they mean', () => {
    fc.assert(
      fc.property(oneHots, ([labels, x]) => {
        const y = oneHot(int32(labels), x.shape[1]!);
        expectNear(categoricalCrossentropy(y, x.softmax()), categoricalCrossentropy(y, x, logits).item());
      }),
    );
  });

  it('divides probabilities by their sum', () => {
    const y = float64([[0, 1]]);
    expectNear(categoricalCrossentropy(y, float64([[1, 3]])), -Math.log(0.75));
  });

  it('clips probabilities at 1e-7 from 0 and 1', () => {
    const loss = categoricalCrossentropy(
      float64([
        [0, 1],
        [1, 0],
      ]),
      float64([
        [1, 0],
        [1, 0],
      ]),
      { reduction: 'none' },
    );
    expectNear(loss, [-Math.log(1e-7), -Math.log(1 - 1e-7)]);
  });

  it('is exact for logits of ±10,000', () => {
    const z = tensor([[1e4, -1e4]], { requiresGrad: true });
    const loss = categoricalCrossentropy(tensor([[0.5, 0.5]]), z, logits);
    loss.backward();
    expect(loss.item()).toBe(1e4);
    expect(z.grad!.toArray()).toEqual([[0.5, -0.5]]);
  });

  it('mixes targets with the uniform distribution to smooth labels: y (1 − ε) + ε / classes', () => {
    const [y, x] = [float64([[0, 0, 1, 0]]), float64([[1, -1, 0.5, 2]])];
    const smooth = float64([[0.05, 0.05, 0.85, 0.05]]);
    expectNear(
      categoricalCrossentropy(y, x, { ...logits, labelSmoothing: 0.2 }),
      categoricalCrossentropy(smooth, x, logits).item(),
    );
  });

  it.each([
    [1.5, '1.5'],
    [-0.1, '-0.1'],
    [Number.NaN, 'NaN'],
  ])('refuses labelSmoothing %p', (labelSmoothing, came) => {
    expectThrown(
      () => categoricalCrossentropy(float64([[1, 0]]), float64([[1, 0]]), { labelSmoothing }),
      ArgumentError,
      `categoricalCrossentropy: got labelSmoothing ${came}; expected a finite number of at least 0 and of at most 1`,
    );
  });

  it('refuses class indices, and says what takes them', () => {
    expectThrown(
      () =>
        categoricalCrossentropy(
          int32([0, 1]),
          float64([
            [0, 1],
            [0, 1],
          ]),
        ),
      ShapeError,
      'categoricalCrossentropy: got yTrue [2] and yPred [2, 2]; expected equal shapes [..., classes]. For class indices use sparseCategoricalCrossentropy.',
    );
  });

  it('refuses another number of classes', () => {
    expectThrown(
      () => categoricalCrossentropy(float64([[0, 1, 0]]), float64([[0, 1]])),
      ShapeError,
      'categoricalCrossentropy: got yTrue [1, 3] and yPred [1, 2]; expected equal shapes [..., classes]',
    );
  });
});

describe('nn.losses.meanSquaredError', () => {
  it('is the mean of squared differences', () => {
    expect(
      meanSquaredError(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [1, 4],
          [0, 4],
        ]),
      ).item(),
    ).toBe(13 / 4);
  });

  it('gives one loss a sample: the mean over the last axis', () => {
    const losses = meanSquaredError(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([
        [1, 4],
        [0, 4],
      ]),
      { reduction: 'none' },
    );
    expect(losses.toArray()).toEqual([2, 4.5]);
  });

  it('takes targets of any dtype', () => {
    expect(meanSquaredError(int32([1, 2]), float64([2, 4])).item()).toBe(2.5);
    expect(meanSquaredError(int32([1, 2]), float64([2, 4])).dtype).toBe('float64');
  });

  it('refuses shapes that would broadcast', () => {
    expectThrown(
      () => meanSquaredError(tensor([1, 2]), tensor([[1], [2]])),
      ShapeError,
      'meanSquaredError: got yTrue [2] and yPred [2, 1]; expected equal shapes. Use .reshape() or .expandDims(-1) on one of them.',
    );
  });
});

describe.each([
  ['sparseCategoricalCrossentropy', sparseCategoricalCrossentropy, int32([0, 1, 1])],
  [
    'categoricalCrossentropy',
    categoricalCrossentropy,
    float64([
      [1, 0],
      [0, 1],
      [0, 1],
    ]),
  ],
  [
    'meanSquaredError',
    meanSquaredError,
    float64([
      [1, 0],
      [0, 1],
      [0, 1],
    ]),
  ],
] as const)('nn.losses.%s reduces', (name, loss, yTrue) => {
  const yPred = float64([
    [0.5, 0.5],
    [0.25, 0.75],
    [0.875, 0.125],
  ]);
  const [a, b, c] = Array.from(loss(yTrue, yPred, { reduction: 'none' }).toTypedArray()) as [number, number, number];

  it('to the sum over the batch size by default', () => {
    expectNear(loss(yTrue, yPred), (a + b + c) / 3);
    expectNear(loss(yTrue, yPred, { reduction: 'sumOverBatchSize' }), (a + b + c) / 3);
  });

  it('to the sum', () => {
    expectNear(loss(yTrue, yPred, { reduction: 'sum' }), a + b + c);
  });

  it('weighted samples by their number, not their weights', () => {
    const sampleWeight = tensor([2, 0, 1]);
    expectNear(loss(yTrue, yPred, { sampleWeight }), (2 * a + c) / 3);
    expectNear(loss(yTrue, yPred, { sampleWeight, reduction: 'sum' }), 2 * a + c);
    expectNear(loss(yTrue, yPred, { sampleWeight, reduction: 'none' }), [2 * a, 0, c]);
  });

  it('to nothing with another name, another weight for each sample, or an option it does not have', () => {
    expectThrown(
      () => loss(yTrue, yPred, { reduction: 'average' as never }),
      ArgumentError,
      `${name}: got reduction 'average'; expected one of 'sumOverBatchSize', 'mean', 'meanWithSampleWeight', 'sum', 'none'`,
    );
    expectThrown(
      () => loss(yTrue, yPred, { sampleWeight: tensor([1, 2]) }),
      ShapeError,
      `${name}: got sampleWeight [2] and losses [3]; expected one weight for each sample`,
    );
    expectThrown(
      () => loss(yTrue, yPred, { sampleWeight: [1, 2, 3] as never }),
      DTypeError,
      `${name}: got sampleWeight an array; expected a tensor. Wrap numbers and arrays with tensor(…).`,
    );
    expect(() => loss(yTrue, yPred, { fromLogit: true } as never)).toThrow(
      `${name}: got unknown option 'fromLogit'; expected one of `,
    );
  });

  it('tensors, not arrays', () => {
    expectThrown(
      () => loss([0, 1, 1] as never, yPred),
      DTypeError,
      `${name}: got yTrue an array; expected a tensor. Wrap numbers and arrays with tensor(…).`,
    );
    expectThrown(
      () => loss(yTrue, undefined as never),
      DTypeError,
      `${name}: got yPred undefined; expected a tensor. Wrap numbers and arrays with tensor(…).`,
    );
  });
});

describe('the sampleWeight of a loss', () => {
  const yPred = float64([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ]);
  const yTrue = yPred.mul(0);

  it('weighs all steps of a sample alike when it has one number a sample', () => {
    const weighted = meanSquaredError(yTrue, yPred, { sampleWeight: tensor([1, 10]), reduction: 'none' });
    expectNear(weighted, [
      [2.5, 12.5],
      [305, 565],
    ]);
  });

  it('weighs each step when it has one number a step', () => {
    const sampleWeight = tensor([
      [1, 0],
      [0, 2],
    ]);
    expectNear(meanSquaredError(yTrue, yPred, { sampleWeight, reduction: 'none' }), [
      [2.5, 0],
      [0, 113],
    ]);
  });

  it('may not have more axes than the losses, nor another extent', () => {
    expectThrown(
      () =>
        meanSquaredError(yTrue, yPred, {
          sampleWeight: tensor([
            [1, 2, 3],
            [1, 2, 3],
          ]),
        }),
      ShapeError,
      'meanSquaredError: got sampleWeight [2, 3] and losses [2, 2]; expected one weight for each sample',
    );
    expectThrown(
      () => meanSquaredError(yTrue, yPred, { sampleWeight: yPred }),
      ShapeError,
      'meanSquaredError: got sampleWeight [2, 2, 2] and losses [2, 2]; expected one weight for each sample',
    );
  });

  it('gets no gradient of its own unless it asks for one', () => {
    const sampleWeight = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    meanSquaredError(yTrue, yPred, { sampleWeight, reduction: 'sum' }).backward();
    expectNear(sampleWeight.grad, [15, 87]);
  });
});

describe('a loss by name', () => {
  const byName = {
    sparseCategoricalCrossentropy: losses.sparseCategoricalCrossentropy,
    categoricalCrossentropy: losses.categoricalCrossentropy,
    binaryCrossentropy: losses.binaryCrossentropy,
    bce: losses.binaryCrossentropy,
    binaryFocalCrossentropy: losses.binaryFocalCrossentropy,
    categoricalFocalCrossentropy: losses.categoricalFocalCrossentropy,
    categoricalGeneralizedCrossEntropy: losses.categoricalGeneralizedCrossEntropy,
    negativeLogLikelihood: losses.negativeLogLikelihood,
    meanSquaredError: losses.meanSquaredError,
    mse: losses.meanSquaredError,
    meanAbsoluteError: losses.meanAbsoluteError,
    mae: losses.meanAbsoluteError,
    meanAbsolutePercentageError: losses.meanAbsolutePercentageError,
    mape: losses.meanAbsolutePercentageError,
    meanSquaredLogarithmicError: losses.meanSquaredLogarithmicError,
    msle: losses.meanSquaredLogarithmicError,
    huber: losses.huber,
    smoothL1: losses.smoothL1,
    logCosh: losses.logCosh,
    logcosh: losses.logCosh,
    cosineSimilarity: losses.cosineSimilarity,
    klDivergence: losses.klDivergence,
    kld: losses.klDivergence,
    kullbackLeiblerDivergence: losses.klDivergence,
    poisson: losses.poisson,
    hinge: losses.hinge,
    squaredHinge: losses.squaredHinge,
    categoricalHinge: losses.categoricalHinge,
    hingeEmbedding: losses.hingeEmbedding,
    logistic: losses.logistic,
    multiMargin: losses.multiMargin,
    dice: losses.dice,
    tversky: losses.tversky,
    circle: losses.circle,
    sdml: losses.sdml,
    contrastive: losses.contrastive,
    ctc: losses.ctc,
  } as const;
  const names = Object.keys(byName) as losses.LossName[];

  it.each(names)('%s is there', (name) => {
    expect(resolveLoss('compile', name)).toBe(byName[name]);
  });

  it('may be a function instead', () => {
    const own = (yTrue: Tensor, yPred: Tensor): Tensor => yPred.sub(yTrue).abs().mean();
    expect(resolveLoss('compile', own)).toBe(own);
  });

  it.each([
    ["'crossentropy'", 'crossentropy'],
    ["'toString'", 'toString'],
    ['null', null],
    ['an object', {}],
  ])('is refused when it is %s', (came, given) => {
    expectThrown(
      () => resolveLoss('compile', given as never),
      ArgumentError,
      `compile: got loss ${came}; expected one of ${names.join(', ')}, or a function (yTrue, yPred) => scalar`,
    );
  });
});
