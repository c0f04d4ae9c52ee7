"""Matrices, index lists and grids."""

from __future__ import annotations

from typing import Any

from unison.functions.creation.filled import finish, place
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["eye", "meshgrid", "tril_indices", "triu_indices", "vander"]


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """The n x m matrix (m = n unless given) with ones on its diagonal."""
    if n < 0 or (m is not None and m < 0):
        raise OperatorError(f"n and m must be greater or equal to 0, got {n} and {m}")
    kind = dtype or dtypes.get_default_dtype()
    result = ops.eye(rows=n, columns=n if m is None else m, dtype=kind, device=place(device))
    return finish(result, requires_grad, out, pin_memory=pin_memory)


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: DType = dtypes.int64,
    device: Any = "cpu",
    layout: Any = None,
    pin_memory: bool = False,
) -> Any:
    """The row and column numbers, as two rows, of the elements of a matrix on or below diagonal `offset`.

    Raises:
        RuntimeError: a size is negative.
    """
    places = _triangle("tril_indices", row, col, offset, dtype, device, lower=True)
    return finish(places, requires_grad=False, pin_memory=pin_memory)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: DType = dtypes.int64,
    device: Any = "cpu",
    layout: Any = None,
    pin_memory: bool = False,
) -> Any:
    """The row and column numbers, as two rows, of the elements of a matrix on or above diagonal `offset`.

    Raises:
        RuntimeError: a size is negative.
    """
    places = _triangle("triu_indices", row, col, offset, dtype, device, lower=False)
    return finish(places, requires_grad=False, pin_memory=pin_memory)


def _triangle(name: str, row: int, col: int, offset: int, dtype: DType, device: Any, *, lower: bool) -> Any:
    if row < 0 or col < 0:
        raise OperatorError(f"{name}: row and col must be non-negative, got {row} and {col}")
    if dtype not in (dtypes.int32, dtypes.int64):
        raise OperatorError(f'"{name}" not implemented for {dtype.name}: indices are int32 or int64')
    rows, columns = (
        ops.arange(start=0, end=n, step=1, dtype=dtypes.int64, device=place(device)) for n in (row, col)
    )
    distance = ops.sub(ops.slice(columns, key=(None, ...)), ops.slice(rows, key=(..., None)))
    inside = ops.le(distance, offset) if lower else ops.ge(distance, offset)
    places = ops.permute(ops.nonzero(inside), dims=(1, 0))
    return ops.cast(places, dtype=dtype) if dtype is not dtypes.int64 else ops.copy(places)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """For 0-d or 1-d tensors x1, ..., xn: n tensors over the grid, the i-th varying along dimension i; with
    indexing="xy" the first two dimensions are swapped.

    Raises:
        RuntimeError: a tensor has more dimensions, dtypes differ, or indexing is unknown.
        ValueError: there are no tensors.
    """
    if len(tensors) == 1 and not isinstance(tensors[0], Handle):
        tensors = tuple(tensors[0])
    if not tensors:
        raise ValueError("meshgrid expects a non-empty TensorList")
    for t in tensors:
        if t.array.ndim > 1:
            raise OperatorError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t.array.ndim}D"
            )
        if t.dtype is not tensors[0].dtype:
            raise OperatorError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise OperatorError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple(t.array.size for t in tensors)
    grids = []
    for i, t in enumerate(tensors):
        lined = ops.view(t, shape=tuple(n if d == i else 1 for d, n in enumerate(shape)))
        grids.append(ops.expand(lined, shape=shape))
    if swap:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The Vandermonde matrix: powers N - 1, ..., 0 of each element of 1-d x in its row; 0, ..., N - 1 if increasing.

    Raises:
        RuntimeError: x is not 1-d, or N is negative.
    """
    if x.array.ndim != 1:
        raise OperatorError("x must be a one-dimensional tensor.")
    count = x.array.shape[0] if N is None else N
    if count < 0:
        raise OperatorError("N must be non-negative.")
    powers = ops.arange(start=0, end=count, step=1, dtype=dtypes.int64, device=x.device)
    if not increasing:
        powers = ops.flip(powers, dims=(0,))
    base = ops.slice(x, key=(..., None))
    if x.dtype in dtypes.INEXACT:
        powers = ops.cast(powers, dtype=x.dtype)
    return ops.pow(base if x.dtype is not dtypes.bool_ else ops.cast(base, dtype=dtypes.int64), powers)
