"""Views: the same memory in another shape, order or part, and their adjoints."""

from __future__ import annotations

import builtins
from typing import Any

from unison_core import ops
from unison_core.dtypes import int64
from unison_core.errors import OperatorError, OperatorIndexError, OperatorValueError, ViewError
from unison_core.operator import Array, Result, composite, primitive
from unison_core.ops._shared import sum_to
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec, numel, wrap_dim, wrap_dims

__all__ = [
    "as_strided",
    "diagonal",
    "expand",
    "permute",
    "reshape",
    "slice",
    "slice_steps",
    "unfold",
    "unslice",
    "view",
]

Key = tuple[Any, ...]


@primitive(result=Result.VIEW)
def view(x: Array, *, shape: Shape) -> Array:
    """x in another shape on the same memory.

    Raises:
        RuntimeError: the number of elements differs, or x's strides need a copy.
    """


@view.infer
def view_infer(x: Spec, *, shape: Shape) -> Spec:
    _refuse_other_size(x, shape)
    return x.like(shape)


def _refuse_other_size(x: Spec, shape: Shape) -> None:
    if numel(shape) != numel(x.shape):
        raise OperatorError(
            f"shape {list(shape)} is invalid for input of size {numel(x.shape)} (shape {list(x.shape)})"
        )


@view.vjp(specs="x")
def view_vjp(g: Any, out: Any, x: Any, *, shape: Shape) -> Any:
    return reshape(g, shape=x.shape)


@view.samples
def view_samples() -> Any:
    yield good(arg(2, 3), shape=(3, 2))
    yield good(arg(2, 3, 4), shape=(2, 12))
    yield good(arg(1), shape=())
    yield good(arg(0, 2), shape=(2, 0))
    yield bad(RuntimeError, "is invalid for input of size 6", arg(2, 3), shape=(4,))


@composite()
def reshape(x: Array, *, shape: Shape) -> Array:
    """x in another shape: a view where memory allows, else a copy."""
    try:
        return view(x, shape=shape)
    except ViewError:
        return view(ops.copy(x), shape=shape)


@reshape.infer
def reshape_infer(x: Spec, *, shape: Shape) -> Spec:
    _refuse_other_size(x, shape)
    return x.like(shape)


reshape.samples(view_samples)


@primitive(result=Result.VIEW)
def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    """x with its dimensions in the order `dims`."""


@permute.infer
def permute_infer(x: Spec, *, dims: tuple[int, ...]) -> Spec:
    if len(dims) != x.ndim or len(set(wrap_dims(dims, x.ndim) if dims else ())) != x.ndim:
        raise OperatorError(f"permute: dims {list(dims)} do not name each of the {x.ndim} dimensions once")
    return x.like([x.shape[d] for d in dims])


@permute.vjp()
def permute_vjp(g: Any, out: Any, x: Any, *, dims: tuple[int, ...]) -> Any:
    back = [0] * len(dims)
    for place, d in enumerate(dims):
        back[d] = place
    return permute(g, dims=tuple(back))


@permute.samples
def permute_samples() -> Any:
    yield good(arg(2, 3), dims=(1, 0))
    yield good(arg(2, 3, 4), dims=(2, 0, 1))
    yield good(arg(), dims=())
    yield bad(RuntimeError, "do not name each", arg(2, 3), dims=(0,))


@primitive(result=Result.VIEW)
def expand(x: Array, *, shape: Shape) -> Array:
    """x with dimensions of length 1, or new leading ones, repeated by stride 0."""


@expand.infer
def expand_infer(x: Spec, *, shape: Shape) -> Spec:
    lead = len(shape) - x.ndim
    if lead < 0 or any(have not in (1, want) for have, want in zip(x.shape, shape[lead:], strict=True)):
        raise OperatorError(
            f"The expanded size {list(shape)} must match the existing size {list(x.shape)} at non-singleton dimensions"
        )
    return x.like(shape)


@expand.vjp(specs="x")
def expand_vjp(g: Any, out: Any, x: Any, *, shape: Shape) -> Any:
    return sum_to(g, x.shape)


@expand.samples
def expand_samples() -> Any:
    yield good(arg(3, 1), shape=(3, 4))
    yield good(arg(1), shape=(2, 3))
    yield good(arg(), shape=(2,))
    yield bad(RuntimeError, "must match the existing size", arg(2, 3), shape=(4, 3))


@primitive(result=Result.VIEW)
def slice(x: Array, *, key: Key) -> Array:
    """x at integers, slices with positive steps, None (a new dimension) and Ellipsis."""


