/**
 * Functions to some 250 bits, in integers alone: what the vector functions are measured against. Nothing of the kernels
 * or of Math's own functions enters (but for a first guess of the logarithm, which is then corrected).
 */

/** The number mantissa · 2^exponent. */
export interface Exact {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const precision = 256;

function bitLength(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}

/** Shortens the mantissa to the precision kept. */
function normalized(mantissa: bigint, exponent: number): Exact {
  const excess = bitLength(mantissa) - precision;
  return excess <= 0 ? { mantissa, exponent } : { mantissa: mantissa >> BigInt(excess), exponent: exponent + excess };
}

/** A finite double, exactly. */
export function exactly(x: number): Exact {
  if (x === 0) return { mantissa: 0n, exponent: 0 };
  const [high, low] = [new DataView(new ArrayBuffer(8))].flatMap((view) => {
    view.setFloat64(0, x);
    return [view.getUint32(0), view.getUint32(4)];
  }) as [number, number];
  const field = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(low);
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: x < 0 ? -mantissa : mantissa, exponent: Math.max(field, 1) - 1075 };
}

export function add(a: Exact, b: Exact): Exact {
  if (a.mantissa === 0n) return b;
  if (b.mantissa === 0n) return a;
  // A summand far below the other's precision would only make the integer long.
  const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a];
  const shift = high.exponent - low.exponent;
  if (shift > 4 * precision + bitLength(low.mantissa)) return high;
  return normalized((high.mantissa << BigInt(shift)) + low.mantissa, low.exponent);
}

export function multiply(a: Exact, b: Exact): Exact {
  return normalized(a.mantissa * b.mantissa, a.exponent + b.exponent);
}

export function divide(a: Exact, b: Exact): Exact {
  const lift = 2 * precision + 64;
  return normalized((a.mantissa << BigInt(lift)) / b.mantissa, a.exponent - b.exponent - lift);
}

export function negate(a: Exact): Exact {
  return { mantissa: -a.mantissa, exponent: a.exponent };
}

const one = exactly(1);

/** Σ terms, from the first on, until they no longer count. */
function series(first: Exact, next: (term: Exact, k: number) => Exact): Exact {
  let [sum, term] = [first, first];
  for (let k = 1; k < 400; k++) {
    term = next(term, k);
    if (term.mantissa === 0n) break;
    sum = add(sum, term);
    if (term.exponent + bitLength(term.mantissa) < sum.exponent + bitLength(sum.mantissa) - precision - 8) break;
  }
  return sum;
}

/** ln 2 = 2 artanh(1/3) = 2 Σ (1/3)^(2k+1) / (2k+1) */
function naturalLogOf2(): Exact {
  const ninth = divide(one, exactly(9));
  let [sum, power] = [exactly(0), divide(exactly(2), exactly(3))];
  for (let k = 0; k < 100; k++) {
    sum = add(sum, divide(power, exactly(2 * k + 1)));
    power = multiply(power, ninth);
  }
  return sum;
}

const ln2 = naturalLogOf2();

/** eˣ, by its series after halving x often enough. */
export function exp(x: Exact): Exact {
  const n = Math.round(toNumber(divide(x, ln2)));
  const r = add(x, negate(multiply(exactly(n), ln2)));
  const halvings = 12;
  const small = { mantissa: r.mantissa, exponent: r.exponent - halvings };
  let power = series(one, (term, k) => divide(multiply(term, small), exactly(k)));
  for (let k = 0; k < halvings; k++) power = multiply(power, power);
  return { mantissa: power.mantissa, exponent: power.exponent + n };
}

/** eˣ − 1 */
export function expm1(x: Exact): Exact {
  if (Math.abs(toNumber(x)) > 0.5) return add(exp(x), exactly(-1));
  return series(x, (term, k) => divide(multiply(term, x), exactly(k + 1)));
}

/** ln(1 + t) for small t. */
function smallLog1p(t: Exact): Exact {
  let [sum, power] = [exactly(0), t];
  for (let k = 1; k < 200 && power.mantissa !== 0n; k++) {
    const term = divide(power, exactly(k % 2 === 1 ? k : -k));
    sum = add(sum, term);
    if (term.exponent + bitLength(term.mantissa) < sum.exponent + bitLength(sum.mantissa) - precision - 8) break;
    power = multiply(power, t);
  }
  return sum;
}

/** ln x = y + ln(x e⁻ʸ), with y near enough for the series. */
export function log(x: Exact): Exact {
  const guess = Math.log(toNumber({ mantissa: x.mantissa, exponent: -bitLength(x.mantissa) }));
  const shifted = add(exactly(guess), multiply(exactly(bitLength(x.mantissa) + x.exponent), ln2));
  return add(shifted, smallLog1p(add(multiply(x, exp(negate(shifted))), exactly(-1))));
}

/** ln(1 + x) */
export function log1p(x: Exact): Exact {
  return Math.abs(toNumber(x)) < 2 ** -8 ? smallLog1p(x) : log(add(one, x));
}

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1) */
export function tanh(x: Exact): Exact {
  const t = expm1(add(x, x));
  return divide(t, add(t, exactly(2)));
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Exact): Exact {
  return divide(one, add(one, exp(negate(x))));
}

/** The nearest double, or so: for guesses and for telling sizes apart. */
export function toNumber(x: Exact): number {
  const excess = Math.max(0, bitLength(x.mantissa) - 64);
  return Number(x.mantissa >> BigInt(excess)) * 2 ** Math.max(-1074, Math.min(1023, x.exponent + excess));
}

/** Units in the last place between `value` and `reference`, in a format with so many fraction bits and this least exponent. */
export function ulps(value: number, reference: Exact, fractionBits = 52, leastExponent = -1074): number {
  if (reference.mantissa === 0n) return value === 0 ? 0 : Infinity;
  const top = reference.exponent + bitLength(reference.mantissa) - 1;
  const unit = Math.max(top - fractionBits, leastExponent);
  const difference = add(exactly(value), negate(reference));
  return Math.abs(toNumber({ mantissa: difference.mantissa, exponent: difference.exponent - unit }));
}
