import { grad, type Tensor, tensor, vmap, zerosLike } from '@cotangent/autograd';
import { functionalCall } from './functionalCall.js';
import { Dense } from './layers/dense.js';
import { Sequential } from './model/sequential.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';

const values = (module: Module): Record<string, Tensor> => Object.fromEntries(module.namedParameters());

describe('functionalCall(module, parameters, …inputs)', () => {
  const net = new Sequential([new Dense({ units: 3, activation: 'tanh' }), new Dense({ units: 1 })]);
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  net.call(x);

  it('computes with the tensors given, and leaves the module as it was', () => {
    const before = net.namedParameters();
    const same = Object.fromEntries(before.map(([path, p]) => [path, p.detach()]));
    expect(functionalCall(net, same, x).sub(net.call(x)).abs().max().item()).toBeLessThan(1e-6);
    const zero = Object.fromEntries(before.map(([path, p]) => [path, zerosLike(p)]));
    expect(functionalCall(net, zero, x).toArray()).toEqual([[0], [0]]);
    expect(net.namedParameters()).toEqual(before);
  });

  it('is differentiable in them, and agrees with the gradient for the module itself', () => {
    const loss = (y: Tensor): Tensor => y.square().sum();
    const byPath = grad((p: Record<string, Tensor>) => loss(functionalCall(net, p, x) as Tensor))(values(net));
    const byModule = grad((m: Sequential) => loss(m.call(x) as Tensor))(net);
    expect(Object.keys(byPath)).toEqual(net.namedParameters().map(([path]) => path));
    expect(Object.keys(byModule)).toEqual(Object.keys(byPath));
    for (const path of Object.keys(byPath)) expect(byModule[path]!.toArray()).toEqual(byPath[path]!.toArray());
  });

  it('maps over an ensemble', () => {
    const ensemble = Object.fromEntries(
      net.namedParameters().map(([path, p]) => [
        path,
        p
          .expandDims(0)
          .mul(tensor([0, 1, 2]).reshape([3, ...p.shape.map(() => 1)]))
          .detach(),
      ]),
    );
    const outputs = vmap((p: Record<string, Tensor>) => functionalCall(net, p, x) as Tensor)(ensemble);
    expect(outputs.shape).toEqual([3, 2, 1]);
    const second = (outputs.toArray() as number[][][])[1]!.flat();
    for (const [i, y] of (net.call(x).toArray() as number[][]).flat().entries()) expect(second[i]).toBeCloseTo(y, 5);
  });

  it('replaces a shared parameter wherever it stands, also in lists', () => {
    class Tied extends Module {
      weight = new Parameter(tensor([2]));
      others = [this.weight, new Parameter(tensor([5]))] as const;
      forward(v: Tensor): Tensor {
        return v.mul(this.weight).add(this.others[0]).add(this.others[1]);
      }
    }
    const tied = new Tied();
    expect(functionalCall(tied, { weight: tensor([10]) }, tensor([1])).toArray()).toEqual([25]);
    expect(tied.call(tensor([1])).toArray()).toEqual([9]);
  });

  it('restores the module after an exception', () => {
    const parameters = { '0.kernel': zerosLike(net.namedParameters()[0]![1]) };
    const before = net.namedParameters();
    const [path] = before[0]!;
    expect(() => functionalCall(net, { [path]: parameters['0.kernel']! }, tensor([[1]]))).toThrow();
    expect(net.namedParameters()).toEqual(before);
  });

  it('says what does not fit', () => {
    const [[path, first]] = net.namedParameters() as [[string, Parameter]];
    expect(() => functionalCall(net, { nowhere: x }, x)).toThrow(
      "functionalCall: got a tensor for 'nowhere'; the parameters are ",
    );
    expect(() => functionalCall(net, { [path]: tensor([1]) }, x)).toThrow('expected shape [2, 3]');
    expect(() => functionalCall(net, { [path]: first.cast('float64') }, x)).toThrow('float64');
    expect(() => functionalCall(new Dense({ units: 1 }), { kernel: x }, x)).toThrow("'kernel' has no shape yet");
  });
});
