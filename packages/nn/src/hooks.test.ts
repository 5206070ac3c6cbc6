import { type Tensor, tensor } from '@cotangent/autograd';
import { Module } from './module.js';

class Twice extends Module {
  forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

class Net extends Module {
  inner = new Twice();
  forward(x: Tensor): Tensor {
    return this.inner.call(x).add(x);
  }
}

describe('hooks of a module', () => {
  it('see and may replace the inputs before forward, until they are removed', () => {
    const module = new Twice();
    const seen: unknown[] = [];
    const hook = module.registerForwardPreHook((self, inputs) => {
      seen.push([self === module, (inputs[0] as Tensor).toArray()]);
      return [tensor([10])];
    });
    expect(module.call(tensor([1])).toArray()).toEqual([20]);
    hook.remove();
    expect(module.call(tensor([1])).toArray()).toEqual([2]);
    expect(seen).toEqual([[true, [1]]]);
  });

  it('see and may replace the output after forward', () => {
    const module = new Twice();
    const seen: unknown[] = [];
    module.registerForwardHook((_, inputs, output) => {
      seen.push((inputs[0] as Tensor).toArray(), (output as Tensor).toArray());
    });
    const replaced = module.registerForwardHook((_, __, output) => (output as Tensor).add(1));
    expect(module.call(tensor([1])).toArray()).toEqual([3]);
    replaced.remove();
    expect(module.call(tensor([1])).toArray()).toEqual([2]);
    expect(seen).toEqual([[1], [2], [1], [2]]);
  });

  it('see the gradients that cross the borders of this module, in every backward pass', () => {
    const net = new Net();
    const seen: unknown[] = [];
    const hook = net.inner.registerBackwardHook((module, inputs, outputs) => {
      seen.push([module === net.inner, inputs.map((g) => g!.toArray()), outputs.map((g) => g!.toArray())]);
    });
    const x = tensor([1, 2], { requiresGrad: true });
    const y = net.call(x).mul(5).sum();
    y.backward({ retainGraph: true });
    y.backward();
    // Through Twice flow 5 and 10; what reaches x by the way around it does not count.
    const borders = [true, [[10, 10]], [[5, 5]]];
    expect(seen).toEqual([borders, borders]);
    expect(x.grad!.toArray()).toEqual([30, 30]);
    hook.remove();
    net.call(x).sum().backward();
    expect(seen).toHaveLength(2);
  });

  it('see the outputs alone where no input has a gradient', () => {
    class Weighted extends Module {
      weight = tensor([3], { requiresGrad: true });
      forward(x: Tensor): Tensor {
        return x.mul(this.weight);
      }
    }
    const module = new Weighted();
    const seen: unknown[] = [];
    module.registerBackwardHook((_, inputs, outputs) => seen.push([inputs, outputs.map((g) => g!.toArray())]));
    module
      .call(tensor([1]))
      .mul(4)
      .sum()
      .backward();
    expect(seen).toEqual([[[null], [[4]]]]);
  });
});
