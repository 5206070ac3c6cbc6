/**
 * Random programs that keep references to everything they compute, across backward passes, transforms, scopes and
 * disposals. Whatever they read is what an interpreter in plain numbers says, or throws ReleasedTensorError: memory that
 * was recycled never shows.
 */

import { configureHeap } from '@cotangent/kernels';
import fc from 'fast-check';
import { GradientError, grad, jvp, noGrad, ReleasedTensorError, scope, type Tensor, tensor } from './index.js';

beforeAll(() => configureHeap({ looseBudgetBytes: 2 ** 18 }));
afterAll(() => configureHeap({ looseBudgetBytes: 64 * 2 ** 20 }));

// Looked up once: in Jest's sandbox every mention of a global in a loop costs.
const { abs, floor, max, sin, tanh } = Math;

// ---- the interpreter ------------------------------------------------------------------------------------------------

/** 544 float64 numbers: a little more than what is kept out of the heap for being small. */
const n = 544;

/** A value in plain numbers, and how to get from its cotangent to those of what it was made of. */
interface Value {
  readonly numbers: readonly number[];
  /** Parents on the tape; none for leaves and for what was not recorded. */
  readonly parents: readonly Value[];
  readonly pull: (g: readonly number[]) => readonly (readonly number[])[];
  /** Whether a backward pass reaches it. */
  readonly tracked: boolean;
  /** Whether a backward pass has used it up. */
  consumed: boolean;
}

const constant = (numbers: readonly number[], tracked = false): Value => ({
  numbers,
  parents: [],
  pull: () => [],
  tracked,
  consumed: false,
});

type Numbers = readonly number[];

/** The operations, on numbers and on tensors. Results stay between −2 and 2, so that nothing overflows. */
const operations: Readonly<
  Record<
    string,
    {
      readonly numbers: (a: Numbers, b: Numbers) => number[];
      /** Cotangents of a and, where it takes part, of b. */
      readonly pull: (g: Numbers, a: Numbers, b: Numbers, out: Numbers) => number[][];
      readonly tensors: (a: Tensor, b: Tensor) => Tensor;
    }
  >
> = {
  add: {
    numbers: (a, b) => a.map((x, i) => 0.5 * (x + b[i]!)),
    pull: (g) => [g.map((v) => 0.5 * v), g.map((v) => 0.5 * v)],
    tensors: (a, b) => a.add(b).mul(0.5),
  },
  multiply: {
    numbers: (a, b) => a.map((x, i) => 0.5 * x * b[i]!),
    pull: (g, a, b) => [g.map((v, i) => 0.5 * v * b[i]!), g.map((v, i) => 0.5 * v * a[i]!)],
    tensors: (a, b) => a.mul(b).mul(0.5),
  },
  tanhOfSum: {
    numbers: (a, b) => a.map((x, i) => tanh(x + b[i]!)),
    pull: (g, _a, _b, out) => {
      const through = g.map((v, i) => v * (1 - out[i]! ** 2));
      return [through, through];
    },
    tensors: (a, b) => a.add(b).tanh(),
  },
  reversed: {
    numbers: (a) => [...a].reverse(),
    pull: (g) => [[...g].reverse()],
    tensors: (a) => a.slice([null, null, -1]),
  },
  /** A view, and a copy where its strides no longer merge. */
  transposed: {
    numbers: (a) => a.map((_, k) => a[(k % 4) * (n / 4) + floor(k / 4)]!),
    pull: (g) => {
      const back = new Array<number>(n);
      for (let k = 0; k < n; k++) back[(k % 4) * (n / 4) + floor(k / 4)] = g[k]!;
      return [back];
    },
    tensors: (a) => a.reshape([4, n / 4]).T.reshape([n]),
  },
};

type Operation = (typeof operations)[string];

const applyTo = ({ numbers, pull, tensors }: Operation, a: Value, b: Value, recorded = true): Value => {
  const out = numbers(a.numbers, b.numbers);
  const parents = tensors.length === 1 ? [a] : [a, b];
  if (!recorded || !parents.some(({ tracked }) => tracked)) return constant(out);
  return {
    numbers: out,
    parents,
    pull: (g) => pull(g, a.numbers, b.numbers, out),
    tracked: true,
    consumed: false,
  };
};

