"""Reordering and repeating elements, diagonals and triangles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.functions._common import sizes, write_exact
from unison.functions.movement import expand, reshape
from unison_core import dtypes, ops
from unison_core.dispatch import inplace
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.handle import Handle
from unison_core.spec import broadcast, numel, wrap_dim

__all__ = [
    "as_strided",
    "broadcast_tensors",
    "broadcast_to",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "expand_as",
    "fill_diagonal_",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "movedim",
    "ravel",
    "repeat",
    "repeat_interleave",
    "reshape_as",
    "roll",
    "rot90",
    "select_scatter",
    "slice_scatter",
    "swapaxes",
    "swapdims",
    "tile",
    "tril",
    "triu",
    "unflatten",
    "unfold",
    "view_as",
]


def view_as(input: Any, other: Any) -> Any:
    """input viewed in other's shape."""
    return ops.view(input, shape=tuple(other.array.shape))


def reshape_as(input: Any, other: Any) -> Any:
    """input in other's shape."""
    return reshape(input, other.array.shape)


def expand_as(input: Any, other: Any) -> Any:
    """input expanded to other's shape."""
    return ops.expand(input, shape=tuple(other.array.shape))


def broadcast_to(input: Any, size: Any) -> Any:
    """input expanded to `size`."""
    return expand(input, size)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All expanded to the shape they broadcast to."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Handle) else tensors
    shape = broadcast(*[t.array.shape for t in given])
    return tuple(ops.expand(t, shape=shape) for t in given)


def ravel(input: Any) -> Any:
    """All elements in one dimension, in row-major order."""
    return reshape(input, -1) if 0 not in input.array.shape else reshape(input, 0)


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension seen as several; one of the sizes may be -1.

    Raises:
        RuntimeError: the sizes do not multiply to the length.
    """
    d = wrap_dim(dim, input.array.ndim)
    shape = tuple(input.array.shape)
    inner = tuple(int(n) for n in sizes)
    if not inner:
        raise OperatorError("unflatten: sizes must be non-empty")
    known = numel([n for n in inner if n != -1])
    if -1 in inner:
        inner = tuple(shape[d] // known if n == -1 and known else n for n in inner)
    if numel(inner) != shape[d]:
        raise OperatorError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} ({shape[d]}) in the "
            "input tensor"
        )
    return reshape(input, (*shape[:d], *inner, *shape[d + 1 :]))


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """input with dimensions moved to other places, the rest keeping their order.

    Raises:
        RuntimeError: a dimension is named twice, or the numbers differ.
    """
    n = input.array.ndim
    src = [wrap_dim(d, n) for d in ((source,) if isinstance(source, int) else source)]
    dst = [wrap_dim(d, n) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(src) != len(dst):
        raise OperatorError(
            f"movedim: Invalid source or destination dims: source ({src}) should contain the same number of dims as "
            f"destination ({dst})"
        )
    for what, given in (("source", src), ("destination", dst)):
        if len(set(given)) != len(given):
            raise OperatorError(f"movedim: repeated dim in `{what}` ({given})")
    if not n:
        return ops.view(input, shape=())
    order: list[int | None] = [None] * n
    for s, d in zip(src, dst, strict=True):
        order[d] = s
    rest = iter(d for d in range(n) if d not in src)
    return ops.permute(input, dims=tuple(next(rest) if d is None else d for d in order))


moveaxis = movedim


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """input with two dimensions exchanged."""
    from unison.functions.movement import transpose

    return transpose(input, axis0, axis1)


swapdims = swapaxes


def flip(input: Any, *args: Any, dims: Any = ()) -> Any:
    """A copy with the order of elements reversed along dims."""
    n = input.array.ndim
    given = sizes(args or ((dims,) if isinstance(dims, int) else tuple(dims)))
    wrapped = tuple(wrap_dim(d, n) for d in given)
    if len(set(wrapped)) != len(wrapped):
        raise OperatorError(f"dim {list(given)} appears multiple times in the list of dims")
    return ops.flip(input, dims=wrapped if n else ())


def fliplr(input: Any) -> Any:
    """Reversed along the second dimension."""
    if input.array.ndim < 2:
        raise OperatorError("Input must be >= 2-d.")
    return ops.flip(input, dims=(1,))


def flipud(input: Any) -> Any:
    """Reversed along the first dimension."""
    if input.array.ndim < 1:
        raise OperatorError("Input must be >= 1-d.")
    return ops.flip(input, dims=(0,))


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along dims, or along the flattened tensor, coming in at the other end.

    Raises:
        RuntimeError: shifts and dims do not have the same number of entries.
        IndexError: dims are named, but the tensor has none.
    """
    steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or (not isinstance(dims, int) and not tuple(dims)):
        if len(steps) != 1:
            raise OperatorError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:0")
        return reshape(ops.roll(reshape(input, input.array.size), shifts=steps, dims=(0,)), input.array.shape)
    named = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(steps) != len(named):
        raise OperatorError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(named)}")
    if not input.array.ndim:
        raise OperatorIndexError(f"Dimension specified as {named[0]} but tensor has no dimensions")
    return ops.roll(input, shifts=steps, dims=tuple(wrap_dim(d, input.array.ndim) for d in named))


