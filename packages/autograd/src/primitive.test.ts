import { DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  apply,
  GradientError,
  grad,
  jvp,
  noGrad,
  Primitive,
  type PrimitiveSpec,
  primitive,
  type Tensor,
  tensor,
  variadic,
} from './index.js';
import { expectError } from './testing/expectError.js';
import {
  broadcastablePairs,
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  shapes,
  smoothTensors,
} from './testing/index.js';

/**
 * As a user would write one: √(a² + b²) of two tensors of one shape, never squared, so that nothing overflows.
 * ∂h/∂a = a / h.
 */
const hypotenuse = primitive({
  name: 'hypotenuse',
  inputs: ['a', 'b'],
  shape: ({ a, b }) => {
    if (a.length !== b.length || a.some((extent, i) => extent !== b[i]))
      throw new ShapeError('hypotenuse', { a, b }, 'two tensors of one shape');
    return a;
  },
  dtype: ({ a, b }) => {
    if (a !== 'float64' || b !== 'float64') throw new DTypeError('hypotenuse', { a, b }, 'float64');
    return a;
  },
  run: (out, [a, b]) => {
    const [x, y] = [a!, b!].map((block) => flat(block));
    for (let i = 0; i < out.size; i++) out.data[out.offset + i] = Math.hypot(x![i]!, y![i]!);
  },
  keeps: { a: ['a', 'out'], b: ['b', 'out'] },
  vjp: { a: (g, { a, out }) => g.mul(a).div(out), b: (g, { b, out }) => g.mul(b).div(out) },
  jvp: { a: (t, { a, out }) => t.mul(a).div(out), b: (t, { b, out }) => t.mul(b).div(out) },
  domain: { range: [0.2, 2] },
});

/** The elements of a block in row-major order, whatever its strides. */
function flat(block: {
  shape: readonly number[];
  strides: readonly number[];
  offset: number;
  data: ArrayLike<number>;
}): number[] {
  const found: number[] = [];
  const walk = (axis: number, at: number): void => {
    if (axis === block.shape.length) found.push(block.data[at]!);
    else for (let i = 0; i < block.shape[axis]!; i++) walk(axis + 1, at + i * block.strides[axis]!);
  };
  walk(0, block.offset);
  return found;
}

const hypot = (a: Tensor, b: Tensor): Tensor => apply(hypotenuse, [a, b], undefined);
const float64 = { dtype: 'float64' } as const;

