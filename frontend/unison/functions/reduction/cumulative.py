"""Running sums and the like, differences and integrals along a dimension."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import dims, with_exact_out, with_out, write_exact
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "gradient",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]


@with_out
def cumsum(input: Any, dim: int, *, dtype: DType | None = None) -> Any:
    """Running sums along dim."""
    return _running(ops.cumsum, input, dim, dtype)


@with_out
def cumprod(input: Any, dim: int, *, dtype: DType | None = None) -> Any:
    """Running products along dim."""
    return _running(ops.cumprod, input, dim, dtype)


def _running(operator: Any, x: Any, dim: int, dtype: DType | None) -> Any:
    if dtype is not None and dtype is not x.dtype:
        x = ops.cast(x, dtype=dtype)
    result = operator(x, dim=wrap_dim(dim, x.array.ndim))
    return result if dtype is None or result.dtype is dtype else ops.cast(result, dtype=dtype)


@with_exact_out
def logcumsumexp(input: Any, dim: int) -> Any:
    """log of the running sums of exp(input) along dim, without overflow."""
    return ops.logcumsumexp(input, dim=wrap_dim(dim, input.array.ndim))


def cummax(input: Any, dim: int, *, out: Any = None) -> Any:
    """(values, indices) of the running maxima along dim."""
    result = return_types.cummax(*ops.cummax(input, dim=wrap_dim(dim, input.array.ndim)))
    return result if out is None else write_exact(out, result)


def cummin(input: Any, dim: int, *, out: Any = None) -> Any:
    """(values, indices) of the running minima along dim."""
    result = return_types.cummin(*ops.cummin(input, dim=wrap_dim(dim, input.array.ndim)))
    return result if out is None else write_exact(out, result)


def _part(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    return ops.slice(x, key=((slice(None),) * dim) + (slice(start, stop), ...))


@with_out
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences of neighbours along dim, after putting prepend before and append after; for n 0 a copy.

    Raises:
        RuntimeError: input is 0-d, or n is negative.
    """
    if not input.array.ndim:
        raise OperatorError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise OperatorError(f"order must be non-negative but got {n}")
    d = wrap_dim(dim, input.array.ndim)
    for extra in (prepend, append):
        if extra is not None and extra.array.ndim != input.array.ndim:
            raise OperatorError("diff expects prepend or append to be the same dimension as input")
    if n == 0:
        return ops.copy(input)
    parts = [x for x in (prepend, input, append) if x is not None]
    x = ops.cat(*parts, dim=d) if len(parts) > 1 else input
    for _ in range(min(n, x.array.shape[d])):
        late, early = _part(x, d, 1, None), _part(x, d, None, -1)
        x = ops.logical_xor(late, early) if x.dtype is dtypes.bool_ else ops.sub(late, early)
    return x


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral of y over dim by the trapezoidal rule, at points x or dx (1) apart.

    Raises:
        RuntimeError: x and dx are both given, or x does not fit y.
    """
    strips, d = _strips("trapezoid", y, x, dx, dim)
    return ops.sum(strips, dim=(d,), keepdim=False)


trapz = trapezoid


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The running integrals of y over dim by the trapezoidal rule, at points x or dx (1) apart.

    Raises:
        RuntimeError: x and dx are both given, or x does not fit y.
    """
    strips, d = _strips("cumulative_trapezoid", y, x, dx, dim)
    return ops.cumsum(strips, dim=d)


