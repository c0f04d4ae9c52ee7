"""Bodies of composites as array kernels, so that one table serves primitives and composites alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unison_core import state
from unison_core.handle import Handle, wrap

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.dispatch.table import Kernel
    from unison_core.operator import Operator

__all__ = ["as_kernel"]


def as_kernel(op: Operator, device: Device) -> Kernel:
    """The body of `op` on arrays of `device`, with nothing recorded."""
    body = op.body
    assert body is not None

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        if not op.data:
            attrs["device"] = device
        before = state.set_grad(False)
        try:
            out = body(*[None if a is None else wrap(a, device) for a in arrays], **attrs)
        finally:
            state.set_grad(before)
        return out.array if isinstance(out, Handle) else tuple(o.array for o in out)

    kernel.__module__, kernel.__qualname__ = body.__module__, body.__qualname__
    return kernel
