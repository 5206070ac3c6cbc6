import { ones, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { expectThrown, float64, given } from '../../fixtures/testing.js';
import { Activation } from '../layers/activation.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/regularization.js';
import { Flatten } from '../layers/reshaping.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { Model } from './model.js';
import { Sequential, sequential } from './sequential.js';

/** The table that summary() prints. */
function summaryOf(model: Model): string {
  let table = '';
  model.summary({
    print: (text) => {
      table += text;
    },
  });
  return table;
}

describe('nn.Sequential', () => {
  it('runs its layers one behind the other', () => {
    const model = new Sequential([
      new Activation({ activation: (x) => x.add(1) }),
      new Activation({ activation: (x) => x.mul(10) }),
    ]);
    expect(model.call(tensor([1, 2])).toArray()).toEqual([20, 30]);
  });

  it('is the same as sequential()', () => {
    const model = sequential([new Activation({ activation: 'relu' })]);
    expect(model).toBeInstanceOf(Sequential);
    expect(model.call(tensor([-1, 1])).toArray()).toEqual([0, 1]);
  });

  it('names parameters by the number of their layer', () => {
    const model = new Sequential([new Flatten(), new Dense({ units: 3 }), new Sequential([new Dense({ units: 2 })])]);
    expect(model.namedParameters().map(([path]) => path)).toEqual(['1.kernel', '1.bias', '2.0.kernel', '2.0.bias']);
  });

  it('is built at once when its first layer knows its input', () => {
    const model = new Sequential([
      new Flatten({ inputShape: [2, 3] }),
      new Dense({ units: 4 }),
      new Dense({ units: 5 }),
    ]);
    expect(model.parameters().map((p) => p.shape)).toEqual([[6, 4], [4], [4, 5], [5]]);
    expect(model.countParameters()).toBe(53);
  });

  it('is built by its first call otherwise', () => {
    const model = new Sequential([new Dense({ units: 4 })]);
    expect(model.parameters().map((p) => p.hasValue)).toEqual([false, false]);
    model.call(ones([2, 3]));
    expect(model.parameters().map((p) => p.shape)).toEqual([[3, 4], [4]]);
  });

  it('is built in inference: no mask is drawn, no flag is left changed', () => {
    const dropout = new Dropout({ rate: 0.5, seed: 4 });
    const fresh = new Dropout({ rate: 0.5, seed: 4 });
    new Sequential([new Dense({ units: 100, inputShape: [1] }), dropout]);
    expect(dropout.training).toBe(true);
    expect(dropout.call(ones([20])).toArray()).toEqual(fresh.call(ones([20])).toArray());
  });

  it('is built in the dtype of its parameters', () => {
    const model = new Sequential([new Flatten({ inputShape: [2] }), new Dense({ units: 1, dtype: 'float64' })]);
    expect(model.parameters().map((p) => [p.hasValue, p.dtype])).toEqual([
      [true, 'float64'],
      [true, 'float64'],
    ]);
  });

  it('uses a layer that stands in it twice twice, and counts it once', () => {
    const shared = new Dense({
      units: 2,
      kernelInitializer: given([
        [2, 0],
        [0, 2],
      ]),
      dtype: 'float64',
    });
    const model = new Sequential([shared, new Activation({ activation: 'linear' }), shared]);
    const y = model.call(float64([[1, 3]]));
    expect(y.toArray()).toEqual([[4, 12]]);
    expect(model.countParameters()).toBe(6);
    expect(model.namedParameters().map(([path]) => path)).toEqual(['0.kernel', '0.bias']);
    y.sum().backward();
    // d/db of W(Wx + b) + b, summed: a row of Wᵀ summed, and 1
    expect(shared.bias!.grad!.toArray()).toEqual([3, 3]);
  });

  it('finds what a subclass adds to its layers', () => {
    class Scaled extends Sequential {
      scale = new Parameter(tensor([3]));
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(this.scale);
      }
    }
    const model = new Scaled([new Dense({ units: 1 })]);
    expect(model.namedParameters().map(([path]) => path)).toEqual(['scale', '0.kernel', '0.bias']);
  });

  it('keeps its own list of layers', () => {
    const layers = [new Activation({ activation: 'relu' })];
    const model = new Sequential(layers);
    layers.pop();
    expect(model.layers).toHaveLength(1);
  });

  it('names the layer at fault, however deep', () => {
    const model = new Sequential([
      new Dense({ units: 3 }),
      new Sequential([new Activation({ activation: 'relu' }), new Dense({ units: 2 })]),
    ]);
    model.call(ones([1, 4]));
    const inner = model.layers[1] as Sequential;
    (inner.layers[1] as Dense).kernel.requiresGrad = false;
    const wrong = new Sequential([new Dense({ units: 5 }), inner]);
    expectThrown(
      () => wrong.call(ones([1, 4])),
      ShapeError,
      '1.1 (Dense) › Dense: got x [1, 5]; expected x [..., 3]. The layer was built for 3 inputs.',
    );
  });

  it('names the layer at fault while it is being built', () => {
    expectThrown(
      () =>
        new Sequential([
          new Flatten({ inputShape: [4] }),
          new Activation({ activation: (x) => x.squeeze(0) }),
          new Dense({ units: 1 }),
        ]),
      ShapeError,
      '2 (Dense) › Dense: got x [4]; expected x [batch, ..., inputs]. Add a batch axis with .expandDims(0).',
    );
  });

  it.each([
    ['text', 'dense', "got layers 'dense'; expected an array of layers"],
    ['a layer that is not in an array', new Flatten(), 'got layers an object; expected an array of layers'],
    [
      'a class',
      [new Flatten(), Dense],
      'got layers[1] of type function; expected a layer. Make it with new: new nn.Dense({ units: 10 }).',
    ],
    [
      'options',
      [{ units: 3 }],
      'got layers[0] of type object; expected a layer. Make it with new: new nn.Dense({ units: 10 }).',
    ],
  ])('refuses %s', (_, layers, problem) => {
    expectThrown(() => new Sequential(layers as never), ArgumentError, `Sequential: ${problem}`);
  });
});