def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """Rotated k times by 90 degrees in the plane of two dimensions, from the first towards the second.

    Raises:
        RuntimeError: dims are not two different dimensions.
    """
    n = input.array.ndim
    if len(dims) != 2:
        raise OperatorError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if n < 2:
        raise OperatorError(f"expected total dims >= 2, but got total dims = {n}")
    one, two = (wrap_dim(d, n) for d in dims)
    if one == two:
        raise OperatorError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    turns = k % 4
    if turns == 0:
        return ops.copy(input)
    if turns == 2:
        return ops.flip(input, dims=(one, two))
    order = list(range(n))
    order[one], order[two] = two, one
    if turns == 1:
        return ops.permute(ops.flip(input, dims=(two,)), dims=tuple(order))
    return ops.flip(ops.permute(input, dims=tuple(order)), dims=(two,))


def repeat(input: Any, *repeats: Any) -> Any:
    """input copied side by side, `repeats` times along each dimension; new dimensions come in front.

    Raises:
        RuntimeError: fewer numbers than dimensions, or negative ones.
    """
    counts = sizes(repeats)
    shape = tuple(input.array.shape)
    if len(counts) < len(shape):
        raise OperatorError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(n < 0 for n in counts):
        raise OperatorError(f"Trying to create tensor with negative dimension: repeats {list(counts)}")
    full = (1,) * (len(counts) - len(shape)) + shape
    apart: list[int] = []
    wide: list[int] = []
    for n, length in zip(counts, full, strict=True):
        apart += [1, length]
        wide += [n, length]
    spread = ops.expand(reshape(input, apart), shape=tuple(wide))
    return ops.view(ops.copy(spread), shape=tuple(n * length for n, length in zip(counts, full, strict=True)))


def tile(input: Any, *dims: Any) -> Any:
    """repeat, with missing leading numbers taken as 1."""
    counts = sizes(dims)
    return repeat(input, (1,) * max(0, input.array.ndim - len(counts)) + counts)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element (or slice along dim) repeated `repeats` times in place; a lone tensor gives the indices repeated.

    Raises:
        RuntimeError: repeats does not fit, or is negative.
    """
    if repeats is None:
        places = ops.arange(end=input.array.shape[0], dtype=dtypes.int64, device=input.device)
        return repeat_interleave(places, input, 0)
    if dim is None:
        input, dim = reshape(input, input.array.size), 0
    d = wrap_dim(dim, input.array.ndim)
    length = input.array.shape[d]
    if isinstance(repeats, Handle):
        counts = [int(n) for n in reshape(repeats, repeats.array.size).tolist()]
    else:
        counts = [int(repeats)]
    counts = counts * length if len(counts) == 1 else counts
    if len(counts) != length:
        raise OperatorError(
            f"repeats must have the same size as input along dim, but got {len(counts)} for {length}"
        )
    if any(n < 0 for n in counts):
        raise OperatorError("repeats can not be negative")
    from unison.functions.conversion import tensor

    places = tensor(
        [i for i, n in enumerate(counts) for _ in range(n)], dtype=dtypes.int64, device=input.device
    )
    return ops.index_select(input, places, dim=d)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A view of the diagonals of the planes (dim1, dim2), as the last dimension."""
    n = input.array.ndim
    return ops.diagonal(input, offset=offset, dim1=wrap_dim(dim1, n), dim2=wrap_dim(dim2, n))


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices of zeros with input's last dimension on the given diagonal.

    Raises:
        RuntimeError: dim1 and dim2 are the same.
    """
    n = input.array.ndim + 1
    one, two = wrap_dim(dim1, n), wrap_dim(dim2, n)
    if one == two:
        raise OperatorError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.array.shape[-1] + abs(offset)
    shape = list(input.array.shape[:-1])
    for d in sorted((one, two)):
        shape.insert(d, size)
    out = ops.full(shape=tuple(shape), value=0, dtype=input.dtype, device=input.device)
    inplace.assign(ops.diagonal(out, offset=offset, dim1=one, dim2=two), input)
    return out


def diag(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix, copied.

    Raises:
        RuntimeError: neither vector nor matrix.
    """
    n = input.array.ndim
    if n not in (1, 2):
        raise OperatorError(f"diag(): Supports 1D or 2D tensors. Got {n}D")
    result = (
        diag_embed(input, diagonal)
        if n == 1
        else ops.copy(ops.diagonal(input, offset=diagonal, dim1=0, dim2=1))
    )
    return result if out is None else write_exact(out, result)


