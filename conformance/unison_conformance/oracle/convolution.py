"""Convolution and its two gradients: sums of products over windows, S the sum of the products' absolute values.

Each result is sum(a * b) with a and b gathered so that every product appears once; n of rule 5 is the number of
products, which for conv is channels / groups * taps (and one for the bias).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle._windows import gather, places, reverse_places
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["sum_of_products"]

Arrange = Callable[[Any], Any]


def sum_of_products(
    a: Any, b: Any, of_a: Arrange, of_b: Arrange, axes: tuple[int, ...], shape: tuple[int, ...]
) -> Reference:
    """sum(of_a(a) * of_b(b)) over the axes, reshaped; of_a and of_b only move elements. Any numeric dtype."""
    if a.dtype.kind in "biu":
        exact = of_a(a.astype(object)) * of_b(b.astype(object))
        return Reference(np.asarray(exact.sum(axis=axes), object).reshape(shape))
    terms = 0

    def product(p: Any, q: Any) -> tuple[Wide, Any]:
        nonlocal terms
        each = wide(p).apply(of_a) * wide(q).apply(of_b)
        terms = int(np.prod([each.shape[i] for i in axes]))
        return each.sum(axes).reshape(*shape), np.abs(each.hi).sum(axis=axes).reshape(shape)

    if a.dtype.kind != "c":
        value, scale = product(a, b)
        return Reference(value, scale, terms)
    (rr, s1), (ii, s2) = product(a.real, b.real), product(a.imag, b.imag)
    (ri, s3), (ir, s4) = product(a.real, b.imag), product(a.imag, b.real)
    return Reference((rr - ii, ri + ir), np.hypot(s1 + s2, s3 + s4), 2 * terms)


def _counts(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _grouped(x: Any, groups: int, *, before: bool) -> Any:
    """(n, c, ...) as (n, groups, 1, c / groups, ...), or the 1 after the channels."""
    split = (groups, 1, x.shape[1] // groups) if before else (groups, x.shape[1] // groups, 1)
    return x.reshape(x.shape[0], *split, *x.shape[2:])


def _filters(weight: Any, groups: int, spatial: int) -> Any:
    """(k, c / groups, *kernel) as (1, groups, k / groups, c / groups, *ones, *kernel)."""
    return weight.reshape(
        1, groups, weight.shape[0] // groups, weight.shape[1], *[1] * spatial, *weight.shape[2:]
    )


@oracle("conv")
def _conv(
    x: Any, weight: Any, bias: Any, *, stride: Any, padding: Any, dilation: Any, groups: int
) -> Reference:
    spatial, kernel = x.ndim - 2, weight.shape[2:]
    counts = _counts(x.shape[2:], kernel, stride, padding, dilation)
    at = places(x.shape[2:], counts, kernel, stride, padding, dilation)
    out = sum_of_products(
        x,
        weight,
        lambda a: _grouped(gather(a, at), groups, before=True),
        lambda b: _filters(b, groups, spatial),
        (3, *range(4 + spatial, 4 + 2 * spatial)),
        (x.shape[0], weight.shape[0], *counts),
    )
    return out if bias is None else _with_bias(out, bias.reshape(-1, *[1] * spatial))


def _with_bias(out: Reference, bias: Any) -> Reference:
    if out.scale is None:
        return Reference(out.value + bias.astype(object))
    if isinstance(out.value, tuple):
        value: Any = (out.value[0] + bias.real, out.value[1] + bias.imag)
    else:
        value = out.value + bias
    return Reference(value, out.scale + np.abs(bias).astype(np.float64), out.terms + 1)


@oracle("conv_input_grad")
def _conv_input_grad(
    g: Any, weight: Any, *, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Reference:
    spatial = g.ndim - 2
    at = reverse_places(size, g.shape[2:], weight.shape[2:], stride, padding, dilation)
    return sum_of_products(
        g,
        weight,
        lambda a: _grouped(gather(a, at), groups, before=False),
        lambda b: _filters(b, groups, spatial),
        (2, *range(4 + spatial, 4 + 2 * spatial)),
        (g.shape[0], weight.shape[1] * groups, *size),
    )


@oracle("conv_weight_grad")
def _conv_weight_grad(
    x: Any, g: Any, *, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Reference:
    spatial = x.ndim - 2
    at = places(x.shape[2:], g.shape[2:], kernel, stride, padding, dilation)
    return sum_of_products(
        x,
        g,
        lambda a: _grouped(gather(a, at), groups, before=True),
        lambda b: b.reshape(b.shape[0], groups, b.shape[1] // groups, 1, *b.shape[2:], *[1] * spatial),
        (0, *range(4, 4 + spatial)),
        (g.shape[1], x.shape[1] // groups, *kernel),
    )
