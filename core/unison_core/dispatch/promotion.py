"""Settling the dtypes of a call: torch's promotion, weak Python scalars, and moving 0-d tensors.

The paths come here only when types differ or a Python number is given; equal types never pay for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.dtypes import Category, DType
from unison_core.errors import DeviceError, OperatorError, OperatorTypeError, describe
from unison_core.handle import Handle, wrap

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.operator import Operator

__all__ = ["COMPLEX", "INEXACT", "NATIVE", "common_dtype", "constant", "learn", "plain", "settle", "to_dtype"]

INEXACT: set[Any] = set()
"""The native dtype objects, of all loaded backends, that are floating or complex."""

COMPLEX: set[Any] = set()
"""Those that are complex."""

NATIVE: dict[Any, DType] = {}
"""All of them."""

_NUMBERS = (bool, int, float, complex)
_CACHE_LIMIT = 512


def learn(natives: Mapping[DType, Any]) -> None:
    """Note the dtype objects of a backend that is loaded, and which operators take them."""
    from unison_core.operator import registry

    NATIVE.update((native, dtype) for dtype, native in natives.items())
    INEXACT.update(native for dtype, native in natives.items() if dtype in dtypes.INEXACT)
    COMPLEX.update(native for dtype, native in natives.items() if dtype.is_complex)
    for op in registry.values():
        op.ready.update(native for dtype, native in natives.items() if op.takes(dtype))


def plain(x: Any) -> Any:
    """A scalar of another library, np.float32(2) say, as the Python number that it is; anything else as it is."""
    if x is None or isinstance(x, (Handle, *_NUMBERS)) or getattr(x, "shape", None) != ():
        return x
    item = getattr(x, "item", None)
    return x if item is None else item()


def settle(op: Operator, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The inputs as tensors of the dtypes that the operator's kernels take.

    Raises:
        TypeError: an input is neither a tensor nor a number.
        RuntimeError: the tensors' devices differ; or their dtypes are none that the operator's tags allow
            ("equal_dtypes": no promotion, "no_bool": no bool operand).
    """
    from unison_core.operator import Promote

    tensors = [x for x in inputs if isinstance(x, Handle)]
    device = common_device(op, tensors, inputs)
    if op.tags:
        _refuse_dtypes(op, tensors, inputs)
    if op.promote is Promote.NONE:
        return tuple(_as_tensor(op, x, None, device, inputs) for x in inputs)
    target = common_dtype(inputs)
    if op.promote is Promote.FLOAT and target.category < Category.FLOATING:
        target = dtypes.get_default_dtype()
    if op.promote is Promote.ACCUMULATE and target.category < Category.FLOATING:
        target = dtypes.int64
    return tuple(_as_tensor(op, x, target, device, inputs) for x in inputs)


def _refuse_dtypes(op: Operator, tensors: Sequence[Handle], inputs: Sequence[Any]) -> None:
    if "equal_dtypes" in op.tags and len({t.dtype for t in tensors}) > 1:
        raise OperatorError(
            f"{op.name}: expected tensors to have the same dtype, but was given ({describe(inputs)}); "
            "convert one of them with .to(dtype)"
        )
    if "no_bool" in op.tags and any(
        isinstance(x, bool) or getattr(x, "dtype", 0) is dtypes.bool_ for x in inputs
    ):
        raise OperatorError(
            f"{op.name} is not supported with a bool operand, but was given ({describe(inputs)}); "
            "to invert a mask use `~` or logical_not(), for set difference `a & ~b`"
        )


def common_device(op: Operator, tensors: Sequence[Handle], inputs: Sequence[Any]) -> Device:
    """The device of the call; a 0-d tensor on the host may join any other device.

    Raises:
        TypeError: no tensor is among the inputs.
        RuntimeError: devices differ.
    """
    if not tensors:
        raise OperatorTypeError(f"{op.name} takes tensors, but was given ({describe(inputs)})")
    device = tensors[0].device
    for t in tensors[1:]:
        if t.device is not device and t.array.shape != ():
            if device.is_host and not any(x.array.shape for x in tensors if x.device is device):
                device = t.device
                continue
            raise DeviceError(
                f"{op.name} expects all tensors on one device, but was given ({describe(inputs)}); "
                f"move them with .to({str(device)!r})"
            )
    if device.is_host:
        for t in tensors:
            if not t.device.is_host:
                return t.device
    return device