describe('primitive(spec)', () => {
  it('makes an operation that grad and jvp go through, at both orders', () => {
    const inputs = shapes().chain((shape) => smoothTensors([shape, shape], hypotenuse.domain));
    fc.assert(
      fc.property(inputs, fc.boolean(), (given, viewed) => {
        const f = (a: Tensor, b: Tensor): Tensor => (viewed ? hypot(a.T, b.T) : hypot(a, b));
        for (const k of [0, 1]) {
          gradientAgreesWithDifferences(f, given, k);
          forwardAgreesWithReverse(f, given, k);
          forwardOverReverseAgrees(f, given, k);
          for (const l of [0, 1]) secondOrderAgreesWithDifferences(f, given, k, l);
        }
      }),
    );
  });

  it('is recorded for backward() and named in messages', () => {
    const a = tensor([3, 6], { ...float64, requiresGrad: true });
    const h = hypot(a, tensor([4, 8], float64));
    expect([h.madeBy, h.toArray()]).toEqual(['hypotenuse', [5, 10]]);
    h.sum().backward();
    expect(a.grad!.toArray()).toEqual([0.6, 0.6]);
    expectError(
      () => hypot(a, tensor([1], float64)),
      ShapeError,
      'hypotenuse: got a [2] and b [1]; expected two tensors of one shape',
    );
    expectError(
      () => hypot(a, tensor([1, 2])),
      DTypeError,
      'hypotenuse: got a float64 and b float32; expected float64',
    );
  });

  it('keeps what its wanted rules name, and nothing else', () => {
    const a = tensor([3], { ...float64, requiresGrad: true });
    const b = tensor([4], float64);
    const h = hypot(a, b);
    expect([a.pins, b.pins, h.pins]).toEqual([1, 0, 1]); // b requires no gradient: its rule, and what that needs, is not wanted
    h.backward();
    expect([a.pins, b.pins, h.pins]).toEqual([0, 0, 0]);
    expect([noGrad(() => hypot(a, b)).pins, a.pins]).toEqual([0, 0]);
  });

  it('computes only the cotangents that are asked for', () => {
    const asked: string[] = [];
    const spy = primitive({
      name: 'spy',
      inputs: ['a', 'b'],
      shape: ({ a }) => a,
      run: (out) => {
        out.data.fill(0, out.offset, out.offset + out.size);
      },
      keeps: { a: [], b: [] },
      vjp: {
        a: (g) => {
          asked.push('a');
          return g;
        },
        b: (g) => {
          asked.push('b');
          return g;
        },
      },
      jvp: { a: (t) => t, b: (t) => t },
    });
    const [x, y] = [tensor(1, { requiresGrad: true }), tensor(1, { requiresGrad: true })];
    apply(spy, [x, y], undefined).backward({ inputs: [y] });
    apply(spy, [x, tensor(1)], undefined).backward();
    grad((t: Tensor) => apply(spy, [t, y], undefined))(tensor(1));
    expect(asked).toEqual(['b', 'a', 'a']);
  });

  it('computes what its rules share once, from the cotangent and what it keeps', () => {
    const seen: (readonly boolean[])[] = [];
    /** y = a + 2 b, then doubled: both rules start from the cotangent before the doubling. */
    const doubled = primitive({
      name: 'doubled',
      inputs: ['a', 'b'],
      shape: ({ a }) => a,
      run: (out, [a, b]) => {
        for (let i = 0; i < out.size; i++)
          out.data[out.offset + i] = 2 * (a!.data[a!.offset + i]! + 2 * b!.data[b!.offset + i]!);
      },
      shared: {
        keeps: ['out'],
        pull: (g, { out }, _: undefined, wanted) => {
          seen.push(wanted);
          return g.mul(2).add(out.mul(0));
        },
      },
      keeps: { a: [], b: [] },
      vjp: { a: (g) => g, b: (g) => g.mul(2) },
      jvp: { a: (t) => t.mul(2), b: (t) => t.mul(4) },
    });
    const f = (a: Tensor, b: Tensor) => apply(doubled, [a, b], undefined).sum();
    const [da, db] = grad(f, { argnums: [0, 1] })(tensor([1, 2]), tensor([3, 4]));
    expect([da.toArray(), db.toArray()]).toEqual([
      [2, 2],
      [4, 4],
    ]);
    expect(seen).toEqual([[true, true]]);
    expect(grad(f, { argnums: 1 })(tensor([1]), tensor([2])).toArray()).toEqual([4]);
    expect(seen[1]).toEqual([false, true]);
    forwardAgreesWithReverse(f, [tensor([1, 2], { dtype: 'float64' }), tensor([3, 4], { dtype: 'float64' })], 1);
  });

  it('may say that an input has no derivative', () => {
    const scaled = primitive({
      name: 'scaled',
      inputs: ['x', 'by'],
      shape: ({ x }) => x,
      run: (out, [x, by]) => {
        const [numbers, [factor]] = [flat(x!), flat(by!)];
        numbers.forEach((v, i) => {
          out.data[out.offset + i] = v * factor!;
        });
      },
      keeps: { x: ['by'], by: [] },
      vjp: { x: (g, { by }) => g.mul(by), by: null },
      jvp: { x: (t, { by }) => t.mul(by), by: null },
    });
    const [x, by] = [tensor([1, 2], { requiresGrad: true }), tensor(3, { requiresGrad: true })];
    apply(scaled, [x, by], undefined).sum().backward();
    expect([x.grad!.toArray(), by.grad]).toEqual([[3, 3], null]);
    expect(jvp((t) => apply(scaled, [x.detach(), t], undefined), [tensor(3)], [tensor(1)])[1].toArray()).toEqual([
      0, 0,
    ]);
  });

  it('hands its attributes to every rule', () => {
    const shifted = primitive({
      name: 'scaledBy',
      inputs: ['x'],
      shape: ({ x }, _: { readonly by: number }) => x,
      run: (out, [x], { by }) => {
        flat(x!).forEach((v, i) => {
          out.data[out.offset + i] = v * by;
        });
      },
      keeps: { x: [] },
      vjp: { x: (g, _, { by }) => g.mul(by) },
      jvp: { x: (t, _, { by }) => t.mul(by) },
    });
    const f = (x: Tensor): Tensor => apply(shifted, [x], { by: 5 }).sum();
    expect(grad(f)(tensor([1, 2])).toArray()).toEqual([5, 5]);
    expect(jvp(f, [tensor([1, 2])], [tensor([1, 1])])[1].item()).toBe(10);
  });

  it.each<[string, (g: Tensor) => Tensor, string]>([
    [
      'shape',
      (g) => g.reshape([1, 2]),
      'careless: its vjp gave a cotangent of shape [1, 2] for an input of shape [2]. The vjp of the primitive is wrong.',
    ],
    [
      'dtype',
      (g) => g.cast('float64'),
      'careless: its vjp gave a cotangent of dtype float64 for an input of dtype float32. The vjp of the primitive is wrong.',
    ],
  ])('is told when its vjp gives a cotangent of another %s', (_, vjp, message) => {
    const careless = primitive({
      name: 'careless',
      inputs: ['x'],
      shape: ({ x }) => x,
      run: (out) => {
        out.data.fill(0, out.offset, out.offset + out.size);
      },
      keeps: { x: [] },
      vjp: { x: (g) => vjp(g) },
      jvp: { x: (t) => t },
    });
    expectError(
      () => grad((x: Tensor) => apply(careless, [x], undefined).sum())(tensor([1, 2])),
      GradientError,
      message,
    );
  });

  it('leaves nothing behind when its kernel throws', () => {
    const broken = primitive({
      name: 'broken',
      inputs: ['x'],
      shape: ({ x }) => x,
      run: () => {
        throw new RangeError('not today');
      },
      keeps: { x: ['out'] },
      vjp: { x: (g, { out }) => g.mul(out) },
      jvp: { x: (t) => t },
    });
    const x = tensor([1, 2], { requiresGrad: true });
    expectError(() => apply(broken, [x], undefined), RangeError, 'not today');
    expect(x.pins).toBe(0);
    x.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([3, 3]);
  });

  it('is an object that tells its name, its inputs and its domain', () => {
    expect(hypotenuse).toBeInstanceOf(Primitive);
    expect([hypotenuse.name, hypotenuse.inputs, hypotenuse.domain]).toEqual([
      'hypotenuse',
      ['a', 'b'],
      { range: [0.2, 2] },
    ]);
    expect([hypotenuse.keeps(0), hypotenuse.keeps(1), hypotenuse.hasVjp(0)]).toEqual([[0, -1], [1, -1], true]);
  });
});

