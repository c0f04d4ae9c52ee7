"""Taking tensors apart along a dimension, as views, and putting them together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from unison.functions.movement import cat, reshape, stack
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "cartesian_prod",
    "chunk",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "narrow",
    "narrow_copy",
    "select",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unbind",
    "vsplit",
    "vstack",
]


def _part(x: Any, dim: int, start: int, stop: int) -> Any:
    return ops.slice(x, key=(slice(None),) * dim + (slice(start, stop), ...))


def _sized(x: Any, dim: int, name: str) -> tuple[int, int]:
    """(dimension from the front, its length).

    Raises:
        RuntimeError: x has no dimensions.
    """
    if not x.array.ndim:
        raise OperatorError(f"{name} expects at least a 1-dimensional tensor")
    d = wrap_dim(dim, x.array.ndim)
    return d, x.array.shape[d]


def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts: all of one size (the last may be smaller), or of the sizes given.

    Raises:
        RuntimeError: a size is negative, or the sizes do not add up to the length.
    """
    d, length = _sized(input, dim, "split")
    if not isinstance(split_size_or_sections, int):
        return split_with_sizes(input, split_size_or_sections, d)
    size = split_size_or_sections
    if size < 0 or (size == 0 and length):
        raise OperatorError(f"split expects split_size be non-negative, but got split_size={size}")
    if not length:
        return (_part(input, d, 0, 0),)
    return tuple(_part(input, d, i, min(i + size, length)) for i in range(0, length, size))


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts of the sizes given.

    Raises:
        RuntimeError: the sizes do not add up to the length.
    """
    d, length = _sized(input, dim, "split_with_sizes")
    sizes = [int(n) for n in split_sizes]
    if sum(sizes) != length or any(n < 0 for n in sizes):
        raise OperatorError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension {d}), "
            f"but got split_sizes={sizes}"
        )
    out = []
    at = 0
    for n in sizes:
        out.append(_part(input, d, at, at + n))
        at += n
    return tuple(out)


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` views of equal size, the last perhaps smaller.

    Raises:
        RuntimeError: chunks is not positive.
    """
    if chunks <= 0:
        raise OperatorError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d, length = _sized(input, dim, "chunk")
    size = -(-length // chunks)
    if not size:
        return tuple(_part(input, d, 0, 0) for _ in range(chunks))
    return split(input, size, d)


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0, **named: Any) -> tuple[Any, ...]:
    """Views between the indices given, or as many of nearly equal size as the number given.

    Raises:
        RuntimeError: the number of sections is not positive.
    """
    indices_or_sections = named.get("sections", named.get("indices", indices_or_sections))
    d, length = _sized(input, dim, "tensor_split")
    if isinstance(indices_or_sections, Handle):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n <= 0:
            raise OperatorError(f"number of sections must be larger than 0, got {n}")
        small, extra = divmod(length, n)
        bounds = [i * small + min(i, extra) for i in range(n + 1)]
    else:
        inner = [min(max(i + length if i < 0 else i, 0), length) for i in indices_or_sections]
        bounds = [0, *inner, length]
    return tuple(_part(input, d, a, max(a, b)) for a, b in itertools.pairwise(bounds))


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """tensor_split along the second dimension (the first of vectors)."""
    return _even_split(input, indices_or_sections, 0 if input.array.ndim == 1 else 1, "hsplit", 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """tensor_split along the first dimension."""
    return _even_split(input, indices_or_sections, 0, "vsplit", 2)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """tensor_split along the third dimension."""
    return _even_split(input, indices_or_sections, 2, "dsplit", 3)


def _even_split(x: Any, sections: Any, dim: int, name: str, least: int) -> tuple[Any, ...]:
    if x.array.ndim < least:
        raise OperatorError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {x.array.ndim} "
            "dimensions!"
        )
    if isinstance(sections, int) and (sections == 0 or x.array.shape[dim] % sections):
        raise OperatorError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            f"{x.array.shape[dim]} is not divisible by the split_size {sections}!"
        )
    return tensor_split(x, sections, dim)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of all slices along dim, without it."""
    if not input.array.ndim:
        raise OperatorIndexError("Dimension specified as 0 but tensor has no dimensions")
    d = wrap_dim(dim, input.array.ndim)
    lead = (slice(None),) * d
    return tuple(ops.slice(input, key=(*lead, i, ...)) for i in range(input.array.shape[d]))


def select(input: Any, dim: int, index: int) -> Any:
    """The view at one index along dim.

    Raises:
        IndexError: the index is out of range.
    """
    if not input.array.ndim:
        raise OperatorIndexError("select() cannot be applied to a 0-dim tensor.")
    d = wrap_dim(dim, input.array.ndim)
    i, length = int(index), input.array.shape[d]
    if not -length <= i < length:
        raise OperatorIndexError(
            f"select(): index {i} out of range for tensor of size {list(input.shape)} at dimension {d}"
        )
    return ops.slice(input, key=(slice(None),) * d + (i, ...))


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """The view of `length` elements from start along dim.

    Raises:
        RuntimeError: it would leave the tensor.
    """
    d, n = _sized(input, dim, "narrow()")
    if isinstance(start, Handle) and (start.array.ndim or start.dtype not in dtypes.INTEGER):
        raise OperatorError(
            f"start must be an 0-dim integral Tensor, but got {start.dtype.name}{list(start.shape)}"
        )
    begin = int(start)
    if length < 0:
        raise OperatorError("narrow(): length must be non-negative.")
    if not -n <= begin <= n:
        raise OperatorIndexError(
            f"start out of range (expected to be in range of [{-n}, {n}], but got {begin})"
        )
    begin = begin + n if begin < 0 else begin
    if begin + length > n:
        raise OperatorError(f"start ({begin}) + length ({length}) exceeds dimension size ({n}).")
    return _part(input, d, begin, begin + length)


def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """narrow, copied.

    Raises:
        RuntimeError: there are not so many dimensions, or the part would leave the tensor.
    """
    if dim >= input.array.ndim:
        raise OperatorError(f"narrow_copy(): dim {dim} is not one of {input.array.ndim} dimensions")
    return ops.copy(narrow(input, dim, start, length))


concat = cat
concatenate = cat


def atleast_1d(*tensors: Any) -> Any:
    """Each with at least one dimension."""
    return _each(tensors, lambda t: reshape(t, 1) if not t.array.ndim else t)


def atleast_2d(*tensors: Any) -> Any:
    """Each with at least two dimensions, new ones in front."""
    return _each(tensors, _two)


def _two(t: Any) -> Any:
    n = t.array.ndim
    return reshape(t, 1, 1) if not n else ops.slice(t, key=(None, ...)) if n == 1 else t


def atleast_3d(*tensors: Any) -> Any:
    """Each with at least three dimensions: a vector becomes (1, n, 1), a matrix (n, m, 1)."""
    return _each(tensors, _three)


def _three(t: Any) -> Any:
    n = t.array.ndim
    if n == 0:
        return reshape(t, 1, 1, 1)
    if n == 1:
        return ops.slice(t, key=(None, ..., None))
    return ops.slice(t, key=(..., None)) if n == 2 else t


def _each(tensors: tuple[Any, ...], function: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Handle):
        return function(tensors[0])
    many = tensors[0] if len(tensors) == 1 else tensors
    return tuple(function(t) for t in many)


def hstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Joined side by side: along the second dimension, vectors along the first."""
    given = _nonempty(atleast_1d(list(tensors)), "hstack")
    return cat(given, 0 if given[0].array.ndim == 1 else 1, out=out)


def vstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Joined one above the other, vectors as rows."""
    return cat(_nonempty(atleast_2d(list(tensors)), "vstack"), 0, out=out)


def dstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Joined along a third dimension."""
    return cat(_nonempty(atleast_3d(list(tensors)), "dstack"), 2, out=out)


def column_stack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Joined side by side, vectors as columns."""
    given = _nonempty(tuple(tensors), "column_stack")
    return cat([reshape(t, -1, 1) if t.array.ndim <= 1 else t for t in given], 1, out=out)


def _nonempty(tensors: Any, name: str) -> Any:
    if not tensors:
        raise OperatorError(f"{name} expects a non-empty TensorList")
    return tensors


def block_diag(*tensors: Any) -> Any:
    """The matrices along the diagonal of a larger one, zeros elsewhere."""
    blocks = [_two(t) for t in tensors]
    for t in blocks:
        if t.array.ndim > 2:
            raise OperatorError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Got {t.array.ndim}"
            )
    width = sum(t.array.shape[1] for t in blocks)
    rows, at = [], 0
    for t in blocks:
        n = t.array.shape[1]
        rows.append(ops.pad(t, widths=((0, 0), (at, width - at - n)), value=0))
        at += n
    return cat(rows, 0)


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element of each vector, as rows."""
    from unison.functions.creation import meshgrid

    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(t, -1) for t in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All choices of r elements of a vector, as rows, in order of position."""
    from unison.functions.conversion import tensor

    if input.array.ndim != 1:
        raise OperatorError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = list(choose(range(input.array.shape[0]), r))
    if not r:
        return ops.empty(shape=(0,), dtype=input.dtype, device=input.device)
    if not places:
        return ops.expand(ops.slice(input, key=(slice(0, 0), None)), shape=(0, r))
    return ops.index(input, tensor(places, device=input.device))
