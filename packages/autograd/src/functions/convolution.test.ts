import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  adaptiveAveragePool,
  adaptiveMaxPool,
  averagePool,
  conv,
  conv1d,
  conv2d,
  convTranspose,
  depthwiseConv,
  fromTypedArray,
  globalAveragePool,
  globalMaxPool,
  grad,
  maxPool,
  ones,
  randomNormal,
  separableConv,
  type Tensor,
  tensor,
} from '../index.js';

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly call: string;
  // biome-ignore lint/suspicious/noExplicitAny: each call reads the options that its Python side wrote
  readonly options: any;
  readonly inputs: Numbers[];
  readonly g: Numbers;
  readonly value: Numbers;
  readonly gradients: Numbers[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, '../../fixtures/convolution.json'), 'utf8')) as Case[];
const tensorOf = ({ shape, data }: Numbers): Tensor => fromTypedArray(Float64Array.from(data), shape);

const calls: Record<string, (inputs: Tensor[], options: Case['options']) => Tensor> = {
  conv: ([x, w], options) => conv(x!, w!, options),
  convTranspose: ([x, w], options) => convTranspose(x!, w!, options),
  maxPool: ([x], { window, ...options }) => maxPool(x!, window, options),
  averagePool: ([x], { window, ...options }) => averagePool(x!, window, options),
  adaptiveAveragePool: ([x], { size }) => adaptiveAveragePool(x!, size),
  adaptiveMaxPool: ([x], { size }) => adaptiveMaxPool(x!, size),
};

function expectClose(got: Tensor, { shape, data }: Numbers, tolerance: number): void {
  expect(got.shape).toEqual(shape);
  const values = got.toTypedArray();
  for (const [i, wanted] of data.entries()) {
    if (!(Math.abs(values[i]! - wanted) <= tolerance * Math.max(1, Math.abs(wanted))))
      throw new Error(`element ${i}: got ${values[i]}, expected ${wanted}`);
  }
}

describe('against PyTorch 1.13', () => {
  it.each(fixture.map((test, i) => [`${i}: ${test.call} ${JSON.stringify(test.options)}`, test] as const))(
    '%s',
    (_, test) => {
      const inputs = test.inputs.map(tensorOf);
      const f = (...given: Tensor[]): Tensor => calls[test.call]!(given, test.options);
      expectClose(f(...inputs), test.value, 1e-12);
      const weighted = (...given: Tensor[]): Tensor =>
        f(...given)
          .mul(tensorOf(test.g))
          .sum();
      const gradients = grad(weighted, { argnums: inputs.map((__, i) => i) })(...inputs);
      for (const [i, wanted] of test.gradients.entries()) expectClose(gradients[i]!, wanted, 1e-12);
      // float32 runs the same way, through other kernels.
      expectClose(f(...inputs.map((x) => x.cast('float32'))), test.value, 2e-5);
    },
  );
});

describe('bias and activation', () => {
  const [x, filter, bias] = [randomNormal([2, 6, 5, 4]), randomNormal([3, 3, 4, 4]), randomNormal([4])];
  const activations = ['linear', 'relu', 'tanh', 'sigmoid'] as const;
  const applied = (y: Tensor, activation: (typeof activations)[number]): Tensor =>
    activation === 'linear' ? y : y[activation]();
  const numbersOf = (y: Tensor): Numbers => ({ shape: [...y.shape], data: Array.from(y.toTypedArray(), Number) });
  const first = (y: Tensor): Tensor => y.permute([0, 3, 1, 2]);

  it.each(activations)(
    '%s: as one after the other, for every kind, with and without a bias, channels last and first',
    (activation) => {
      const ending = { bias, activation };
      const depthwise = filter.slice(null, null, null, [0, 1]);
      for (const [got, y] of [
        [conv(x, filter, { padding: 'same', ...ending }), conv(x, filter, { padding: 'same' }).add(bias)],
        [conv(x, filter, { activation }), conv(x, filter)],
        [convTranspose(x, filter, { strides: 2, ...ending }), convTranspose(x, filter, { strides: 2 }).add(bias)],
        [depthwiseConv(x, depthwise, ending), depthwiseConv(x, depthwise).add(bias)],
        [
          separableConv(x, depthwise, ones([1, 1, 4, 4]), ending),
          separableConv(x, depthwise, ones([1, 1, 4, 4])).add(bias),
        ],
        [conv(first(x), filter, { dataFormat: 'channelsFirst', ...ending }), first(conv(x, filter).add(bias))],
      ] as const)
        expectClose(got, numbersOf(applied(y, activation)), 2e-5);
    },
  );

  it('refuses a bias of another length, and other activations', () => {
    expect(() => conv(x, filter, { bias: ones([3]) })).toThrow('a bias [4]');
    expect(() => convTranspose(x, filter.slice(null, null, [0, 3]), { bias })).toThrow('a bias [3]');
    expect(() => conv(x, filter, { activation: 'gelu' as never })).toThrow(
      "got activation 'gelu'; expected one of linear, relu, tanh, sigmoid",
    );
  });
});

