"""Reductions: sums of 106 bits with the sum of absolute terms beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import wide

__all__: list[str] = []


def axes_of(x: Any, dim: Any) -> tuple[int, ...]:
    """The axes that a `dim` of torch names: None is all of them, () too."""
    if dim is None or dim == ():
        return tuple(range(x.ndim))
    return tuple(d % max(x.ndim, 1) for d in ([dim] if isinstance(dim, int) else dim)) if x.ndim else ()


@oracle("sum")
def _sum(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    if x.dtype.kind in "biu":
        return np.asarray(x.astype(object).sum(axis=axes, keepdims=keepdim), object)
    terms = int(np.prod([x.shape[a] for a in axes]))
    value = wide(x)
    return Reference(value.sum(axes, keepdims=keepdim), abs(value).sum(axes, keepdims=keepdim).hi, terms)
