/** Against PyTorch 1.13 and NumPy: what fixtures/pytorch.py wrote, function by function. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DType, Shape } from '@cotangent/kernels';
import * as ct from './index.js';
import { fromTypedArray, grad, ones, type Range, type Tensor, tensor } from './index.js';

interface Numbers {
  readonly shape: Shape;
  readonly data: readonly (number | string)[];
}

interface Case {
  readonly call: string;
  readonly title: string;
  // biome-ignore lint/suspicious/noExplicitAny: each call reads the options that its Python side wrote
  readonly options: any;
  readonly inputs: readonly Numbers[];
  readonly value: Numbers;
  readonly first: readonly Numbers[];
  /** Absent where PyTorch's own is not finite. */
  readonly second?: readonly Numbers[];
}

interface Fixture {
  readonly cases: readonly Case[];
  readonly edges: readonly Case[];
  readonly promotion: readonly (readonly [DType, DType, DType])[];
  readonly numbers: readonly (readonly [DType, number, DType])[];
  readonly division: readonly (readonly [DType, DType])[];
  readonly casts: readonly (readonly [from: DType, to: DType, before: number[], after: number[]])[];
  readonly slices: readonly { readonly ranges: Range[]; readonly shape: Shape; readonly data: number[] }[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, '../fixtures/pytorch-1.13.json'), 'utf8')) as Fixture;

/** Python's `inf`, `-inf` and `nan` as numbers. */
const numbersOf = ({ data }: Numbers): number[] =>
  data.map((x) => (typeof x === 'number' ? x : x === 'nan' ? Number.NaN : x === 'inf' ? Infinity : -Infinity));

const tensorOf = (x: Numbers): Tensor => fromTypedArray(Float64Array.from(numbersOf(x)), x.shape);

const indices = (values: ct.NestedArray): Tensor => tensor(values, { dtype: 'int32' });

/** Our spelling of each call. Functions of one or two tensors that need no options are looked up by name. */
const calls: Readonly<Record<string, (inputs: readonly Tensor[], options: Case['options']) => Tensor>> = {
  clip: ([x], { low, high }) => x!.clip(low, high === 'inf' ? Infinity : high),
  powerOf: ([a], { exponents }) => a!.pow(tensor(exponents, { dtype: 'float64' })),
  where: ([a, b], { condition }) => ct.where(tensor(condition), a!, b!),
  sum: ([x], options) => x!.sum(options),
  mean: ([x], options) => x!.mean(options),
  max: ([x], options) => x!.max(options),
  min: ([x], options) => x!.min(options),
  softmax: ([x], options) => x!.softmax(options),
  logSoftmax: ([x], options) => x!.logSoftmax(options),
  crossEntropy: ([x], { labels, reduction }) => {
    const losses = ct.softmaxCrossEntropy(x!, indices(labels));
    return reduction === 'mean' ? losses.mean() : losses;
  },
  reshape: ([x], { shape }) => x!.reshape(shape),
  permute: ([x], { axes }) => x!.permute(axes),
  broadcastTo: ([x], { shape }) => x!.broadcastTo(shape),
  slice: ([x]) => x!.slice(null, [1, 6, 2]).square(),
  concat: ([a, b]) => ct.concat([a!, b!], { axis: 1 }).exp(),
  stack: ([a, b]) => ct.stack([a!, b!], { axis: 1 }).tanh(),
  take: ([x], options) => x!.take(indices(options.indices)).square(),
  xTanh: ([x]) => x!.mul(x!.tanh()),
  xExp: ([x]) => x!.mul(x!.exp()),
  gated: ([x]) => x!.greater(0.5).where(x!.mul(x!), x!.sigmoid()),
  mlp: ([x, w1, b1, w2]) => ct.softmaxCrossEntropy(x!.matmul(w1!).add(b1!).tanh().matmul(w2!), indices([1, 0])).mean(),
  logSumExp: ([x]) => {
    const shift = x!.max({ axis: 1, keepDims: true }).detach();
    return x!.sub(shift).exp().sum({ axis: 1 }).log().add(shift.squeeze(1));
  },
  gaussian: ([x, m, s]) => x!.sub(m!).div(s!).square().div(-2).sub(s!.log()).sum(),
};

function call({ call: name, options }: Case): (...inputs: Tensor[]) => Tensor {
  const known = calls[name];
  if (known !== undefined) return (...inputs) => known(inputs, options);
  return (ct as unknown as Record<string, (...inputs: Tensor[]) => Tensor>)[name]!;
}

/** The script's weights: multiples of 1/8, so both sides multiply by exactly the same numbers. */
const weights = (shape: Shape, a: number, b: number): Tensor => {
  const { size } = ones(shape);
  return fromTypedArray(
    Float64Array.from({ length: size }, (_, i) => (((i * a + b) % 8) - 3.5) / 4),
    shape,
  );
};

