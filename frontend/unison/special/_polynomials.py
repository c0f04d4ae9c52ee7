"""Orthogonal polynomials of degree n at x, x and n being tensors or numbers, by their three-term recurrences
(Abramowitz and Stegun 22.7). They have no gradients, and are 0 for negative n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison.functions._common import need_tensors, tensor_like, with_out
from unison.functions.elementwise.special import floating
from unison_core import ops, state
from unison_core.handle import Handle

__all__ = [
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]


def _polynomial(
    x: Any, n: Any, first: Callable[[Any], Any], following: Callable[[Any, Any, Any, int], Any]
) -> Any:
    """first(x) is the polynomial of degree 1, following(x, now, before, k) that of degree k + 1."""
    like = x if isinstance(x, Handle) else n
    need_tensors("polynomial", input=like)
    before_grad = state.set_grad(False)
    try:
        kind = floating(ops.mul(tensor_like(x, like), tensor_like(n, like))).dtype
        x = ops.cast(tensor_like(x, like), dtype=kind)
        degree = ops.trunc(ops.cast(tensor_like(n, like), dtype=kind))
        one = ops.cast(ops.eq(ops.mul(x, 0.0), 0), dtype=kind)
        zero = ops.mul(ops.mul(x, 0.0), degree)
        highest = int(ops.amax(degree, dim=None, keepdim=False).item()) if 0 not in degree.array.shape else 0
        before, now = ops.add(ops.mul(x, 0.0), one), first(x)
        out = ops.add(zero, ops.mul(before, ops.cast(ops.eq(degree, 0), dtype=kind)))
        for k in range(1, highest + 1):
            out = ops.where(ops.eq(degree, k), ops.add(now, zero), out)
            before, now = now, following(x, now, before, k)
        return out
    finally:
        state.set_grad(before_grad)


def _chebyshev(x: Any, now: Any, before: Any, k: int) -> Any:
    return ops.sub(ops.mul(ops.mul(x, 2.0), now), before)


def _shifted(x: Any) -> Any:
    return ops.sub(ops.mul(x, 2.0), 1.0)


def _shifted_chebyshev(x: Any, now: Any, before: Any, k: int) -> Any:
    return _chebyshev(_shifted(x), now, before, k)


@with_out
def chebyshev_polynomial_t(input: Any, n: Any) -> Any:
    """Chebyshev's polynomial of the first kind, T_n(x)."""
    return _polynomial(input, n, lambda x: x, _chebyshev)


@with_out
def chebyshev_polynomial_u(input: Any, n: Any) -> Any:
    """Chebyshev's polynomial of the second kind, U_n(x)."""
    return _polynomial(input, n, lambda x: ops.mul(x, 2.0), _chebyshev)


@with_out
def chebyshev_polynomial_v(input: Any, n: Any) -> Any:
    """Chebyshev's polynomial of the third kind, V_n(x)."""
    return _polynomial(input, n, _shifted, _chebyshev)


@with_out
def chebyshev_polynomial_w(input: Any, n: Any) -> Any:
    """Chebyshev's polynomial of the fourth kind, W_n(x)."""
    return _polynomial(input, n, lambda x: ops.add(ops.mul(x, 2.0), 1.0), _chebyshev)


@with_out
def shifted_chebyshev_polynomial_t(input: Any, n: Any) -> Any:
    """T_n(2 x - 1)."""
    return _polynomial(input, n, _shifted, _shifted_chebyshev)


@with_out
def shifted_chebyshev_polynomial_u(input: Any, n: Any) -> Any:
    """U_n(2 x - 1)."""
    return _polynomial(input, n, lambda x: ops.mul(_shifted(x), 2.0), _shifted_chebyshev)


@with_out
def shifted_chebyshev_polynomial_v(input: Any, n: Any) -> Any:
    """V_n(2 x - 1)."""
    return _polynomial(input, n, lambda x: _shifted(_shifted(x)), _shifted_chebyshev)


@with_out
def shifted_chebyshev_polynomial_w(input: Any, n: Any) -> Any:
    """W_n(2 x - 1)."""
    return _polynomial(input, n, lambda x: ops.add(ops.mul(_shifted(x), 2.0), 1.0), _shifted_chebyshev)


@with_out
def hermite_polynomial_h(input: Any, n: Any) -> Any:
    """Hermite's polynomial in the physicists' form, H_n(x)."""

    def following(x: Any, now: Any, before: Any, k: int) -> Any:
        return ops.sub(ops.mul(ops.mul(x, 2.0), now), ops.mul(before, 2.0 * k))

    return _polynomial(input, n, lambda x: ops.mul(x, 2.0), following)


@with_out
def hermite_polynomial_he(input: Any, n: Any) -> Any:
    """Hermite's polynomial in the probabilists' form, He_n(x)."""

    def following(x: Any, now: Any, before: Any, k: int) -> Any:
        return ops.sub(ops.mul(x, now), ops.mul(before, float(k)))

    return _polynomial(input, n, lambda x: x, following)


@with_out
def laguerre_polynomial_l(input: Any, n: Any) -> Any:
    """Laguerre's polynomial, L_n(x)."""

    def following(x: Any, now: Any, before: Any, k: int) -> Any:
        return ops.div(ops.sub(ops.mul(ops.sub(2.0 * k + 1.0, x), now), ops.mul(before, float(k))), k + 1.0)

    return _polynomial(input, n, lambda x: ops.sub(1.0, x), following)


@with_out
def legendre_polynomial_p(input: Any, n: Any) -> Any:
    """Legendre's polynomial, P_n(x)."""

    def following(x: Any, now: Any, before: Any, k: int) -> Any:
        return ops.div(ops.sub(ops.mul(ops.mul(x, now), 2.0 * k + 1.0), ops.mul(before, float(k))), k + 1.0)

    return _polynomial(input, n, lambda x: x, following)
