"""The ratio of polynomials in packages/kernels/src/vectorMath/errorFunction.ts, by Lawson's weights in 40 digits.

    python3 benchmarks/kernels/rational.py          (needs mpmath)

Prints the largest relative error as a power of two, then numerator and denominator, lowest coefficient first.
"""
import mpmath as mp

mp.mp.dps = 40


def fit(f, high, p, q, rounds=14, count=100):
    """Least squares of (N − f D) / (f D), D from the round before, weighed again by the errors that are left."""
    places = [mp.mpf(high) * ((1 - mp.cos(mp.pi * (2 * k + 1) / (2 * count))) / 2) ** 2 for k in range(count)]
    values = [f(x) for x in places]
    denominators, weights, best = [mp.mpf(1)] * count, [mp.mpf(1)] * count, None
    for _ in range(rounds):
        rows, right = mp.matrix(count, p + 1 + q), mp.matrix(count, 1)
        for i, x in enumerate(places):
            s = mp.sqrt(weights[i]) / (values[i] * denominators[i])
            for j in range(p + 1):
                rows[i, j] = s * x ** j
            for j in range(1, q + 1):
                rows[i, p + j] = -s * values[i] * x ** j
            right[i] = s * values[i]
        c = mp.lu_solve(rows.T * rows, rows.T * right)
        numerator, denominator = list(c[:p + 1]), [mp.mpf(1)] + list(c[p + 1:])
        denominators = [mp.polyval(denominator[::-1], x) for x in places]
        errors = [abs(mp.polyval(numerator[::-1], x) / d / v - 1) for x, d, v in zip(places, denominators, values)]
        if best is None or max(errors) < best[0]:
            best = max(errors), numerator, denominator
        mean = sum(w * e for w, e in zip(weights, errors)) / count
        weights = [max(w * e / mean, mp.mpf(10) ** -12) for w, e in zip(weights, errors)]
    return best


error, numerator, denominator = fit(lambda a: mp.erfc(a) * mp.exp(a * a), '10.1', 4, 5)
print(f'erfc: 2^{float(mp.log(error, 2)):.2f}')
for side in (numerator, denominator):
    print('  ' + ', '.join(repr(float(x)) for x in side))
