"""Sizes, dtypes and scales of the transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.functions._common import need_tensors
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.spec import wrap_dim

__all__ = ["as_complex", "as_real", "axes", "axis", "check_norm", "checked", "resized", "scaled"]

_TRANSFORMED = (dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128)


def checked(name: str, x: Any) -> Any:
    """x, integers in the default dtype.

    Raises:
        RuntimeError: x is of a half type.
    """
    need_tensors(name, input=x)
    if x.dtype in dtypes.INTEGRAL:
        return ops.cast(x, dtype=dtypes.get_default_dtype())
    if x.dtype not in _TRANSFORMED:
        raise OperatorError(f"{name}: Unsupported dtype {x.dtype.name}; convert the tensor with .float()")
    return x


def as_complex(name: str, x: Any) -> Any:
    """`checked`, as complex numbers."""
    x = checked(name, x)
    return x if x.dtype.is_complex else ops.cast(x, dtype=x.dtype.to_complex())


def as_real(name: str, x: Any) -> Any:
    """`checked`.

    Raises:
        RuntimeError: x is complex.
    """
    need_tensors(name, input=x)
    if x.dtype.is_complex:
        raise OperatorError(f"{name} expects a real input tensor, but got {x.dtype.name}")
    return checked(name, x)


def axis(x: Any, dim: int) -> int:
    """dim counted from the front.

    Raises:
        IndexError: out of range, or x has no dimensions.
    """
    if not x.array.ndim:
        raise OperatorIndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, x.array.ndim)


def axes(
    name: str, x: Any, s: Sequence[int] | None, dim: Sequence[int] | int | None
) -> list[tuple[int, int | None]]:
    """The dimensions to transform, each with the length wanted there or None: those of dim, or the last ones.

    Raises:
        RuntimeError: s and dim do not go together, or a dimension is named twice.
        IndexError: a dimension is out of range.
    """
    ndim = x.array.ndim
    wanted = None if s is None else [int(s)] if isinstance(s, int) else list(s)
    if dim is None:
        if wanted is not None and len(wanted) > ndim:
            raise OperatorError(
                f"Got shape with {len(wanted)} values but input tensor only has {ndim} dimensions."
            )
        dim = range(ndim) if wanted is None else range(ndim - len(wanted), ndim)
    dims = [axis(x, d) for d in ([dim] if isinstance(dim, int) else dim)]
    if len(set(dims)) != len(dims):
        raise OperatorError(f"{name}: FFT dims must be unique, but got {tuple(dims)}")
    if wanted is not None and len(wanted) != len(dims):
        raise OperatorError(
            f"{name}: When given, dim and shape arguments must have the same length, but got {len(dims)} and "
            f"{len(wanted)}"
        )
    lengths = [None] * len(dims) if wanted is None else [None if n == -1 else n for n in wanted]
    return list(zip(dims, lengths, strict=True))


def resized(x: Any, d: int, n: int | None) -> Any:
    """x cut, or followed by zeros, to length n along d.

    Raises:
        RuntimeError: the length is below 1.
    """
    have = x.array.shape[d]
    length = have if n is None else n
    if length < 1:
        raise OperatorError(f"Invalid number of data points ({length}) specified")
    if length < have:
        return ops.slice(x, key=(*(slice(None),) * d, slice(0, length), ...))
    if length == have:
        return x
    return ops.pad(x, widths=tuple((0, length - have if i == d else 0) for i in range(x.array.ndim)), value=0)


def check_norm(norm: str | None) -> None:
    """Refuse unknown normalisations.

    Raises:
        RuntimeError: norm is none of "forward", "backward" and "ortho".
    """
    if norm not in (None, "backward", "forward", "ortho"):
        raise OperatorError(f'Invalid normalization mode: "{norm}"; choose forward, backward or ortho')


def scaled(out: Any, count: int, norm: str | None, *, inverse: bool) -> Any:
    """out divided as norm says: by the count in one direction, or by its root in both."""
    if norm == "ortho":
        return ops.mul(out, count**-0.5)
    return ops.mul(out, 1.0 / count) if inverse == (norm in (None, "backward")) else out
