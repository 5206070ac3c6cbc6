import { ArgumentError, DTypeError, type Shape, ShapeError, sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import * as ct from '../index.js';
import { fromTypedArray, grad, type Operand, ones, type Tensor, tensor, where, zeros } from '../index.js';
import { expectError } from '../testing/expectError.js';
import { broadcastablePairs, narrowed } from '../testing/index.js';

const numbers = (shape: Shape): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => fromTypedArray(Float64Array.from(values), shape));

/** Two tensors that broadcast, each perhaps a view with its axes walked in another order. */
const pairs: fc.Arbitrary<[Tensor, Tensor]> = broadcastablePairs.chain(([a, b]) =>
  fc
    .tuple(numbers(a), numbers(b), fc.boolean())
    .map(([x, y, viewed]): [Tensor, Tensor] => [viewed ? x.T.add(0).T : x, y]),
);

/** Element `index` of x as NumPy broadcasts it: indices count from the last axis, extent 1 repeats. */
function elementOf(x: Tensor, index: readonly number[]): number {
  let value: ct.NestedArray = x.toArray();
  for (const [axis, extent] of x.shape.entries()) {
    value = (value as ct.NestedArray[])[extent === 1 ? 0 : index[index.length - x.rank + axis]!]!;
  }
  return Number(value);
}

function* indicesOf(shape: Shape): Generator<number[]> {
  for (let k = 0; k < sizeOf(shape); k++) {
    let rest = k;
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    yield index;
  }
}

/** NumPy's rule, spelled out. */
const broadcast = (a: Shape, b: Shape): Shape =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i, n = Math.max(a.length, b.length)) => {
    const [p, q] = [a[i - n + a.length] ?? 1, b[i - n + b.length] ?? 1];
    return p === 1 ? q : p;
  });

const scalarFunctions: Record<string, (a: number, b: number) => number | boolean> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};

describe('functions of two tensors', () => {
  it.each(Object.entries(scalarFunctions))(
    '%s does to every pair that broadcasting makes what it does to numbers',
    (name, f) => {
      const ours = (ct as unknown as Record<string, (a: Operand, b: Operand) => Tensor>)[name]!;
      fc.assert(
        fc.property(pairs, ([a, b]) => {
          const c = ours(a, b);
          expect(c.shape).toEqual(broadcast(a.shape, b.shape));
          for (const index of indicesOf(c.shape)) {
            expect(elementOf(c, index)).toBe(Number(f(elementOf(a, index), elementOf(b, index))));
          }
        }),
      );
    },
  );

  it('refuse shapes that do not broadcast, and name the axis', () => {
    expectError(
      () => zeros([2, 3]).add(zeros([4, 3])),
      ShapeError,
      'add: got a [2, 3] and b [4, 3]; expected shapes that broadcast: read from the last axis, extents equal or one of them 1. Axis -2 has 2 and 4.',
    );
    expectError(
      () => where(tensor([true, false]), zeros([3]), 1),
      ShapeError,
      /^where: got a \[3\] and b \[2\]; expected shapes that broadcast/,
    );
    expectError(
      () => where(tensor([true]), zeros([3]), zeros([2])),
      ShapeError,
      /^where: got a \[3\] and b \[2\]; expected shapes that broadcast/,
    );
  });

  it('refuse what is neither a tensor nor a number', () => {
    expectError(
      () => zeros([2]).add([1, 2] as never),
      DTypeError,
      'add: got operand object; expected a tensor or a number. Wrap arrays with tensor([...]).',
    );
    expectError(() => zeros([2]).mul(null as never), DTypeError, /^multiply: got operand null;/);
    expectError(() => ct.add('3' as never, 1), DTypeError, /^add: got operand string;/);
    expectError(() => ct.maximum(1, [2] as never), DTypeError, /^maximum: got operand object;/);
  });
});

