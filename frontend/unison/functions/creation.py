"""Making tensors from sizes and numbers."""

from __future__ import annotations

from typing import Any

from unison.functions._common import sizes, write_out
from unison_core import devices, dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def finish(t: Any, requires_grad: bool, out: Any = None) -> Any:
    """The last step of every creation function: `out=` and `requires_grad=`."""
    if out is not None:
        t = write_out(out, t)
    if requires_grad:
        t.requires_grad_()
    return t


def _device(device: Any) -> Any:
    return devices.default() if device is None else device


def _filled(shape: tuple[int, ...], value: Any, dtype: DType | None, device: Any) -> Any:
    return ops.full(
        shape=shape, value=value, dtype=dtype or dtypes.get_default_dtype(), device=_device(device)
    )


def zeros(
    *size: Any,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of zeros of shape `size`."""
    return finish(_filled(sizes(size), 0, dtype, device), requires_grad, out)


def ones(
    *size: Any,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of ones of shape `size`."""
    return finish(_filled(sizes(size), 1, dtype, device), requires_grad, out)


def empty(
    *size: Any,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Any:
    """A tensor of shape `size` with whatever the memory holds."""
    kind = dtype or dtypes.get_default_dtype()
    return finish(ops.empty(shape=sizes(size), dtype=kind, device=_device(device)), requires_grad, out)


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of shape `size` filled with a number, in the number's own dtype unless given."""
    kind = dtype or dtypes.scalar_dtype(dtypes.category_of_scalar(fill_value))
    return finish(_filled(sizes((size,)), fill_value, kind, device), requires_grad, out)


def zeros_like(
    input: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Any:
    """Zeros of input's shape, dtype and device."""
    return finish(_filled(input.shape, 0, dtype or input.dtype, device or input.device), requires_grad)


def ones_like(
    input: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Any:
    """Ones of input's shape, dtype and device."""
    return finish(_filled(input.shape, 1, dtype or input.dtype, device or input.device), requires_grad)


def empty_like(
    input: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Any:
    """An uninitialised tensor of input's shape, dtype and device."""
    return empty(
        input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad
    )


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **_: Any,
) -> Any:
    """A tensor of input's shape, dtype and device filled with a number."""
    return finish(
        _filled(input.shape, fill_value, dtype or input.dtype, device or input.device), requires_grad
    )


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """start, start + step, ... up to but without end; int64 if all are integers."""
    if end is None:
        start, end = 0, start
    numbers = [n.item() if hasattr(n, "item") else n for n in (start, end, step)]
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(n, int) for n in numbers) else dtypes.get_default_dtype()
    start, end, step = numbers
    return finish(
        ops.arange(start=start, end=end, step=step, dtype=dtype, device=_device(device)), requires_grad, out
    )


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """`steps` numbers from start to end, both included."""
    start, end = (n.item() if hasattr(n, "item") else n for n in (start, end))
    kind = dtype or dtypes.get_default_dtype()
    if isinstance(start, complex) or isinstance(end, complex):
        kind = dtype or kind.to_complex()
    return finish(
        ops.linspace(start=start, end=end, steps=steps, dtype=kind, device=_device(device)),
        requires_grad,
        out,
    )


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """The n x m matrix (m = n unless given) with ones on its diagonal."""
    if n < 0 or (m is not None and m < 0):
        raise OperatorError(f"n and m must be greater or equal to 0, got {n} and {m}")
    kind = dtype or dtypes.get_default_dtype()
    result = ops.eye(rows=n, columns=n if m is None else m, dtype=kind, device=_device(device))
    return finish(result, requires_grad, out)
