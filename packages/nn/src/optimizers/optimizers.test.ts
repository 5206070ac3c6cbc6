import { ones, type Tensor, tensor, valueAndGrad, zeros } from '@cotangent/autograd';
import { ArgumentError, DTypeError, heapStats, ShapeError } from '@cotangent/kernels';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { Dense } from '../layers/dense.js';
import { Parameter } from '../parameter.js';
import {
  Adam,
  type AdamOptions,
  AdamW,
  Optimizer,
  type ParameterState,
  type ParameterStep,
  RMSprop,
  type RMSpropOptions,
  resolveOptimizer,
  SGD,
  type SGDOptions,
} from './index.js';

interface PathCase {
  readonly name: string;
  readonly optimizer: keyof typeof classes;
  readonly problem: 'quadratic' | 'rosenbrock';
  readonly options: Options;
  readonly halveAfter: number | null;
  readonly start: number[];
  /** After each step. */
  readonly path: number[][];
}

/** The functions that pytorch.py minimizes too. */
const problems = {
  quadratic: (w: Tensor): Tensor => {
    const [a, b] = [float64([1, 4, 0.25]), float64([1, -2, 0.5])];
    return a.mul(w.square()).mul(0.5).sub(b.mul(w)).sum();
  },
  rosenbrock: (w: Tensor): Tensor => {
    const [x, y] = [w.slice(0), w.slice(1)];
    return x.sub(1).square().add(y.sub(x.square()).square().mul(100));
  },
};

type Options = SGDOptions & AdamOptions & RMSpropOptions;

/** What the tests of all optimizers need of a class. */
interface OptimizerClass {
  new (options?: Options): Optimizer;
  new (parameters: readonly Tensor[], options?: Options): Optimizer;
}

const classes: Record<'SGD' | 'RMSprop' | 'Adam' | 'AdamW', OptimizerClass> = { SGD, RMSprop, Adam, AdamW };
const kinds = Object.entries(classes);

describe('optim: paths of 50 steps agree with PyTorch 1.13, and with the formulas of Keras in NumPy', () => {
  const cases = fixture<PathCase>('optimizers');

  it.each(cases)('$name: backward() and step()', (reference) => {
    const w = new Parameter(float64(reference.start));
    const optimizer = new classes[reference.optimizer]([w], reference.options);
    for (const [i, expected] of reference.path.entries()) {
      if (i === reference.halveAfter) optimizer.learningRate /= 2;
      optimizer.zeroGrad();
      problems[reference.problem](w).backward();
      optimizer.step();
      expectNear(w, expected);
    }
    expect(optimizer.iterations).toBe(50);
  });

  it.each(cases)('$name: valueAndGrad() and applyGradients()', (reference) => {
    const w = float64(reference.start);
    const optimizer = new classes[reference.optimizer]([w], reference.options);
    const f = valueAndGrad(problems[reference.problem]);
    for (const i of reference.path.keys()) {
      if (i === reference.halveAfter) optimizer.learningRate /= 2;
      optimizer.applyGradients([f(w)[1]]);
    }
    expectNear(w, reference.path[49]!);
  });

  it('where it matters: with a large epsilon the two modes of Adam part', () => {
    const end = (name: string) => cases.find((reference) => reference.name === name)!.path[49]!;
    const [ours, theirs] = [end('Keras Adam, epsilon 0.01, quadratic'), end('PyTorch Adam, epsilon 0.01, quadratic')];
    expect(Math.abs(ours[0]! - theirs[0]!)).toBeGreaterThan(1e-3);
  });
});

