import { grad, type NestedArray, type Tensor, tensor } from '@cotangent/autograd';
import {
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  smoothTensors,
} from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import * as losses from './index.js';

const binary = { fromLogits: true };

describe('nn.losses have the derivatives that differences show, once and twice', () => {
  const shape = [3, 4];
  const probabilities = (x: Tensor): Tensor => x.mul(0.2).softmax();
  const labels = tensor([0, 3, 1], { dtype: 'int32' });
  const bits = float64([
    [0, 1, 1, 0],
    [1, 0, 0, 1],
    [0, 0, 1, 1],
  ]);
  const cases: [string, (x: Tensor, y: Tensor) => Tensor][] = [
    ['huber', (x, y) => losses.huber(y, x, { delta: 0.7 })],
    ['smoothL1', (x, y) => losses.smoothL1(y, x, { beta: 0.7 })],
    ['logCosh', (x, y) => losses.logCosh(y, x)],
    ['meanSquaredLogarithmicError', (x, y) => losses.meanSquaredLogarithmicError(y.exp(), x.exp())],
    [
      'binaryCrossentropy',
      (x) => losses.binaryCrossentropy(bits, x, { ...binary, labelSmoothing: 0.1, positiveWeight: 3 }),
    ],
    ['binaryCrossentropy of probabilities', (x) => losses.binaryCrossentropy(bits, x.mul(0.2).sigmoid())],
    [
      'binaryFocalCrossentropy',
      (x) => losses.binaryFocalCrossentropy(bits, x, { ...binary, applyClassBalancing: true }),
    ],
    ['categoricalFocalCrossentropy', (x) => losses.categoricalFocalCrossentropy(bits, x, { ...binary, gamma: 2.5 })],
    [
      'categoricalGeneralizedCrossEntropy',
      (x) => losses.categoricalGeneralizedCrossEntropy(labels, probabilities(x), { q: 0.6 }),
    ],
    ['negativeLogLikelihood', (x) => losses.negativeLogLikelihood(labels, x.logSoftmax())],
    ['klDivergence', (x, y) => losses.klDivergence(probabilities(y), probabilities(x))],
    [
      'klDivergence of logarithms',
      (x, y) => losses.klDivergence(probabilities(y), x.logSoftmax(), { logProbabilities: true }),
    ],
    ['poisson', (x, y) => losses.poisson(y.exp(), x.exp())],
    ['gaussianNegativeLogLikelihood', (x, y) => losses.gaussianNegativeLogLikelihood(bits, x, y.exp())],
    ['logistic', (x) => losses.logistic(bits, x, { labelFormat: 'binary' })],
    ['cosineSimilarity', (x, y) => losses.cosineSimilarity(y, x)],
    ['sdml', (x, y) => losses.sdml(x, y)],
    ['dice', (x) => losses.dice(bits, x.sigmoid())],
    ['tversky', (x) => losses.tversky(bits, x.sigmoid(), { alpha: 0.3, axis: 1 })],
  ];

  it.each(cases)('%s', (_, f) => {
    fc.assert(
      fc.property(smoothTensors([shape, shape], { kinks: [-0.7, 0, 0.7] }), (inputs) => {
        for (const k of [0, 1]) {
          const at = f(inputs[0]!, inputs[1]!);
          expect(at.shape).toEqual([]);
          gradientAgreesWithDifferences(f as (...x: Tensor[]) => Tensor, inputs, k);
        }
        if (!['huber', 'smoothL1'].includes(_))
          secondOrderAgreesWithDifferences(f as (...x: Tensor[]) => Tensor, inputs, 0, 0);
      }),
      { numRuns: 15 },
    );
  });
});

describe.each(['float32', 'float64'] as const)('nn.losses at ±10,000, in %s', (dtype) => {
  const of = (values: NestedArray): Tensor => tensor(values, { dtype });
  const y = of([[1, 0]]);
  it.each([
    ['binaryCrossentropy, right', (x: Tensor) => losses.binaryCrossentropy(y, x, binary), [[1e4, -1e4]], 0],
    ['binaryCrossentropy, wrong', (x: Tensor) => losses.binaryCrossentropy(y, x, binary), [[-1e4, 1e4]], 1e4],
    ['binaryFocalCrossentropy', (x: Tensor) => losses.binaryFocalCrossentropy(y, x, binary), [[-1e4, 1e4]], 1e4],
    [
      'categoricalFocalCrossentropy',
      (x: Tensor) => losses.categoricalFocalCrossentropy(y, x, { ...binary, alpha: 1 }),
      [[-1e4, 1e4]],
      2e4,
    ],
    [
      'categoricalFocalCrossentropy, right',
      (x: Tensor) => losses.categoricalFocalCrossentropy(y, x, binary),
      [[1e4, -1e4]],
      0,
    ],
    ['logistic', (x: Tensor) => losses.logistic(y, x, { labelFormat: 'binary' }), [[-1e4, 1e4]], 1e4],
    ['logCosh', (x: Tensor) => losses.logCosh(y.mul(0), x), [[1e4, -1e4]], 1e4 - Math.LN2],
    ['huber', (x: Tensor) => losses.huber(y.mul(0), x), [[1e4, -1e4]], 1e4 - 0.5],
  ] as const)('%s is exact, with finite gradients', (_, f, at, expected) => {
    const x = of(at as unknown as NestedArray);
    expect(Math.abs(f(x).item() - expected)).toBeLessThanOrEqual(expected * 1e-7);
    expect([...grad(f)(x).toTypedArray()].every(Number.isFinite)).toBe(true);
  });
});

