import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  batchNorm,
  fromTypedArray,
  grad,
  groupNorm,
  instanceNorm,
  layerNorm,
  ones,
  rmsNorm,
  type Tensor,
  tensor,
} from '../index.js';
import { checkGrads } from '../testing/index.js';

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
const fixture = JSON.parse(readFileSync(join(__dirname, '../../fixtures/normalization.json'), 'utf8')) as Case[];
const tensorOf = ({ shape, data }: Numbers): Tensor => fromTypedArray(Float64Array.from(data), shape);

const calls: Record<
  string,
  (x: Tensor, learned: { scale: Tensor; shift: Tensor }, options: Case['options']) => Tensor
> = {
  layerNorm: (x, learned, options) => layerNorm(x, { ...learned, ...options }),
  batchNorm: (x, learned, options) => batchNorm(x, { ...learned, ...options }),
  batchNormFixed: (x, learned, { mean, variance }) =>
    batchNorm(x, { ...learned, mean: tensorOf(mean), variance: tensorOf(variance) }),
  groupNorm: (x, learned, { groups, ...options }) => groupNorm(x, groups, { ...learned, ...options }),
  instanceNorm: (x, learned) => instanceNorm(x, learned),
};

function expectClose(got: Tensor, { shape, data }: Numbers, tolerance: number): void {
  expect(got.shape).toEqual(shape);
  const values = got.toTypedArray();
  for (const [i, wanted] of data.entries()) {
    if (!(Math.abs(values[i]! - wanted) <= tolerance * Math.max(1, Math.abs(wanted))))
      throw new Error(`element ${i}: got ${values[i]}, expected ${wanted}`);
  }
}

describe('normalization', () => {
  it.each(fixture.map((test, i) => [`${i}: ${test.call} is PyTorch 1.13's, with its gradients`, test] as const))(
    '%s',
    (_, test) => {
      const inputs = test.inputs.map(tensorOf);
      const f = (x: Tensor, scale: Tensor, shift: Tensor): Tensor =>
        calls[test.call]!(x, { scale, shift }, test.options);
      const [x, scale, shift] = inputs as [Tensor, Tensor, Tensor];
      expectClose(f(x, scale, shift), test.value, 1e-11);
      const weighted = (...given: [Tensor, Tensor, Tensor]): Tensor =>
        f(...given)
          .mul(tensorOf(test.g))
          .sum();
      const gradients = grad(weighted, { argnums: [0, 1, 2] })(x, scale, shift);
      for (const [i, wanted] of test.gradients.entries()) expectClose(gradients[i]!, wanted, 1e-10);
      expectClose(f(...(inputs.map((one) => one.cast('float32')) as [Tensor, Tensor, Tensor])), test.value, 1e-4);
      expect(checkGrads(f, [x.mul(0.7), scale, shift], { order: 2, modes: ['vjp'] })!.error).toBeLessThan(1e-6);
    },
  );

  it('rmsNorm leaves the mean in', () => {
    const y = rmsNorm(tensor([[3, 4]]), { epsilon: 0, scale: tensor([1, 2]) });
    expect(y.toArray()).toEqual([[Math.fround(3 / Math.sqrt(12.5)), Math.fround(8 / Math.sqrt(12.5))]]);
  });

  it('says what does not fit', () => {
    expect(() => layerNorm(ones([2, 3]), { axis: 0 })).toThrow(
      'layerNorm: got axes 0 of x [2, 3]; expected the last ones',
    );
    expect(() => layerNorm(ones([2, 3]), { scale: ones([2]) })).toThrow('a scale of 3 numbers');
    expect(() => groupNorm(ones([2, 3]), 2)).toThrow('groupNorm: got 2 groups for 3 channels along axis 1 of x [2, 3]');
    expect(() => batchNorm(ones([2, 3]), { mean: ones([3]) })).toThrow(
      'batchNorm: got one of mean and variance; expected both or neither',
    );
    expect(() => layerNorm(ones([2, 3]), { epsilon: -1 })).toThrow(
      'normalize: got epsilon -1; expected a number from 0',
    );
    expect(() => layerNorm(ones([2, 3]), { eps: 1 } as never)).toThrow("layerNorm: got unknown option 'eps'");
  });
});
