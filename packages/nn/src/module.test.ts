import { grad, ones, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, IndexError, manualSeed, ShapeError } from '@cotangent/kernels';
import { expectThrown, float64, given } from '../fixtures/testing.js';
import { Dense } from './layers/dense.js';
import { Dropout } from './layers/regularization.js';
import { Sequential } from './model/sequential.js';
import { Module } from './module.js';
import { Parameter } from './parameter.js';

const paths = (module: Module): string[] => module.namedParameters().map(([path]) => path);

class Scale extends Module {
  factor: Parameter = new Parameter(tensor([2]));

  forward(x: Tensor): Tensor {
    return x.mul(this.factor);
  }
}

class Fails extends Module {
  constructor(private readonly error: () => Error) {
    super();
  }

  forward(_: Tensor): Tensor {
    throw this.error();
  }
}

class Wrapper extends Module {
  constructor(readonly inner: Module) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.inner.call(x);
  }
}

describe('nn.Parameter', () => {
  describe('made from a tensor', () => {
    it('copies the numbers and keeps shape and dtype', () => {
      const x = float64([[1, 2]]);
      const parameter = new Parameter(x);
      x.assign(float64([[8, 9]]));
      expect(parameter.toArray()).toEqual([[1, 2]]);
      expect([parameter.shape, parameter.dtype]).toEqual([[1, 2], 'float64']);
    });

    it('copies views into memory of its own', () => {
      const parameter = new Parameter(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]).T,
      );
      expect(parameter.toArray()).toEqual([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
      expect(parameter.strides).toEqual([2, 1]);
    });

    it('is a leaf that wants a gradient', () => {
      const parameter = new Parameter(tensor([3]));
      expect([parameter.isLeaf, parameter.requiresGrad]).toEqual([true, true]);
      parameter.square().sum().backward();
      expect(parameter.grad!.toArray()).toEqual([6]);
    });

    it('is a tensor to the transforms', () => {
      expect(grad((w: Tensor) => w.square().sum())(new Parameter(tensor([3]))).toArray()).toEqual([6]);
    });

    it('refuses integers', () => {
      expectThrown(
        () => new Parameter(tensor([1], { dtype: 'int32' })),
        DTypeError,
        'requiresGrad: got x int32; expected float32 or float64. Integers have no derivative: use .cast().',
      );
    });
  });

  describe('made from options', () => {
    const withoutValue =
      'Parameter: it has no value yet. Call the model once, build(inputShape), or give its first layer an inputShape.';

    it('has no value until its shape is known, and says so', () => {
      const parameter = new Parameter();
      expect(parameter.hasValue).toBe(false);
      expectThrown(() => parameter.toArray(), ArgumentError, withoutValue);
      expectThrown(() => parameter.item(), ArgumentError, withoutValue);
      expectThrown(() => parameter.add(1), ArgumentError, withoutValue);
      expectThrown(() => parameter.assign(tensor(1)), ArgumentError, withoutValue);
      expectThrown(() => parameter.detach(), ArgumentError, withoutValue);
      expect(String(parameter)).toBe('Tensor float32 [] (no value yet)');
    });

    it('is not taken for a tensor that was released', () => {
      expect(new Parameter().isReleased).toBe(false);
    });

    it('gets shape and value when materialized, once', () => {
      const parameter = new Parameter({ initializer: 'ones', dtype: 'float64' });
      parameter.materialize([2]);
      expect([parameter.toArray(), parameter.dtype]).toEqual([[1, 1], 'float64']);
      parameter.assign(float64([3, 4]));
      parameter.materialize([2]);
      expect(parameter.toArray()).toEqual([3, 4]);
      expectThrown(() => parameter.materialize([3]), ShapeError, 'Parameter: got parameter [2]; expected shape [3]');
    });

    it('draws Glorot uniform values by default', () => {
      manualSeed(5);
      const parameter = new Parameter();
      parameter.materialize([3, 3]);
      expect(Math.max(...parameter.toTypedArray().map(Math.abs))).toBeLessThanOrEqual(1);
      expect(new Set(parameter.toTypedArray()).size).toBe(9);
    });

    it('needs no gradient when not trainable', () => {
      const parameter = new Parameter({ trainable: false });
      parameter.materialize([1]);
      expect(parameter.requiresGrad).toBe(false);
      expect(parameter.mul(2).requiresGrad).toBe(false);
    });

    it('refuses options it does not have, names it does not know, and bare arrays', () => {
      expectThrown(
        () => new Parameter({ shape: [2] } as never),
        ArgumentError,
        "Parameter: got unknown option 'shape'; expected one of initializer, dtype, trainable, regularizer, constraint",
      );
      expectThrown(
        () => new Parameter([1, 2] as never),
        ArgumentError,
        'Parameter: got an array; expected an options object. For example { initializer: … }.',
      );
      expect(() => new Parameter({ initializer: 'one' as never })).toThrow("Parameter: got initializer 'one'");
    });
  });
});

