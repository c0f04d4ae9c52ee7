"""What the rules of several themes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison_core import ops
from unison_core.dispatch.promotion import COMPLEX, constant
from unison_core.dtypes import float32
from unison_core.handle import Handle
from unison_core.spec import Spec

__all__ = ["adjoint", "narrowed", "rounded_once", "scalar_like", "sum_to", "to_host", "widened"]


def adjoint(x: Any) -> Any:
    """The complex conjugate; x itself when real. Gradients are conjugate (Wirtinger), as torch has them."""
    return ops.conj(x) if x.array.dtype in COMPLEX else x


def scalar_like(value: Any, x: Any) -> Any:
    """The 0-d tensor of a number in x's dtype, on x's device; of a spec, its spec."""
    if x.__class__ is Spec:
        return Spec((), x.dtype, x.device)
    return constant(value, x.dtype, x.device)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """g summed over the dimensions along which `shape` was broadcast to g's shape."""
    have = g.shape
    if have == shape:
        return g
    lead = len(have) - len(shape)
    dims = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 and have[i + lead] != 1)
    if dims:
        g = ops.sum(g, dim=dims, keepdim=True)
    return ops.view(g, shape=shape) if lead else g


def widened(x: Any) -> Any:
    """x in float32 if it is of a half type, else x: what accumulations start from."""
    return ops.cast(x, dtype=float32) if x.dtype.is_floating_point and x.dtype.bits == 16 else x


def narrowed(x: Any, like: Any) -> Any:
    """x in the dtype of `like`."""
    return x if x.dtype is like.dtype else ops.cast(x, dtype=like.dtype)


def rounded_once(function: Callable[..., Any], *inputs: Any) -> Any:
    """function(*inputs); of tensors of one half type in float32, the result rounded once."""
    half = all(isinstance(x, Handle) for x in inputs) and len({x.dtype for x in inputs}) == 1
    if not half or inputs[0].dtype.bits != 16 or not inputs[0].dtype.is_floating_point:
        return function(*inputs)
    return narrowed(function(*map(widened, inputs)), inputs[0])


def to_host(x: Any) -> Any:
    """The elements of x as a host array: it waits for the device, so rules use it only where values decide."""
    return x.device.backend.to_host(x.array)
