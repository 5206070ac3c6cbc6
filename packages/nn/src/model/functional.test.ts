import { concat, fromTypedArray, ones, type Tensor, tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import { Conv2D } from '../layers/convolution.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { BatchNormalization, GlobalAveragePooling1D, MaxPooling2D } from '../layers/index.js';
import { Concatenate } from '../layers/merging.js';
import { LSTM } from '../layers/recurrent/index.js';
import { Dropout } from '../layers/regularization.js';
import { Flatten, Reshape } from '../layers/reshaping.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { model } from './functional.js';
import { Sequential } from './sequential.js';
import { input, type SymbolicTensor } from './symbolic.js';

beforeEach(() => manualSeed(1));

const dense = (units: number, name?: string) => new Dense({ units, ...(name === undefined ? {} : { name }) });

describe('nn.input()', () => {
  it('is a tensor with an open batch and no numbers', () => {
    const x = input({ shape: [28, 28, 1], name: 'image' });
    expect(x.rank).toBe(4);
    expect(x.shape.slice(1)).toEqual([28, 28, 1]);
    expect(String(x)).toBe('Tensor float32 [batch, 28, 28, 1] (symbolic; made by image)');
    expectThrown(
      () => x.toArray(),
      ArgumentError,
      'image: the numbers of a symbolic tensor [batch, 28, 28, 1] were asked for, and it has none: it only describes a model. Compute it in a layer of its own: new nn.Lambda({ function: (x) => … }).',
    );
  });

  it('may leave other extents open, and fix the batch', () => {
    expect(String(input({ shape: [null, 64] }))).toContain('[batch, ?, 64]');
    expect(input({ shape: [3], batchSize: 8 }).shape).toEqual([8, 3]);
  });

  it.each([
    [
      { shape: [0] },
      'got shape [0]; expected positive whole numbers, or null for open extents, without the batch axis',
    ],
    [{ shape: 3 }, 'got shape 3; expected positive whole numbers, or null for open extents, without the batch axis'],
    [{ shape: [2], name: '' }, "got name ''; expected text"],
    [{ shape: [2], batchSize: 0 }, 'got batchSize 0; expected a whole number of at least 1'],
  ])('refuses %j', (options, message) => {
    expectThrown(() => input(options as never), ArgumentError, `input: ${message}`);
  });
});

describe('nn.model()', () => {
  it('computes what its layers compute', () => {
    const [first, second] = [new Dense({ units: 4, activation: 'relu' }), dense(2)];
    const x = input({ shape: [3] });
    const net = model({ inputs: x, outputs: second.call(first.call(x)) });
    const data = tensor([
      [1, 2, 3],
      [-1, 0, 1],
      [2, 2, 2],
    ]);
    expect(net.call(data).toArray()).toEqual(second.call(first.call(data)).toArray());
    expect(net.namedParameters().map(([path, { shape }]) => [path, shape])).toEqual([
      ['dense.kernel', [3, 4]],
      ['dense.bias', [4]],
      ['dense1.kernel', [4, 2]],
      ['dense1.bias', [2]],
    ]);
  });

  it('takes operations on symbolic tensors, for a batch of any size', () => {
    const x = input({ shape: [6] });
    const y = input({ shape: [6] });
    const sum = x.mul(2).add(y);
    const outputs = concat([sum.reshape([-1, 2, 3]).sum({ axis: 1 }), x.slice(null, [0, 1])], { axis: 1 });
    expect(outputs.shape.slice(1)).toEqual([4]);
    const net = model({ inputs: [x, y], outputs });
    for (const batch of [1, 2, 5]) {
      const [a, b] = [ones([batch, 6]), ones([batch, 6]).mul(3)];
      expect(net.call([a, b]).toArray()).toEqual(Array.from({ length: batch }, () => [10, 10, 10, 1]));
    }
  });

  it('has several inputs and outputs by name, shared layers and models inside', () => {
    const [title, text] = [input({ shape: [4], name: 'title' }), input({ shape: [4], name: 'text' })];
    const shared = dense(3, 'shared');
    const inner = new Sequential([dense(3), new Dropout({ rate: 0.5 })]);
    const joint = new Concatenate().call([inner.call(shared.call(title)), inner.call(shared.call(text))]);
    const net = model({
      inputs: { title, text },
      outputs: { priority: dense(1).call(joint), department: dense(5).call(joint) },
    });
    expect(net.outputNames).toEqual(['priority', 'department']);
    expect(net.parameters()).toHaveLength(8);
    net.eval();
    const given = { title: ones([2, 4]), text: zeros([2, 4]) };
    const { priority, department } = net.call(given);
    expect([priority.shape, department.shape]).toEqual([
      [2, 1],
      [2, 5],
    ]);
    expect(net.call(ones([2, 4]), zeros([2, 4])).priority.toArray()).toEqual(priority.toArray());
    expectThrown(
      () => net.call({ title: ones([2, 4]) } as never),
      ArgumentError,
      "Functional › model: got inputs title where the input 'text' was expected to be a tensor",
    );
  });

  it('follows open extents through convolutions, pooling and recurrent layers', () => {
    const image = input({ shape: [null, null, 1] });
    const convolved = new Conv2D({ filters: 2, kernelSize: 3, padding: 'same' }).call(image);
    const pooled = new MaxPooling2D({ poolSize: 2 }).call(convolved);
    expect(String(pooled)).toContain('[batch, ?, ?, 2]');
    expect((convolved as SymbolicTensor).shape).toEqual([...image.shape.slice(0, 3), 2]);
    const net = model({ inputs: image, outputs: pooled });
    expect(net.call(ones([2, 10, 6, 1])).shape).toEqual([2, 5, 3, 2]);
    const words = input({ shape: [null], dtype: 'int32' });
    const embedded = new Embedding({ inputDim: 10, outputDim: 4 }).call(words);
    const encoded = new LSTM({ units: 3, returnSequences: true }).call(embedded) as Tensor;
    const doubled = encoded.add(encoded);
    const reader = model({ inputs: words, outputs: new GlobalAveragePooling1D().call(doubled) });
    expect(reader.call(fromTypedArray(new Int32Array(10), [2, 5])).shape).toEqual([2, 3]);
    expect(reader.call(fromTypedArray(new Int32Array(21), [3, 7])).shape).toEqual([3, 3]);
  });

  it('ends in the middle of another model: features of a pretrained one', () => {
    const x = input({ shape: [3] });
    const net = model({ inputs: x, outputs: dense(2).call(dense(4, 'features').call(x)) });
    const features = model({ inputs: net.inputs, outputs: net.outputOf('features') });
    const data = ones([2, 3]);
    expect(features.call(data).toArray()).toEqual((net.getLayer('features') as Dense).call(data).toArray());
    expect(features.parameters()).toEqual(net.parameters().slice(0, 2));
    expectThrown(
      () => net.getLayer('feature'),
      ArgumentError,
      "getLayer: got name 'feature'; expected one of features, dense. Did you mean 'features'?",
    );
  });

  it('trains, with losses, weights and metrics by output', async () => {
    const x = input({ shape: [2] });
    const hidden = new Dense({ units: 8, activation: 'tanh' }).call(x);
    const net = model({ inputs: x, outputs: { sum: dense(1).call(hidden), sign: dense(2).call(hidden) } });
    const crossentropy = (t: Tensor, p: Tensor) => p.sub(t).square().mean();
    net.compile({
      optimizer: 'adam',
      loss: { sum: 'mse', sign: crossentropy },
      lossWeights: { sum: 2 },
      metrics: { sum: ['mae'] },
    });
    const data = tensor([
      [1, 2],
      [-1, -3],
    ]);
    const targets = {
      sum: tensor([[3], [-4]]),
      sign: tensor([
        [1, 0],
        [0, 1],
      ]),
    };
    const { history } = await net.fit(data, targets, { epochs: 30, verbose: 0 });
    expect(Object.keys(history)).toEqual(['loss', 'sumLoss', 'signLoss', 'sumMae']);
    for (const [i, loss] of history.loss!.entries())
      expect(loss).toBeCloseTo(2 * history.sumLoss![i]! + history.signLoss![i]!, 4);
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
    const predicted = await net.predict(data);
    expect([predicted.sum.shape, predicted.sign.shape]).toEqual([
      [2, 1],
      [2, 2],
    ]);
    const evaluated = await net.evaluate(data, targets);
    expect(Object.keys(evaluated)).toEqual(['loss', 'sumLoss', 'signLoss', 'sumMae']);
  });

  it('copies itself, with layers of its own that are shared as they were', () => {
    const x = input({ shape: [3] });
    const shared = dense(3);
    const net = model({ inputs: x, outputs: shared.call(shared.call(x)) });
    const copy = net.clone();
    copy.parameters()[0]!.assign(zeros([3, 3]));
    expect(copy.parameters()).toHaveLength(2);
    expect(copy.call(ones([1, 3])).toArray()).toEqual([[0, 0, 0]]);
    expect(net.call(ones([1, 3])).toArray()).not.toEqual([[0, 0, 0]]);
    const ended = model({ inputs: copy.inputs, outputs: copy.outputOf('dense') });
    expect(ended.call(ones([1, 3])).toArray()).toEqual([[0, 0, 0]]);
  });

  it('keeps batch statistics apart from describing', () => {
    const layer = new BatchNormalization();
    const x = input({ shape: [3] });
    model({ inputs: x, outputs: layer.call(x) });
    expect(layer.buffers().map((b) => b.toArray())).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
  });

  it('goes through a thousand layers', () => {
    const x = input({ shape: [1] });
    let y: Tensor = x;
    for (let i = 0; i < 1000; i++) y = y.add(1);
    expect(
      model({ inputs: x, outputs: y })
        .call(zeros([2, 1]))
        .toArray(),
    ).toEqual([[1000], [1000]]);
  });

  it('tells its graph', () => {
    const x = input({ shape: [4], name: 'x' });
    const a = dense(2, 'a').call(x);
    const net = model({ inputs: x, outputs: a.add(dense(2, 'b').call(x)) });
    expect(net.graph().map(({ name, type, from }) => [name, type, from])).toEqual([
      ['x', 'Input', []],
      ['a', 'Dense', [0]],
      ['b', 'Dense', [0]],
      ['add', 'operation', [1, 2]],
    ]);
  });

  describe('refuses', () => {
    const x = input({ shape: [3], name: 'x' });

    it('an input that is not listed', () => {
      const y = input({ shape: [3], name: 'y' });
      expectThrown(
        () => model({ inputs: x, outputs: x.add(y) }),
        ArgumentError,
        "model: the outputs need the input 'y', which is not among the inputs. List every nn.input() that the outputs were computed from.",
      );
    });

    it('tensors that are not symbolic', () => {
      expectThrown(
        () => model({ inputs: ones([2]), outputs: x }),
        ArgumentError,
        'model: got a tensor [2] among the inputs; expected symbolic tensors. Make them with nn.input({ shape }).',
      );
    });

    it('a graph that goes in a circle', () => {
      const a = dense(3).call(x) as SymbolicTensor;
      const b = dense(3).call(a) as SymbolicTensor;
      (a.call as { inputs: unknown }).inputs = [b];
      expectThrown(
        () => model({ inputs: x, outputs: b }),
        ArgumentError,
        'model: the graph goes in a circle: the output of Dense is computed from itself. Unroll it, or use a recurrent layer (nn.RNN with a cell of your own).',
      );
    });

    it('two layers of one name', () => {
      expectThrown(
        () => model({ inputs: x, outputs: dense(3, 'a').call(dense(3, 'a').call(x)) }),
        ArgumentError,
        "model: got two layers of the name 'a'. Give each a name of its own.",
      );
    });

    it('operations that mix the samples, or need an extent that is open', () => {
      expect(() => x.mean()).toThrow(ShapeError);
      expect(() => x.sum({ axis: 0 })).toThrow(/leaves the batch axis first.*nn\.Lambda/);
      expect(() => input({ shape: [null, 3] }).slice(null, -1)).toThrow(/needs no extent that is still open/);
    });

    it('a parameter outside all layers', () => {
      expect(() => x.mul(new Parameter(tensor([1])))).toThrow(/would belong to no layer/);
    });

    it('layers whose shapes do not fit, where they are called', () => {
      expect(() => new Conv2D({ filters: 1, kernelSize: 3 }).call(x)).toThrow(ShapeError);
    });

    it('data of another shape, dtype or number', () => {
      const net = model({ inputs: x, outputs: dense(2).call(x) });
      expect(() => net.call(ones([2, 4]))).toThrow('got x [2, 4]; expected x [batch, 3]');
      expect(() => net.call([ones([2, 3]), ones([2, 3])] as never)).toThrow('got 2 inputs; expected 1: x');
      expect(() => net.call(ones([2, 3], { dtype: 'float64' }))).toThrow(DTypeError);
    });
  });

  it('describes modules of one’s own, with several inputs and outputs', () => {
    class Split extends Module {
      inner: Dense = dense(4);
      forward(x: Tensor, y: Tensor): { first: Tensor; rest: Tensor[] } {
        const z = this.inner.call(x.add(y));
        return { first: z.slice(null, [0, 1]), rest: [z.slice(null, [1, 4]), z] };
      }
    }
    const [x, y] = [input({ shape: [3] }), input({ shape: [3] })];
    const split = new Split().call(x, y);
    const net = model({ inputs: [x, y], outputs: [split.rest[0]!, split.first] });
    const [rest, first] = net.call([ones([2, 3]), ones([2, 3])]);
    expect([rest!.shape, first!.shape]).toEqual([
      [2, 3],
      [2, 1],
    ]);
    expect(net.namedParameters().map(([path]) => path)).toEqual(['split.inner.kernel', 'split.inner.bias']);
  });

  it('may begin with Flatten and Reshape', () => {
    const x = input({ shape: [2, 3] });
    const net = model({ inputs: x, outputs: new Reshape({ targetShape: [3, 2] }).call(new Flatten().call(x)) });
    expect(net.call(ones([5, 2, 3])).shape).toEqual([5, 3, 2]);
  });
});