describe('functions of one tensor', () => {
  it('refuse what is not a tensor', () => {
    expectError(
      () => ct.exp(3 as never),
      DTypeError,
      'exp: got x number; expected a tensor. Wrap numbers and arrays with tensor(…).',
    );
    expectError(() => ct.abs([1] as never), DTypeError, /^abs: got x an array;/);
    expectError(() => ct.cast(null as never, 'int32'), DTypeError, /^cast: got x null;/);
  });

  it('take integers to float32 where they must, and keep them where they can', () => {
    const x = tensor([1, 4], { dtype: 'int32' });
    for (const f of [ct.exp, ct.log, ct.sqrt, ct.tanh, ct.sigmoid, ct.reciprocal]) expect(f(x).dtype).toBe('float32');
    for (const f of [ct.abs, ct.sign, ct.square, ct.negative, ct.relu]) expect(f(x).dtype).toBe('int32');
  });
});

describe('a number beside a tensor', () => {
  it('never widens a floating tensor', () => {
    expect(ones([1]).add(0.1).dtype).toBe('float32');
    expect(ct.subtract(1e300, ones([1], { dtype: 'float64' })).dtype).toBe('float64');
    expect(ct.subtract(0.1, ones([1], { dtype: 'float64' })).item()).toBe(0.1 - 1);
  });

  it('stays an integer beside integers if it is one and fits, else becomes float32', () => {
    const bytes = tensor([200], { dtype: 'uint8' });
    const integers = tensor([200], { dtype: 'int32' });
    expect([bytes.add(55).dtype, bytes.add(55).item()]).toEqual(['uint8', 255]);
    expect([bytes.sub(300).dtype, bytes.sub(300).item()]).toEqual(['int32', -100]);
    expect([bytes.mul(-1).dtype, bytes.mul(-1).item()]).toEqual(['int32', -200]);
    expect([bytes.mul(0.5).dtype, bytes.mul(0.5).item()]).toEqual(['float32', 100]);
    expect([integers.add(1).dtype, integers.add(1).item()]).toEqual(['int32', 201]);
    expect([integers.add(3e9).dtype, integers.add(3e9).item()]).toEqual(['float32', Math.fround(3e9 + 200)]);
    expect(integers.less(Infinity).item()).toBe(1);
    expect(integers.equal(NaN).item()).toBe(0);
  });

  it('compares bytes with what no byte can be', () => {
    const bytes = tensor([0, 255], { dtype: 'uint8' });
    expect(bytes.greater(-1).toArray()).toEqual([true, true]);
    expect(bytes.less(256).toArray()).toEqual([true, true]);
    expect(bytes.equal(255).toArray()).toEqual([false, true]);
    expect(bytes.equal(-1).toArray()).toEqual([false, false]);
  });

  it('may be on both sides', () => {
    expect([ct.add(1, 2).item(), ct.add(1, 2).dtype]).toEqual([3, 'float32']);
  });
});

describe('bool arithmetic', () => {
  const p = tensor([true, true, false]);
  const q = tensor([true, false, false]);

  it('stays within true and false', () => {
    expect(p.add(q).toArray()).toEqual([true, true, false]);
    expect([...p.add(q).toTypedArray()]).toEqual([1, 1, 0]);
    expect(p.mul(q).toArray()).toEqual([true, false, false]);
    expect(
      p
        .add(q)
        .equal(tensor([true, true, false]))
        .toArray(),
    ).toEqual([true, true, true]);
  });

  it('refuses what has no meaning, and says what might', () => {
    expectError(
      () => p.sub(q),
      DTypeError,
      'subtract: got a bool and b bool; expected a number in one of them. Did you mean .notEqual()?',
    );
    expectError(() => p.neg(), DTypeError, 'negative: got x bool; expected numbers. Did you mean .logicalNot()?');
  });

  it('counts with numbers', () => {
    expect([p.sub(1).dtype, p.sub(1).toArray()]).toEqual(['int32', [0, 0, -1]]);
    expect([p.sum().dtype, p.sum().item()]).toEqual(['int32', 2]);
    expect(p.mean().item()).toBe(Math.fround(2 / 3));
  });
});