/** The sum of every element of several tensors, weighted; the weights run on from one to the next. */
function contract(xs: readonly Tensor[], a: number, b: number): Tensor {
  const flat = ct.concat(xs.map((x) => x.reshape([-1])));
  return flat.mul(weights(flat.shape, a, b)).sum();
}

function expectClose(got: Tensor, expected: Numbers): void {
  expect(got.shape).toEqual(expected.shape);
  expect(got.dtype).toBe('float64');
  const want = numbersOf(expected);
  for (const [i, x] of [...got.toTypedArray()].entries()) {
    const y = want[i]!;
    const close = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-12 * Math.max(1, Math.abs(x), Math.abs(y));
    if (!close) throw new Error(`element ${i}: got ${x}, PyTorch has ${y}`);
  }
}

const titled = (cases: readonly Case[]): [string, Case][] => {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const options = Object.keys(one.options).length === 0 ? '' : ` ${JSON.stringify(one.options)}`;
    const title = `${one.call}${one.title && ` (${one.title})`}${options}`;
    const count = (seen.get(title) ?? 0) + 1;
    seen.set(title, count);
    return [count === 1 ? title : `${title}, again`, one];
  });
};

describe('values and derivatives agree with PyTorch to 1e-12', () => {
  it.each(titled(fixture.cases))('%s', (_, one) => {
    const f = call(one);
    const inputs = one.inputs.map(tensorOf);
    const argnums = inputs.map((_, i) => i);
    const scalar = (...at: Tensor[]): Tensor => {
      const y = f(...at);
      return y.mul(weights(y.shape, 7, 3)).sum();
    };
    const slope = (...at: Tensor[]): Tensor => contract(grad(scalar, { argnums })(...at), 5, 1);

    expectClose(f(...inputs), one.value);
    const first = grad(scalar, { argnums })(...inputs);
    const second = grad(slope, { argnums })(...inputs);
    for (const i of argnums) {
      expectClose(first[i]!, one.first[i]!);
      expectClose(second[i]!, one.second![i]!);
    }
  });
});

describe('values and gradients at poles and infinities are those of PyTorch', () => {
  it.each(titled(fixture.edges))('%s', (_, one) => {
    const f = call(one);
    const inputs = one.inputs.map(tensorOf);
    const scalar = (...at: Tensor[]): Tensor => {
      const y = f(...at);
      return y.mul(weights(y.shape, 0, 7)).sum();
    };
    expectClose(f(...inputs), one.value);
    const first = grad(scalar, { argnums: inputs.map((_, i) => i) })(...inputs);
    for (const [i, expected] of one.first.entries()) expectClose(first[i]!, expected);
  });
});

describe('promotion', () => {
  it.each(fixture.promotion)('of %s and %s gives %s, as in PyTorch', (a, b, expected) => {
    expect(ones([1], { dtype: a }).add(ones([1], { dtype: b })).dtype).toBe(expected);
    expect(ones([1], { dtype: a }).maximum(ones([1], { dtype: b })).dtype).toBe(expected);
    expect(ct.where(tensor([true]), ones([1], { dtype: a }), ones([1], { dtype: b })).dtype).toBe(expected);
    expect(ct.concat([ones([1], { dtype: a }), ones([1], { dtype: b })]).dtype).toBe(expected);
  });

  it.each(fixture.numbers)('of a %s tensor and the number %d gives %s, as in PyTorch', (dtype, number, expected) => {
    expect(ones([1], { dtype }).mul(number).dtype).toBe(expected);
    expect(ct.multiply(number, ones([1], { dtype })).dtype).toBe(expected);
    expect(ct.where(tensor([true]), ones([1], { dtype }), number).dtype).toBe(expected);
  });

  it.each(fixture.division)('of a divided %s tensor gives %s, as in PyTorch', (dtype, expected) => {
    expect(ones([1], { dtype }).div(2).dtype).toBe(expected);
  });
});

describe('cast', () => {
  it.each(fixture.casts)('from %s to %s gives the numbers of PyTorch', (from, to, before, after) => {
    const converted = tensor(before, { dtype: from }).cast(to);
    expect(converted.dtype).toBe(to);
    expect([...converted.toTypedArray()]).toEqual([...tensor(after, { dtype: to }).toTypedArray()]);
  });
});

describe('slice', () => {
  it.each(fixture.slices.map((one): [string, typeof one] => [JSON.stringify(one.ranges), one]))(
    '%s of [3, 4, 5] takes what NumPy takes',
    (_, { ranges, shape, data }) => {
      const part = ct
        .arange(60)
        .reshape([3, 4, 5])
        .slice(...ranges);
      expect(part.shape).toEqual(shape);
      expect([...part.toTypedArray()]).toEqual(data);
    },
  );
});