describe('optim.SGD', () => {
  it('steps against the gradient, at a rate of 0.01 unless told', () => {
    const w = new Parameter(float64([1, 2]));
    const optimizer = new SGD([w]);
    w.mul(float64([10, -10]))
      .sum()
      .backward();
    optimizer.step();
    expectNear(w, [0.9, 2.1]);
  });

  it('is the same with and without nesterov where there is no momentum', () => {
    const end = (nesterov: boolean) => {
      const w = new Parameter(float64([1, 2]));
      const optimizer = new SGD([w], { nesterov });
      for (let i = 0; i < 3; i++) optimizer.applyGradients([w.detach()]);
      return w.toArray();
    };
    expect(end(true)).toEqual(end(false));
  });

  it.each([
    [1.1, 'got momentum 1.1; expected a number from 0 to 1'],
    [-0.1, 'got momentum -0.1; expected a finite number of at least 0'],
    [Number.NaN, 'got momentum NaN; expected a finite number of at least 0'],
  ])('refuses momentum %p', (momentum, problem) => {
    expectThrown(() => new SGD({ momentum }), ArgumentError, `SGD: ${problem}`);
  });

  it('refuses options it does not have, naming those it has', () => {
    expectThrown(
      () => new SGD({ lr: 0.1 } as never),
      ArgumentError,
      "SGD: got unknown option 'lr'; expected one of learningRate, weightDecay, weightDecayMode, clipNorm, globalClipNorm, clipValue, gradientAccumulationSteps, useEma, emaMomentum, emaOverwriteFrequency, momentum, nesterov, momentumMode, dampening. Did you mean 'learningRate'?",
    );
  });
});

describe('optim.Adam', () => {
  it('moves every element by the rate in its first step, whatever the size of its gradient', () => {
    const w = new Parameter(float64([0, 0, 0]));
    const optimizer = new Adam([w], { learningRate: 0.5, epsilon: 0 });
    optimizer.applyGradients([float64([1e-6, -3, 1e6])]);
    expectNear(w, [-0.5, 0.5, -0.5]);
  });

  it('corrects its bias in double precision for float32 parameters too', () => {
    const w = new Parameter(zeros([1]));
    const optimizer = new Adam([w], { learningRate: 2 ** -10, epsilon: 0 });
    for (let i = 0; i < 1000; i++) optimizer.applyGradients([ones([1])]);
    // With a constant gradient the corrected moments are exactly 1, so every step is the rate.
    expect(w.item()).toBeCloseTo(-1000 / 1024, 6);
  });

  it('counts the steps of each parameter by itself', () => {
    const [often, seldom, alone] = [1, 2, 3].map(() => new Parameter(float64([1])));
    const together = new Adam([often!, seldom!], { learningRate: 0.1 });
    const single = new Adam([alone!], { learningRate: 0.1 });
    for (let i = 0; i < 6; i++) {
      together.zeroGrad();
      const loss = often!.square().sum();
      (i % 2 === 0 ? loss : loss.add(seldom!.square().sum())).backward();
      together.step();
    }
    for (let i = 0; i < 3; i++) single.applyGradients([alone!.mul(2).detach()]);
    expect(seldom!.item()).toBe(alone!.item());
    expect(often!.item()).toBeLessThan(seldom!.item());
  });

  it.each([
    ['beta1', 1, 'got beta1 1; expected a finite number of at least 0 and below 1'],
    ['beta2', -0.5, 'got beta2 -0.5; expected a finite number of at least 0 and below 1'],
    ['epsilon', -1, 'got epsilon -1; expected a finite number of at least 0'],
    ['epsilonMode', 'torch', "got epsilonMode 'torch'; expected one of 'keras', 'pytorch'. Did you mean 'pytorch'?"],
    [
      'betas',
      [0.9, 0.999],
      "got unknown option 'betas'; expected one of learningRate, weightDecay, weightDecayMode, clipNorm, globalClipNorm, clipValue, gradientAccumulationSteps, useEma, emaMomentum, emaOverwriteFrequency, beta1, beta2, epsilon, epsilonMode, amsgrad. Did you mean 'beta1'?",
    ],
  ])('refuses %s %p', (name, value, problem) => {
    expectThrown(() => new Adam({ [name]: value } as never), ArgumentError, `Adam: ${problem}`);
  });
});

