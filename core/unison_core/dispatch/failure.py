"""Errors cost nothing until they happen: when a kernel raises, the operator's rules say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from unison_core.errors import KernelError, OutOfMemoryError, UnisonError, describe, dtype_names

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["check", "failure"]


def failure(op: Operator, inputs: Sequence[Any], attrs: dict[str, Any], error: Exception) -> BaseException:
    """The exception to raise for a call whose kernel raised `error`: the same text on every device."""
    if isinstance(error, UnisonError):
        return error
    try:
        check(op, inputs, attrs)
    except UnisonError as standard:
        return standard
    where = describe(inputs, attrs)
    if isinstance(error, MemoryError):
        return OutOfMemoryError(f"{op.name} on ({where}) needs more memory than the device has: {error}")
    return KernelError(f"the kernel of {op.name} failed on ({where}): {type(error).__name__}: {error}")


def check(op: Operator, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Run the operator's rules on the specs of the inputs; returns the inferred result.

    Raises:
        TypeError, RuntimeError, IndexError, ValueError: what the rules refuse.
    """
    from unison_core.dispatch import infer, promotion
    from unison_core.errors import OperatorError, OperatorTypeError
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
        raise OperatorError(
            f"{op.name} is not defined for {refused[0].dtype.name}: it takes {dtype_names(op.dtypes)}; "
            f"given ({describe(inputs, attrs)})"
        )
    return infer.infer(op, inputs, attrs)