describe('reductions, masks and class weights', () => {
  const y = float64([[1], [2], [3], [4]]);
  const p = float64([[1], [4], [3], [8]]);
  const mask = tensor([true, true, false, false]);

  it('sums and means, weighted and not', () => {
    const value = (options: losses.LossOptions): number => losses.meanAbsoluteError(y, p, options).item();
    const sampleWeight = float64([1, 2, 3, 0]);
    expect(value({ reduction: 'sum' })).toBe(6);
    expect(value({ reduction: 'mean' })).toBe(1.5);
    expect(value({ sampleWeight })).toBe(1);
    expect(value({ sampleWeight, reduction: 'meanWithSampleWeight' })).toBe(4 / 6);
    expect(value({ reduction: 'meanWithSampleWeight' })).toBe(1.5);
    expect(value({ sampleWeight: float64([0, 0, 0, 0]), reduction: 'meanWithSampleWeight' })).toBe(0);
  });

  it('masked losses leave both the sum and the number', () => {
    expect(losses.meanAbsoluteError(y, p, { mask }).item()).toBe(1);
    expect(losses.meanAbsoluteError(y, p, { mask, sampleWeight: float64([3, 2, 9, 9]) }).item()).toBe(2);
    expect(losses.meanAbsoluteError(y, p, { mask, reduction: 'none' }).toArray()).toEqual([0, 2, 0, 0]);
    expect(losses.meanAbsoluteError(y, p, { mask: tensor([false, false, false, false]) }).item()).toBe(0);
    expect(() => losses.meanAbsoluteError(y, p, { mask: float64([1, 1, 0, 0]) })).toThrow(
      'got mask float64; expected bool',
    );
  });

  it('ignoreClass: the mean is over the samples that count, and 0 when none does', () => {
    const x = float64([
      [0, 0],
      [5, 1],
    ]);
    const options = { fromLogits: true, ignoreClass: 7 };
    const some = losses.sparseCategoricalCrossentropy(tensor([0, 7], { dtype: 'int32' }), x, options);
    expectNear(some, Math.LN2);
    expectNear(losses.sparseCategoricalCrossentropy(tensor([7, 7], { dtype: 'int32' }), x, options), 0);
  });

  it('classWeight divided by its sum is PyTorch’s mean', () => {
    const x = float64([
      [0, 0],
      [0, Math.log(3)],
    ]);
    const labels = tensor([0, 1], { dtype: 'int32' });
    const options = { fromLogits: true, classWeight: [1, 3] };
    const [a, b] = [Math.LN2, Math.log(4 / 3)];
    expectNear(losses.sparseCategoricalCrossentropy(labels, x, options), (a + 3 * b) / 2);
    const mean = losses.sparseCategoricalCrossentropy(labels, x, { ...options, reduction: 'meanWithSampleWeight' });
    expectNear(mean, (a + 3 * b) / 4);
    const hot = float64([
      [1, 0],
      [0, 1],
    ]);
    expectNear(losses.categoricalCrossentropy(hot, x, options), (a + 3 * b) / 2);
    expectThrown(
      () => losses.sparseCategoricalCrossentropy(labels, x, { fromLogits: true, classWeight: [1] }),
      ShapeError,
      'sparseCategoricalCrossentropy: got classWeight [1] and yPred [2, 2]; expected one number for each of 2 classes',
    );
  });

  it('refuse what does not fit', () => {
    expectThrown(
      () => losses.huber(y, p.squeeze(-1)),
      ShapeError,
      'huber: got yTrue [4, 1] and yPred [4]; expected equal shapes. Use .reshape() or .expandDims(-1) on one of them.',
    );
    expectThrown(
      () => losses.huber(y, p, { delta: 0 }),
      ArgumentError,
      'huber: got delta 0; expected a finite number above 0',
    );
    expectThrown(
      () => losses.sdml(float64([[1]]), float64([[1]])),
      ShapeError,
      'sdml: got first [1, 1] and second [1, 1]; expected equal shapes [samples, features] of two samples at least',
    );
    expectThrown(
      () => losses.cosineEmbedding(y, y, y),
      ShapeError,
      'cosineEmbedding: got yTrue [4, 1] and first [4, 1]; expected yTrue [...] and first [..., features]',
    );
    expectThrown(
      () => losses.circle(y.squeeze(-1), y.squeeze(-1)),
      ShapeError,
      'circle: got yPred [4]; expected vectors [samples, features]',
    );
  });
});