describe('logicalAnd, logicalOr, logicalNot', () => {
  it('take numbers for what they are: 0 is false', () => {
    const x = tensor([0, 2, -0.5, NaN]);
    const y = tensor([true, true, false, false]);
    expect(x.logicalAnd(y).toArray()).toEqual([false, true, false, false]);
    expect(x.logicalOr(y).toArray()).toEqual([true, true, true, true]);
    expect(x.logicalNot().toArray()).toEqual([true, false, false, false]);
    expect(x.logicalAnd(y).dtype).toBe('bool');
  });
});

describe('comparisons', () => {
  it('are false with NaN, but for notEqual', () => {
    const x = tensor([NaN, 1]);
    const y = tensor([NaN, NaN]);
    for (const name of ['equal', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const)
      expect(x[name](y).toArray()).toEqual([false, false]);
    expect(x.notEqual(y).toArray()).toEqual([true, true]);
  });

  it('take −0 and 0 for equal', () => {
    expect(tensor([-0]).equal(0).item()).toBe(1);
  });
});

describe('cast(dtype)', () => {
  it('is the tensor itself where the dtype is the same', () => {
    const x = tensor([1]);
    expect(x.cast('float32')).toBe(x);
  });

  it('drops fractions toward 0 and wraps what does not fit, as typed arrays do', () => {
    expect(
      tensor([1.9, -1.9, 2 ** 31, NaN, Infinity], { dtype: 'float64' })
        .cast('int32')
        .toArray(),
    ).toEqual([1, -1, -(2 ** 31), 0, 0]);
    expect(tensor([255, 256, -1]).cast('uint8').toArray()).toEqual([255, 0, 255]);
  });

  it('makes everything but 0 true, NaN too', () => {
    expect(tensor([0, -0, 0.1, NaN, -3]).cast('bool').toArray()).toEqual([false, false, true, true, true]);
    expect(tensor([0, 256], { dtype: 'int32' }).cast('bool').toArray()).toEqual([false, true]);
  });

  it('reads views', () => {
    expect(
      tensor([
        [1, 0],
        [2, 3],
      ])
        .T.cast('bool')
        .toArray(),
    ).toEqual([
      [true, true],
      [false, true],
    ]);
    expect(
      tensor([
        [1.5, 0],
        [2, 3],
      ])
        .T.cast('int32')
        .toArray(),
    ).toEqual([
      [1, 2],
      [0, 3],
    ]);
  });

  it('refuses a dtype that is not one of ours', () => {
    expectError(
      () => tensor([1]).cast('int64' as never),
      DTypeError,
      /^cast: got dtype int64; expected one of bool, uint8, int32, float32, float64$/,
    );
  });

  it('is differentiable between floats, and the end of the tape at integers', () => {
    expect(grad((x: Tensor) => x.cast('float64').mul(3).sum())(tensor([1, 2])).toString()).toBe(
      'Tensor float32 [2] [3, 3]',
    );
    expect(tensor([1.5], { requiresGrad: true }).cast('int32').requiresGrad).toBe(false);
  });
});

describe('where(condition, a, b)', () => {
  it('chooses element by element, broadcasting all three', () => {
    fc.assert(
      fc.property(
        broadcastablePairs.chain(([a, b]) =>
          fc.tuple(numbers(a), numbers(b), narrowed(broadcast(a, b)).chain(numbers)),
        ),
        ([a, b, c]) => {
          const chosen = where(c.greater(0), a, b);
          expect(chosen.shape).toEqual(broadcast(broadcast(a.shape, b.shape), c.shape));
          for (const index of indicesOf(chosen.shape)) {
            const from = elementOf(c, index) > 0 ? a : b;
            expect(elementOf(chosen, index)).toBe(elementOf(from, index));
          }
        },
      ),
    );
  });

  it('lets numbers adapt, and never drops a fraction', () => {
    const condition = tensor([true, false]);
    const integers = tensor([1, 2], { dtype: 'int32' });
    expect(where(condition, integers, 0.5).toArray()).toEqual([1, 0.5]);
    expect(where(condition, 0.5, integers).toArray()).toEqual([0.5, 2]);
    expect(where(condition, integers, 7).dtype).toBe('int32');
    expect(where(condition, 1, 0).toArray()).toEqual([1, 0]);
  });

  it('refuses a condition that is not bool', () => {
    expectError(
      () => where(tensor([1, 0]), 1, 2),
      DTypeError,
      'where: got condition float32; expected a bool condition. Compare first: x.greater(0).',
    );
    expectError(() => where(true as never, 1, 2), DTypeError, /^where: got x boolean; expected a tensor/);
  });

  it('gives the branch not taken a gradient of exactly 0, and the recipe with a second where keeps NaN out', () => {
    const leaky = (x: Tensor): Tensor => x.greater(0).where(x.sqrt(), 0).sum();
    const safe = (x: Tensor): Tensor => x.greater(0).where(x.greater(0).where(x, 1).sqrt(), 0).sum();
    const at = tensor([4, 0]);
    expect(grad((x: Tensor) => x.greater(1).where(x.mul(3), x.mul(5)).sum())(at).toArray()).toEqual([3, 5]);
    expect(grad(leaky)(at).toArray()).toEqual([0.25, NaN]);
    expect(grad(safe)(at).toArray()).toEqual([0.25, 0]);
  });
});

describe('clip(low, high)', () => {
  it('holds numbers between its bounds; NaN stays NaN', () => {
    expect(tensor([-2, 0.5, 3, NaN]).clip(-1, 1).toArray()).toEqual([-1, 0.5, 1, NaN]);
    expect(tensor([-2, 3]).clip(0, Infinity).toArray()).toEqual([0, 3]);
  });

  it('takes integers to float32 only between fractions', () => {
    const x = tensor([1, 2, 5], { dtype: 'int32' });
    expect(x.clip(2, 3).toString()).toBe('Tensor int32 [3] [2, 2, 3]');
    expect(x.clip(-Infinity, 3).toString()).toBe('Tensor int32 [3] [1, 2, 3]');
    expect(x.clip(1.5, 2.5).toString()).toBe('Tensor float32 [3] [1.5, 2, 2.5]');
  });

  it('refuses bounds in the wrong order, and NaN', () => {
    expectError(() => tensor([1]).clip(2, 1), ArgumentError, 'clip: got bounds 2 and 1; expected low ≤ high');
    expectError(() => tensor([1]).clip(NaN, 1), ArgumentError, 'clip: got bounds NaN and 1; expected low ≤ high');
  });
});

describe('power', () => {
  it('is 1 at 0⁰, with gradients 0, 0 there', () => {
    const [a, b] = grad((a: Tensor, b: Tensor) => a.pow(b).sum(), { argnums: [0, 1] })(
      tensor([0, 3, 0]),
      tensor([0, 0, 2]),
    );
    expect(tensor(0).pow(0).item()).toBe(1);
    expect(a!.toArray()).toEqual([0, 0, 0]);
    expect(b!.toArray()).toEqual([0, Math.fround(Math.log(3)), 0]);
  });

  it('has the mixed second derivative 1 / a at b = 0', () => {
    const mixed = grad((b: Tensor) => grad((a: Tensor) => a.pow(b))(tensor(1.6, { dtype: 'float64' })));
    expect(mixed(tensor(0, { dtype: 'float64' })).item()).toBeCloseTo(1 / 1.6, 14);
  });

  it('has every derivative of a polynomial at 0', () => {
    let f = (x: Tensor): Tensor => x.pow(4);
    const derivatives = [f(tensor(0)).item()];
    for (let order = 1; order <= 5; order++) {
      f = grad(f);
      derivatives.push(f(tensor(0)).item());
    }
    expect(derivatives).toEqual([0, 0, 0, 0, 24, 0]);
  });
});