def common_dtype(inputs: Sequence[Any]) -> DType:
    """torch's result type: dimensioned tensors decide, then 0-d tensors and numbers if of a higher category."""
    dimensioned: DType | None = None
    zero_dim: DType | None = None
    numbers: Category | None = None
    for x in inputs:
        if isinstance(x, _NUMBERS):
            category = dtypes.category_of_scalar(x)
            numbers = category if numbers is None else max(numbers, category)
        elif x is not None and len(x.shape):
            dimensioned = x.dtype if dimensioned is None else dtypes.promote(dimensioned, x.dtype)
        elif x is not None:
            zero_dim = x.dtype if zero_dim is None else dtypes.promote(zero_dim, x.dtype)
    found = dimensioned
    if zero_dim is not None and (found is None or zero_dim.category > found.category):
        found = zero_dim if found is None else _raise_category(found, zero_dim)
    if numbers is not None:
        found = dtypes.scalar_dtype(numbers, found)
    assert found is not None
    return found


def _raise_category(low: DType, high: DType) -> DType:
    """A 0-d tensor of a higher category beside dimensioned ones: its own type, but complex keeps the parts."""
    if high.is_complex and low.is_floating_point:
        return low.to_complex()
    return high


def _as_tensor(op: Operator, x: Any, target: DType | None, device: Device, inputs: Sequence[Any]) -> Any:
    if x is None:
        return None
    if isinstance(x, Handle):
        if x.device is not device:
            x = _move_zero_dim(op, x, device, inputs)
        return x if target is None or x.dtype is target else to_dtype(x, target)
    if isinstance(x, _NUMBERS):
        return constant(x, target or dtypes.scalar_dtype(dtypes.category_of_scalar(x)), device)
    raise OperatorTypeError(
        f"{op.name} takes tensors and Python numbers, but was given {type(x).__name__} in ({describe(inputs)})"
    )


def _move_zero_dim(op: Operator, x: Handle, device: Device, inputs: Sequence[Any]) -> Any:
    if x.array.shape != () or not x.device.is_host:
        raise DeviceError(
            f"{op.name} expects all tensors on one device, but was given ({describe(inputs)}); "
            f"move them with .to({str(device)!r})"
        )
    from unison_core import ops

    return ops.to_device(x, device=device)


def to_dtype(x: Handle, target: DType) -> Any:
    """x cast to target, as an operator: the gradient is cast back."""
    from unison_core import ops

    return ops.cast(x, dtype=target)


def constant(value: Any, dtype: DType, device: Device) -> Any:
    """The 0-d tensor of a Python number; the usual ones are made once per device and dtype.

    0.0, -0.0 and NaN are not cached: dictionary keys cannot tell the zeros apart nor find a NaN.

    Raises:
        RuntimeError: an integer does not fit the dtype.
    """
    # Keyed by the number that is stored: beside an integer tensor, the call paths ask for 0.5 and not for its
    # integer part.
    if dtype.category is Category.INTEGER:
        value = _fit_integer(value, dtype)
    elif dtype.category is Category.BOOL:
        value = bool(value)
    key = (value, value.__class__, device.backend.native(dtype))
    found = device.constants.get(key)
    if found is not None:
        return found
    tensor = wrap(device.backend.scalar(value, dtype, device), device)
    special = isinstance(value, (float, complex)) and (not value or math.isnan(abs(value)))
    if not special:
        if len(device.constants) >= _CACHE_LIMIT:
            device.constants.clear()
        device.constants[key] = tensor
    return tensor


def _fit_integer(value: Any, dtype: DType) -> int:
    value, bits = int(value), dtype.bits
    low, high = (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.is_signed else (-(2**bits) + 1, 2**bits - 1)
    )
    if not low <= value <= high:
        raise OperatorError(f"value {value} cannot be converted to {dtype.name} without overflow")
    return int(value if dtype.is_signed else value % 2**bits)