/** Everything on the tape above `root`, results before what they were made of. */
function upstream(root: Value): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value) || !value.tracked) return;
    seen.add(value);
    value.parents.forEach(visit);
    order.push(value);
  };
  visit(root);
  return order.reverse();
}

/** Cotangents of everything above `root`. */
function cotangents(root: Value, seed: Numbers): Map<Value, number[]> {
  const found = new Map<Value, number[]>([[root, [...seed]]]);
  for (const value of upstream(root)) {
    const g = found.get(value);
    if (g === undefined) continue;
    for (const [i, share] of value.pull(g).entries()) {
      const before = found.get(value.parents[i]!);
      found.set(value.parents[i]!, before === undefined ? [...share] : before.map((x, k) => x + share[k]!));
    }
  }
  return found;
}

// ---- the machine ----------------------------------------------------------------------------------------------------

interface Entry {
  readonly tensor: Tensor;
  readonly value: Value;
  /** Who may release it: nobody, the backward pass after the one that uses it up, or it has been disposed of. */
  fate: 'kept' | 'taped' | 'gone';
  /** For leaves: the gradient that has accumulated. */
  gradient: number[] | null;
}

const close = (got: ArrayLike<number>, expected: Numbers): boolean => {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = max(worst, abs(got[i]! - expected[i]!) / max(1, abs(expected[i]!)));
  return got.length === expected.length && worst <= 1e-9;
};

type Step = readonly [kind: string, a: number, b: number, operation: string];

class Machine {
  readonly pool: Entry[] = [];
  /** What the last pass that kept nothing went through: readable until the next one has finished. */
  private retired: Entry[] = [];
  private leaves = 0;

  add(tensor: Tensor, value: Value, fate: Entry['fate']): void {
    this.pool.push({ tensor, value, fate, gradient: null });
  }

  source(requiresGrad: boolean): void {
    const start = 0.1 + 0.17 * this.leaves++;
    const numbers = Array.from({ length: n }, (_, i) => sin(start * (i + 1)));
    this.add(tensor(numbers, { dtype: 'float64', requiresGrad }), constant(numbers, requiresGrad), 'kept');
  }

  step([kind, i, j, name]: Step): void {
    const [a, b] = [this.pool[i % this.pool.length]!, this.pool[j % this.pool.length]!];
    const operation = operations[name]!;
    const fateOf = (value: Value): Entry['fate'] => (value.tracked ? 'taped' : 'kept');
    switch (kind) {
      case 'source':
        this.source(j % 2 === 0);
        return;
      case 'compute': {
        const result = operation.tensors(a.tensor, b.tensor);
        const value = applyTo(operation, a.value, b.value);
        this.add(result, value, fateOf(value));
        return;
      }
      case 'compute silently':
        this.add(
          noGrad(() => operation.tensors(a.tensor, b.tensor)),
          applyTo(operation, a.value, b.value, false),
          'kept',
        );
        return;
      case 'compute in a scope': {
        const inner = applyTo(operation, a.value, b.value);
        const value = applyTo(operations.tanhOfSum!, inner, a.value);
        const made = scope(() => {
          const first = operation.tensors(a.tensor, b.tensor);
          return [operations.tanhOfSum!.tensors(first, a.tensor), first.detach()] as const;
        });
        this.add(made[0], value, fateOf(value));
        this.add(made[1], constant(inner.numbers), 'kept');
        return;
      }
      case 'detach':
        this.add(a.tensor.detach(), constant(a.value.numbers), 'kept');
        return;
      case 'backward':
      case 'backward, retaining':
        this.backward(a, kind === 'backward, retaining', j % 2 === 0);
        return;
      case 'zeroGrad':
        for (const entry of this.pool) {
          if (entry.gradient === null) continue;
          entry.tensor.zeroGrad();
          entry.gradient = null;
        }
        return;
      case 'keep a gradient': {
        const leaf = this.pool.find(({ gradient }) => gradient !== null);
        if (leaf !== undefined) this.add(leaf.tensor.grad!.detach(), constant([...leaf.gradient!]), 'kept');
        return;
      }
      case 'transform':
        this.transform(a, b, operation);
        return;
      case 'dispose':
        a.tensor[Symbol.dispose]();
        a.fate = 'gone';
        return;
    }
  }

