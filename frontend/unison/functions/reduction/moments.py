"""Variances, standard deviations, covariances."""

from __future__ import annotations

from typing import Any

from unison.functions._common import dims, with_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["corrcoef", "cov", "std", "std_mean", "var", "var_mean"]


@with_out
def var(input: Any, *args: Any, **named: Any) -> Any:
    """`var(input, dim=None, *, correction=1, keepdim=False)`, or with unbiased=True/False for correction 1 or 0: the
    mean squared deviation with n - correction in the denominator.

    Raises:
        RuntimeError: input is neither floating nor complex.
    """
    return _variance("var", input, args, named)[0]


@with_out
def std(input: Any, *args: Any, **named: Any) -> Any:
    """The square root of `var`, with its arguments; its gradient is 0 where nothing deviates.

    Raises:
        RuntimeError: input is neither floating nor complex.
    """
    return root(_variance("std", input, args, named)[0])


def var_mean(input: Any, *args: Any, **named: Any) -> tuple[Any, Any]:
    """(variance, mean), with the arguments of `var`."""
    variance, over, keepdim = _variance("var_mean", input, args, named)
    return variance, ops.mean(input, dim=over, keepdim=keepdim)


def std_mean(input: Any, *args: Any, **named: Any) -> tuple[Any, Any]:
    """(standard deviation, mean), with the arguments of `std`."""
    variance, over, keepdim = _variance("std_mean", input, args, named)
    return root(variance), ops.mean(input, dim=over, keepdim=keepdim)


def root(x: Any) -> Any:
    """The square root, with gradient 0 instead of infinity at 0."""
    zero = ops.eq(x, 0)
    if not x.tracked:
        return ops.sqrt(x)
    safe = ops.add(x, ops.cast(zero, dtype=x.dtype))
    return ops.where(zero, ops.mul(x, 0.0), ops.sqrt(safe))


def _variance(name: str, x: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any, bool]:
    """The variance, the dimensions it was taken over, and keepdim."""
    if x.dtype not in dtypes.INEXACT:
        raise OperatorError(f"{name} only support floating point and complex dtypes, but got {x.dtype.name}")
    if args and isinstance(args[0], bool):
        order: tuple[str, ...] = ("unbiased",)
    elif len(args) > 1 or "unbiased" in named:
        order = ("dim", "unbiased", "keepdim")
    else:
        order = ("dim",)
    if len(args) > len(order):
        raise TypeError(
            f"{name}() takes (dim, unbiased, keepdim) or (dim, *, correction, keepdim), but got {args}"
        )
    settings = dict(zip(order, args, strict=False)) | named
    correction = settings.get("correction")
    if correction is None:
        correction = 1 if settings.get("unbiased", True) else 0
    over = dims(settings.get("dim"), x.array.ndim)
    keepdim = bool(settings.get("keepdim", False))
    return ops.var(x, dim=over, correction=float(correction), keepdim=keepdim), over, keepdim


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance matrix of variables in rows, observations in columns; fweights are counts, aweights importances.

    Raises:
        RuntimeError: more than two dimensions, or weights of another shape or kind.
    """
    if input.array.ndim > 2:
        raise OperatorError(
            f"cov(): expected input to have two or fewer dimensions, but got {input.array.ndim}"
        )
    if input.dtype is dtypes.bool_:
        raise OperatorError("cov(): bool dtype is not supported for input")
    x = input if input.array.ndim == 2 else ops.view(input, shape=(1, input.array.size))
    count = x.array.shape[1]
    weights = _weights(fweights, aweights, count)
    if weights is None:
        total: Any = count
        average = ops.div(ops.sum(x, dim=(1,), keepdim=True), count)
    else:
        total = ops.sum(weights, dim=None, keepdim=False)
        average = ops.div(ops.sum(ops.mul(x, weights), dim=(1,), keepdim=True), total)
    norm: Any = (
        total - correction if not isinstance(total, Handle) else _norm(total, weights, aweights, correction)
    )
    centered = ops.sub(x, average)
    other = centered if weights is None else ops.mul(centered, weights)
    if x.dtype in dtypes.COMPLEX:
        other = ops.conj(other)
    product = ops.matmul(centered, ops.permute(other, dims=(1, 0)))
    norm = ops.maximum(norm, 0) if isinstance(norm, Handle) else float(max(norm, 0))
    result = ops.div(product, norm)
    return ops.view(result, shape=()) if result.array.size == 1 else result


def _weights(fweights: Any, aweights: Any, count: int) -> Any:
    for name, w, kinds in (("fweights", fweights, dtypes.INTEGRAL), ("aweights", aweights, dtypes.FLOATING)):
        if w is None:
            continue
        if w.array.ndim > 1 or w.array.size != count:
            raise OperatorError(
                f"cov(): expected {name} to have the same numel as there are observations in the input"
            )
        if w.dtype not in kinds:
            raise OperatorError(
                f"cov(): expected {name} to have {'integral' if name[0] == 'f' else 'floating point'} dtype"
            )
        if bool(ops.any(ops.lt(w, 0), dim=None, keepdim=False).item()):
            raise OperatorError(f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return ops.mul(fweights, aweights)


def _norm(total: Any, weights: Any, aweights: Any, correction: int) -> Any:
    if aweights is None or correction == 0:
        return ops.sub(total, correction)
    spent = ops.div(ops.sum(ops.mul(weights, aweights), dim=None, keepdim=False), total)
    return ops.sub(total, ops.mul(spent, correction))


def corrcoef(input: Any) -> Any:
    """Correlation coefficients of variables in rows: covariances over the products of standard deviations.

    Raises:
        RuntimeError: more than two dimensions.
    """
    if input.array.ndim > 2:
        raise OperatorError(
            f"corrcoef(): expected input to have two or fewer dimensions, but got {input.array.ndim}"
        )
    c = cov(input)
    if not c.array.ndim:
        return ops.div(c, c)
    deviation = ops.sqrt(ops.diagonal(c, offset=0, dim1=0, dim2=1))
    n = deviation.array.shape[0]
    scaled = ops.div(ops.div(c, ops.view(deviation, shape=(n, 1))), ops.view(deviation, shape=(1, n)))
    if scaled.dtype in dtypes.COMPLEX:
        return ops.complex(*(ops.clamp(part, -1.0, 1.0) for part in (ops.real(scaled), ops.imag(scaled))))
    return ops.clamp(scaled, -1.0, 1.0)