describe('optim.AdamW', () => {
  it('says its own name', () => {
    expectThrown(
      () => new AdamW({ beta1: 2 }),
      ArgumentError,
      'AdamW: got beta1 2; expected a finite number of at least 0 and below 1',
    );
  });
});

describe('optim.RMSprop', () => {
  it.each([
    ['rho', 1, 'got rho 1; expected a finite number of at least 0 and below 1'],
    ['momentum', -1, 'got momentum -1; expected a finite number of at least 0 and below 1'],
    ['epsilon', Number.NaN, 'got epsilon NaN; expected a finite number of at least 0'],
  ])('refuses %s %p', (name, value, problem) => {
    expectThrown(() => new RMSprop({ [name]: value }), ArgumentError, `RMSprop: ${problem}`);
  });

  it('keeps what a parameter needs and no more', () => {
    const [w, g] = [new Parameter(zeros([100_000])), ones([100_000])];
    const kept: Optimizer[] = [];
    const bytes = (options: RMSpropOptions) => {
      const before = heapStats().liveBytes;
      kept.push(new RMSprop([w], options));
      kept.at(-1)!.applyGradients([g]);
      return heapStats().liveBytes - before;
    };
    expect(bytes({ momentum: 0.5, centered: true })).toBe(3 * bytes({}));
  });
});