describe('conv', () => {
  const x = randomNormal([2, 6, 5, 4]);
  const filter = randomNormal([3, 3, 4, 3]);

  it("pads 'same' as TensorFlow: the odd one at the end", () => {
    const line = tensor([1, 2, 3, 4]).reshape([1, 4, 1]);
    const pair = tensor([1, 10]).reshape([2, 1, 1]);
    expect(conv1d(line, pair, { padding: 'same' }).reshape([4]).toArray()).toEqual([21, 32, 43, 4]);
    expect(conv1d(line, pair, { padding: 'causal' }).reshape([4]).toArray()).toEqual([10, 21, 32, 43]);
    expect(conv(x, filter, { padding: 'same', strides: 2 }).shape).toEqual([2, 3, 3, 3]);
    expect(conv(x, filter, { padding: [[1, 0], 2], dilations: [2, 1] }).shape).toEqual([2, 3, 7, 3]);
  });

  it('takes channels first', () => {
    const y = conv2d(x.permute([0, 3, 1, 2]), filter, { dataFormat: 'channelsFirst', padding: 1 });
    expect(y.shape).toEqual([2, 3, 6, 5]);
    expect(
      y
        .permute([0, 2, 3, 1])
        .sub(conv2d(x, filter, { padding: 1 }))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-5);
    const pooled = maxPool(x.permute([0, 3, 1, 2]), 2, { dataFormat: 'channelsFirst' });
    expect(pooled.permute([0, 2, 3, 1]).toArray()).toEqual(maxPool(x, 2).toArray());
  });

  it('depthwise and separable: each channel on its own, then mixed', () => {
    const depthwise = randomNormal([3, 3, 4, 2]);
    const y = depthwiseConv(x, depthwise, { padding: 'same' });
    expect(y.shape).toEqual([2, 6, 5, 8]);
    const second = conv2d(x.slice(null, null, null, [1, 2]), depthwise.slice(null, null, [1, 2]), { padding: 'same' });
    expect(y.slice(null, null, null, [2, 4]).sub(second).abs().max().item()).toBeLessThan(1e-5);
    const one = randomNormal([1, 1, 8, 3]);
    expect(separableConv(x, depthwise, one, { padding: 'same' }).sub(conv(y, one)).abs().max().item()).toBeLessThan(
      1e-5,
    );
  });

  it('transposed: sizes as Keras has them', () => {
    const small = ones([1, 3, 3, 2]);
    const sizes = (options: object, window = 3) =>
      convTranspose(small, ones([window, window, 5, 2]), options).shape.slice(1, 3);
    expect(sizes({ strides: 2 })).toEqual([7, 7]);
    expect(sizes({ strides: 2, padding: 'same' })).toEqual([6, 6]);
    expect(sizes({ strides: 3 }, 2)).toEqual([9, 9]);
    expect(sizes({ strides: 2, padding: 'same', outputPadding: 0 })).toEqual([5, 5]);
    expect(sizes({})).toEqual([5, 5]);
  });

  it('says what does not fit', () => {
    expect(() => conv2d(ones([4, 4, 3]), filter)).toThrow(
      'conv2d: got x [4, 4, 3]; expected x [batch, height, width, channels]. Add the axis that is missing (batch or channels) with .expandDims().',
    );
    expect(() => conv2d(ones([1, 4, 8, 8]), filter)).toThrow(
      "conv2d: got x [1, 4, 8, 8] and filter [3, 3, 4, 3]; expected a filter [...window, 8, out]. Is x channels first? Pass { dataFormat: 'channelsFirst' }.",
    );
    expect(() => conv2d(ones([1, 2, 2, 4]), filter)).toThrow('windows no longer than the input with its padding');
    expect(() => conv2d(x, filter, { strides: 0 })).toThrow(
      'conv2d: got strides 0; expected a whole number from 1, or 2 of them',
    );
    expect(() => conv2d(x, filter, { padding: 'full' as never })).toThrow(
      `conv2d: got padding "full"; expected 'valid', 'same', a whole number`,
    );
    expect(() => conv2d(x, filter, { groups: 3 })).toThrow('a filter [...window, 4 / 3, out] with out divisible by 3');
    expect(() => conv2d(x, filter, { stride: 2 } as never)).toThrow("conv2d: got unknown option 'stride'");
    expect(() => conv2d(x, filter.cast('float64'))).toThrow('two tensors of one floating dtype');
    expect(() => maxPool(x.cast('int32'), 2)).toThrow('maxPool: got x int32');
    expect(() => convTranspose(x, ones([2, 2, 3, 4]), { outputPadding: 1 })).toThrow('below the stride');
  });
});

describe('pooling', () => {
  it('gives the gradient to the first of equal ones, and NaN wins', () => {
    const x = tensor([1, 1, 2, Number.NaN]).reshape([1, 4, 1]);
    expect(maxPool(x, 2).reshape([2]).toArray()).toEqual([1, Number.NaN]);
    expect(
      grad((v: Tensor) => maxPool(v, 2).sum())(x)
        .reshape([4])
        .toArray(),
    ).toEqual([1, 0, 0, 1]);
  });

  it('global: over all places', () => {
    const x = tensor([
      [
        [1, 2],
        [3, 5],
      ],
    ]);
    expect([globalMaxPool(x).toArray(), globalAveragePool(x).toArray()]).toEqual([[[3, 5]], [[2, 3.5]]]);
    expect(globalMaxPool(x.permute([0, 2, 1]), { dataFormat: 'channelsFirst' }).toArray()).toEqual([[3, 5]]);
  });
});
