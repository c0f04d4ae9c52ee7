"""Bodies of composites as array kernels, so that one table serves primitives and composites alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unison_core import state
from unison_core.dispatch.infer import infer
from unison_core.handle import Handle, wrap

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.dispatch.table import Kernel
    from unison_core.operator import Operator

__all__ = ["as_kernel"]


def as_kernel(op: Operator, device: Device) -> Kernel:
    """The body of `op` on arrays of `device`, with nothing recorded.

    Its rules come first, where it has any: the operators in the body would let wrong calls pass, or raise errors of
    their own. Elementwise ones refuse nothing that those do not.
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
            out = body(*inputs, **attrs)
        finally:
            state.set_grad(before)
        return out.array if isinstance(out, Handle) else tuple(o.array for o in out)

    kernel.__module__, kernel.__qualname__ = body.__module__, body.__qualname__
    return kernel
