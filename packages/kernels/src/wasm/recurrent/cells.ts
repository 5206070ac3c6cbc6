/** What recurrent cells do with each unit, once the products are there: all gates in one pass over memory. */

import { sigmoid, tanh } from '../../vectorMath/index.js';
import type { Expr } from '../expr.js';
import type { FloatVector, Lanes } from '../lanes.js';
import { type MapKernel, mapKernel } from '../mapKernel.js';

/** Operands that are all elements, and move on together. */
function operands<const N extends string>(names: readonly N[]): Readonly<Record<N, 'elements'>> {
  return Object.fromEntries(names.map((name) => [name, 'elements'])) as Record<N, 'elements'>;
}

type Value<V extends FloatVector> = Expr<V>;

/** y (1 − y): the derivative of the sigmoid, from its value. */
const sigmoidSlope = <V extends FloatVector>(v: Lanes<V>, y: Value<V>): Value<V> => v.mul(y, v.sub(1, y));
/** 1 − y²: the derivative of tanh, from its value. */
const tanhSlope = <V extends FloatVector>(v: Lanes<V>, y: Value<V>): Value<V> => v.sub(1, v.mul(y, y));

/** i, f, o = σ; g = tanh; c = f c₋ + i g; h = o tanh c. */
export const lstmCell: MapKernel = mapKernel({
  name: 'lstmCell',
  inputs: operands(['zi', 'zf', 'zg', 'zo', 'before']),
  outputs: operands(['i', 'f', 'g', 'o', 'c', 'h']),
  broadcast: false,
  fuses: true,
  unroll: 2,
  body: (v, { zi, zf, zg, zo, before }) => {
    const [i, f, o] = [v.let(sigmoid(v, zi)), v.let(sigmoid(v, zf)), v.let(sigmoid(v, zo))];
    const g = v.let(tanh(v, zg));
    const c = v.let(v.madd(f, before, v.mul(i, g)));
    return { i, f, g, o, c, h: v.mul(o, tanh(v, c)) };
  },
});

/** The cotangents of zi, zf, zg, zo and c₋, from those of h, c (each in two parts) and of the gates. */
export const lstmCellBackward: MapKernel = mapKernel({
  name: 'lstmCellBackward',
  inputs: operands(['gh', 'dh', 'gc', 'dc', 'i', 'f', 'g', 'o', 'c', 'before', 'gi', 'gf', 'gg', 'go']),
  outputs: operands(['dzi', 'dzf', 'dzg', 'dzo', 'dBefore']),
  broadcast: false,
  fuses: true,
  body: (v, x) => {
    const dh = v.let(v.add(x.gh, x.dh));
    const squashed = v.let(tanh(v, x.c));
    const dc = v.let(v.madd(v.let(v.mul(dh, x.o)), v.let(tanhSlope(v, squashed)), v.add(x.gc, x.dc)));
    return {
      dzi: v.mul(v.madd(dc, x.g, x.gi), sigmoidSlope(v, x.i)),
      dzf: v.mul(v.madd(dc, x.before, x.gf), sigmoidSlope(v, x.f)),
      dzg: v.mul(v.madd(dc, x.i, x.gg), tanhSlope(v, x.g)),
      dzo: v.mul(v.madd(dh, squashed, x.go), sigmoidSlope(v, x.o)),
      dBefore: v.mul(dc, x.f),
    };
  },
});

/** z, r = σ(x + h); n = tanh(xn + r hn); h = n + z (h₋ − n). hn is kept as q. */
export const gruCell: MapKernel = mapKernel({
  name: 'gruCell',
  inputs: operands(['xz', 'xr', 'xn', 'hz', 'hr', 'hn', 'before']),
  outputs: operands(['z', 'r', 'n', 'q', 'h']),
  broadcast: false,
  fuses: true,
  unroll: 2,
  body: (v, { xz, xr, xn, hz, hr, hn, before }) => {
    const z = v.let(sigmoid(v, v.let(v.add(xz, hz))));
    const r = v.let(sigmoid(v, v.let(v.add(xr, hr))));
    const n = v.let(tanh(v, v.let(v.madd(r, hn, xn))));
    return { z, r, n, q: hn, h: v.madd(z, v.sub(before, n), n) };
  },
});

/** The cotangents of the three sums from x, of the three from h, and of h₋ by the way that goes around the gates. */
export const gruCellBackward: MapKernel = mapKernel({
  name: 'gruCellBackward',
  inputs: operands(['gh', 'dh', 'z', 'r', 'n', 'q', 'before', 'gz', 'gr', 'gn', 'gq']),
  outputs: operands(['dxz', 'dxr', 'dxn', 'dhz', 'dhr', 'dhn', 'dBefore']),
  broadcast: false,
  fuses: true,
  body: (v, x) => {
    const dh = v.let(v.add(x.gh, x.dh));
    const dn = v.let(v.mul(v.madd(dh, v.sub(1, x.z), x.gn), tanhSlope(v, x.n)));
    const dz = v.let(v.mul(v.madd(dh, v.sub(x.before, x.n), x.gz), sigmoidSlope(v, x.z)));
    const dr = v.let(v.mul(v.madd(dn, x.q, x.gr), sigmoidSlope(v, x.r)));
    const dq = v.madd(dn, x.r, x.gq);
    return { dxz: dz, dxr: dr, dxn: dn, dhz: dz, dhr: dr, dhn: dq, dBefore: v.mul(dh, x.z) };
  },
});

/** h = tanh z */
export const rnnCell: MapKernel = mapKernel({
  name: 'rnnCell',
  inputs: operands(['z']),
  outputs: operands(['h']),
  fuses: true,
  broadcast: false,
  unroll: 4,
  body: (v, { z }) => ({ h: tanh(v, z) }),
});

/** The cotangent of z. */
export const rnnCellBackward: MapKernel = mapKernel({
  name: 'rnnCellBackward',
  inputs: operands(['gh', 'dh', 'h']),
  outputs: operands(['dz']),
  broadcast: false,
  unroll: 2,
  body: (v, { gh, dh, h }) => ({ dz: v.mul(v.add(gh, dh), tanhSlope(v, h)) }),
});
