"""Errors cost nothing until they happen: when a kernel raises, the operator's rules say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from unison_core.dtypes import DType
from unison_core.errors import KernelError, OutOfMemoryError, UnisonError, describe, dtype_names
from unison_core.spec import Spec

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["check", "failure", "refuse_dtype"]


def failure(op: Operator, inputs: Sequence[Any], attrs: dict[str, Any], error: Exception) -> BaseException:
    """The exception to raise for a call whose kernel raised `error`: the same text on every device."""
    if isinstance(error, UnisonError):
        return error
    try:
        _hold(check(op, inputs, attrs), inputs, attrs)
    except UnisonError as standard:
        return standard
    where = describe(inputs, attrs)
    if isinstance(error, MemoryError):
        return OutOfMemoryError(f"{op.name} on ({where}) needs more memory than the device has: {error}")
    return KernelError(f"the kernel of {op.name} failed on ({where}): {type(error).__name__}: {error}")


def refuse_dtype() -> None:
    """What a call path does with a dtype that its operator does not take; `failure` turns it into the standard error.

    Raises:
        TypeError: always.
    """
    raise TypeError("a dtype that the operator does not take")


def _hold(result: Any, inputs: Sequence[Any], attrs: dict[str, Any]) -> None:
    """Refuse a call whose result, or a dtype that it names, is none of the device's."""
    from unison_core import devices
    from unison_core.handle import Handle

    places: list[Any] = [x.device for x in inputs if isinstance(x, Handle)] or [attrs.get("device")]
    if places[0] is None:
        return
    backend = devices.canonical(places[0]).backend
    for x in (*(result if isinstance(result, tuple) else (result,)), *attrs.values()):
        dtype = x.dtype if isinstance(x, Spec) else x
        if isinstance(dtype, DType):
            backend.native(dtype)


def check(op: Operator, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Run the operator's rules on the specs of the inputs; returns the inferred result.

    Raises:
        NotImplementedError: the operator does not take the dtype.
        TypeError, RuntimeError, IndexError, ValueError: what the rules refuse.
    """
    from unison_core.dispatch import infer, promotion
    from unison_core.errors import NotSupportedError, OperatorTypeError
    from unison_core.handle import Handle

    for x in inputs:
        if x is not None and not isinstance(x, (Handle, bool, int, float, complex)):
            raise OperatorTypeError(
                f"{op.name} takes tensors and Python numbers, but was given ({describe(inputs)})"
            )
    unknown = [name for name in attrs if name not in op.attributes and name != "device"]
    if unknown or (not op.variadic and len(inputs) != len(op.data)):
        raise OperatorTypeError(f"{op.signature} was called with ({describe(inputs, attrs)})")
    tensors = [x for x in inputs if isinstance(x, Handle)]
    if op.data:
        promotion.common_device(op, tensors, inputs)
    refused = [x for x in tensors if x.dtype not in op.dtypes]
    if refused and infer.promoted_dtype(op, inputs) not in op.dtypes:
        raise NotSupportedError(
            f"{op.name} is not defined for {refused[0].dtype.name}: it takes {dtype_names(op.dtypes)}; "
            f"given ({describe(inputs, attrs)})"
        )
    return infer.infer(op, inputs, attrs)
