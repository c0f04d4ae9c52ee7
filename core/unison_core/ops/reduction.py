"""Operators that fold dimensions away, and cumulative ones.

`dim` is a tuple of dimensions counted from the front, or None for all of them; `keepdim` keeps them with length 1.
"""

from __future__ import annotations

from math import inf
from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, FLOATING, INEXACT, REAL, bool_, int64
from unison_core.errors import OperatorIndexError
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import adjoint, narrowed, scalar_like, to_host, widened
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, numel, reduced_shape, wrap_dim, wrap_dims

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "logcumsumexp",
    "logsumexp",
    "mean",
    "prod",
    "sum",
    "var",
]

Dims = tuple[int, ...] | None


def _reduce(x: Spec, dim: Dims, keepdim: bool, dtype: Any = None) -> Spec:
    dims = wrap_dims(dim, x.ndim)
    return x.like(reduced_shape(x.shape, dims, keepdim=keepdim), dtype)


def _refuse_empty(name: str, x: Spec, dim: Dims) -> None:
    for d in wrap_dims(dim, x.ndim):
        if x.shape[d] == 0:
            raise OperatorIndexError(
                f"{name}: expected the reduced dimension {d} to have at least one element, got shape {list(x.shape)}"
            )


def spread(g: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """g, the gradient of a reduction of `shape` over `dim`, expanded back to `shape`."""
    if not keepdim and g.array.shape:
        g = ops.view(g, shape=reduced_shape(shape, wrap_dims(dim, len(shape)), keepdim=True))
    return ops.expand(g, shape=shape)


def _samples() -> Any:
    yield good(arg(5), dim=None, keepdim=False)
    yield good(arg(2, 3, 4), dim=(1,), keepdim=False)
    yield good(arg(2, 3, 4), dim=(0, 2), keepdim=True)
    yield good(arg(), dim=None, keepdim=False)
    yield good(arg(3, 257), dim=(1,), keepdim=False)
    yield bad(IndexError, "Dimension out of range", arg(2, 3), dim=(2,), keepdim=False)


def _samples_with_empty() -> Any:
    yield from _samples()
    yield good(arg(0, 3), dim=(0,), keepdim=False)
    yield good(arg(2, 0), dim=None, keepdim=True)


def _samples_without_slope_of_nothing() -> Any:
    """Where the result of nothing is NaN or infinite."""
    yield from _samples()
    yield good(arg(0, 3), dim=(0,), keepdim=False, gradient=False)
    yield good(arg(2, 0), dim=None, keepdim=True, gradient=False)


@primitive(dtypes=ALL, promote=Promote.ACCUMULATE)
def sum(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """The sum over dim; bool and integers sum to int64, half types accumulate in float32."""


@sum.infer
def sum_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim)


@sum.vjp(specs="x")
def sum_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    return spread(g, x.shape, dim, keepdim)


sum.samples(_samples_with_empty)


@composite(dtypes=INEXACT)
def mean(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """The arithmetic mean over dim; NaN of nothing."""
    total = sum(widened(x), dim=dim, keepdim=keepdim)
    return narrowed(ops.div(total, scalar_like(_count(x.shape, dim), total)), x)


@mean.infer
def mean_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim)


def _count(shape: tuple[int, ...], dim: Dims) -> int:
    return numel([shape[d] for d in wrap_dims(dim, len(shape))])


@mean.vjp(specs="x")
def mean_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    share = ops.div(g, scalar_like(_count(x.shape, dim), g))
    return spread(share, x.shape, dim, keepdim)


mean.samples(_samples_without_slope_of_nothing)


@composite(dtypes=INEXACT)
def var(x: Array, *, dim: Dims = None, correction: float = 1.0, keepdim: bool = False) -> Array:
    """The mean squared deviation over dim, with n - correction in the denominator; in two passes."""
    wide = widened(x)
    centered = ops.sub(wide, mean(wide, dim=dim, keepdim=True))
    squares = (
        ops.real(ops.mul(centered, adjoint(centered))) if x.dtype.is_complex else ops.mul(centered, centered)
    )
    total = sum(squares, dim=dim, keepdim=keepdim)
    out = ops.div(total, scalar_like(max(0.0, _count(x.shape, dim) - correction), total))
    return out if x.dtype.is_complex else narrowed(out, x)


@var.infer
def var_infer(x: Spec, *, dim: Dims, correction: float, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim, x.dtype.to_real())


@var.vjp(values="x")
def var_vjp(g: Any, out: Any, x: Any, *, dim: Dims, correction: float, keepdim: bool) -> Any:
    scale = ops.mul(g, scalar_like(2.0, g))
    scale = ops.div(scale, scalar_like(max(0.0, _count(x.shape, dim) - correction), g))
    centered = ops.sub(x, mean(x, dim=dim, keepdim=True))
    wide = spread(scale, x.shape, dim, keepdim)
    return ops.mul(centered, ops.cast(wide, dtype=x.dtype) if x.dtype.is_complex else wide)


@var.samples
def var_samples() -> Any:
    yield good(arg(5), dim=None, correction=1.0, keepdim=False)
    yield good(arg(2, 3, 4), dim=(1,), correction=0.0, keepdim=True)
    yield good(arg(2, 3, 4), dim=(0, 2), correction=1.0, keepdim=False)


@primitive(dtypes=ALL, promote=Promote.ACCUMULATE)
def prod(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """The product over dim; bool and integers multiply to int64."""


@prod.infer
def prod_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim)


@prod.vjp(values="x out")
def prod_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    """g times the product of the other elements, from products before and after each, so that zeros are right."""
    dims = wrap_dims(dim, len(x.shape))
    if not dims:
        return g
    rest = tuple(d for d in range(len(x.shape)) if d not in dims)
    front = ops.permute(x, dims=rest + dims)
    flat = ops.reshape(front, shape=(*(x.shape[d] for d in rest), _count(x.shape, dims)))
    others = _products_of_others(flat)
    others = ops.reshape(others, shape=tuple(front.shape))
    back = [0] * len(x.shape)
    for place, d in enumerate(rest + dims):
        back[d] = place
    return ops.mul(spread(g, x.shape, dim, keepdim), adjoint(ops.permute(others, dims=tuple(back))))


def _products_of_others(x: Any) -> Any:
    """Along the last dimension: the product of all elements but this one."""
    last = len(x.shape) - 1
    one = ops.full(shape=(*x.shape[:-1], 1), value=1, dtype=x.dtype, device=x.device)
    n = x.shape[-1]
    if n == 0:
        return x
    before = ops.slice(cumprod(ops.cat(one, x, dim=last), dim=last), key=(..., slice(0, n)))
    turned = ops.flip(x, dims=(last,))
    after = ops.slice(cumprod(ops.cat(one, turned, dim=last), dim=last), key=(..., slice(0, n)))
    return ops.mul(before, ops.flip(after, dims=(last,)))


prod.samples(_samples_with_empty)


@primitive(dtypes=REAL)
def amax(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """The largest element over dim; NaN if there is one. Equal largest elements share the gradient."""


@amax.infer
def amax_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    _refuse_empty("amax", x, dim)
    return _reduce(x, dim, keepdim)


@amax.vjp(values="x out")
def amax_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    return _extreme_vjp(g, out, x, dim, keepdim)


@primitive(dtypes=REAL)
def amin(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """The smallest element over dim; NaN if there is one. Equal smallest elements share the gradient."""


@amin.infer
def amin_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    _refuse_empty("amin", x, dim)
    return _reduce(x, dim, keepdim)


@amin.vjp(values="x out")
def amin_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    return _extreme_vjp(g, out, x, dim, keepdim)


def _extreme_vjp(g: Any, out: Any, x: Any, dim: Dims, keepdim: bool) -> Any:
    hit = ops.eq(x, spread(out, x.shape, dim, keepdim))
    ones = ops.cast(hit, dtype=g.dtype)
    share = ops.div(ones, sum(ones, dim=dim, keepdim=True))
    return ops.mul(spread(g, x.shape, dim, keepdim), share)


for _op in (amax, amin):
    _op.samples(_samples)


@primitive(dtypes=REAL, differentiable=False)
def argmax(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """int64 index of the largest element along dim, the first of equals; NaN counts as largest."""


@argmax.infer
def argmax_infer(x: Spec, *, dim: int | None, keepdim: bool) -> Spec:
    _refuse_empty("argmax", x, None if dim is None else (dim,))
    return _reduce(x, None if dim is None else (dim,), keepdim, int64)


@primitive(dtypes=REAL, differentiable=False)
def argmin(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """int64 index of the smallest element along dim, the first of equals; NaN counts as smallest."""


@argmin.infer
def argmin_infer(x: Spec, *, dim: int | None, keepdim: bool) -> Spec:
    _refuse_empty("argmin", x, None if dim is None else (dim,))
    return _reduce(x, None if dim is None else (dim,), keepdim, int64)


def _arg_samples() -> Any:
    yield good(arg(5), dim=None, keepdim=False)
    yield good(arg(2, 3, 4), dim=1, keepdim=False)
    yield good(arg(2, 3, 4), dim=2, keepdim=True)
    yield good(arg(), dim=None, keepdim=False)
    yield bad(IndexError, "at least one element", arg(0, 3), dim=0, keepdim=False)


for _op in (argmax, argmin):
    _op.samples(_arg_samples)


@primitive(dtypes=ALL, differentiable=False)
def all(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether every element over dim is non-zero; True of nothing."""


@all.infer
def all_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim, bool_)


@primitive(dtypes=ALL, differentiable=False)
def any(x: Array, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether some element over dim is non-zero; False of nothing."""


@any.infer
def any_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim, bool_)


for _op in (all, any):
    _op.samples(_samples_with_empty)


@composite(dtypes=FLOATING)
def logsumexp(x: Array, *, dim: Dims, keepdim: bool = False) -> Array:
    """log(sum(exp(x))) over dim without overflow; -inf of nothing."""
    shape = reduced_shape(x.shape, wrap_dims(dim, len(x.shape)), keepdim=keepdim)
    if numel(x.shape) == 0:
        return ops.full(shape=shape, value=-inf, dtype=x.dtype, device=x.device)
    wide = widened(x)
    top = amax(wide, dim=dim, keepdim=True)
    top = ops.where(ops.isinf(top), scalar_like(0, top), top)
    total = sum(ops.exp(ops.sub(wide, top)), dim=dim, keepdim=True)
    out = narrowed(ops.add(ops.log(total), top), x)
    return out if keepdim else ops.view(out, shape=shape)


@logsumexp.infer
def logsumexp_infer(x: Spec, *, dim: Dims, keepdim: bool) -> Spec:
    return _reduce(x, dim, keepdim)


@logsumexp.vjp(values="x out")
def logsumexp_vjp(g: Any, out: Any, x: Any, *, dim: Dims, keepdim: bool) -> Any:
    wide = spread(out, x.shape, dim, keepdim)
    gap = ops.where(ops.eq(x, wide), scalar_like(0, x), ops.sub(x, wide))
    return ops.mul(spread(g, x.shape, dim, keepdim), ops.exp(gap))


logsumexp.samples(_samples_without_slope_of_nothing)


def _along(x: Spec, dim: int) -> Spec:
    wrap_dim(dim, x.ndim)
    return x


@primitive(dtypes=ALL, promote=Promote.ACCUMULATE)
def cumsum(x: Array, *, dim: int) -> Array:
    """Running sums along dim; bool and integers sum to int64."""


@cumsum.infer
def cumsum_infer(x: Spec, *, dim: int) -> Spec:
    return _along(x, dim)


@cumsum.vjp()
def cumsum_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    return _reversed_cumsum(g, dim)


def _reversed_cumsum(g: Any, dim: int) -> Any:
    if not g.shape:
        return g
    dims = (wrap_dim(dim, len(g.shape)),)
    return ops.flip(cumsum(ops.flip(g, dims=dims), dim=dim), dims=dims)


@primitive(dtypes=ALL, promote=Promote.ACCUMULATE)
def cumprod(x: Array, *, dim: int) -> Array:
    """Running products along dim; bool and integers multiply to int64."""


@cumprod.infer
def cumprod_infer(x: Spec, *, dim: int) -> Spec:
    return _along(x, dim)


@cumprod.vjp(values="x out")
def cumprod_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    """Without zeros, reversed cumsum of g * out over x; with zeros, the sum over pairs, quadratic in the length."""
    if not x.shape:
        return g
    zero = scalar_like(0, x)
    if not bool(to_host(any(ops.eq(x, zero)))):
        return ops.div(_reversed_cumsum(ops.mul(g, adjoint(out)), dim), adjoint(x))
    return _cumprod_vjp_with_zeros(g, x, wrap_dim(dim, len(x.shape)))


def _cumprod_vjp_with_zeros(g: Any, x: Any, dim: int) -> Any:
    pieces = []
    n = x.shape[dim]
    lead = (slice(None),) * dim
    for i in range(n):
        tail = ops.slice(x, key=(*lead, slice(i + 1, n), ...))
        ones = ops.full(
            shape=tuple(1 if d == dim else s for d, s in enumerate(x.shape)),
            value=1,
            dtype=x.dtype,
            device=x.device,
        )
        before = prod(ops.slice(x, key=(*lead, slice(0, i), ...)), dim=(dim,), keepdim=True)
        run = cumprod(ops.cat(ones, tail, dim=dim), dim=dim)
        part = ops.mul(ops.slice(g, key=(*lead, slice(i, n), ...)), adjoint(ops.mul(run, before)))
        pieces.append(sum(part, dim=(dim,), keepdim=True))
    return ops.cat(*pieces, dim=dim)


@composite(dtypes=FLOATING)
def logcumsumexp(x: Array, *, dim: int) -> Array:
    """log of the running sums of exp(x) along dim: doubling steps of logaddexp, which neither over- nor underflow."""
    if not x.shape or 0 in x.shape:
        return ops.copy(x)
    d = wrap_dim(dim, len(x.shape))
    n = x.shape[d]
    lead = (slice(None),) * d
    out, step = widened(x), 1
    while step < n:
        head = ops.slice(out, key=(*lead, slice(0, step), ...))
        tail = ops.slice(out, key=(*lead, slice(step, n), ...))
        earlier = ops.slice(out, key=(*lead, slice(0, n - step), ...))
        out = ops.cat(head, ops.logaddexp(tail, earlier), dim=d)
        step *= 2
    return ops.copy(x) if n < 2 else narrowed(out, x)


@logcumsumexp.infer
def logcumsumexp_infer(x: Spec, *, dim: int) -> Spec:
    return _along(x, dim)


@logcumsumexp.vjp(values="x out")
def logcumsumexp_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    """The sum of g[j] exp(x[i] - out[j]) over j >= i, for positive and negative g in the logarithm."""
    if not x.shape or 0 in x.shape:
        return g
    dims = (wrap_dim(dim, len(x.shape)),)
    none = scalar_like(-inf, x)

    def part(share: Any) -> Any:
        kept = ops.where(ops.gt(share, scalar_like(0, share)), ops.sub(ops.log(share), out), none)
        return ops.exp(ops.add(ops.flip(logcumsumexp(ops.flip(kept, dims=dims), dim=dim), dims=dims), x))

    return ops.sub(part(g), part(ops.neg(g)))


@primitive(dtypes=REAL)
def cummax(x: Array, *, dim: int) -> tuple[Array, Array]:
    """Running maxima along dim and the int64 index of each, the last of equals."""


@cummax.infer
def cummax_infer(x: Spec, *, dim: int) -> tuple[Spec, Spec]:
    return _along(x, dim), x.like(dtype=int64)


@cummax.vjp(values="out.1", specs="x")
def cummax_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    return ops.scatter_add(_zeros(x, g), out[1], g[0], dim=dim) if x.shape else g[0]


@primitive(dtypes=REAL)
def cummin(x: Array, *, dim: int) -> tuple[Array, Array]:
    """Running minima along dim and the int64 index of each, the last of equals."""


@cummin.infer
def cummin_infer(x: Spec, *, dim: int) -> tuple[Spec, Spec]:
    return _along(x, dim), x.like(dtype=int64)


@cummin.vjp(values="out.1", specs="x")
def cummin_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    return ops.scatter_add(_zeros(x, g), out[1], g[0], dim=dim) if x.shape else g[0]


def _zeros(x: Any, g: Any) -> Any:
    return ops.full(shape=x.shape, value=0, dtype=x.dtype, device=g[0].device)


@cumsum.samples
def cumsum_samples() -> Any:
    yield good(arg(5), dim=0)
    yield good(arg(2, 3, 4), dim=1)
    yield good(arg(), dim=0)
    yield good(arg(0, 2), dim=0)
    yield bad(IndexError, "Dimension out of range", arg(2, 3), dim=2)


for _op in (cumprod, cummax, cummin, logcumsumexp):
    _op.samples(cumsum_samples)
