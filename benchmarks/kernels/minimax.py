"""Coefficients of the polynomials in packages/kernels/src/vectorMath, by Remez's exchange in 60 digits.

    python3 benchmarks/kernels/minimax.py          (needs mpmath)

Each line prints the coefficients, lowest first, rounded to the format they are used in, and the largest error
relative to the function before and after rounding, as a power of two.
"""
import struct
from mpmath import mp, mpf, matrix, lu_solve, exp, expm1, log, tanh, erf, erfc, ncdf, sin, cos, log1p, sqrt, pi, findroot, chebyt

mp.dps = 60


def to_format(x, bits):
    return mpf(struct.unpack('<f', struct.pack('<f', float(x)))[0]) if bits == 32 else mpf(float(x))


def remez(target, weight, low, high, degree, rounds=12, grid=2000):
    """Minimizes max |weight(x) (p(x) − target(x))|; returns the coefficients and that maximum."""
    n = degree + 2
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    # The weight is 0 at 0: no extremum there, and no equation.
    nodes = [x if abs(x) > high / 1000 else high / 1000 for x in nodes]
    points = [(low + high) / 2 + (high - low) / 2 * mp.cos(pi * mpf(k) / grid) for k in range(grid + 1)]
    points = [p for p in points if abs(p) > high / 10000]
    values = [(p, target(p), weight(p)) for p in points]
    for _ in range(rounds):
        system = matrix(n, n)
        right = matrix(n, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                system[i, j] = x ** j
            system[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = target(x)
        solution = lu_solve(system, right)
        c = [solution[j] for j in range(degree + 1)]
        errors = [(w * (mp.polyval(c[::-1], p) - t), p) for p, t, w in values]
        # One extremum per run of equal sign.
        extrema = []
        for e, p in errors:
            if extrema and (e > 0) == (extrema[-1][0] > 0):
                if abs(e) > abs(extrema[-1][0]):
                    extrema[-1] = (e, p)
            else:
                extrema.append((e, p))
        while len(extrema) > n:
            extrema.pop(0 if abs(extrema[0][0]) < abs(extrema[-1][0]) else -1)
        if len(extrema) < n:
            break
        nodes = [p for _, p in extrema]
    return c, values


def show(name, target, weight, low, high, degree, bits):
    c, values = remez(target, weight, mpf(low), mpf(high), degree)
    # Coefficients are rounded one by one, lowest first, and the others fitted again to make up for it.
    fixed = []
    for k in range(degree + 1):
        rounded = to_format(c[0] if k == 0 else rest[0], bits)
        fixed.append(rounded)
        if k == degree:
            break
        known = list(fixed)
        shifted = lambda x: (target(x) - mp.polyval(known[::-1], x)) / x ** (k + 1)
        rest, _ = remez(shifted, lambda x: weight(x) * x ** (k + 1), mpf(low), mpf(high), degree - k - 1, rounds=4, grid=400)
    worst = lambda cs: max(abs(w * (mp.polyval(cs[::-1], p) - t)) for p, t, w in values)
    fixed = min(fixed, [to_format(x, bits) for x in c], key=worst)
    print(f'{name}: 2^{float(mp.log(worst(c), 2)):.2f}, rounded 2^{float(mp.log(worst(fixed), 2)):.2f}')
    print('  ' + ', '.join(repr(float(x)) for x in fixed))


half_ln2 = log(2) / 2 * mpf('1.001')
# (eʳ − 1 − r) / r², relative to eʳ
for degree, bits in ((4, 32), (9, 64)):
    show(f'exp degree {degree}', lambda r: (exp(r) - 1 - r) / r ** 2, lambda r: r ** 2 / exp(r), -half_ln2, half_ln2, degree, bits)
# the same for float64 lanes whose result is rounded to float32
show('expSingle', lambda r: (exp(r) - 1 - r) / r ** 2, lambda r: r ** 2 / exp(r), -half_ln2, half_ln2, 4, 64)
# erf x / x − 1 in x², |x| ≤ 1
show('erf near 0', lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)), 0, mpf(1), 6, 32)
# Φ(−a)^(1/16) in u = a − 3.25, 0 ≤ a ≤ 6.5, relative to Φ(−a)
root = lambda u: ncdf(-(u + mpf('3.25'))) ** (mpf(1) / 16)
coefficients, values = remez(root, lambda u: 16 / root(u), mpf('-3.25'), mpf('3.25'), 13, grid=500)
print(f'root of the tail: 2^{float(mp.log(max(abs(w * (mp.polyval(coefficients[::-1], p) - t)) for p, t, w in values), 2)):.2f}')
print('  ' + ', '.join(repr(float(x)) for x in coefficients))
