import { ones, type Tensor, tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, manualSeed } from '@cotangent/kernels';
import { expectThrown } from '../fixtures/testing.js';
import { Dense } from './layers/dense.js';
import { Dropout } from './layers/regularization.js';
import { maskOf, setMask } from './masks.js';
import { Sequential } from './model/sequential.js';
import { Module } from './module.js';
import { Buffer, Parameter } from './parameter.js';

class Counter extends Module {
  weight: Parameter = new Parameter(tensor([2]));
  calls: Buffer = new Buffer(tensor([0]));

  forward(x: Tensor): Tensor {
    this.calls.assign(this.calls.add(1));
    return x.mul(this.weight);
  }
}

const mlp = (units: number = 2): Sequential => new Sequential([new Dense({ units: 3 }), new Dense({ units })]);

describe('nn.Buffer', () => {
  it('is kept and saved, and is not a parameter', () => {
    const module = new Counter();
    module.call(tensor([1]));
    expect(module.parameters()).toEqual([module.weight]);
    expect(module.namedBuffers()).toEqual([['calls', module.calls]]);
    expect(Object.keys(module.stateDict())).toEqual(['weight', 'calls']);
    expect(module.stateDict().calls!.toArray()).toEqual([1]);
    expect(module.calls.requiresGrad).toBe(false);
    expect([module.countParameters(), module.countParameters({ trainable: true })]).toEqual([2, 1]);
  });

  it('may get its shape later', () => {
    const buffer = new Buffer({ initializer: 'ones' });
    expectThrown(
      () => buffer.toArray(),
      ArgumentError,
      'Buffer: it has no value yet. Call the model once, build(inputShape), or give its first layer an inputShape.',
    );
    buffer.materialize([2]);
    expect(buffer.toArray()).toEqual([1, 1]);
  });
});

describe('nn.Module: state', () => {
  it('goes from one model to another, also to one that has no shapes yet', () => {
    const [a, b, c] = [mlp(), mlp(), mlp()];
    const x = ones([4, 5]);
    const expected = a.call(x).toArray();
    b.call(x);
    expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
    c.loadStateDict(a.stateDict());
    expect([b.call(x).toArray(), c.call(x).toArray()]).toEqual([expected, expected]);
  });

  it('is a copy that later changes leave alone', () => {
    const module = new Counter();
    const state = module.stateDict();
    module.weight.assign(tensor([7]));
    expect(state.weight!.toArray()).toEqual([2]);
    module.loadStateDict(state);
    expect(module.weight.toArray()).toEqual([2]);
  });

  it('lists everything that does not fit, and then changes nothing', () => {
    const model = mlp();
    model.call(ones([1, 5]));
    const before = model.stateDict();
    const state: Record<string, Tensor> = { ...before, '2.kernel': ones([1]), '1.kernel': ones([3, 9]) };
    delete state['0.bias'];
    state['0.kernel'] = zeros([5, 3]);
    expectThrown(
      () => model.loadStateDict(state),
      ArgumentError,
      "loadStateDict: the state does not fit Sequential: '1.kernel' has shape [3, 9], expected [3, 2]; '0.bias' is missing; '2.kernel' is unexpected. Make the model with the options it was saved with.",
    );
    expect(model.stateDict()['0.kernel']!.toArray()).toEqual(before['0.kernel']!.toArray());
  });

  it('not strictly: sets what both have and says what they have not', () => {
    const model = mlp();
    model.call(ones([1, 5]));
    const loaded = model.loadStateDict({ '0.kernel': zeros([5, 3]), other: ones([1]) }, { strict: false });
    expect(loaded).toEqual({ missing: ['0.bias', '1.kernel', '1.bias'], unexpected: ['other'] });
    expect(model.parameters()[0]!.toArray()).toEqual(zeros([5, 3]).toArray());
    expectThrown(
      () => model.loadStateDict({ '0.kernel': 3 as never }, { strict: false }),
      ArgumentError,
      "loadStateDict: the state does not fit Sequential: '0.kernel' is 3, expected a tensor. Make the model with the options it was saved with.",
    );
    expectThrown(
      () => model.loadStateDict({}),
      ArgumentError,
      "loadStateDict: the state does not fit Sequential: '0.kernel' is missing; '0.bias' is missing; '1.kernel' is missing; '1.bias' is missing. Pass { strict: false } to set what both have and leave the rest.",
    );
  });

  it('is refused in another kind of number, and converted between floating ones', () => {
    const module = new Counter();
    expect(() => module.loadStateDict({ weight: tensor([1], { dtype: 'int32' }) }, { strict: false })).toThrow(
      "'weight' is int32, expected float32",
    );
    module.loadStateDict({ weight: tensor([1.5], { dtype: 'float64' }) }, { strict: false });
    expect([module.weight.toArray(), module.weight.dtype]).toEqual([[1.5], 'float32']);
  });

  it('has a parameter that two modules share once', () => {
    class Tied extends Module {
      first: Dense = new Dense({ units: 2, inputUnits: 2, useBias: false });
      second: Dense = new Dense({ units: 2, inputUnits: 2, useBias: false });

      constructor() {
        super();
        Object.assign(this.second, { kernel: this.first.kernel });
      }

      forward(x: Tensor): Tensor {
        return this.second.call(this.first.call(x));
      }
    }
    const tied = new Tied();
    expect(Object.keys(tied.stateDict())).toEqual(['first.kernel']);
    tied
      .call(ones([1, 2]))
      .sum()
      .backward();
    expect(tied.parameters().map((p) => p.grad !== null)).toEqual([true]);
    const copy = tied.clone();
    expect(copy.first.kernel).toBe(copy.second.kernel);
    expect(copy.first.kernel).not.toBe(tied.first.kernel);
  });
});

