/** How many multiplications and additions the products of a step need: what its kernels are held against. */

/** Of each workload: multiply-adds of the products of one forward pass, and those of their backward pass. */
interface Products {
  readonly forward: number;
  readonly backward: number;
}

/** Dense layers between these widths, for so many rows. The first has no gradient of its input unless `all`. */
function chain(rows: number, widths: readonly number[], all = false): Products {
  const each = widths.slice(1).map((width, i) => rows * width * widths[i]!);
  const forward = each.reduce((sum, one) => sum + one, 0);
  return { forward, backward: 2 * forward - (all ? 0 : each[0]!) };
}

/** A convolution: places of the result × taps × channels in and out. */
const convolved = (places: number, taps: number, from: number, to: number, first = false): Products => {
  const forward = places * taps * from * to;
  return { forward, backward: (first ? 1 : 2) * forward };
};

const sum = (...parts: readonly Products[]): Products => ({
  forward: parts.reduce((total, { forward }) => total + forward, 0),
  backward: parts.reduce((total, { backward }) => total + backward, 0),
});

const repeated = (count: number, { forward, backward }: Products): Products => ({
  forward: count * forward,
  backward: count * backward,
});

/** One stage of ResNet-20: three blocks of two convolutions of 3 × 3; beyond the first stage a shortcut of 1 × 1. */
function stage(side: number, from: number, to: number): Products {
  const places = 16 * side * side;
  const inner = repeated(from === to ? 6 : 5, convolved(places, 9, to, to));
  return from === to ? inner : sum(inner, convolved(places, 9, from, to), convolved(places, 1, from, to));
}

const products: Readonly<Record<string, Readonly<Record<string, Products>>>> = {
  tiny: { dense: chain(8, [8, 8, 1]) },
  mlp: { dense: chain(64, [784, 256, 128, 10]) },
  cnn: {
    convolution: sum(convolved(32 * 28 * 28, 25, 1, 16, true), convolved(32 * 14 * 14, 25, 16, 32)),
    dense: chain(32, [7 * 7 * 32, 10], true),
  },
  // 32 steps of [input, state] · [kernel, recurrent kernel]; the input needs no gradient.
  lstm: { lstm: { forward: 32 * 32 * 192 * 512, backward: 32 * 32 * (2 * 192 - 64) * 512 } },
  transformer: {
    dense: sum(
      repeated(2, chain(1024, [128, 384], true)),
      repeated(2, chain(1024, [128, 128, 512, 128], true)),
      chain(1024, [128, 256], true),
    ),
    // Scores and mixture; of a causal mask about half is computed. Backward computes the scores anew.
    attention: { forward: 2 * 16 * 4 * 64 * 64 * 32 * 2 * 0.5, backward: 2 * 16 * 4 * 64 * 64 * 32 * 5 * 0.5 },
  },
  resnet: {
    convolution: sum(convolved(16 * 32 * 32, 9, 3, 16, true), stage(32, 16, 16), stage(16, 16, 32), stage(8, 32, 64)),
  },
  autoencoder: { dense: chain(128, [784, 512, 64, 512, 784]) },
};

/** Floating-point operations (two for a multiply-add) of an operation in one step, or null where it is no product. */
export function operationsOf(workload: string, operation: string, phase: string): number | null {
  const found = products[workload]?.[operation];
  if (found === undefined) return null;
  return 2 * (phase === 'forward' ? found.forward : found.backward);
}

/** Floating-point operations of all products of one step. */
export function allOperationsOf(workload: string): number {
  const { forward, backward } = sum(...Object.values(products[workload] ?? {}));
  return 2 * (forward + backward);
}