@slice.infer
def slice_infer(x: Spec, *, key: Key) -> Spec:
    return x.like(sliced_shape(x.shape, key))


def sliced_shape(shape: Shape, key: Key) -> Shape:
    """The shape of x[key] for basic keys.

    Raises:
        IndexError: too many indices, or an integer out of range.
        ValueError: a step below 1.
    """
    used = sum(1 for k in key if k is not None and k is not Ellipsis)
    if used > len(shape):
        raise OperatorIndexError(f"too many indices for tensor of dimension {len(shape)}: got {used}")
    out: list[int] = []
    rest = iter(shape)
    seen_ellipsis = False
    for k in key:
        if k is None:
            out.append(1)
        elif k is Ellipsis:
            if seen_ellipsis:
                raise OperatorIndexError("an index can only have a single ellipsis ('...')")
            seen_ellipsis = True
            out.extend(next(rest) for _ in range(len(shape) - used))
        elif isinstance(k, int):
            length = next(rest)
            if not -length <= k < length:
                raise OperatorIndexError(
                    f"index {k} is out of bounds for dimension {len(shape) - len(list(rest)) - 1} with size {length}"
                )
        else:
            out.append(_slice_length(k, next(rest)))
    return (*out, *rest)


def _slice_length(k: Any, length: int) -> int:
    if k.step is not None and k.step <= 0:
        raise OperatorValueError("step must be greater than zero")
    return len(range(*k.indices(length)))


def slice_steps(shape: Shape, strides: Shape, key: Key) -> tuple[Shape, Shape, int]:
    """Shape, strides and offset (in the unit of `strides`) of x[key], for backends that keep strides themselves."""
    used = sum(1 for k in key if k is not None and k is not Ellipsis)
    lengths: list[int] = []
    steps: list[int] = []
    offset = axis = 0
    for k in (*key, ...) if Ellipsis not in key else key:
        if k is None:
            lengths.append(1)
            steps.append(0)
        elif k is Ellipsis:
            stop = axis + len(shape) - used
            lengths += shape[axis:stop]
            steps += strides[axis:stop]
            axis = stop
        elif isinstance(k, int):
            if not -shape[axis] <= k < shape[axis]:
                raise IndexError("slice")
            offset += (k % shape[axis]) * strides[axis]
            axis += 1
        else:
            start, _, step = k.indices(shape[axis])
            lengths.append(_slice_length(k, shape[axis]))
            steps.append(strides[axis] * step)
            offset += start * strides[axis] if lengths[-1] else 0
            axis += 1
    return tuple(lengths), tuple(steps), offset


@slice.vjp(specs="x")
def slice_vjp(g: Any, out: Any, x: Any, *, key: Key) -> Any:
    return unslice(g, shape=x.shape, key=key)


@slice.samples
def slice_samples() -> Any:
    full, some = builtins.slice(None), builtins.slice(1, 3)
    yield good(arg(5), key=(some,))
    yield good(arg(5, 4), key=(full, -1))
    yield good(arg(5, 4), key=(..., None, builtins.slice(None, None, 2)))
    yield good(arg(3), key=(1,))
    yield bad(IndexError, "too many indices", arg(3), key=(0, 0))
    yield bad(IndexError, "out of bounds", arg(3), key=(3,))


@primitive()
def unslice(g: Array, *, shape: Shape, key: Key) -> Array:
    """Zeros of `shape` with g at `key`: the adjoint of slice."""


@unslice.infer
def unslice_infer(g: Spec, *, shape: Shape, key: Key) -> Spec:
    if sliced_shape(shape, key) != g.shape:
        raise OperatorError(f"unslice: {list(g.shape)} does not fit at {key} of {list(shape)}")
    return g.like(shape)


@unslice.vjp()
def unslice_vjp(gg: Any, out: Any, g: Any, *, shape: Shape, key: Key) -> Any:
    return slice(gg, key=key)


@unslice.samples
def unslice_samples() -> Any:
    yield good(arg(2), shape=(5,), key=(builtins.slice(1, 3),))
    yield good(arg(5), shape=(5, 4), key=(..., -1))
    yield good(arg(), shape=(3,), key=(0,))