describe('nn.Module: clone', () => {
  it('computes the same and learns alone', () => {
    const model = mlp();
    const x = ones([2, 5]);
    const expected = model.call(x).toArray();
    const copy = model.clone();
    expect(copy).toBeInstanceOf(Sequential);
    expect(copy.call(x).toArray()).toEqual(expected);
    copy.parameters()[0]!.assign(zeros([5, 3]));
    expect(model.call(x).toArray()).toEqual(expected);
  });

  it('before the first call: each gets numbers of its own', () => {
    const model = mlp();
    const copy = model.clone();
    manualSeed(3);
    model.call(ones([1, 5]));
    copy.call(ones([1, 5]));
    expect(copy.parameters()[0]!.toArray()).not.toEqual(model.parameters()[0]!.toArray());
    expect(copy.parameters()[0]!.shape).toEqual([5, 3]);
  });

  it('goes on with random streams where they stand', () => {
    const layer = new Dropout({ rate: 0.5, seed: 1 });
    layer.call(ones([4]));
    const copy = layer.clone();
    expect(copy.call(ones([64])).toArray()).toEqual(layer.call(ones([64])).toArray());
  });
});

describe('nn.Module: freezing', () => {
  it('trainable reaches all parameters inside', () => {
    const model = mlp();
    model.trainable = false;
    model.call(ones([1, 5]));
    expect(model.parameters().some((p) => p.trainable)).toBe(false);
    expect(model.layers.map((layer) => layer.trainable)).toEqual([false, false]);
    model.layers[1]!.trainable = true;
    expect(model.parameters().map((p) => p.trainable)).toEqual([false, false, true, true]);
    expectThrown(
      () => Object.assign(model, { trainable: 0 }),
      ArgumentError,
      'trainable: got 0; expected true or false',
    );
  });

  it('apply visits children before their parents', () => {
    const model = mlp();
    const visited: Module[] = [];
    expect(model.apply((module) => visited.push(module))).toBe(model);
    expect(visited.at(-1)).toBe(model);
    expect(visited).toHaveLength(3);
    expect(model.namedChildren().map(([name]) => name)).toEqual(['0', '1']);
  });
});

describe('masks', () => {
  it('travel with tensors through layers that keep the time axis', () => {
    const x = setMask(ones([1, 2, 3]), tensor([[true, false]]));
    expect(maskOf(new Dense({ units: 2 }).call(x))!.toArray()).toEqual([[true, false]]);
    expect(maskOf(ones([1]))).toBeNull();
  });

  it('must be bools of the first axes', () => {
    expect(() => setMask(ones([2, 2]), ones([2, 2]))).toThrow('setMask: got mask float32; expected bool');
    expect(() => setMask(ones([2, 2]), tensor([true]))).toThrow('a mask of the first axes of x');
  });
});

describe('nn.Module: summary', () => {
  class Pair extends Module {
    first: Dense = new Dense({ units: 3 });
    second: Dense = new Dense({ units: 2, useBias: false });

    forward(x: Tensor): Tensor {
      return this.second.call(this.first.call(x));
    }
  }
  const tableOf = (module: Module, options: object = {}): string => {
    let table = '';
    module.summary({ ...options, print: (text: string) => (table = text) });
    return table;
  };

  it('of any module: with a shape to run it on, it knows all shapes', () => {
    expect(tableOf(new Pair())).toContain('dense (Dense)    unknown         not built');
    const table = tableOf(new Pair(), { inputShape: [4] });
    expect(table).toContain('Model: Pair');
    expect(table).toContain('dense (Dense)    [batch, 3]             15');
    expect(table).toContain('dense1 (Dense)   [batch, 2]              6');
    expect(table).toContain('Total parameters: 21 (21 trainable)');
    expect(tableOf(mlp(), { inputShape: [4] })).toContain('[batch, 2]');
  });

  it('refuses options it does not have', () => {
    expect(() => new Pair().summary({ input_shape: [4] } as never)).toThrow("Did you mean 'inputShape'?");
  });
});
