import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ct from '../index.js';
import { grad, type Tensor, tensor } from '../index.js';

interface Case {
  readonly x: number[];
  readonly y: number[];
  readonly dx: number[];
}
const fixture = JSON.parse(readFileSync(join(__dirname, '../../fixtures/activations.json'), 'utf8')) as Record<
  string,
  Case
>;

const calls: Record<string, (x: Tensor) => Tensor> = {
  softplus: ct.softplus,
  silu: ct.silu,
  gelu: ct.gelu,
  geluApproximate: (x) => ct.gelu(x, { approximate: true }),
  mish: ct.mish,
  logSigmoid: ct.logSigmoid,
  softsign: ct.softsign,
  tanhShrink: ct.tanhShrink,
  elu: ct.elu,
  eluAlpha: (x) => ct.elu(x, { alpha: 0.3 }),
  selu: ct.selu,
  celu: (x) => ct.celu(x, { alpha: 0.7 }),
  relu6: ct.relu6,
  leakyRelu: ct.leakyRelu,
  hardTanh: ct.hardTanh,
  hardSigmoid: ct.hardSigmoid,
  hardSilu: ct.hardSilu,
  hardShrink: ct.hardShrink,
  softShrink: ct.softShrink,
  threshold: (x) => ct.threshold(x, 0.5, -2),
  remainder: (x) => ct.remainder(x, 0.7),
  fmod: (x) => ct.fmod(x, 0.7),
  round: ct.round,
};

describe('activation functions', () => {
  it.each(Object.keys(fixture))('%s and its derivative are those of PyTorch 1.13, kinks included', (name) => {
    const { x, y, dx } = fixture[name]!;
    const f = calls[name]!;
    const at = tensor(x, { dtype: 'float64' });
    const values = f(at).toArray() as number[];
    const slopes = grad((v: Tensor) => f(v).sum())(at).toArray() as number[];
    for (const [i, point] of x.entries()) {
      for (const [what, got, wanted] of [
        ['value', values[i]!, y[i]!],
        ['derivative', slopes[i]!, dx[i]!],
      ] as const) {
        // Far out PyTorch's own gelu, 0.5 x (1 + erf), has no digits left.
        // Its celu and hardsigmoid compute their constants in float32.
        const relative = name === 'celu' || name === 'hardSigmoid' ? 1e-6 : 1e-12;
        const tolerance = Math.max(relative * Math.abs(wanted), name.startsWith('gelu') ? 1e-14 : 1e-15);
        if (Math.abs(got - wanted) > tolerance) throw new Error(`${what} at ${point}: got ${got}, expected ${wanted}`);
      }
    }
  });

  it('of float32 agree with float64', () => {
    const x = tensor(fixture.silu!.x);
    for (const [name, f] of Object.entries(calls)) {
      if (['remainder', 'fmod', 'threshold', 'hardShrink', 'softShrink'].includes(name)) continue; // not continuous
      const [single, double] = [f(x).cast('float64'), f(x.cast('float64'))];
      const difference = single.sub(double).abs().div(double.abs().add(1e-30)).max().item();
      // A sum of two near ones loses digits in float32: their size counts there.
      const absolute = single.sub(double).abs().max().item();
      if (!(difference < 2e-7 || absolute < 2e-7)) throw new Error(`${name}: ${difference}, ${absolute}`);
    }
  });

  it('go to their limits at infinity, and leave NaN alone', () => {
    const x = tensor([-Infinity, Infinity, Number.NaN]);
    for (const name of ['softplus', 'silu', 'gelu', 'geluApproximate', 'mish', 'relu6', 'elu'] as const) {
      const [low, high, nan] = calls[name]!(x).toArray() as number[];
      expect([name, Math.abs(low!), high]).toEqual([name, name === 'elu' ? 1 : 0, name === 'relu6' ? 6 : Infinity]);
      expect(nan).toBeNaN();
    }
    for (const name of ['silu', 'gelu', 'geluApproximate', 'mish', 'softplus'] as const) {
      const slopes = grad((v: Tensor) => calls[name]!(v).sum())(tensor([-Infinity, Infinity]));
      // Some come to 0 from below, as −0.
      expect(slopes.add(0).toArray()).toEqual([0, 1]);
    }
    expect(grad((v: Tensor) => v.relu().sum())(tensor([Number.NaN, 0, -1])).toArray()).toEqual([1, 0, 0]);
  });

  it('sparsePlus, sparseSigmoid, squareplus, prelu, glu and softmin are what Keras says', () => {
    const x = tensor([-2, -1, 0, 0.5, 1, 3]);
    expect(ct.sparsePlus(x).toArray()).toEqual([0, 0, 0.25, 0.5625, 1, 3]);
    expect(ct.sparseSigmoid(x).toArray()).toEqual([0, 0, 0.5, 0.75, 1, 1]);
    expect(ct.squareplus(tensor([0, 1.5]), 4).toArray()).toEqual([1, 2]);
    const slope = tensor([0.1, 0.5]);
    const [dx, dslope] = grad((a: Tensor, b: Tensor) => ct.prelu(a, b).sum(), { argnums: [0, 1] })(
      tensor([
        [1, -2],
        [-4, 8],
      ]),
      slope,
    );
    expect([dx.toArray(), dslope.toArray()]).toEqual([
      [
        [1, 0.5],
        [Math.fround(0.1), 1],
      ],
      [-4, -2],
    ]);
    expect(ct.glu(tensor([[2, 4, 0, 0]])).toArray()).toEqual([[1, 2]]);
    expect(ct.softmin(tensor([1, 1])).toArray()).toEqual([0.5, 0.5]);
    expect(() => ct.glu(tensor([[1, 2, 3]]))).toThrow('glu: got x [1, 3]; expected an even extent along axis 1');
    expect(() => ct.celu(x, { alpha: 0 })).toThrow('celu: got alpha 0; expected a number other than 0');
    expect(() => ct.gelu(x, { aproximate: true } as never)).toThrow("gelu: got unknown option 'aproximate'");
  });

  it('sparsemax is the nearest point of the simplex, with its Jacobian: the centering of what stays above 0', () => {
    expect(ct.sparsemax(tensor([1, 2, 2.5])).toArray()).toEqual([0, 0.25, 0.75]);
    expect(
      ct
        .sparsemax(
          tensor([
            [0, 0],
            [3, 0],
          ]),
          { axis: 0 },
        )
        .toArray(),
    ).toEqual([
      [0, 0.5],
      [1, 0.5],
    ]);
    expect(
      ct
        .jacrev((x: Tensor) => ct.sparsemax(x))(tensor([1, 2, 2.5]))
        .toArray(),
    ).toEqual([
      [0, 0, 0],
      [0, 0.5, -0.5],
      [0, -0.5, 0.5],
    ]);
    expect(() => ct.sparsemax(tensor([1]), { dim: 0 } as never)).toThrow("sparsemax: got unknown option 'dim'");
  });
});