def _strips(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The areas between neighbouring points, and the dimension."""
    d = wrap_dim(dim, y.array.ndim)
    if isinstance(x, (bool, int, float, complex)):
        x, dx = None, x
    if x is not None and dx is not None:
        raise OperatorError(f"{name} received both x and dx, but expected only one of them")
    if y.dtype is dtypes.bool_ or (x is not None and x.dtype is dtypes.bool_):
        raise OperatorError(f"{name}: received a bool input for x or y, but bool is not supported")
    if not y.array.ndim:
        return ops.mul(ops.view(y, shape=(1,)), 0), 0
    pairs = ops.add(_part(y, d, 1, None), _part(y, d, None, -1))
    if x is None:
        return ops.mul(pairs, (1.0 if dx is None else dx) / 2.0), d
    return ops.div(ops.mul(pairs, _widths(name, y, x, d)), 2.0), d


def _widths(name: str, y: Any, x: Any, d: int) -> Any:
    if not x.array.ndim:
        raise OperatorError(
            f"{name}: There must be one `x` value for each sample point, but x is 0-dimensional"
        )
    if x.array.ndim == 1:
        if x.array.shape[0] != y.array.shape[d]:
            raise OperatorError(f"{name}: There must be one `x` value for each sample point")
        x = ops.view(x, shape=(x.array.shape[0],) + (1,) * (y.array.ndim - 1 - d))
    elif x.array.ndim < y.array.ndim:
        x = ops.view(x, shape=(1,) * (y.array.ndim - x.array.ndim) + tuple(x.array.shape))
    at = d - y.array.ndim + x.array.ndim
    return ops.sub(_part(x, at, 1, None), _part(x, at, None, -1))


def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """Estimates of the partial derivatives along dims by central differences, of second order inside.

    spacing is one distance, one per dimension, or one tensor of coordinates per dimension; at the edges differences are
    one-sided, of order edge_order.

    Raises:
        RuntimeError: edge_order is neither 1 nor 2, or spacing does not match dim.
    """
    spacing = 1 if spacing is None else spacing
    over = _gradient_dims(input, spacing, dim)
    if edge_order not in (1, 2):
        raise OperatorError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if isinstance(spacing, (list, tuple)):
        spacings = list(spacing)
    else:
        spacings = [spacing] * len(over)
    if len(spacings) != len(over):
        raise OperatorError(
            f"torch.gradient expected spacing to have {len(over)} values, one per dim, but got {len(spacings)}"
        )
    return tuple(_slope(input, h, d, edge_order) for h, d in zip(spacings, over, strict=True))


def _gradient_dims(x: Any, spacing: Any, dim: Any) -> tuple[int, ...]:
    if dim is None:
        given = len(spacing) if isinstance(spacing, (list, tuple)) else x.array.ndim
        return tuple(range(given))
    return dims(dim, x.array.ndim) or ()


def _slope(x: Any, spacing: Any, d: int, edge_order: int) -> Any:
    n = x.array.shape[d]
    if n < edge_order + 1:
        raise OperatorError("torch.gradient expected each dimension size to be at least edge_order+1")
    if x.dtype in dtypes.INTEGRAL:
        x = ops.cast(x, dtype=dtypes.get_default_dtype())
    if isinstance(spacing, Handle) and spacing.array.ndim:
        h = ops.view(spacing, shape=(n,) + (1,) * (x.array.ndim - 1 - d))
        h = ops.sub(_part(h, 0, 1, None), _part(h, 0, None, -1))
        left, right = _part(h, 0, None, -1), _part(h, 0, 1, None)
        ends = (_part(h, 0, 0, 1), _part(h, 0, n - 2, None))
    else:
        left = right = spacing
        ends = (spacing, spacing)
    first = ops.div(ops.sub(_part(x, d, 1, 2), _part(x, d, 0, 1)), ends[0])
    last = ops.div(ops.sub(_part(x, d, n - 1, None), _part(x, d, n - 2, n - 1)), ends[1])
    if n == 2:
        return ops.cat(first, last, dim=d)
    inner = _inner(_part(x, d, None, -2), _part(x, d, 1, -1), _part(x, d, 2, None), left, right)
    if edge_order == 2:
        first, last = _second_order_ends(x, d, n, first, last, left, right)
    return ops.cat(first, inner, last, dim=d)


def _inner(before: Any, here: Any, after: Any, left: Any, right: Any) -> Any:
    """The slope of the parabola through three neighbours, at the middle one."""
    if not isinstance(left, Handle):
        return ops.div(ops.sub(after, before), 2 * left)
    down = ops.div(ops.sub(here, before), left)
    up = ops.div(ops.sub(after, here), right)
    return ops.div(ops.add(ops.mul(down, right), ops.mul(up, left)), ops.add(left, right))


def _second_order_ends(
    x: Any, d: int, n: int, first: Any, last: Any, left: Any, right: Any
) -> tuple[Any, Any]:
    """The slopes of the same parabolas at the outermost points."""
    second = ops.div(
        ops.sub(_part(x, d, 2, 3), _part(x, d, 1, 2)),
        _part(right, 0, 0, 1) if isinstance(right, Handle) else right,
    )
    before = ops.div(
        ops.sub(_part(x, d, n - 2, n - 1), _part(x, d, n - 3, n - 2)),
        _part(left, 0, n - 3, None) if isinstance(left, Handle) else left,
    )
    if isinstance(left, Handle):
        a, b = _part(left, 0, 0, 1), _part(right, 0, 0, 1)
        start = ops.sub(first, ops.mul(ops.sub(second, first), ops.div(a, ops.add(a, b))))
        a, b = _part(left, 0, n - 3, None), _part(right, 0, n - 3, None)
        return start, ops.add(last, ops.mul(ops.sub(last, before), ops.div(b, ops.add(a, b))))
    start = ops.sub(first, ops.mul(ops.sub(second, first), 0.5))
    return start, ops.add(last, ops.mul(ops.sub(last, before), 0.5))
