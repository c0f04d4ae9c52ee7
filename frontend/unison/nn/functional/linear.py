"""Linear maps."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.errors import OperatorError
from unison_core.spec import numel

__all__ = ["bilinear", "linear"]


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x weight^T + bias: input (..., in), weight (out, in) or (in), bias (out) or ().

    Raises:
        RuntimeError: the shapes or dtypes do not fit.
    """
    if weight.array.ndim == 2:
        return ops.linear(input, weight, bias)
    if weight.array.ndim == 1:
        out = ops.linear(input, ops.slice(weight, key=(None,)), None)
        out = ops.view(out, shape=tuple(out.shape[:-1]))
        return out if bias is None else ops.add(out, bias)
    raise OperatorError(f"linear(): weight is (out, in) or (in), got {list(weight.shape)}")


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x1^T W_k x2 + b_k for every k: input1 (..., n), input2 (..., m), weight (out, n, m), bias (out).

    Raises:
        RuntimeError: the shapes do not fit.
    """
    a, b, w = input1.array.shape, input2.array.shape, weight.array.shape
    if len(a) != len(b) or a[:-1] != b[:-1]:
        raise OperatorError(
            f"bilinear(): input batch dimensions do not match: got {list(a)} and {list(b)}, which may differ only in "
            "their last length"
        )
    if len(w) != 3 or a[-1] != w[1] or b[-1] != w[2]:
        raise OperatorError(
            f"bilinear(): input1 size does not match weight size: got {a[-1]} and {b[-1]} for a weight {list(w)}"
        )
    if bias is not None and bias.array.shape != w[:1]:
        raise OperatorError(
            f"bilinear(): bias size does not match weight size: got {bias.array.size} but expected {w[0]}"
        )
    rows = numel(a[:-1])
    left = ops.matmul(ops.reshape(input1, shape=(rows, a[-1])), _columns(weight))
    left = ops.view(left, shape=(rows, w[0], w[2]))
    right = ops.reshape(input2, shape=(rows, w[2], 1))
    out = ops.view(ops.matmul(left, right), shape=(*a[:-1], w[0]))
    return out if bias is None else ops.add(out, bias)


def _columns(weight: Any) -> Any:
    """(out, n, m) as (n, out * m)."""
    out, n, m = weight.array.shape
    return ops.reshape(ops.permute(weight, dims=(1, 0, 2)), shape=(n, out * m))
