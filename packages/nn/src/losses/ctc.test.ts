import { arange, grad, type NestedArray, type Tensor, tensor, vmap, zeros } from '@cotangent/autograd';
import {
  forwardAgreesWithReverse,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  smoothTensors,
} from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { type CTCOptions, ctc } from './index.js';

interface CTCCase {
  readonly name: string;
  readonly options: CTCOptions;
  readonly labels: number[][];
  readonly logits: number[][][];
  readonly labelLengths: number[];
  readonly inputLengths: number[];
  readonly losses: number[];
  /** Of the mean of the losses. */
  readonly gradient: number[][][];
}

const int32 = (values: NestedArray): Tensor => tensor(values, { dtype: 'int32' });
const cases = fixture<CTCCase>('ctc');

describe('nn.losses.ctc agrees with PyTorch 1.13', () => {
  it.each(cases)('in value and gradient: $name', ({ options, ...reference }) => {
    const all: CTCOptions = {
      ...options,
      labelLengths: int32(reference.labelLengths),
      inputLengths: int32(reference.inputLengths),
    };
    const [labels, logits] = [int32(reference.labels), float64(reference.logits)];
    expectNear(ctc(labels, logits, { ...all, reduction: 'none' }), reference.losses);
    expectNear(grad((x: Tensor) => ctc(labels, x, all))(logits), reference.gradient);
    expectNear(grad((x: Tensor) => ctc(labels, x.logSoftmax(), all))(logits), reference.gradient);
  });
});

/** Every sequence of `steps` classes. */
const sequences = (steps: number, classes: number): number[][] =>
  steps === 0
    ? [[]]
    : sequences(steps - 1, classes).flatMap((some) => Array.from({ length: classes }, (_, k) => [...some, k]));

/** What a sequence of classes says: repeated ones once, and blanks not at all. */
const labelsSaid = (sequence: readonly number[], blank: number): number[] =>
  sequence.filter((label, t) => label !== sequence[t - 1] && label !== blank);

/** −ln of the summed probabilities of all sequences that say the labels. */
function lossByCounting(logProbabilities: readonly number[][], labels: readonly number[], blank: number): number {
  const classes = logProbabilities[0]?.length ?? 1;
  const total = sequences(logProbabilities.length, classes)
    .filter((sequence) => labelsSaid(sequence, blank).join() === labels.join())
    .reduce((sum, sequence) => sum + Math.exp(sequence.reduce((s, k, t) => s + logProbabilities[t]![k]!, 0)), 0);
  return total === 0 ? Number.POSITIVE_INFINITY : -Math.log(total);
}

/** Batches of logits with labels, and how many labels and steps there are of each; a class of three is the blank. */
const batches = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 3 }))
  .chain(([samples, steps, most]) =>
    fc.record({
      blank: fc.nat({ max: 2 }),
      labels: fc.array(fc.array(fc.nat({ max: 1 }), { minLength: most, maxLength: most }), {
        minLength: samples,
        maxLength: samples,
      }),
      labelLengths: fc.array(fc.nat({ max: most }), { minLength: samples, maxLength: samples }),
      inputLengths: fc.array(fc.nat({ max: steps }), { minLength: samples, maxLength: samples }),
      logits: smoothTensors([[samples, steps, 3]], { range: [-3, 3] }).map(([x]) => x!),
    }),
  )
  .map(({ labels, ...rest }) => ({
    ...rest,
    // The two classes that are not the blank.
    labels: labels.map((row) => row.map((label) => (label < rest.blank ? label : label + 1))),
  }));

/** Labels of any shape with samples, also of none. */
const labelTensor = (labels: readonly number[][]): Tensor =>
  labels[0]!.length === 0 ? zeros([labels.length, 0], { dtype: 'int32' }) : int32(labels as number[][]);

