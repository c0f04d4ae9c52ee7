"""Bodies of composites as array kernels, so that one table serves primitives and composites alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unison_core import state
from unison_core.dispatch.infer import infer
from unison_core.dtypes import float32
from unison_core.handle import Handle, wrap

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.dispatch.table import Kernel
    from unison_core.operator import Operator

__all__ = ["as_kernel"]


def as_kernel(op: Operator, device: Device) -> Kernel:
    """The body of `op` on arrays of `device`, with nothing recorded.

    Its rules come first, where it has any: the operators in the body would let wrong calls pass, or raise errors of
    their own. Elementwise ones refuse nothing that those do not, and compute half types in float32, rounded once.
    """
    body = op.body
    assert body is not None
    ruled = op.infer is not None and not op.elementwise and "dynamic" not in op.tags

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        if not op.data:
            attrs["device"] = device
        inputs = [None if a is None else wrap(a, device) for a in arrays]
        if ruled:
            infer(op, inputs, attrs)
        before = state.set_grad(False)
        try:
            out = (
                _in_float32(op, inputs, attrs)
                if op.elementwise and _is_half(inputs)
                else body(*inputs, **attrs)
            )
        finally:
            state.set_grad(before)
        return out.array if isinstance(out, Handle) else tuple(o.array for o in out)

    kernel.__module__, kernel.__qualname__ = body.__module__, body.__qualname__
    return kernel


def _is_half(inputs: list[Any]) -> bool:
    """Whether some input is of a half type: elementwise operators have theirs in one dtype, or bool besides."""
    return any(x is not None and x.dtype.bits == 16 and x.dtype.is_floating_point for x in inputs)


def _in_float32(op: Operator, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    from unison_core.ops._shared import narrowed, widened

    assert op.body is not None
    like = next(x for x in inputs if _is_half([x]))
    out = op.body(*[None if x is None else widened(x) for x in inputs], **attrs)
    return narrowed(out, like) if out.dtype is float32 else out