@primitive(result=Result.VIEW)
def diagonal(x: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonals of the planes (dim1, dim2), as a new last dimension."""


@diagonal.infer
def diagonal_infer(x: Spec, *, offset: int, dim1: int, dim2: int) -> Spec:
    one, two = wrap_dim(dim1, x.ndim), wrap_dim(dim2, x.ndim)
    if one == two:
        raise OperatorError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rows, columns = x.shape[one] + min(offset, 0), x.shape[two] - max(offset, 0)
    rest = [n for d, n in enumerate(x.shape) if d not in (one, two)]
    return x.like([*rest, max(0, min(rows, columns))])


@diagonal.vjp(specs="x")
def diagonal_vjp(g: Any, out: Any, x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    from unison_core.dispatch.inplace import assign

    base = ops.full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)
    assign(diagonal(base, offset=offset, dim1=dim1, dim2=dim2), g)
    return base


@diagonal.samples
def diagonal_samples() -> Any:
    yield good(arg(3, 4), offset=0, dim1=0, dim2=1)
    yield good(arg(2, 3, 3), offset=1, dim1=-2, dim2=-1)
    yield good(arg(4, 3), offset=-2, dim1=0, dim2=1)
    yield bad(RuntimeError, "cannot be identical", arg(3, 3), offset=0, dim1=0, dim2=0)


@primitive(result=Result.VIEW)
def unfold(x: Array, *, dim: int, size: int, step: int) -> Array:
    """Windows of `size` elements along dim, `step` apart, as a new last dimension."""


@unfold.infer
def unfold_infer(x: Spec, *, dim: int, size: int, step: int) -> Spec:
    d = wrap_dim(dim, x.ndim)
    length = x.shape[d] if x.shape else 1
    if size > length or step <= 0:
        raise OperatorError(
            f"unfold: windows of {size} every {step} do not fit dimension {dim} of {list(x.shape)}"
        )
    if not x.shape:
        return x.like((size,))
    return x.like([*x.shape[:d], (length - size) // step + 1, *x.shape[d + 1 :], size])


@unfold.vjp(specs="x")
def unfold_vjp(g: Any, out: Any, x: Any, *, dim: int, size: int, step: int) -> Any:
    if not x.shape:
        return view(g, shape=())
    d = wrap_dim(dim, len(x.shape))
    index = ops.unfold(ops.arange(end=x.shape[d], dtype=int64, device=g.device), dim=0, size=size, step=step)
    moved = ops.permute(g, dims=(d, len(x.shape), *[i for i in range(len(x.shape)) if i != d]))
    flat = reshape(moved, shape=(moved.shape[0] * size, *moved.shape[2:]))
    zeros = ops.full(shape=(x.shape[d], *moved.shape[2:]), value=0, dtype=g.dtype, device=g.device)
    out_first = ops.index_add(zeros, reshape(index, shape=(flat.shape[0],)), flat, dim=0, alpha=1)
    return permute(out_first, dims=(*range(1, d + 1), 0, *range(d + 1, len(x.shape))))


@unfold.samples
def unfold_samples() -> Any:
    yield good(arg(7), dim=0, size=3, step=2)
    yield good(arg(2, 5, 3), dim=1, size=2, step=1)
    yield bad(RuntimeError, "do not fit", arg(2), dim=0, size=3, step=1)


@primitive(result=Result.VIEW)
def as_strided(x: Array, *, shape: Shape, stride: tuple[int, ...], offset: int) -> Array:
    """A view of x's storage with the given strides and offset, in elements.

    Raises:
        RuntimeError: it would reach outside the storage.
    """


@as_strided.infer
def as_strided_infer(x: Spec, *, shape: Shape, stride: tuple[int, ...], offset: int) -> Spec:
    if len(shape) != len(stride):
        raise OperatorError(f"as_strided: {len(shape)} sizes but {len(stride)} strides")
    if any(s < 0 for s in stride) or offset < 0:
        raise OperatorError("as_strided: negative strides and offsets are not supported")
    return x.like(shape)


@as_strided.vjp(specs="x")
def as_strided_vjp(g: Any, out: Any, x: Any, *, shape: Shape, stride: tuple[int, ...], offset: int) -> Any:
    """Of contiguous x that starts its storage: add g at each element's place in the storage."""
    place = ops.arange(end=numel(x.shape), dtype=int64, device=g.device)
    index = as_strided(place, shape=shape, stride=stride, offset=offset)
    zeros = ops.full(shape=(numel(x.shape),), value=0, dtype=g.dtype, device=g.device)
    flat = ops.index_add(
        zeros, reshape(index, shape=(numel(shape),)), reshape(g, shape=(numel(shape),)), dim=0, alpha=1
    )
    return view(flat, shape=x.shape)


@as_strided.samples
def as_strided_samples() -> Any:
    yield good(arg(6), shape=(2, 2), stride=(2, 1), offset=1)
    yield good(arg(2, 3), shape=(3,), stride=(0,), offset=4)
    yield bad(RuntimeError, "outside the storage", arg(4), shape=(3,), stride=(2,), offset=0)