def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements of input on a diagonal."""
    return diag_embed(reshape(input, input.array.size), offset)


def _triangle(input: Any, diagonal: int, lower: bool) -> Any:
    n = input.array.ndim
    if n < 2:
        raise OperatorError(f"{'tril' if lower else 'triu'}: input tensor must have at least 2 dimensions")
    rows, columns = input.array.shape[-2:]
    row = ops.slice(ops.arange(end=rows, dtype=dtypes.int64, device=input.device), key=(..., None))
    limit = ops.add(row, diagonal)
    column = ops.arange(end=columns, dtype=dtypes.int64, device=input.device)
    inside = ops.le(column, limit) if lower else ops.ge(column, limit)
    zero = ops.full(shape=(), value=0, dtype=input.dtype, device=input.device)
    return ops.where(inside, input, zero)


def tril(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """Matrices with zeros above a diagonal."""
    result = _triangle(input, diagonal, True)
    return result if out is None else write_exact(out, result)


def triu(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """Matrices with zeros below a diagonal."""
    result = _triangle(input, diagonal, False)
    return result if out is None else write_exact(out, result)


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """A view of windows of `size` elements along a dimension, `step` apart, as the last dimension."""
    return ops.unfold(input, dim=wrap_dim(dimension, input.array.ndim), size=size, step=step)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of input's storage with the given shape, strides and offset in elements.

    Raises:
        RuntimeError: it would leave the storage.
    """
    offset = input.device.backend.offset(input.array) if storage_offset is None else storage_offset
    return ops.as_strided(input, shape=sizes((size,)), stride=sizes((stride,)), offset=offset)


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy of input with src at one index along dim."""
    from unison.functions.splitting import select

    out = ops.copy(input)
    inplace.assign(select(out, dim, index), _fitting(src, select(input, dim, index), "select_scatter"))
    return out


def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """A copy of input with src in a slice along dim."""
    d = wrap_dim(dim, input.array.ndim)
    key = (slice(None),) * d + (slice(start, end, step), ...)
    out = ops.copy(input)
    inplace.assign(ops.slice(out, key=key), _fitting(src, ops.slice(input, key=key), "slice_scatter"))
    return out


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of input with src on a diagonal."""
    out = ops.copy(input)
    inplace.assign(
        diagonal(out, offset, dim1, dim2),
        _fitting(src, diagonal(input, offset, dim1, dim2), "diagonal_scatter"),
    )
    return out


def _fitting(src: Any, region: Any, name: str) -> Any:
    if src.array.shape != region.array.shape:
        raise OperatorError(
            f"{name}: expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size "
            f"= {list(region.shape)}"
        )
    return src


def fill_diagonal_(input: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Write fill_value on the main diagonal, and return input; wrap: of a tall matrix it begins again below each
    square.

    Raises:
        RuntimeError: fewer than two dimensions, or more than two of unequal lengths.
    """
    shape = input.array.shape
    if len(shape) < 2:
        raise OperatorError(f"fill_diagonal_: dimensions must larger than 1, but got {list(shape)}")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise OperatorError(
            f"fill_diagonal_: all dimensions of input must be of equal length, but got {list(shape)}"
        )
    steps = min(shape)
    if len(shape) > 2:
        place = ops.arange(end=steps, dtype=dtypes.int64, device=input.device)
        return input.index_put_((place,) * len(shape), input.new_full((), fill_value))
    columns = shape[1]
    for start in range(0, shape[0] if wrap else 1, columns + 1):
        input[start:].diagonal().fill_(fill_value)
    return input
