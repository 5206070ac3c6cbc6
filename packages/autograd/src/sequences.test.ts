/** Attention and recurrent layers against PyTorch 1.13: what fixtures/sequences.py wrote. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape } from '@cotangent/kernels';
import {
  concat,
  fromTypedArray,
  grad,
  gru,
  lstm,
  type NestedArray,
  type RecurrentOptions,
  scaledDotProductAttention,
  simpleRNN,
  type Tensor,
  tensor,
} from './index.js';

interface Numbers {
  readonly shape: Shape;
  readonly data: readonly number[];
}

interface Case {
  readonly call: string;
  readonly title: string;
  readonly options: { readonly mask?: NestedArray; readonly causal?: boolean; readonly reverse?: boolean };
  readonly inputs: readonly Numbers[];
  /** All results, one behind the other. */
  readonly value: Numbers;
  readonly first: readonly Numbers[];
  readonly second?: readonly Numbers[];
}

const { cases } = JSON.parse(readFileSync(join(__dirname, '../fixtures/sequences.json'), 'utf8')) as { cases: Case[] };

const tensorOf = ({ shape, data }: Numbers): Tensor => fromTypedArray(Float64Array.from(data), shape);

const calls: Readonly<Record<string, (inputs: readonly Tensor[], options: Case['options']) => readonly Tensor[]>> = {
  attention: ([q, k, v], { mask, causal }) => [
    scaledDotProductAttention(q!, k!, v!, {
      ...(mask !== undefined && { mask: tensor(mask) }),
      ...(causal !== undefined && { causal }),
    }),
  ],
  lstm: ([x, w, r, b, h, c], options) => {
    const { sequence, hidden, cell } = lstm(x!, w!, r!, b!, { initialState: [h!, c!], ...recurrent(options) });
    return [sequence, hidden, cell];
  },
  gru: ([x, w, r, b, h], options) => {
    const resetAfter = b!.rank === 2;
    const { sequence, hidden } = gru(x!, w!, r!, b!, { initialState: h!, resetAfter, ...recurrent(options) });
    return [sequence, hidden];
  },
  simpleRNN: ([x, w, r, b, h], options) => {
    const { sequence, hidden } = simpleRNN(x!, w!, r!, b!, { initialState: h!, ...recurrent(options) });
    return [sequence, hidden];
  },
};

function recurrent({ mask, reverse }: Case['options']): RecurrentOptions {
  return { ...(mask !== undefined && { mask: tensor(mask) }), ...(reverse !== undefined && { reverse }) };
}

/** Σ over the elements of all, weighted by the script's weights, which run on from one to the next. */
function contract(xs: readonly Tensor[], a: number, b: number): Tensor {
  const flat = concat(xs.map((x) => x.reshape([x.size])));
  const weights = Float64Array.from({ length: flat.size }, (_, i) => (((i * a + b) % 8) - 3.5) / 4);
  return flat.mul(fromTypedArray(weights, flat.shape)).sum();
}

function expectClose(got: readonly Tensor[], expected: readonly Numbers[]): void {
  const want = expected.flatMap(({ data }) => data);
  const flat = got.flatMap((x) => [...x.toTypedArray()]);
  expect(flat).toHaveLength(want.length);
  for (const [i, x] of flat.entries()) {
    const y = want[i]!;
    if (!(Math.abs(x - y) <= 1e-12 * Math.max(1, Math.abs(y)))) throw new Error(`element ${i}: got ${x}, PyTorch ${y}`);
  }
}

describe('sequences: values and derivatives of orders 1 and 2 agree with PyTorch to 1e-12', () => {
  it.each(cases.map((one) => [`${one.call}, ${one.title}`, one] as const))('%s', (_, one) => {
    const f = (...at: Tensor[]): readonly Tensor[] => calls[one.call]!(at, one.options);
    const inputs = one.inputs.map(tensorOf);
    const argnums = inputs.map((_, i) => i);
    const scalar = (...at: Tensor[]): Tensor => contract(f(...at), 7, 3);
    const slope = (...at: Tensor[]): Tensor => contract(grad(scalar, { argnums })(...at), 5, 1);

    expectClose(f(...inputs), [one.value]);
    expectClose(grad(scalar, { argnums })(...inputs), one.first);
    if (one.second !== undefined) expectClose(grad(slope, { argnums })(...inputs), one.second);
  });
});
