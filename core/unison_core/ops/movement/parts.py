"""Complex numbers seen as pairs of reals, and back: the same memory."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import COMPLEX, float32, float64
from unison_core.errors import OperatorError, ViewError
from unison_core.operator import Array, Result, primitive
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec

__all__ = ["view_as_complex", "view_as_real"]


@primitive(dtypes=COMPLEX, result=Result.VIEW)
def view_as_real(x: Array) -> Array:
    """Complex x as pairs of real and imaginary part in a new last dimension, on the same memory."""


@view_as_real.infer
def view_as_real_infer(x: Spec) -> Spec:
    return x.like((*x.shape, 2), x.dtype.to_real())


@view_as_real.vjp()
def view_as_real_vjp(g: Any, out: Any, x: Any) -> Any:
    try:
        return view_as_complex(g)
    except ViewError:
        return view_as_complex(ops.copy(g))


@view_as_real.samples
def view_as_real_samples() -> Any:
    yield good(arg(2, 3))
    yield good(arg())
    yield good(arg(0, 3))


@primitive(dtypes=(float32, float64), result=Result.VIEW)
def view_as_complex(x: Array) -> Array:
    """Pairs in the last dimension of x as complex numbers, on the same memory.

    Raises:
        RuntimeError: the last dimension is not a pair, or the memory does not allow it: the last stride must be 1,
            the others and the offset even.
    """


@view_as_complex.infer
def view_as_complex_infer(x: Spec) -> Spec:
    if not x.shape or x.shape[-1] != 2:
        raise OperatorError(f"Tensor must have a last dimension of size 2, got shape {list(x.shape)}")
    return x.like(x.shape[:-1], x.dtype.to_complex())


@view_as_complex.vjp()
def view_as_complex_vjp(g: Any, out: Any, x: Any) -> Any:
    return view_as_real(g)


@view_as_complex.samples
def view_as_complex_samples() -> Any:
    yield good(arg(3, 2))
    yield good(arg(2))
    yield good(arg(0, 2))
    yield bad(RuntimeError, "last dimension of size 2", arg(2, 3))