describe('nn.losses.ctc', () => {
  it('is −ln of the probability of all ways to say the labels', () => {
    fc.assert(
      fc.property(batches, ({ blank, labels, labelLengths, inputLengths, logits }) => {
        const losses = ctc(labelTensor(labels), logits, {
          blankIndex: blank,
          labelLengths: int32(labelLengths),
          inputLengths: int32(inputLengths),
          reduction: 'none',
        }).toTypedArray();
        const logProbabilities = logits.logSoftmax().toArray() as number[][][];
        for (const [i, loss] of losses.entries()) {
          const counted = lossByCounting(
            logProbabilities[i]!.slice(0, inputLengths[i]),
            labels[i]!.slice(0, labelLengths[i]),
            blank,
          );
          if (counted === Number.POSITIVE_INFINITY) expect(loss).toBe(counted);
          else expect(Math.abs(loss - counted)).toBeLessThan(1e-10);
        }
      }),
    );
  });

  it('has the derivatives that differences show, once and twice, and forward as in reverse', () => {
    fc.assert(
      fc.property(
        batches,
        fc.boolean(),
        fc.boolean(),
        ({ blank, labels, labelLengths, inputLengths, logits }, divideByLength, own) => {
          const options: CTCOptions = {
            blankIndex: blank,
            zeroInfinity: true,
            divideByLength,
            reduction: 'none',
            ...(own && { labelLengths: int32(labelLengths), inputLengths: int32(inputLengths) }),
          };
          const f = (x: Tensor): Tensor => ctc(labelTensor(labels), x, options);
          gradientAgreesWithDifferences(f, [logits], 0);
          secondOrderAgreesWithDifferences(f, [logits], 0, 0);
          forwardAgreesWithReverse(f, [logits], 0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has the value of the test of Keras, where the blank is among the labels that count', () => {
    const x = arange(0, 24, 1, { dtype: 'float64' }).reshape([2, 4, 3]).sub(12).div(100);
    const y = int32([
      [1, 2, 1, 0],
      [1, 2, 0, 2],
    ]);
    expect(ctc(y, x).item()).toBeCloseTo(2.448645, 5);
    gradientAgreesWithDifferences((z) => ctc(y, z), [x], 0);
  });

  const labels = int32([
    [1, 2],
    [2, 2],
  ]);
  const logits = float64([
    [
      [0.3, -0.1, 0.8],
      [1.2, 0.4, -0.6],
      [0.1, 0.9, 0.2],
      [-0.5, 0.7, 1.1],
    ],
    [
      [0.6, -0.9, 0.4],
      [0.2, 0.1, 0.5],
      [-0.3, 0.8, 0.9],
      [1.3, -0.2, 0.4],
    ],
  ]);
  const none = { reduction: 'none' } as const;

  it('counts labels up to those that fill up, be they blanks or negative', () => {
    const expected = ctc(labels, logits, { ...none, labelLengths: int32([1, 2]) }).toArray();
    for (const filler of [0, -1]) {
      const filled = tensor([
        [1, filler],
        [2, 2],
      ]);
      expectNear(ctc(filled, logits, none), expected as number[]);
    }
  });

  it('is −ln 3/4 for one label in two steps of two even classes', () => {
    expectNear(ctc(tensor([[1]]), zeros([1, 2, 2], { dtype: 'float64' })), -Math.log(3 / 4));
  });

  it('needs a step more for two equal labels', () => {
    const two = logits.slice(null, [0, 2]);
    const losses = ctc(labels, two, none).toTypedArray();
    const p = two.softmax().toArray() as number[][][];
    expect(losses[0]).toBeCloseTo(-Math.log(p[0]![0]![1]! * p[0]![1]![2]!), 12);
    expect(losses[1]).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    [false, Number.POSITIVE_INFINITY],
    [true, 0],
  ])('costs what zeroInfinity %p says where labels do not fit, and has no gradient there', (zeroInfinity, expected) => {
    const x = logits.slice(null, [0, 2]);
    expect(ctc(labels, x, { ...none, zeroInfinity }).toTypedArray()[1]).toBe(expected);
    const gradient = grad((z: Tensor) => ctc(labels, z, { zeroInfinity, reduction: 'sum' }))(x);
    expect([...gradient.slice(1).toTypedArray()].every((g) => Math.abs(g) === 0)).toBe(true);
    expect([...gradient.slice(0).toTypedArray()].every((g) => g !== 0)).toBe(true);
  });

  it('takes labels of any dtype, and logits of float32', () => {
    const expected = ctc(labels, logits).item();
    for (const dtype of ['uint8', 'float32', 'float64'] as const)
      expect(ctc(labels.cast(dtype), logits).item()).toBe(expected);
    const narrow = ctc(labels, logits.cast('float32'));
    expect(narrow.dtype).toBe('float32');
    expect(narrow.item()).toBeCloseTo(expected, 5);
  });

  it.each(['float32', 'float64'] as const)('is exact for logits of ±10,000 in %s, with finite gradients', (dtype) => {
    // Right: says 1, blank, 2. Wrong: every step is sure of another class.
    const x = tensor(
      [
        [
          [-1e4, 1e4, -1e4],
          [1e4, -1e4, -1e4],
          [-1e4, -1e4, 1e4],
        ],
        [
          [1e4, -1e4, -1e4],
          [1e4, -1e4, -1e4],
          [1e4, -1e4, -1e4],
        ],
      ],
      { dtype },
    );
    const loss = (z: Tensor): Tensor =>
      ctc(
        int32([
          [1, 2],
          [1, 1],
        ]),
        z,
        none,
      );
    expect(loss(x).toArray()).toEqual([0, 4e4]);
    expect([...grad((z: Tensor) => loss(z).sum())(x).toTypedArray()].every(Number.isFinite)).toBe(true);
  });

  it('bears logits of −∞, and gives NaN for NaN', () => {
    const masked = tensor([[[0, Number.NEGATIVE_INFINITY, 0]]], { dtype: 'float64' });
    expectNear(ctc(int32([[2]]), masked), Math.LN2);
    expect(ctc(int32([[1]]), masked).item()).toBe(Number.POSITIVE_INFINITY);
    expect(ctc(int32([[1]]), float64([[[0, Number.NaN, 0]]])).item()).toBeNaN();
  });

  it('says nothing in no steps', () => {
    const x = zeros([2, 0, 3]);
    expect(ctc(int32([[0], [1]]), x, none).toArray()).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(ctc(int32([[0], [1]]), zeros([2, 1, 3]), { ...none, inputLengths: int32([0, 0]) }).toArray()).toEqual([
      0,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('weights, masks and reduces samples as every loss', () => {
    const [a, b] = ctc(labels, logits, none).toTypedArray() as Float64Array;
    expectNear(ctc(labels, logits), (a! + b!) / 2);
    expectNear(ctc(labels, logits, { reduction: 'sum', sampleWeight: tensor([2, 1]) }), 2 * a! + b!);
    expectNear(ctc(labels, logits, { mask: tensor([true, false]) }), a!);
  });

  it('leaves out steps that a mask of steps hides, wherever they are', () => {
    const mask = tensor([
      [true, true, true, false],
      [true, false, true, true],
    ]);
    const expected = [
      ctc(labels.slice([0, 1]), logits.slice([0, 1], [0, 3])).item(),
      ctc(labels.slice([1, 2]), logits.slice([1, 2]).take(int32([0, 2, 3]), { axis: 1 })).item(),
    ];
    expectNear(ctc(labels, logits, { ...none, mask }), expected);
    const inputLengths = int32([2, 4]);
    expectNear(ctc(labels, logits, { ...none, mask, inputLengths }), [
      ctc(labels.slice([0, 1]), logits.slice([0, 1], [0, 2])).item(),
      expected[1]!,
    ]);
  });

  it('is mapped over samples', () => {
    const each = vmap((y: Tensor, x: Tensor) => ctc(y.expandDims(0), x.expandDims(0)))(labels, logits);
    expectNear(each as Tensor, ctc(labels, logits, none).toArray() as number[]);
  });

  it('learns', () => {
    let x = logits;
    const gradient = grad((z: Tensor) => ctc(labels, z));
    for (let step = 0; step < 100; step++) x = x.sub(gradient(x).mul(2));
    expect(ctc(labels, x).item()).toBeLessThan(0.03);
    const said = (x.argmax({ axis: 2 }).toArray() as number[][]).map((best) => labelsSaid(best, 0));
    expect(said).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  const refused: [string, () => unknown, new (...given: never[]) => Error, string][] = [
    [
      'targets without samples',
      () => ctc(int32([1, 2]), logits),
      ShapeError,
      'ctc: got yTrue [2] and yPred [2, 4, 3]; expected yTrue [samples, labels] and yPred [samples, steps, classes]',
    ],
    [
      'another number of samples',
      () => ctc(int32([[1, 2]]), logits),
      ShapeError,
      'ctc: got yTrue [1, 2] and yPred [2, 4, 3]; expected yTrue [samples, labels] and yPred [samples, steps, classes]',
    ],
    [
      'a label that is no class',
      () =>
        ctc(
          int32([
            [1, 3],
            [2, 2],
          ]),
          logits,
        ),
      IndexError,
      'ctc: got class label 3 at position 1; expected integers from 0 to 2. yPred has 3 classes.',
    ],
    [
      'a label that is NaN',
      () =>
        ctc(
          float64([
            [1, 2],
            [2, Number.NaN],
          ]),
          logits,
        ),
      IndexError,
      'ctc: got class label NaN at position 3; expected integers from 0 to 2. The labels hold NaN: check how they were read.',
    ],
    [
      'a negative label among those that count',
      () =>
        ctc(
          int32([
            [1, -1],
            [2, 2],
          ]),
          logits,
          { labelLengths: int32([2, 2]) },
        ),
      IndexError,
      'ctc: got class label -1 at position 1; expected integers from 0 to 2. yPred has 3 classes.',
    ],
    [
      'more labels than there are',
      () => ctc(labels, logits, { labelLengths: int32([2, 3]) }),
      IndexError,
      'ctc: got labelLengths 3 at position 1; expected whole numbers from 0 to 2',
    ],
    [
      'half a step',
      () => ctc(labels, logits, { inputLengths: float64([1.5, 3]) }),
      IndexError,
      'ctc: got inputLengths 1.5 at position 0; expected whole numbers from 0 to 4',
    ],
    [
      'one length for all',
      () => ctc(labels, logits, { inputLengths: int32([3]) }),
      ShapeError,
      'ctc: got inputLengths [1]; expected [2]: a length for each sample',
    ],
    [
      'lengths that are no tensor',
      () => ctc(labels, logits, { inputLengths: [3, 3] as never }),
      DTypeError,
      'ctc: got inputLengths an array; expected a tensor. Wrap numbers and arrays with tensor(…).',
    ],
    [
      'a blank that is no class',
      () => ctc(labels, logits, { blankIndex: 3 }),
      ArgumentError,
      'ctc: got blankIndex 3; expected a whole number of at least -3 and below 3',
    ],
    [
      'a mask of another number of steps',
      () => ctc(labels, logits, { mask: zeros([2, 3], { dtype: 'bool' }) }),
      ShapeError,
      'ctc: got mask [2, 3] and yPred [2, 4, 3]; expected a mask [samples] or [samples, steps]',
    ],
    [
      'a mask of numbers',
      () => ctc(labels, logits, { mask: zeros([2, 4]) }),
      DTypeError,
      "ctc: got mask float32; expected bool. Convert with .cast('bool').",
    ],
    [
      'a switch that is neither on nor off',
      () => ctc(labels, logits, { zeroInfinity: 1 as never }),
      ArgumentError,
      'ctc: got zeroInfinity 1; expected true or false',
    ],
    [
      'an option that it does not have',
      () => ctc(labels, logits, { blank: 0 } as never),
      ArgumentError,
      "ctc: got unknown option 'blank'; expected one of labelLengths, inputLengths, blankIndex, zeroInfinity, divideByLength, reduction, sampleWeight, mask, scale. Did you mean 'blankIndex'?",
    ],
  ];

  it.each(refused)('refuses %s', (_, call, type, message) => {
    expectThrown(call, type, message);
  });
});
