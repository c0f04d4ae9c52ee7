"""Operators that pick and place elements by index tensors.

Indices are int64 and may be negative in `index` and `index_put`; elsewhere they count from the front. Kernels check
them: an index out of range raises and never reads.
"""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, int64
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.operator import Array, primitive
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, broadcast, wrap_dim

__all__ = [
    "gather",
    "index",
    "index_add",
    "index_put",
    "index_select",
    "nonzero",
    "scatter",
    "scatter_add",
    "scatter_reduce",
]


def _ints(name: str, i: Spec) -> None:
    if i.dtype is not int64:
        raise OperatorError(f"{name}(): Expected dtype int64 for index, got {i.dtype.name}")


@primitive()
def index(x: Array, *indices: Array) -> Array:
    """x at int64 index tensors, one per leading dimension, None for a dimension taken whole (NumPy's rules)."""


@index.infer
def index_infer(x: Spec, *indices: Any) -> Spec:
    return x.like(indexed_shape(x, indices))


def indexed_shape(x: Spec, indices: Any) -> tuple[int, ...]:
    """The shape of x[indices] for index tensors and Nones.

    Raises:
        IndexError: more indices than dimensions, or they do not broadcast.
    """
    if len(indices) > x.ndim:
        raise OperatorIndexError(f"too many indices for tensor of dimension {x.ndim}: got {len(indices)}")
    places = [d for d, i in enumerate(indices) if i is not None]
    for d in places:
        _ints("index", indices[d])
    if not places:
        return x.shape
    try:
        found = broadcast(*[indices[d].shape for d in places])
    except OperatorError:
        shapes = ", ".join(str(list(indices[d].shape)) for d in places)
        raise OperatorIndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    rest = [n for d, n in enumerate(x.shape) if d not in places]
    together = places[-1] - places[0] == len(places) - 1
    at = places[0] if together else 0
    return (*rest[:at], *found, *rest[at:])


@index.vjp(values={"x": "indices"}, specs="x")
def index_vjp(g: Any, out: Any, x: Any, *indices: Any) -> Any:
    zeros = ops.full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)
    return (index_put(zeros, g, *indices, accumulate=True), *[None] * len(indices))


@index.samples
def index_samples() -> Any:
    rows = arg(4, dtype=int64, low=0, high=2)
    yield good(arg(3, 5), rows)
    yield good(arg(3, 5), None, arg(2, 2, dtype=int64, low=-5, high=4))
    yield good(arg(3, 4, 5), rows, None, arg(4, dtype=int64, low=0, high=4))
    yield good(arg(3, 5), arg(0, dtype=int64, low=0, high=0))
    yield bad(IndexError, "out of (range|bounds)", arg(3), arg(2, dtype=int64, low=3, high=9))
    yield bad(IndexError, "too many indices", arg(3), rows, rows)


@primitive()
def index_put(x: Array, value: Array, *indices: Array, accumulate: bool = False) -> Array:
    """A copy of x with value (broadcast) written, or added, at the index tensors; the last of equal indices wins."""


@index_put.infer
def index_put_infer(x: Spec, value: Spec, *indices: Any, accumulate: bool) -> Spec:
    shape = indexed_shape(x, indices)
    if broadcast(shape, value.shape) != shape:
        raise OperatorError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of "
            f"shape {list(shape)}"
        )
    if value.dtype is not x.dtype:
        raise OperatorError(
            f"Index put requires the source and destination dtypes match, got {x.dtype.name} for the "
            f"destination and {value.dtype.name} for the source."
        )
    return x


@index_put.vjp(values="indices", specs="x value")
def index_put_vjp(g: Any, out: Any, x: Any, value: Any, *indices: Any, accumulate: bool) -> Any:
    from unison_core.ops._shared import sum_to

    gx = g
    if x.tracked and not accumulate:
        zero = ops.full(shape=(), value=0, dtype=g.dtype, device=g.device)
        gx = index_put(g, zero, *indices, accumulate=False)
    gv = sum_to(index(g, *indices), value.shape) if value.tracked else None
    return (gx, gv, *[None] * len(indices))


@index_put.samples
def index_put_samples() -> Any:
    once = arg(3, dtype=int64, make="permutation")
    rows = arg(4, dtype=int64, low=0, high=2)
    yield good(arg(3, 5), arg(3, 5), once, accumulate=False)
    yield good(arg(3, 5), arg(), rows, accumulate=False, gradient=False)
    yield good(arg(3, 5), arg(4, 5), rows, accumulate=True)
    yield good(arg(5, 3), arg(5, 1), None, once, accumulate=True)
    yield bad(
        IndexError,
        "out of (range|bounds)",
        arg(3),
        arg(),
        arg(2, dtype=int64, low=3, high=9),
        accumulate=False,
    )