  /** Σ c · a, backwards. */
  private backward(a: Entry, retainGraph: boolean, summed: boolean): void {
    const reached = upstream(a.value);
    const spent = reached.some(({ consumed }) => consumed);
    const seed = Array.from({ length: n }, (_, k) => 1 + (k % 3));
    try {
      const c = tensor(seed, { dtype: 'float64' });
      if (summed) a.tensor.mul(c).sum().backward({ retainGraph });
      else a.tensor.backward({ gradient: c, retainGraph });
    } catch (error) {
      if (error instanceof GradientError && (spent || !a.value.tracked)) return;
      throw error;
    }
    if (spent || !a.value.tracked) throw new Error('a backward pass went through what was used up, or not there');
    for (const [value, g] of cotangents(a.value, seed)) {
      const leaf = this.pool.find((entry) => entry.value === value && value.tracked && value.parents.length === 0);
      if (leaf !== undefined) leaf.gradient = g.map((x, k) => x + (leaf.gradient?.[k] ?? 0));
    }
    if (retainGraph) return;
    for (const entry of this.retired) entry.fate = 'gone';
    for (const value of reached) value.consumed = value.parents.length > 0;
    this.retired = this.pool.filter(({ value, fate }) => fate === 'taped' && reached.includes(value));
  }

  /** d/dx Σ tanh(op(x, b)) at a, by reverse and by forward mode; b is a constant to them. */
  private transform(a: Entry, b: Entry, operation: Operation): void {
    const [x, y] = [constant(a.value.numbers, true), constant(b.value.numbers)];
    const inner = applyTo(operation, x, y);
    const out = applyTo(operations.tanhOfSum!, inner, y);
    const kept: Tensor[] = [];
    const f = (p: Tensor): Tensor => {
      const first = operation.tensors(p, b.tensor);
      kept.push(first.detach());
      return operations.tanhOfSum!.tensors(first, b.tensor).sum();
    };
    const slope = cotangents(out, new Array<number>(n).fill(1)).get(x)!;
    const gradient = grad(f)(a.tensor);
    this.add(gradient.detach(), constant(slope), 'kept');
    this.add(kept[0]!, constant(inner.numbers), 'kept');
    if (a.value.tracked || b.value.tracked) return;
    const t = noGrad(() => jvp(f, [a.tensor], [a.tensor])[1].add(a.tensor.mul(0)));
    const along = slope.reduce((sum, g, k) => sum + g * a.value.numbers[k]!, 0);
    this.add(t, constant(a.value.numbers.map(() => along)), 'kept');
  }

  check(): void {
    for (const [i, { tensor: x, value, fate, gradient }] of this.pool.entries()) {
      let got: ArrayLike<number>;
      try {
        got = x.toTypedArray();
      } catch (error) {
        if (!(error instanceof ReleasedTensorError)) throw error;
        if (fate === 'gone') continue;
        throw new Error(`entry ${i} (${x.madeBy}, ${fate}) was released too early`);
      }
      if (!close(got, value.numbers)) throw new Error(`entry ${i} (${x.madeBy}) holds stale numbers`);
      if (gradient !== null && !close(x.grad!.toTypedArray(), gradient)) throw new Error(`entry ${i}: wrong gradient`);
    }
  }
}

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant('compute') },
    { weight: 2, arbitrary: fc.constantFrom('source', 'compute silently', 'compute in a scope', 'detach') },
    { weight: 3, arbitrary: fc.constant('backward') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('backward, retaining', 'zeroGrad', 'keep a gradient', 'transform', 'dispose'),
    },
  ),
  // Late entries are drawn more often than early ones: long chains, many of them half used up.
  fc.nat({ max: 1000 }),
  fc.nat({ max: 1000 }),
  fc.constantFrom(...Object.keys(operations)),
);

/** Runs the program and checks everything that it holds after every step. */
function run(steps: readonly Step[]): void {
  const machine = new Machine();
  machine.source(true);
  machine.source(true);
  machine.source(false);
  for (const one of steps) {
    try {
      machine.step(one);
    } catch (error) {
      // Computing with what is gone says so; anything else is a fault.
      if (!(error instanceof ReleasedTensorError)) throw error;
    }
    machine.check();
  }
}

describe('a program that keeps references to everything', () => {
  it('reads right numbers or ReleasedTensorError, and gets right gradients, whatever it does in whatever order', () => {
    fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), run));
  });

  it('does so inside a scope too', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => scope(() => run(steps))),
      { numRuns: 30 },
    );
  });
});
