"""Normalisations with the statistics that they used, constant padding by numbers, and other names of torch's own."""

from __future__ import annotations

from typing import Any

from unison.functions._common import with_exact_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = [
    "alias_copy",
    "constant_pad_nd",
    "native_batch_norm",
    "native_dropout",
    "native_group_norm",
    "native_layer_norm",
    "nonzero_static",
]


def _statistics(x: Any, dim: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """The mean over dim and 1 / sqrt(variance + eps), of half types in float32."""
    wide = ops.cast(x, dtype=dtypes.float32) if x.dtype.bits == 16 else x
    mean = ops.mean(wide, dim=dim, keepdim=True)
    variance = ops.var(wide, dim=dim, correction=0.0, keepdim=True)
    return mean, ops.rsqrt(ops.add(variance, eps))


def native_layer_norm(
    input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """(`layer_norm`, mean, 1 / deviation); the statistics have length 1 where they were taken, and no gradient."""
    from unison.nn.functional import layer_norm

    out = layer_norm(input, normalized_shape, weight, bias, eps)
    first = input.array.ndim - len(normalized_shape)
    return out, *_statistics(input.detach(), tuple(range(first, input.array.ndim)), eps)


def native_group_norm(
    input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Any, Any, Any]:
    """(`group_norm`, mean, 1 / deviation) of N images of C channels and HxW places; statistics are (N, group).

    Raises:
        RuntimeError: the numbers are not the input's.
    """
    from unison.nn.functional import group_norm

    if input.array.size != N * C * HxW:
        raise OperatorError(
            f"Expected {N} x {C} x {HxW} elements, but got an input of shape {list(input.shape)}"
        )
    flat = ops.reshape(input, shape=(N, group, C * HxW // group))
    mean, scale = (ops.reshape(a, shape=(N, group)) for a in _statistics(flat, (2,), eps))
    if C * HxW == group:
        # One element a group, which the function of modules refuses: it is its own mean.
        normal = ops.reshape(
            ops.mul(ops.sub(flat, mean.unsqueeze(2)), scale.unsqueeze(2)), shape=tuple(input.shape)
        )
        normal = normal if weight is None else normal * weight.view(1, C, *[1] * (input.array.ndim - 2))
        return (
            normal if bias is None else normal + bias.view(1, C, *[1] * (input.array.ndim - 2)),
            mean,
            scale,
        )
    return group_norm(input, group, weight, bias, eps), mean, scale


def native_batch_norm(
    input: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Any, Any, Any]:
    """(`batch_norm`, mean, 1 / deviation) of each channel, without gradient; empty ones if not in training."""
    from unison.nn.functional import batch_norm

    out = batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        kind = dtypes.float32 if input.dtype.bits == 16 else input.dtype
        none = [ops.full(shape=(0,), value=0, dtype=kind, device=input.device) for _ in range(2)]
        return out, none[0], none[1]
    over = tuple(d for d in range(input.array.ndim) if d != 1)
    mean, scale = (
        ops.reshape(a, shape=(input.array.shape[1],)) for a in _statistics(input.detach(), over, eps)
    )
    return out, mean, scale


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """(`dropout`, the mask of what was kept)."""
    import unison

    if train is False or p == 0:
        return ops.copy(input), unison.ones_like(input, dtype=unison.bool)
    kept = unison.rand(input.shape, device=input.device) >= p
    return ops.mul(ops.mul(input, kept), 0.0 if p == 1 else 1.0 / (1.0 - p)), kept


def constant_pad_nd(input: Any, pad: Any, value: Any = 0) -> Any:
    """input with `value` around it, or cut where a number of pad is negative: (before, after) of the last dimension
    first.

    Raises:
        RuntimeError: pad has an odd number of elements, or more than two for each dimension.
    """
    from unison.nn.functional import pad as padded

    return ops.copy(padded(input, list(pad), "constant", value))


@with_exact_out
def alias_copy(input: Any) -> Any:
    """A copy."""
    return ops.copy(input)


def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """`nonzero` cut, or followed by rows of fill_value, to `size` rows: its shape does not depend on the values.

    Raises:
        RuntimeError: size is negative.
    """
    if size < 0:
        raise OperatorError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = ops.slice(ops.nonzero(input), key=(slice(0, size),))
    missing = size - found.array.shape[0]
    rest = ops.full(
        shape=(missing, input.array.ndim), value=fill_value, dtype=dtypes.int64, device=input.device
    )
    return ops.cat(found, rest, dim=0)