describe('nn.Module', () => {
  describe('finds its parameters', () => {
    it('in fields, arrays and plain objects, in the order of assignment, named by their path', () => {
      class Everything extends Module {
        z = new Parameter(tensor([1]));
        blocks = [new Scale(), [new Scale(), new Scale()]];
        heads = { policy: new Scale(), value: { deep: new Parameter(tensor([1])) } };
        a = new Parameter(tensor([1]));
        forward(): null {
          return null;
        }
      }
      // Parameters of a module come before those of the modules in it.
      expect(paths(new Everything())).toEqual([
        'z',
        'heads.value.deep',
        'a',
        'blocks.0.factor',
        'blocks.1.0.factor',
        'blocks.1.1.factor',
        'heads.policy.factor',
      ]);
    });

    it('also where no prototype is, and nowhere else', () => {
      class Elsewhere extends Module {
        bare: Record<string, unknown> = Object.assign(Object.create(null), { inside: new Scale() });
        map = new Map([['hidden', new Scale()]]);
        set = new Set([new Scale()]);
        make = () => new Scale();
        data = tensor([1, 2]);
        nothing = null;
        missing = undefined;
        text = 'text';
        forward(): null {
          return null;
        }
      }
      expect(paths(new Elsewhere())).toEqual(['bare.inside.factor']);
    });

    it('once each, under the first path, when they are shared', () => {
      const shared = new Scale();
      class Shares extends Module {
        first = shared;
        second = shared;
        again = shared.factor;
        forward(): null {
          return null;
        }
      }
      const module = new Shares();
      expect(module.parameters()).toEqual([shared.factor]);
      expect(paths(module)).toEqual(['again']);
      expect(module.namedModules().map(([path]) => path)).toEqual(['', 'first']);
      expect(module.countParameters()).toBe(1);
    });

    it('where objects and modules lead back to themselves', () => {
      class Loop extends Module {
        self: Module = this;
        ring: { next?: unknown; scale: Scale } = { scale: new Scale() };
        list: unknown[] = [];
        constructor() {
          super();
          this.ring.next = this.ring;
          this.list.push(this.list);
        }
        forward(): null {
          return null;
        }
      }
      expect(paths(new Loop())).toEqual(['ring.scale.factor']);
    });

    it('added after construction', () => {
      const module = new Wrapper(new Scale()) as Wrapper & { extra?: Parameter };
      module.extra = new Parameter(tensor([1, 2]));
      expect(paths(module)).toEqual(['extra', 'inner.factor']);
      delete module.extra;
      expect(paths(module)).toEqual(['inner.factor']);
    });
  });

  describe('namedModules()', () => {
    it('gives the module itself first, under the empty path, then what is inside, depth first', () => {
      const net = new Wrapper(new Sequential([new Wrapper(new Scale()), new Scale()]));
      expect(net.namedModules().map(([path, module]) => `${path}:${module.constructor.name}`)).toEqual([
        ':Wrapper',
        'inner:Sequential',
        'inner.0:Wrapper',
        'inner.0.inner:Scale',
        'inner.1:Scale',
      ]);
    });
  });

  describe('countParameters()', () => {
    it('counts numbers, those that train, and those that do not', () => {
      const dense = new Dense({ units: 3 });
      dense.call(ones([1, 4]));
      dense.bias!.requiresGrad = false;
      expect(dense.countParameters()).toBe(15);
      expect(dense.countParameters({ trainable: true })).toBe(12);
      expect(dense.countParameters({ trainable: false })).toBe(3);
    });

    it('leaves out what has no value yet', () => {
      expect(new Dense({ units: 3 }).countParameters()).toBe(0);
    });
  });

  describe('train() and eval()', () => {
    it('switch the whole tree, and start in training', () => {
      const net = new Wrapper(new Sequential([new Dropout({ rate: 0.5 }), new Wrapper(new Dropout({ rate: 0.5 }))]));
      const flags = () => net.namedModules().map(([, module]) => module.training);
      expect(flags()).toEqual([true, true, true, true, true]);
      expect(net.eval()).toBe(net);
      expect(flags()).toEqual([false, false, false, false, false]);
      expect(net.train()).toBe(net);
      expect(flags()).toEqual([true, true, true, true, true]);
      expect(flags().every((flag) => flag === net.train(true).training)).toBe(true);
    });
  });

  describe('zeroGrad()', () => {
    it('forgets every gradient in the tree', () => {
      const net = new Sequential([new Scale(), new Scale()]);
      net
        .call(tensor([1]))
        .sum()
        .backward();
      expect(net.parameters().map((p) => p.grad?.toArray())).toEqual([[2], [2]]);
      net.zeroGrad();
      expect(net.parameters().map((p) => p.grad)).toEqual([null, null]);
    });

    it('is needed between steps, because backward() adds', () => {
      const scale = new Scale();
      scale
        .call(tensor([1]))
        .sum()
        .backward();
      scale
        .call(tensor([1]))
        .sum()
        .backward();
      expect(scale.factor.grad!.toArray()).toEqual([2]);
    });
  });

  describe('call()', () => {
    it('takes and gives whatever forward does', () => {
      class Pair extends Module {
        forward(a: Tensor, b: Tensor): { sum: Tensor; difference: Tensor } {
          return { sum: a.add(b), difference: a.sub(b) };
        }
      }
      const { sum, difference } = new Pair().call(tensor(3), tensor(1));
      expect([sum.item(), difference.item()]).toEqual([4, 2]);
    });

    it('says what a module without forward lacks', () => {
      const Base = Module as unknown as new () => Dense; // the compiler would not have it
      class Empty extends Base {}
      const message = 'Empty: it has no method forward. Write what the module computes in forward(x) { … }.';
      expectThrown(() => new Empty().call(tensor(1)), ArgumentError, message);
    });

    it('trains through modules of modules', () => {
      const net = new Wrapper(new Wrapper(new Scale()));
      const x = tensor([5], { requiresGrad: true });
      net.call(x).sum().backward();
      expect([x.grad!.item(), net.parameters()[0]!.grad!.item()]).toEqual([2, 5]);
    });

    it('puts the path to the innermost module in front of the message of an error, once', () => {
      const inner = new Fails(() => new IndexError('lookup', 'no such row', 'Try another.'));
      const net = new Wrapper(new Sequential([new Scale(), new Wrapper(inner)]));
      expectThrown(() => net.call(ones([1])), IndexError, 'inner.1.inner (Fails) › lookup: no such row. Try another.');
    });

    it('puts the path into what Node prints too', () => {
      const net = new Wrapper(new Fails(() => new IndexError('lookup', 'no such row')));
      try {
        net.call(ones([1]));
        throw new Error('not reached');
      } catch (error) {
        expect((error as IndexError).path).toBe('inner (Fails)');
        expect((error as IndexError).stack).toContain('inner (Fails) › lookup: no such row');
      }
    });

    it('names a module called on its own by its class', () => {
      expectThrown(
        () => new Fails(() => new IndexError('lookup', 'no such row')).call(ones([1])),
        IndexError,
        'Fails › lookup: no such row',
      );
    });

    it('leaves errors that are not of this library alone', () => {
      const error = new RangeError('mine');
      expectThrown(() => new Wrapper(new Fails(() => error)).call(ones([1])), RangeError, 'mine');
    });

    it('works again after an error', () => {
      const net = new Sequential([new Dense({ units: 2, kernelInitializer: given([[1, 1]]) })]);
      expect(() => net.call(ones([3]))).toThrow(ShapeError);
      expect(net.call(ones([1, 1])).toArray()).toEqual([[1, 1]]);
      expectThrown(
        () => net.call(ones([1, 4])),
        ShapeError,
        '0 (Dense) › Dense: got x [1, 4]; expected x [..., 1]. The layer was built for 1 inputs.',
      );
    });
  });
});