describe.each(kinds)('optim.%s: weight decay and clipping', (name, Class) => {
  const after = (options: Options, gradients: number[], exclude = false) => {
    const parameters = [new Parameter(float64([1, 2])), new Parameter(float64([3]))];
    const optimizer = new Class(parameters, { learningRate: 0.1, ...options });
    if (exclude) optimizer.excludeFromWeightDecay(parameters);
    optimizer.applyGradients([float64(gradients.slice(0, 2)), float64(gradients.slice(2))]);
    return parameters.flatMap((p) => p.toArray() as number[]);
  };

  it('decays the weights, whatever the gradient', () => {
    const [a, b, c] = after({ weightDecay: 0.5 }, [0, 0, 0]);
    expect([a, b, c]).toEqual([0.95, 1.9, 2.8499999999999996]);
  });

  it('but not those that are excluded', () => {
    expect(after({ weightDecay: 0.5 }, [0, 0, 0], true)).toEqual([1, 2, 3]);
  });

  it('clips by the norm of each, by the norm of all, by value', () => {
    const close = (actual: number[], expected: number[]) => {
      for (const [i, x] of actual.entries()) expect(x).toBeCloseTo(expected[i]!, 12);
    };
    close(after({ clipNorm: 1 }, [3, 4, 0.5]), after({}, [0.6, 0.8, 0.5]));
    close(after({ globalClipNorm: 1 }, [2, 4, 4]), after({}, [1 / 3, 2 / 3, 2 / 3]));
    close(after({ globalClipNorm: 7 }, [2, 4, 4]), after({}, [2, 4, 4]));
    close(after({ clipValue: 1 }, [3, -0.5, -9]), after({}, [1, -0.5, -1]));
  });

  it('makes everything NaN, rather than a step unseen, where the norm of all is not finite', () => {
    expect(after({ globalClipNorm: 1 }, [1, Infinity, 1])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it('leaves the gradients as they were', () => {
    const w = new Parameter(float64([1, 2]));
    w.mul(float64([30, 40]))
      .sum()
      .backward();
    new Class([w], { clipNorm: 1 }).step();
    expect(w.grad!.toArray()).toEqual([30, 40]);
  });

  it('refuses two ways of clipping, and limits that are not positive', () => {
    expectThrown(
      () => new Class({ clipNorm: 1, clipValue: 1 }),
      ArgumentError,
      `${name}: got clipNorm and clipValue; expected at most one way of clipping`,
    );
    expectThrown(
      () => new Class({ globalClipNorm: 0 }),
      ArgumentError,
      `${name}: got globalClipNorm 0; expected a finite number above 0`,
    );
    expectThrown(
      () => new Class({ weightDecay: -1 }),
      ArgumentError,
      `${name}: got weightDecay -1; expected a finite number of at least 0`,
    );
  });
});

describe.each(kinds)('optim.%s', (name, Class) => {
  const leaf = (values: number[] = [1]): Tensor => tensor(values, { requiresGrad: true });

  describe('learningRate', () => {
    it('can be read and changed between steps', () => {
      const optimizer = new Class({ learningRate: 0.5 });
      optimizer.learningRate = 0.25;
      expect(optimizer.learningRate).toBe(0.25);
    });

    it('may be 0: then nothing moves', () => {
      const w = leaf([3]);
      const optimizer = new Class([w], { learningRate: 0 });
      optimizer.applyGradients([tensor([1])]);
      expect(w.item()).toBe(3);
    });

    it.each([[-1], [Number.NaN], [Number.POSITIVE_INFINITY], ['0.1']])('may not be %p, at first or later', (rate) => {
      const shown = typeof rate === 'string' ? `'${rate}'` : rate;
      const other = typeof rate === 'string' ? ', a schedule or a function of the step' : '';
      const message = `${name}: got learningRate ${shown}; expected a finite number of at least 0${other}`;
      expectThrown(() => new Class({ learningRate: rate as number }), ArgumentError, message);
      const optimizer = new Class({ learningRate: 0.5 });
      expectThrown(
        () => {
          optimizer.learningRate = rate as number;
        },
        ArgumentError,
        message,
      );
      expect(optimizer.learningRate).toBe(0.5);
    });
  });

  describe('bind()', () => {
    it('sets which tensors are changed, in a copy of the list', () => {
      const parameters = [leaf(), leaf()];
      const optimizer = new Class();
      optimizer.bind(parameters);
      parameters.pop();
      expect(optimizer.parameters).toHaveLength(2);
    });

    it('keeps the state of tensors that stay', () => {
      const options = name === 'SGD' ? { momentum: 0.9, learningRate: 0.1 } : { learningRate: 0.1 };
      const end = (rebind: boolean) => {
        const w = new Parameter(float64([1]));
        const optimizer = new Class([w], options);
        for (let i = 0; i < 5; i++) {
          if (rebind) optimizer.bind([leaf(), w]);
          w.zeroGrad();
          w.square().sum().backward();
          optimizer.step();
        }
        return w.item();
      };
      expect(end(true)).toBe(end(false));
    });

    it('refuses what is not a leaf tensor, and says which', () => {
      const message = `${name}: got parameters[1] that is not a leaf tensor. Pass model.parameters(), or tensors made with { requiresGrad: true }.`;
      expectThrown(() => new Class([leaf(), leaf().mul(2)]), ArgumentError, message);
      expectThrown(() => new Class([leaf(), [1, 2] as never]), ArgumentError, message);
      expectThrown(() => new Class().bind([leaf(), undefined as never]), ArgumentError, message);
    });

    it('refuses a module or a tensor in place of a list', () => {
      const message = (came: string, mend: string): string =>
        `Optimizer: got ${came}; expected an array of parameters. Pass ${mend}.`;
      const net = new Dense({ units: 1, inputUnits: 1 });
      expectThrown(() => new Class(net as never), ArgumentError, message('a module', 'model.parameters()'));
      expectThrown(() => new Class(leaf() as never), ArgumentError, message('a tensor', '[w]'));
    });

    it('refuses the same tensor twice', () => {
      const w = leaf();
      expectThrown(() => new Class([w, w]), ArgumentError, `${name}: got the same parameter twice`);
    });
  });

  describe('step()', () => {
    it('changes what has a gradient and leaves the rest', () => {
      const [used, unused] = [leaf(), leaf()];
      const optimizer = new Class([used, unused]);
      used.square().sum().backward();
      optimizer.step();
      expect(used.item()).not.toBe(1);
      expect(unused.item()).toBe(1);
    });

    it('says so when it has no parameters', () => {
      expectThrown(
        () => new Class().step(),
        ArgumentError,
        `${name}: it has no parameters. Pass them to the constructor: new ${name}(model.parameters()).`,
      );
    });

    it('says so when none of them has a gradient', () => {
      expectThrown(
        () => new Class([leaf()]).step(),
        ArgumentError,
        `${name}: none of its parameters has a gradient. Call loss.backward() before step().`,
      );
    });

    it('changes a parameter in its place, so that views and layers see it', () => {
      const w = leaf([1, 2]);
      const view = w.detach();
      const optimizer = new Class([w]);
      w.square().sum().backward();
      optimizer.step();
      expect(view.toArray()).toEqual(w.toArray());
      expect(w.isLeaf).toBe(true);
    });

    it('makes an earlier graph refuse to go backward through what has changed', () => {
      const w = leaf([1, 2]);
      const optimizer = new Class([w]);
      const [first, second] = [w.square().sum(), w.square().sum()];
      first.backward();
      optimizer.step();
      expect(() => second.backward()).toThrow('was changed in place after it was used');
    });
  });

  describe('zeroGrad()', () => {
    it('forgets the gradients of its parameters only', () => {
      const [mine, other] = [leaf(), leaf()];
      mine.mul(other).sum().backward();
      new Class([mine]).zeroGrad();
      expect(mine.grad).toBeNull();
      expect(other.grad!.item()).toBe(1);
    });
  });

  describe('applyGradients()', () => {
    it('refuses another number of gradients than of parameters', () => {
      expectThrown(
        () => new Class([leaf(), leaf()]).applyGradients([tensor([1])]),
        ArgumentError,
        `${name}: got 1 gradients for 2 parameters`,
      );
    });

    it('refuses a gradient of another shape, before anything has changed', () => {
      const [first, second] = [leaf(), leaf([1, 2])];
      const optimizer = new Class([first, second]);
      expectThrown(
        () => optimizer.applyGradients([tensor([1]), tensor([[1, 2]])]),
        ShapeError,
        `${name}: got parameter [2] and gradient [1, 2]; expected a gradient of the shape of its parameter`,
      );
      expect([first.item(), optimizer.iterations]).toEqual([1, 0]);
    });

    it('refuses what is not a tensor, and says which', () => {
      expectThrown(
        () => new Class([leaf(), leaf()]).applyGradients([tensor([1]), [1] as never]),
        DTypeError,
        `${name}: got gradients[1] an array; expected a tensor. Wrap numbers and arrays with tensor(…).`,
      );
    });
  });

  describe('takes', () => {
    it('gradients that are views: of permuted and of broadcast memory', () => {
      const end = (gradients: Tensor[]) => {
        const parameters = [
          new Parameter(
            float64([
              [1, 2, 3],
              [4, 5, 6],
            ]),
          ),
          new Parameter(float64([1, 2])),
        ];
        const optimizer = new Class(parameters, { learningRate: 0.1 });
        for (let i = 0; i < 3; i++) optimizer.applyGradients(gradients);
        return parameters.map((p) => p.toArray());
      };
      const [permuted, broadcast] = [
        float64([
          [1, 2],
          [-3, 4],
          [5, -6],
        ]).T,
        float64([2]).broadcastTo([2]),
      ];
      expect(end([permuted, broadcast])).toEqual(end([tensor(permuted), tensor(broadcast)]));
    });

    it('the gradients of parameters that are used permuted', () => {
      const w = new Parameter(
        float64([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      );
      const optimizer = new Class([w], { learningRate: 0.1 });
      const weights = float64([
        [1, 2],
        [-3, 4],
        [5, -6],
      ]);
      w.T.mul(weights).sum().backward();
      const expected = new Parameter(tensor(w));
      new Class([expected], { learningRate: 0.1 }).applyGradients([tensor(weights.T)]);
      optimizer.step();
      expect(w.toArray()).toEqual(expected.toArray());
    });

    it('parameters of a layer before its first call', () => {
      const layer = new Dense({ units: 2 });
      const optimizer = new Class(layer.parameters());
      expect(optimizer.parameters.map((p) => p.hasValue)).toEqual([false, false]);
      layer
        .call(ones([1, 3]))
        .sum()
        .backward();
      const before = layer.kernel.toArray();
      optimizer.step();
      expect(layer.kernel.toArray()).not.toEqual(before);
    });

    it('but changes none of them before they have values', () => {
      const layer = new Dense({ units: 2 });
      expectThrown(
        () => new Class(layer.parameters()).applyGradients([ones([3, 2]), ones([2])]),
        ArgumentError,
        'Parameter: it has no value yet. Call the model once, build(inputShape), or give its first layer an inputShape.',
      );
    });

    it('no view to change: its owner would not expect it', () => {
      const w = float64([
        [1, 2, 3],
        [4, 5, 6],
      ]).T;
      expectThrown(
        () => new Class([w]).applyGradients([ones([3, 2], { dtype: 'float64' })]),
        ArgumentError,
        'update: got a strided view to change in place. Copy it first: tensor(view, { requiresGrad: true }).',
      );
    });
  });

  it('holds no more memory after many steps than after one', () => {
    const w = new Parameter(zeros([64, 64]));
    const optimizer = new Class([w], name === 'SGD' ? { momentum: 0.9 } : {});
    const step = () => {
      optimizer.zeroGrad();
      w.T.square().sum().backward();
      optimizer.step();
    };
    step();
    step();
    const { liveBytes } = heapStats();
    for (let i = 0; i < 100; i++) step();
    expect(heapStats().liveBytes).toBe(liveBytes);
  });
});

describe('an optimizer by name', () => {
  it.each([
    ['sgd', SGD, 0.01],
    ['rmsprop', RMSprop, 0.001],
    ['adam', Adam, 0.001],
    ['adamw', AdamW, 0.001],
  ] as const)('%s is there, with the rate of Keras, and made anew each time', (name, Class, rate) => {
    const optimizer = resolveOptimizer('compile', name);
    expect(optimizer).toBeInstanceOf(Class);
    expect(optimizer.learningRate).toBe(rate);
    expect(resolveOptimizer('compile', name)).not.toBe(optimizer);
  });

  it('may be an optimizer instead, also one of your own', () => {
    class Sign extends Optimizer {
      protected override updateParameter(w: Tensor, g: Tensor, _: ParameterState, step: ParameterStep): void {
        w.assign(w.detach().sub(g.sign().mul(step.learningRate)));
      }
    }
    const w = new Parameter(float64([1, 2]));
    const optimizer = resolveOptimizer('compile', new Sign('Sign', [w], {}, 0.5));
    optimizer.applyGradients([float64([3, -4])]);
    expect(w.toArray()).toEqual([0.5, 2.5]);
  });

  it.each([
    ["'bobyqa'", 'bobyqa'],
    ["'isPrototypeOf'", 'isPrototypeOf'],
    ['the function SGD', SGD],
    ['null', null],
    ['an object', { learningRate: 1 }],
  ])('is refused when it is %s', (came, given) => {
    expectThrown(
      () => resolveOptimizer('compile', given as never),
      ArgumentError,
      `compile: got optimizer ${came}; expected one of sgd, rmsprop, adam, adamw, adamax, nadam, radam, adagrad, adadelta, adafactor, rprop, ftrl, lion, lamb, lars, muon, signum, sgld, lbfgs, or an Optimizer`,
    );
  });
});
