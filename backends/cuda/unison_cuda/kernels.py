"""Which kit serves which operator.

CuPy serves what its own kernels and NVIDIA's libraries do well: elementwise functions that are one ufunc, views and
copies, decompositions (cuSOLVER), Fourier transforms. The C kit serves the rest: products, by way of cuBLAS,
accumulations in the order that the contract's bounds want, places by index with checks, random streams, and what CuPy
has not (convolution, pooling, normalisation, losses, optimisers).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import cupy

from unison_core import arraykit, ckit
from unison_core.ckit import CKit
from unison_core.dtypes import COMPLEX, DType, bfloat16
from unison_cuda.bridge import Bridge
from unison_cuda.runtime import no_room

__all__ = ["inplace", "table"]

Kernel = Callable[..., Any]

_LIBRARIES = ("cholesky", "qr", "svd", "eigh", "solve", "inverse", "slogdet")
_MOVEMENT = (
    *("as_strided", "cat", "copy", "diagonal", "empty", "expand", "permute", "slice", "unfold", "view"),
    *("view_as_complex", "view_as_real"),
)


def table(native: Mapping[DType, Any], bridge: Bridge, kit: CKit) -> dict[str, Kernel]:
    """Operator name -> kernel."""
    theirs = arraykit.kernels(cupy, native)
    ours = {name: bridge.over(kernel) for name, kernel in ckit.kernels(kit).items()}
    names = {**theirs, **ours}
    return {name: _guarded(_serving(name, theirs.get(name), ours.get(name), native)) for name in names}


def _serving(name: str, theirs: Kernel | None, ours: Kernel | None, native: Mapping[DType, Any]) -> Kernel:
    """CuPy's kernel or the C kit's, or one that asks the dtype.

    CuPy's functions know float16; bfloat16 is the C kit's, which computes it in float32, as are functions of complex
    numbers, whose range CuPy's do not keep.
    """
    if theirs is None or ours is None or name in _MOVEMENT:
        found = theirs or ours
        assert found is not None
        return found
    if name in _LIBRARIES:
        return _by_type(theirs, ours, {native[d] for d in (bfloat16,) if d in native})
    if isinstance(theirs, cupy.ufunc):
        return _by_type(theirs, ours, {native[d] for d in (bfloat16, *COMPLEX) if d in native})
    return ours


def inplace(native: Mapping[DType, Any], bridge: Bridge, kit: CKit) -> dict[str, Kernel]:
    """Operator name -> kernel that takes `out=`."""
    return {name: _guarded(bridge.over(kernel)) for name, kernel in ckit.inplace_kernels(kit).items()}


def _by_type(theirs: Kernel, ours: Kernel, left: Collection[Any]) -> Kernel:
    """Theirs, but for the dtypes that are left to ours."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        serve = ours if arrays[0].dtype in left else theirs
        return serve(*arrays, **attrs)

    kernel.__qualname__ = getattr(theirs, "__name__", "kernel")
    return kernel


def _guarded(kernel: Kernel) -> Kernel:
    """The kernel on the device of its arrays, with CuPy's lack of memory as the framework's error."""

    def call(*arrays: Any, **attrs: Any) -> Any:
        first = next((a for a in arrays if a is not None), None)
        where = first.data.device_id if first is not None else (attrs["device"].index or 0)
        try:
            if where == cupy.cuda.runtime.getDevice():
                return kernel(*arrays, **attrs)
            with cupy.cuda.Device(where):
                return kernel(*arrays, **attrs)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room(error) from error

    call.__qualname__ = getattr(kernel, "__qualname__", repr(kernel))
    return call