describe('build()', () => {
  it('gives the parameters of any model their shapes', () => {
    class Two extends Model {
      a = new Dense({ units: 3 });
      b = new Dense({ units: 1 });
      forward(x: Tensor): Tensor {
        return this.b.call(this.a.call(x));
      }
    }
    const model = new Two();
    expect(model.build([5])).toBe(model);
    expect(model.parameters().map((p) => p.shape)).toEqual([[5, 3], [3], [3, 1], [1]]);
  });

  it('records nothing and leaves no gradient', () => {
    const model = new Sequential([new Dense({ units: 1 })]).build([2]);
    expect(model.parameters().map((p) => p.grad)).toEqual([null, null]);
  });
});

describe('summary()', () => {
  it('is a table of layers, output shapes and parameters', () => {
    const model = new Sequential([
      new Flatten({ inputShape: [28, 28] }),
      new Dense({ units: 128, activation: 'relu' }),
      new Dropout({ rate: 0.2 }),
      new Dense({ units: 64, activation: 'relu', name: 'bottleneck' }),
      new Dense({ units: 10 }),
    ]);
    model.parameters()[3]!.requiresGrad = false;
    expect(summaryOf(model)).toBe(
      [
        'Model: Sequential',
        '────────────────────────────────────────────────',
        ' Layer (type)         Output shape   Parameters',
        '────────────────────────────────────────────────',
        ' flatten (Flatten)    [batch, 784]            0',
        ' dense (Dense)        [batch, 128]      100,480',
        ' dropout (Dropout)    [batch, 128]            0',
        ' bottleneck (Dense)   [batch, 64]         8,256',
        ' dense1 (Dense)       [batch, 10]           650',
        '────────────────────────────────────────────────',
        ' Total parameters: 109,386 (109,322 trainable)',
      ].join('\n'),
    );
  });

  it('says what is not known before the model was called', () => {
    expect(summaryOf(new Sequential([new Dense({ units: 2 }), new Flatten()]))).toBe(
      [
        'Model: Sequential',
        '───────────────────────────────────────────────',
        ' Layer (type)        Output shape   Parameters',
        '───────────────────────────────────────────────',
        ' dense (Dense)       unknown         not built',
        ' flatten (Flatten)   unknown                 0',
        '───────────────────────────────────────────────',
        ' Total parameters: 0 (0 trainable)',
      ].join('\n'),
    );
  });

  it('knows output shapes after a call', () => {
    const model = new Sequential([new Dense({ units: 2 }), new Sequential([new Flatten()])]);
    model.call(ones([7, 3]));
    expect(summaryOf(model)).toContain(' dense (Dense)             [batch, 2]              8');
    expect(summaryOf(model)).toContain(' sequential (Sequential)   [batch, 2]              0');
    expect(summaryOf(model)).toContain(' flatten (Flatten)         [batch, 2]              0');
  });

  it('knows output shapes of models inside the model, which have been called before', () => {
    const inner = new Sequential([new Dense({ units: 4, inputShape: [3] })]);
    const outer = new Sequential([inner, new Dense({ units: 2 })]);
    outer.call(ones([1, 3]));
    expect(summaryOf(outer)).toContain('[batch, 4]');
    expect(summaryOf(outer)).not.toContain('unknown');
  });

  it('does not take a call that failed for one', () => {
    const model = new Sequential([new Flatten(), new Dense({ units: 2 })]);
    model.build([3]);
    const other = new Sequential([new Flatten(), model.layers[1]!]);
    expect(() => other.call(ones([1, 5]))).toThrow(ShapeError);
    expect(summaryOf(other)).toContain('unknown');
    other.call(ones([1, 3]));
    expect(summaryOf(other)).not.toContain('unknown');
  });

  it('shows modules of your own with all they hold', () => {
    class Gate extends Module {
      weight = new Parameter(tensor([[1, 2]]));
      dense = new Dense({ units: 2 });
      forward(x: Tensor): Tensor {
        return this.dense.call(x).mul(this.weight);
      }
    }
    const model = new Sequential([new Gate()]).build([3]);
    expect(summaryOf(model)).toContain(' gate (Gate)     [batch, 2]              2');
    expect(summaryOf(model)).toContain(' dense (Dense)   [batch, 2]              8');
    expect(summaryOf(model)).toContain('Total parameters: 10 (10 trainable)');
  });

  it('goes to the console unless told', () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => {});
    new Sequential([new Flatten({ inputShape: [1] })]).summary();
    expect(log.mock.calls[0]![0]).toContain('Model: Sequential');
    log.mockRestore();
  });
});
