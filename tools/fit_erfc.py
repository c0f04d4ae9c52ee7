"""Print the coefficients that the array kit's erfc uses.

`exp(x^2) erfc(x) = t R(t)` with t = 2 / (2 + x): R is smooth on t in [0, 2/3], that is x >= 1. The script interpolates
R at Chebyshev nodes in 50 digits and prints the coefficients, enough for float64 and for float32.

    python tools/fit_erfc.py
"""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 50
TOP = mp.mpf(2) / 3


def smooth_part(t: mp.mpf) -> mp.mpf:
    """R at t; its limit at 0 is 1 / (2 sqrt(pi))."""
    if t == 0:
        return 1 / (2 * mp.sqrt(mp.pi))
    x = 2 / t - 2
    if x > 100:
        series = mp.nsum(lambda k: (-1) ** int(k) * mp.fac2(2 * k - 1) / (2 * x * x) ** k, [0, 12])
        return series / (x * mp.sqrt(mp.pi)) / t
    return mp.exp(x * x) * mp.erfc(x) / t


def chebyshev(count: int) -> list[float]:
    """The first coefficients on [0, 2/3]."""
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    values = [smooth_part((u + 1) * TOP / 2) for u in nodes]
    out = []
    for j in range(count):
        total = sum(v * mp.cos(mp.pi * j * (k + mp.mpf(1) / 2) / count) for k, v in enumerate(values))
        out.append(float(total * (1 if j == 0 else 2) / count))
    return out


if __name__ == "__main__":
    for name, count in (("float64", 24), ("float32", 11)):
        print(f"# {name}")
        print(",\n".join(f"    {c!r}" for c in chebyshev(count)))