@primitive()
def index_select(x: Array, index: Array, *, dim: int) -> Array:
    """The slices of x along dim at the 1-d index."""


@index_select.infer
def index_select_infer(x: Spec, index: Spec, *, dim: int) -> Spec:
    _ints("index_select", index)
    if index.ndim > 1:
        raise OperatorIndexError(
            f"index_select(): Index is supposed to be a vector, got shape {list(index.shape)}"
        )
    d = wrap_dim(dim, x.ndim)
    if not x.shape:
        return x
    return x.like([*x.shape[:d], *(index.shape or (1,)), *x.shape[d + 1 :]])


@index_select.vjp(values={"x": "index"}, specs="x")
def index_select_vjp(g: Any, out: Any, x: Any, index: Any, *, dim: int) -> Any:
    zeros = ops.full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)
    if not x.shape:
        return g, None
    return index_add(zeros, index, g, dim=dim, alpha=1), None


@index_select.samples
def index_select_samples() -> Any:
    yield good(arg(3, 5), arg(4, dtype=int64, low=0, high=2), dim=0)
    yield good(arg(3, 5), arg(2, dtype=int64, low=0, high=4), dim=-1)
    yield good(arg(3, 5), arg(0, dtype=int64, low=0, high=0), dim=1)
    yield bad(IndexError, "out of (range|bounds)", arg(3), arg(2, dtype=int64, low=3, high=9), dim=0)


@primitive()
def index_add(x: Array, index: Array, source: Array, *, dim: int, alpha: float = 1) -> Array:
    """A copy of x with alpha * source's slices added along dim at the 1-d index; repeated ones add up."""


@index_add.infer
def index_add_infer(x: Spec, index: Spec, source: Spec, *, dim: int, alpha: float) -> Spec:
    _ints("index_add", index)
    d = wrap_dim(dim, x.ndim)
    want = [*x.shape[:d], *(index.shape or (1,)), *x.shape[d + 1 :]] if x.shape else []
    if list(source.shape) != want:
        raise OperatorError(f"index_add(): source has shape {list(source.shape)}, expected {want}")
    return x


@index_add.vjp(values={"source": "index"})
def index_add_vjp(g: Any, out: Any, x: Any, index: Any, source: Any, *, dim: int, alpha: float) -> Any:
    gs = None
    if index is not None:
        gs = index_select(g, index, dim=dim)
        gs = gs if alpha == 1 else ops.mul(gs, alpha)
    return g, None, gs


@index_add.samples
def index_add_samples() -> Any:
    rows = arg(4, dtype=int64, low=0, high=2)
    yield good(arg(3, 5), rows, arg(4, 5), dim=0, alpha=1)
    yield good(arg(5, 3), rows, arg(5, 4), dim=1, alpha=2)
    yield bad(
        IndexError,
        "out of (range|bounds)",
        arg(3),
        arg(2, dtype=int64, low=3, high=9),
        arg(2),
        dim=0,
        alpha=1,
    )


def _fits(name: str, x: Spec, index: Spec, dim: int, *, smaller_than_x: bool = True) -> int:
    _ints(name, index)
    d = wrap_dim(dim, x.ndim)
    if max(index.ndim, 1) != max(x.ndim, 1):
        raise OperatorError(
            f"Index tensor must have the same number of dimensions as input tensor: {name} got index "
            f"{list(index.shape)} for {list(x.shape)}"
        )
    for i, (n, m) in enumerate(zip(index.shape, x.shape, strict=False)):
        if i != d and n > m and smaller_than_x and 0 not in index.shape:
            raise OperatorError(
                f"Size does not match at dimension {i}: {name} expected index {list(index.shape)} to be no larger than "
                f"{list(x.shape)} apart from dimension {d}"
            )
    return d


@primitive()
def gather(x: Array, index: Array, *, dim: int) -> Array:
    """out[i][j] = x[index[i][j]][j] for dim 0, and so on for the others."""


@gather.infer
def gather_infer(x: Spec, index: Spec, *, dim: int) -> Spec:
    _fits("gather", x, index, dim)
    return x.like(index.shape)


@gather.vjp(values={"x": "index"}, specs="x")
def gather_vjp(g: Any, out: Any, x: Any, index: Any, *, dim: int) -> Any:
    zeros = ops.full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)
    return scatter_add(zeros, index, g, dim=dim), None


