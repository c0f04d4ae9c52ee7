"""Reductions by NumPy's shortest way.

# Note [Small reductions]
A reduction costs NumPy about 0.8 us before it looks at an element. What is as good and starts sooner: for the sums
of a few numbers their product with ones by BLAS, for the largest or smallest the place where it stands. The method
`argmax` starts sooner than the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.dtypes import DType

__all__ = ["table"]

Dims = tuple[int, ...] | None

_SMALL = 256
"""Elements up to which a product with ones is as accurate as pairwise summation: BLAS adds in many lanes at once."""


_FEW = 4096
"""Elements up to which it takes less time to look for the largest than to reduce to it."""
_ROWS = (1,)


def _placed(place: Callable[..., Any]) -> Callable[..., Any]:
    def kernel(x: Any, *, dim: int | None, keepdim: bool) -> Any:
        out = place(x, dim) if x.ndim else place(x)
        if not keepdim:
            return out
        shape = [1] * x.ndim if dim is None else list(x.shape)
        if dim is not None and shape:
            shape[dim] = 1
        return np.reshape(out, shape)

    return kernel


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    half = {n for d, n in native.items() if d.is_floating_point and d.bits == 16}
    ones = {d: [np.ones(n, d) for n in range(_SMALL + 1)] for d in map(np.dtype, (np.float32, np.float64))}
    plain = {n for n in native.values() if n.kind in "fiu"}
    reduce, array, asarray = np.add.reduce, np.array, np.asarray
    kit = arraykit.Reduction(arraykit.ArrayKit(np, native))

    def sum(x: Any, *, dim: Dims, keepdim: bool) -> Any:
        """Positional arguments, since NumPy parses keywords slowly; half types accumulate in float32."""
        dtype = x.dtype
        count = x.size
        if not keepdim and count <= _SMALL and dtype in ones:
            if dim is None:
                return array((x if x.ndim == 1 else x.ravel()).dot(ones[dtype][count]))
            if dim == _ROWS and x.ndim == 2:
                return x.dot(ones[dtype][x.shape[1]])
        if dtype in half:
            out = reduce(x, dim if x.ndim else None, np.float32, None, keepdim)
            return asarray(out, dtype=dtype)
        return asarray(reduce(x, dim if x.ndim else None, None, None, keepdim))

    def mean(x: Any, *, dim: Dims, keepdim: bool) -> Any:
        """The sum over the count; of few numbers, before they become an array."""
        dtype, count = x.dtype, x.size
        if dim is None and not keepdim and dtype in ones and 0 < count <= _SMALL:
            return array(x.ravel().dot(ones[dtype][count]) / count)
        return kit.mean(x, dim=dim, keepdim=keepdim)

    def extreme(general: Callable[..., Any], place: Callable[[Any], Any]) -> Callable[..., Any]:
        def kernel(x: Any, *, dim: Dims, keepdim: bool) -> Any:
            if dim is None and not keepdim and x.size <= _FEW and x.dtype in plain:
                return array((x if x.ndim == 1 else x.ravel())[place(x)])
            return general(x, dim=dim, keepdim=keepdim)

        return kernel

    return {
        "amax": extreme(kit.amax, np.ndarray.argmax),
        "amin": extreme(kit.amin, np.ndarray.argmin),
        "argmax": _placed(np.ndarray.argmax),
        "argmin": _placed(np.ndarray.argmin),
        "mean": mean,
        "sum": sum,
    }
