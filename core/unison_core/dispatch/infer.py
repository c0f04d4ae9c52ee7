"""What an operator would return: its infer rule, or its body run on specs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.dtypes import Category, DType
from unison_core.handle import Handle
from unison_core.modes import Mode
from unison_core.spec import Spec

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["infer", "promoted_dtype", "spec_of"]


def spec_of(x: Any) -> Any:
    """The spec of a tensor; anything else as it is."""
    return Spec(x.shape, x.dtype, x.device) if isinstance(x, Handle) else x


def promoted_dtype(op: Operator, inputs: Sequence[Any]) -> DType | None:
    """The dtype the data inputs are promoted to; None if the operator takes them as they are."""
    from unison_core.dispatch import promotion
    from unison_core.operator import Promote

    if op.promote is Promote.NONE or all(x is None for x in inputs):
        return None
    target = promotion.common_dtype(inputs)
    if target.category >= Category.FLOATING:
        return target
    if op.promote is Promote.FLOAT:
        return dtypes.get_default_dtype()
    return dtypes.int64 if op.promote is Promote.ACCUMULATE else target


def infer(op: Operator, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The spec, or tuple of specs, of `op(*inputs, **attrs)`; inputs are tensors, specs, numbers or None.

    Raises:
        TypeError, RuntimeError, IndexError, ValueError: what the rule refuses.
    """
    target = promoted_dtype(op, inputs)
    specs = [_settled(spec_of(x), target) for x in inputs]
    attrs = {**op.defaults, **attrs}
    if op.infer is not None:
        device = attrs.pop("device", None) if "device" not in op.attributes else None
        out = op.infer(*specs, **attrs)
        return Spec(out.shape, out.dtype, device) if device is not None else out
    assert op.body is not None, f"{op.name} has neither an infer rule nor a body"
    with _InferMode():
        return op.body(*specs, **attrs)


def _settled(x: Any, target: DType | None) -> Any:
    if isinstance(x, Spec):
        return x if target is None else Spec(x.shape, target, x.device)
    if isinstance(x, (bool, int, float, complex)):
        return Spec((), target or dtypes.scalar_dtype(dtypes.category_of_scalar(x)))
    return x


class _InferMode(Mode):
    """Answers every operator call with its spec."""

    def dispatch(
        self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Callable[..., Any]
    ) -> Any:
        with self:
            return infer(op, inputs, attrs)
