"""Print the coefficients that the CPU backend's gelu uses.

With E = exp(-a^2 / 2), the tail of the normal distribution beyond a is E R(a), and gelu's slope at -a is
E (R(a) - a / sqrt(2 pi)). The script interpolates a R(a) and the second factor by ratios of polynomials in a, at
Chebyshev nodes in t = c / (c + a) for a in [0, 15].

    python tools/fit_gelu.py
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 50
TOP = 15


def tail(a: mp.mpf) -> mp.mpf:
    """R at a."""
    return mp.erfc(a / mp.sqrt(2)) * mp.exp(a * a / 2) / 2


def slope(a: mp.mpf) -> mp.mpf:
    """The second factor of gelu's slope at -a."""
    return tail(a) - a / mp.sqrt(2 * mp.pi)


def ratio(f: Callable[[mp.mpf], mp.mpf], above: int, below: int, c: int) -> tuple[list[float], list[float]]:
    """Numerator and denominator (with constant 1) of these degrees, by rising powers."""
    count = above + below + 1
    low = mp.mpf(c) / (c + TOP)
    nodes = [
        (1 + low) / 2 + (1 - low) / 2 * mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)
    ]
    system, right = mp.matrix(count, count), mp.matrix(count, 1)
    for i, t in enumerate(nodes):
        a = c / t - c
        right[i] = f(a)
        for j in range(above + 1):
            system[i, j] = a**j
        for j in range(1, below + 1):
            system[i, above + j] = -right[i] * a**j
    found = [float(v) for v in mp.lu_solve(system, right)]
    return found[: above + 1], [1.0, *found[above + 1 :]]


if __name__ == "__main__":
    for name, f, above, below, c in (
        ("tail, to be multiplied by a", tail, 4, 5, 3),
        ("slope", slope, 5, 4, 1),
    ):
        for part, coefficients in zip(("numerator", "denominator"), ratio(f, above, below, c), strict=True):
            print(f"# {name}, {part}\n" + ", ".join(f"{v:.8g}" for v in coefficients))
