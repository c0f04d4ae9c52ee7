"""Matrix products."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import NUMERIC
from unison_core.errors import OperatorError
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import adjoint, narrowed, sum_to, widened
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, broadcast

__all__ = ["linear", "matmul", "transpose_last"]


def transpose_last(x: Any) -> Any:
    """x with its last two dimensions exchanged."""
    n = len(x.shape)
    return ops.permute(x, dims=(*range(n - 2), n - 1, n - 2))


@primitive(dtypes=NUMERIC, promote=Promote.COMMON, tags=("equal_dtypes",))
def matmul(a: Array, b: Array) -> Array:
    """The product of (batches of) matrices, (..., n, k) and (..., k, m), broadcasting the batches.

    Accumulates half types in float32, everything else in its own type.
    """


@matmul.infer
def matmul_infer(a: Spec, b: Spec) -> Spec:
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise OperatorError(
            f"mat1 and mat2 shapes cannot be multiplied ({_by(a.shape)} and {_by(b.shape)}): the last length of the "
            f"first and the second to last of the second must agree"
        )
    return a.like((*broadcast(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape) or "0-d"


@matmul.vjp(values={"a": "b", "b": "a"}, specs="a b")
def matmul_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    ga = gb = None
    if a.tracked:
        ga = sum_to(matmul(g, transpose_last(adjoint(b))), tuple(a.shape))
    if b.tracked:
        gb = sum_to(matmul(transpose_last(adjoint(a)), g), tuple(b.shape))
    return ga, gb


@matmul.samples
def matmul_samples() -> Any:
    yield good(arg(3, 4), arg(4, 5))
    yield good(arg(2, 3, 4), arg(4, 5))
    yield good(arg(2, 1, 3, 4), arg(3, 4, 2))
    yield good(arg(3, 0), arg(0, 5))
    yield good(arg(33, 65), arg(65, 31))
    yield bad(RuntimeError, "cannot be multiplied", arg(3, 4), arg(3, 4))


@composite(dtypes=NUMERIC, promote=Promote.COMMON, tags=("equal_dtypes",))
def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x @ weight.T + bias: x (..., in), weight (out, in), bias (out) or None."""
    flat = x if len(x.shape) == 2 else ops.reshape(x, shape=(_rows(x.shape), x.shape[-1]))
    turned = transpose_last(weight)
    if bias is None:
        out = matmul(flat, turned)
    elif x.dtype.is_floating_point and x.dtype.bits == 16:
        # The bias joins before the one rounding.
        out = narrowed(ops.add(matmul(widened(flat), widened(turned)), widened(bias)), x)
    else:
        out = ops.add(matmul(flat, turned), bias)
    return out if len(x.shape) == 2 else ops.view(out, shape=(*x.shape[:-1], weight.shape[0]))


def _rows(shape: tuple[int, ...]) -> int:
    from unison_core.spec import numel

    return numel(shape[:-1])


@linear.infer
def linear_infer(x: Spec, weight: Spec, bias: Any) -> Spec:
    if weight.ndim != 2 or not x.shape or x.shape[-1] != weight.shape[1]:
        rows = _rows(x.shape) if x.shape else 0
        last = x.shape[-1] if x.shape else 0
        raise OperatorError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{last} and {_by(tuple(reversed(weight.shape)))}): "
            f"the input {list(x.shape)} must end in the weight's second length {list(weight.shape)}"
        )
    if bias is not None and bias.shape not in ((weight.shape[0],), (1,), ()):
        raise OperatorError(f"linear: bias {list(bias.shape)} does not fit weight {list(weight.shape)}")
    return x.like((*x.shape[:-1], weight.shape[0]))


@linear.vjp(values={"x": "weight", "weight": "x"}, specs="x weight bias")
def linear_vjp(g: Any, out: Any, x: Any, weight: Any, bias: Any) -> Any:
    columns = weight.shape[0]
    flat = g if len(g.shape) == 2 else ops.reshape(g, shape=(_rows(g.shape), columns))
    gx = gw = gb = None
    if x.tracked:
        gx = matmul(flat, adjoint(weight))
        gx = gx if len(x.shape) == 2 else ops.view(gx, shape=tuple(x.shape))
    if weight.tracked:
        rows = x if len(x.shape) == 2 else ops.reshape(x, shape=(flat.shape[0], x.shape[-1]))
        gw = matmul(transpose_last(flat), adjoint(rows))
    if bias is not None and bias.tracked:
        gb = ops.sum(flat, dim=(0,), keepdim=False)
        gb = gb if bias.shape == gb.shape else sum_to(gb, bias.shape)
    return gx, gw, gb


@linear.samples
def linear_samples() -> Any:
    yield good(arg(3, 4), arg(5, 4), arg(5))
    yield good(arg(2, 3, 4), arg(5, 4), None)
    yield good(arg(4), arg(5, 4), arg(5))
    yield good(arg(0, 4), arg(5, 4), arg(5))
    yield bad(RuntimeError, "cannot be multiplied", arg(3, 4), arg(5, 3), None)
