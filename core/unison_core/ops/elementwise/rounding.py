"""Rounding to integers. Gradients are zero where they exist."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INTEGER
from unison_core.operator import Array, Promote, primitive
from unison_core.ops._shared import scalar_like
from unison_core.samples import unary

__all__ = ["ceil", "floor", "round", "trunc"]

ROUNDED = FLOATING | INTEGER


def _flat(g: Any) -> Any:
    return ops.mul(g, scalar_like(0, g))


@primitive(dtypes=ROUNDED, promote=Promote.COMMON, elementwise=True)
def floor(x: Array) -> Array:
    """The largest integer not above x."""


@floor.vjp()
def floor_vjp(g: Any, out: Any, x: Any) -> Any:
    return _flat(g)


@primitive(dtypes=ROUNDED, promote=Promote.COMMON, elementwise=True)
def ceil(x: Array) -> Array:
    """The smallest integer not below x."""


@ceil.vjp()
def ceil_vjp(g: Any, out: Any, x: Any) -> Any:
    return _flat(g)


@primitive(dtypes=ROUNDED, promote=Promote.COMMON, elementwise=True)
def trunc(x: Array) -> Array:
    """x without its fraction."""


@trunc.vjp()
def trunc_vjp(g: Any, out: Any, x: Any) -> Any:
    return _flat(g)


@primitive(dtypes=ROUNDED, promote=Promote.COMMON, elementwise=True)
def round(x: Array) -> Array:
    """The nearest integer; halves go to the even one."""


@round.vjp()
def round_vjp(g: Any, out: Any, x: Any) -> Any:
    return _flat(g)


for _op in (floor, ceil, trunc, round):
    _op.samples(unary(away=0.1))