@gather.samples
def gather_samples() -> Any:
    yield good(arg(3, 5), arg(2, 5, dtype=int64, low=0, high=2), dim=0)
    yield good(arg(3, 5), arg(3, 7, dtype=int64, low=0, high=4), dim=1)
    yield good(arg(3, 5), arg(0, 5, dtype=int64, low=0, high=0), dim=0)
    yield good(arg(), arg(dtype=int64, low=0, high=0), dim=0)
    yield bad(RuntimeError, "out of (range|bounds)", arg(3), arg(2, dtype=int64, low=3, high=9), dim=0)
    yield bad(RuntimeError, "same number of dimensions", arg(3, 5), arg(2, dtype=int64, low=0, high=0), dim=0)


@primitive()
def scatter(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    """A copy of x with out[index[i][j]][j] = source[i][j] for dim 0; of equal indices one wins."""


@scatter.infer
def scatter_infer(x: Spec, index: Spec, source: Spec, *, dim: int) -> Spec:
    _fits("scatter", x, index, dim)
    _fits("scatter", source, index, dim)
    return x


@scatter.vjp(values="index", specs="x source")
def scatter_vjp(g: Any, out: Any, x: Any, index: Any, source: Any, *, dim: int) -> Any:
    gx = None
    if x.tracked:
        gx = scatter(
            g, index, ops.full(shape=tuple(index.shape), value=0, dtype=g.dtype, device=g.device), dim=dim
        )
    return gx, None, _source_gradient(g, index, source, dim)


def _source_gradient(g: Any, index: Any, source: Any, dim: int) -> Any:
    if not source.tracked:
        return None
    gs = gather(g, index, dim=dim)
    if gs.shape == source.shape:
        return gs
    return ops.pad(gs, widths=tuple((0, n - m) for n, m in zip(source.shape, gs.shape, strict=True)), value=0)


@scatter.samples
def scatter_samples() -> Any:
    yield good(arg(3, 5), arg(3, 5, dtype=int64, make="permutation"), arg(3, 5), dim=0)
    yield good(arg(4), arg(2, dtype=int64, make="permutation"), arg(3), dim=0)
    yield bad(
        RuntimeError, "out of (range|bounds)", arg(3), arg(2, dtype=int64, low=3, high=9), arg(2), dim=0
    )


@primitive()
def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    """A copy of x with out[index[i][j]][j] += source[i][j] for dim 0; equal indices add up."""


@scatter_add.infer
def scatter_add_infer(x: Spec, index: Spec, source: Spec, *, dim: int) -> Spec:
    _fits("scatter_add", x, index, dim)
    _fits("scatter_add", source, index, dim)
    return x


@scatter_add.vjp(values={"source": "index"}, specs="source")
def scatter_add_vjp(g: Any, out: Any, x: Any, index: Any, source: Any, *, dim: int) -> Any:
    return g, None, None if index is None else _source_gradient(g, index, source, dim)


@scatter_add.samples
def scatter_add_samples() -> Any:
    yield good(arg(3, 5), arg(2, 5, dtype=int64, low=0, high=2), arg(2, 5), dim=0)
    yield good(arg(3, 5), arg(3, 7, dtype=int64, low=0, high=4), arg(3, 8), dim=1)
    yield bad(
        RuntimeError, "out of (range|bounds)", arg(3), arg(2, dtype=int64, low=3, high=9), arg(2), dim=0
    )


@primitive(differentiable=False)
def scatter_reduce(x: Array, index: Array, source: Array, *, dim: int, reduce: str) -> Array:
    """A copy of x with source folded in at index along dim by reduce, one of "prod", "amax" and "amin"."""


@scatter_reduce.infer
def scatter_reduce_infer(x: Spec, index: Spec, source: Spec, *, dim: int, reduce: str) -> Spec:
    if reduce not in ("prod", "amax", "amin"):
        raise OperatorError(f"scatter_reduce: reduce is 'prod', 'amax' or 'amin', not {reduce!r}")
    _fits("scatter_reduce", x, index, dim)
    _fits("scatter_reduce", source, index, dim)
    return x


@scatter_reduce.samples
def scatter_reduce_samples() -> Any:
    for reduce in ("prod", "amax", "amin"):
        yield good(arg(3, 5), arg(2, 5, dtype=int64, low=0, high=2), arg(2, 5), dim=0, reduce=reduce)


@primitive(dtypes=ALL, differentiable=False, tags=("dynamic",))
def nonzero(x: Array) -> Array:
    """int64 (n, ndim) indices of the non-zero elements in row-major order; n depends on the values."""


@nonzero.infer
def nonzero_infer(x: Spec) -> Spec:
    raise OperatorError("nonzero: the shape of the result depends on values, which specs do not have")


@nonzero.samples
def nonzero_samples() -> Any:
    yield good(arg(5, low=-1, high=1))
    yield good(arg(3, 4, low=-1, high=1))
    yield good(arg(0))