describe('variadic(spec)', () => {
  it('makes an operation over any number of inputs, linear in each', () => {
    const total = variadic<undefined>({
      name: 'total',
      shape: ([first]) => first!,
      run: (out, inputs) => {
        const rows = inputs.map(flat);
        for (let i = 0; i < out.size; i++) out.data[out.offset + i] = rows.reduce((sum, row) => sum + row[i]!, 0);
      },
      transpose: (g) => g,
      place: (t) => t,
    });
    const f = (...xs: Tensor[]): Tensor => apply(total, xs, undefined);
    const inputs = broadcastablePairs.chain(([shape]) => smoothTensors([shape, shape, shape]));
    fc.assert(
      fc.property(inputs, (given) => {
        for (const k of [0, 1, 2]) {
          gradientAgreesWithDifferences(f, given, k);
          forwardAgreesWithReverse(f, given, k);
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** What must not compile: these calls are never made, the type checker reads them (`npm test` runs it over the tests). */
const refusedByTheCompiler = {
  'reading what is not kept': () =>
    primitive({
      name: 'wrong',
      inputs: ['x'],
      shape: ({ x }) => x,
      run() {},
      keeps: { x: [] },
      // @ts-expect-error `out` is not kept for x
      vjp: { x: (g, { out }) => g.mul(out) },
      jvp: { x: (t) => t },
    }),
  'an input without a rule': () =>
    primitive({
      name: 'forgotten',
      inputs: ['a', 'b'],
      shape: ({ a }) => a,
      run() {},
      keeps: { a: [], b: [] },
      // @ts-expect-error b has no rule: say null if it has no derivative
      vjp: { a: (g) => g },
      jvp: { a: (t) => t, b: null },
    }),
  'an input without a tangent rule': () =>
    primitive({
      name: 'forgotten',
      inputs: ['a', 'b'],
      shape: ({ a }) => a,
      run() {},
      keeps: { a: [], b: [] },
      vjp: { a: (g) => g, b: null },
      // @ts-expect-error b has no rule
      jvp: { a: (t) => t },
    }),
  'keeping what is not an input': () =>
    primitive({
      name: 'stranger',
      inputs: ['a'],
      shape: ({ a }) => a,
      run() {},
      // @ts-expect-error there is no input c
      keeps: { a: ['c'] },
      vjp: { a: (g) => g },
      jvp: { a: (t) => t },
    }),
  'attributes of another type': () => {
    const row = primitive({
      name: 'attributed',
      inputs: ['x'],
      shape: ({ x }, _: { readonly by: number }) => x,
      run() {},
      keeps: { x: [] },
      vjp: { x: (g) => g },
      jvp: { x: (t) => t },
    });
    // @ts-expect-error `by` is a number
    return apply(row, [tensor(1)], { by: '5' });
  },
} satisfies Record<string, () => unknown>;

describe('the types of primitive(spec)', () => {
  it('refuse a row that reads what it does not keep, or forgets an input', () => {
    expect(Object.keys(refusedByTheCompiler)).toHaveLength(5);
    const spec: PrimitiveSpec<'x', undefined, { readonly x: readonly ['x'] }> | undefined = undefined;
    expect(spec).toBeUndefined();
  });
});

describe('calls seen before', () => {
  interface Width {
    width: number;
  }

  /** Repeats a number; says how often its rules were asked. */
  function counted() {
    const asked = { shape: 0, dtype: 0 };
    const row = primitive({
      name: 'widened',
      inputs: ['x'],
      shape: (_, attributes: Width) => {
        asked.shape++;
        return [attributes.width];
      },
      dtype: ({ x }) => {
        asked.dtype++;
        if (x === 'bool') throw new DTypeError('widened', { x }, 'numbers');
        return x;
      },
      run: (out, [x]) => out.data.fill(x!.data[x!.offset]!, out.offset, out.offset + out.size),
      keeps: { x: [] },
      vjp: { x: (g, _, __, shape) => g.sumTo(shape) },
      jvp: { x: (t, _, { width }) => t.broadcastTo([width]) },
    });
    return { asked, row };
  }

  it('are not checked again: of the same shapes, dtypes and frozen attributes', () => {
    const { asked, row } = counted();
    const two = Object.freeze({ width: 2 });
    for (const value of [1, 2, 3]) expect(apply(row, [tensor([value])], two).toArray()).toEqual([value, value]);
    expect(asked).toEqual({ shape: 1, dtype: 1 });
    expect(apply(row, [tensor([4])], Object.freeze({ width: 3 })).toArray()).toEqual([4, 4, 4]);
    expect(apply(row, [tensor([5], { dtype: 'int32' })], two).dtype).toBe('int32');
    expect(apply(row, [tensor([[6]])], two).shape).toEqual([2]);
    expect(asked).toEqual({ shape: 4, dtype: 4 });
    expect(apply(row, [tensor([7])], two).toArray()).toEqual([7, 7]);
    expect(asked.shape).toBe(4);
  });

  it('are checked again where the attributes could have changed', () => {
    const { asked, row } = counted();
    const attributes: Width = { width: 2 };
    expect(apply(row, [tensor([1])], attributes).shape).toEqual([2]);
    attributes.width = 3;
    expect(apply(row, [tensor([1])], attributes).shape).toEqual([3]);
    expect(asked.shape).toBe(2);
  });

  it('are forgotten for newer ones, and refused calls are refused again', () => {
    const { asked, row } = counted();
    const widths = Array.from({ length: 40 }, (_, i) => Object.freeze({ width: i + 1 }));
    for (let round = 0; round < 2; round++)
      for (const attributes of widths) expect(apply(row, [tensor([1])], attributes).shape).toEqual([attributes.width]);
    expect(asked.shape).toBe(80);
    for (let round = 0; round < 2; round++) expect(() => apply(row, [tensor([true])], widths[0]!)).toThrow(DTypeError);
  });
});
