/** vmap against a loop: what every row keeps, mapped over any of its inputs, alone and together with derivatives. */

import fc from 'fast-check';
import { tensor } from '../../create.js';
import { stack } from '../../functions/shape.js';
import { apply, type Primitive } from '../../primitive.js';
import type { Tensor } from '../../tensor.js';
import { direction, expectClose, smoothTensors, type TensorFunction } from '../../testing/index.js';
import { grad } from '../../transforms/grad.js';
import { jvp } from '../../transforms/jvp.js';
import { vmap } from '../../transforms/vmap.js';
import type { Call } from './call.js';

/** A function of one example and tensors that hold several: a call of a row, mapped over some of its inputs. */
interface Mapped {
  readonly f: TensorFunction;
  /** Two batches, each with its examples side by side where the axes say. */
  readonly batches: readonly [readonly Tensor[], readonly Tensor[]];
  /** Of each input, where its examples lie; null where they share it. */
  readonly axes: readonly (number | null)[];
  readonly outAxis: number;
  /** Inputs to differentiate with respect to; none where the row has no derivative. */
  readonly smooth: readonly number[];
}

/** The elements moved on by k places: other values of the same set, so that labels and indices stay in range. */
function rotated(x: Tensor, k: number): Tensor {
  const values = x.toTypedArray();
  const moved = values.slice();
  for (let i = 0; i < values.length; i++) moved[i] = values[(i + k) % values.length]!;
  return tensor(moved, { dtype: x.dtype }).reshape(x.shape);
}

function mappedCalls(row: Primitive<never>, calls: fc.Arbitrary<Call>): fc.Arbitrary<Mapped> {
  return fc.tuple(calls, fc.integer({ min: 1, max: 3 })).chain(([call, size]) =>
    fc
      .tuple(
        smoothTensors(
          call.smooth.map((shape) => [2 * size, ...shape]),
          row.domain,
        ),
        fc.infiniteStream(fc.nat({ max: 11 })),
      )
      .map(([all, choices]): Mapped => {
        const choose = (n: number): number => (choices.next().value as number) % n;
        const inputsOf = (k: number): readonly Tensor[] => {
          const smooth = all.map((x) => x.slice(k));
          return call.inputs?.(smooth) ?? smooth;
        };
        const first = all.map((x) => x.slice(0));
        const shared = call.inputs?.(first) ?? first;
        const chosen = shared.map(() => call.together === true || choose(2) === 0);
        const none = !chosen.includes(true);
        const axes = shared.map((x, i) => (chosen[i] || (none && i === 0) ? choose(x.rank + 1) : null));
        const batch = (b: number): Tensor[] =>
          shared.map((x, i) => {
            if (axes[i] === null) return x;
            const example = (k: number): Tensor =>
              call.together === true || first.includes(x) ? inputsOf(k)[i]! : rotated(x, k);
            return stack(
              Array.from({ length: size }, (_, k) => example(b * size + k)),
              { axis: axes[i]! },
            );
          });
        const f: TensorFunction = (...inputs) => apply(row, inputs, call.attributes as never);
        const smooth = shared.flatMap((x, i) =>
          first.includes(x) && row.hasVjp(row.inputs === null ? 0 : i) ? [i] : [],
        );
        return { f, batches: [batch(0), batch(1)], axes, outAxis: choose(f(...shared).rank + 1), smooth };
      }),
  );
}

/** What vmap says it does. */
function looped(f: TensorFunction, { axes, outAxis }: Pick<Mapped, 'axes' | 'outAxis'>): TensorFunction {
  return (...inputs) => {
    const i = axes.findIndex((axis) => axis !== null);
    const size = inputs[i]!.shape[axes[i]!]!;
    const example = (k: number): Tensor[] =>
      inputs.map((x, j) => (axes[j] === null ? x : x.slice(...new Array<null>(axes[j]!).fill(null), k)));
    return stack(
      Array.from({ length: size }, (_, k) => f(...example(k))),
      { axis: outAxis },
    );
  };
}

const dot = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();

/** ⟨v, f⟩ and a little of its square, so that the derivative depends on the value too. */
const contracted =
  (f: TensorFunction): TensorFunction =>
  (...inputs) => {
    const y = f(...inputs);
    const v = direction(y, 7);
    return dot(y, v).add(dot(y.mul(v), y.mul(v)).mul(0.1));
  };

type Derived = (f: TensorFunction, k: number, l: number) => TensorFunction;

const gradient: Derived = (f, k) => grad(contracted(f), { argnums: k });
const tangent: Derived =
  (f, k) =>
  (...inputs) =>
    jvp((x) => f(...inputs.map((input, i) => (i === k ? x : input))), [inputs[k]!], [direction(inputs[k]!, 3)])[1];
const second: Derived = (f, k, l) =>
  grad((...inputs: Tensor[]) => dot(gradient(f, k, l)(...inputs), direction(inputs[k]!, 5)), { argnums: l });
const forwardOverReverse: Derived = (f, k, l) => tangent(gradient(f, k, l), l, l);

const derived: Readonly<Record<string, Derived>> = { gradient, tangent, second, forwardOverReverse };

function expectSame(got: Tensor, expected: Tensor, what: string): void {
  expect(got.shape).toEqual(expected.shape);
  const [a, b] = [got.toTypedArray(), expected.toTypedArray()];
  for (let i = 0; i < b.length; i++) {
    if (!Object.is(a[i], b[i])) expectClose(Number(a[i]), Number(b[i]), 1e-9, `${what}, element ${i}`);
  }
}

/** Fails unless vmap, around and inside derivatives and itself, does what a loop over examples does. */
export function mappingAgreesWithLoop(row: Primitive<never>, calls: fc.Arbitrary<Call>): void {
  const laws = fc.tuple(mappedCalls(row, calls), fc.constantFrom(...Object.keys(derived)), fc.nat(), fc.nat());
  const run = ([mapped, order, p, q]: [Mapped, string, number, number]): void => {
    const { f, axes, batches, outAxis, smooth } = mapped;
    const [inputs] = batches;
    const inVmap = (g: TensorFunction, out = outAxis): TensorFunction => vmap(g, { inAxes: axes, outAxes: out });
    const inLoop = (g: TensorFunction, out = outAxis): TensorFunction => looped(g, { axes, outAxis: out });
    expectSame(inVmap(f)(...inputs), inLoop(f)(...inputs), 'vmap');

    const outer = axes.map((axis) => (axis === null ? null : 0));
    const both = inputs.map((x, i) => (axes[i] === null ? x : stack([x, batches[1][i]!])));
    const twice = vmap(inVmap(f), { inAxes: outer })(...both);
    expectSame(twice, stack(batches.map((batch) => inLoop(f)(...batch))), 'vmap of vmap');

    if (smooth.length === 0) return;
    const derive = derived[order]!;
    const [k, l] = [smooth[p % smooth.length]!, smooth[q % smooth.length]!];
    expectSame(inVmap(derive(f, k, l), 0)(...inputs), inLoop(derive(f, k, l), 0)(...inputs), `vmap of ${order}`);
    expectSame(derive(inVmap(f), k, l)(...inputs), derive(inLoop(f), k, l)(...inputs), `${order} of vmap`);
    const between = (map: typeof inVmap): TensorFunction => gradient(map(derive(f, k, l), 0), k, l);
    if (order !== 'second')
      expectSame(between(inVmap)(...inputs), between(inLoop)(...inputs), `gradient of vmap of ${order}`);
  };
  fc.assert(fc.property(laws, run), { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) });
}
