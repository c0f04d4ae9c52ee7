"""Tensors of one number, or of none."""

from __future__ import annotations

from typing import Any

from unison.functions._common import sizes, write_out
from unison.functions.creation._numbers import fitted
from unison_core import devices, dtypes, handle, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = [
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "finish",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "place",
    "scalar_tensor",
    "zeros",
    "zeros_like",
]


def finish(
    t: Any, requires_grad: bool, out: Any = None, *, device: Any = None, pin_memory: bool = False
) -> Any:
    """The last step of every creation function: `out=`, `pin_memory=`, `requires_grad=`; device: where what was
    reckoned elsewhere belongs.

    Raises:
        RuntimeError: it is to be pinned, but is not on the host, or there is no accelerator.
    """
    if device is not None and devices.canonical(device) is not t.device:
        t = ops.to_device(t, device=device)
    if out is not None:
        # In the memory that there is, pinned or not.
        t = write_out(out, t)
    elif pin_memory:
        t = t.pin_memory()
    if requires_grad:
        t.requires_grad_()
    return t


def sizes_given(size: tuple[Any, ...], named: Any) -> tuple[int, ...]:
    """The shape of `zeros(2, 3)`, `zeros((2, 3))` and `zeros(size=(2, 3))`."""
    return sizes(size if named is None else (named,))


def place(device: Any) -> Any:
    """The device asked for, or the default one."""
    return devices.default() if device is None else device


def _filled(shape: tuple[int, ...], value: Any, dtype: DType | None, device: Any) -> Any:
    return ops.full(shape=shape, value=value, dtype=dtype or dtypes.get_default_dtype(), device=place(device))


def zeros(
    *shape: Any,
    size: Any = None,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of zeros of shape `size`."""
    made = ops.full(
        shape=sizes(shape if size is None else (size,)),
        value=0,
        dtype=dtype or dtypes.get_default_dtype(),
        device=devices.default() if device is None else device,
    )
    if requires_grad or pin_memory or out is not None:
        return finish(made, requires_grad, out, pin_memory=pin_memory)
    return made


def ones(
    *shape: Any,
    size: Any = None,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A tensor of ones of shape `size`."""
    made = ops.full(
        shape=sizes(shape if size is None else (size,)),
        value=1,
        dtype=dtype or dtypes.get_default_dtype(),
        device=devices.default() if device is None else device,
    )
    if requires_grad or pin_memory or out is not None:
        return finish(made, requires_grad, out, pin_memory=pin_memory)
    return made


def empty(
    *shape: Any,
    size: Any = None,
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
    made = ops.empty(shape=sizes_given(shape, size), dtype=kind, device=place(device))
    return finish(made, requires_grad, out, pin_memory=pin_memory)


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
    """A tensor of shape `size` filled with a number, in the number's own dtype unless given.

    Raises:
        RuntimeError: dtype cannot hold the number.
        OverflowError: an integer that 64 bits cannot hold.
    """
    kind = dtype or dtypes.scalar_dtype(dtypes.category_of_scalar(fill_value))
    made = _filled(sizes((size,)), fitted(fill_value, kind), kind, device)
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def zeros_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **_: Any,
) -> Any:
    """Zeros of input's shape, dtype and device."""
    made = _filled(input.shape, 0, dtype or input.dtype, device or input.device)
    return finish(made, requires_grad, pin_memory=pin_memory)


def ones_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **_: Any,
) -> Any:
    """Ones of input's shape, dtype and device."""
    made = _filled(input.shape, 1, dtype or input.dtype, device or input.device)
    return finish(made, requires_grad, pin_memory=pin_memory)


def empty_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **_: Any,
) -> Any:
    """An uninitialised tensor of input's shape, dtype and device."""
    kind, where = dtype or input.dtype, device or input.device
    return empty(input.shape, dtype=kind, device=where, requires_grad=requires_grad, pin_memory=pin_memory)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **_: Any,
) -> Any:
    """A tensor of input's shape, dtype and device filled with a number.

    Raises:
        RuntimeError, OverflowError: as `full`.
    """
    kind = dtype or input.dtype
    made = _filled(input.shape, fitted(fill_value, kind), kind, device or input.device)
    return finish(made, requires_grad, pin_memory=pin_memory)


def scalar_tensor(
    s: Any,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """The 0-d tensor of a number, of the default dtype unless given.

    Raises:
        RuntimeError, OverflowError: as `full`.
    """
    if dtype is None:
        dtype = dtypes.get_default_dtype()
        dtype = dtype.to_complex() if isinstance(s, complex) else dtype
    # As in PyTorch, half precision rounds here to infinity what it cannot hold.
    checked = dtypes.float64 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype
    made = _filled((), fitted(s, checked), dtype, device)
    return finish(made, requires_grad, pin_memory=pin_memory)


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """An uninitialised tensor of that shape, whose elements lie `stride` apart.

    Raises:
        RuntimeError: size and stride differ in length, or something is negative.
    """
    shape, steps = sizes((size,)), sizes((stride,))
    if len(shape) != len(steps):
        raise OperatorError(
            f"mismatch in length of strides and shape: {len(steps)} strides for {len(shape)} dimensions"
        )
    if any(n < 0 for n in shape):
        raise OperatorError(f"Trying to create tensor with negative dimension: {list(shape)}")
    length = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    storage = empty(length, dtype=dtype, device=device, pin_memory=pin_memory)
    return finish(handle.alias(ops.as_strided(storage, shape=shape, stride=steps, offset=0)), requires_grad)


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """An uninitialised tensor of that shape, whose dimensions lie in memory in the order physical_layout says.

    Raises:
        RuntimeError: physical_layout is no order of the dimensions.
    """
    shape, order = sizes((size,)), sizes((physical_layout,))
    if len(order) != len(shape):
        raise OperatorError(
            f"Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(shape)} is not equal to len(physical_layout) = {len(order)}"
        )
    if sorted(order) != list(range(len(shape))):
        raise OperatorError(
            f"Dimensions in physical_layout have to be an order of 0 to {len(shape) - 1}, got {list(order)}"
        )
    lengths = tuple(shape[d] for d in order)
    memory = empty(lengths, dtype=dtype, device=device, pin_memory=pin_memory)
    back = tuple(order.index(d) for d in range(len(order)))
    return finish(handle.alias(ops.permute(memory, dims=back)), requires_grad)
