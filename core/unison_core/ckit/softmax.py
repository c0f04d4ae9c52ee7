"""Softmax kernels: a row is read and written by one group, or by one work-item where rows run across memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.ckit.fold import accumulator, plan
from unison_core.ckit.program import Program
from unison_core.spec import wrap_dim

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Softmax"]

_SOFTMAX = Program("softmax", "walk.c", "lanes.c", "softmax.c")


class Softmax:
    """Half types are computed in float32 and rounded once."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "log_softmax": self.log_softmax,
            "log_softmax_backward": self.log_softmax_backward,
            "softmax": self.softmax,
            "softmax_backward": self.softmax_backward,
        }

    def _rows(self, arrays: tuple[CArray, ...], dim: int, label: str) -> CArray:
        """One launch over the rows of the arrays, the last of which says how the result is."""
        kit, like = self.kit, arrays[-1]
        if not like.dtype.is_floating_point or any(
            a.shape != like.shape or a.dtype is not like.dtype for a in arrays
        ):
            raise TypeError(f"{label} of {[(a.dtype.name, a.shape) for a in arrays]}")
        dims = (wrap_dim(dim, like.ndim),) if like.ndim else ()
        out = kit.empty(like.shape, like.dtype, like.runtime)
        if not out.size:
            return out
        every = (*arrays, out)
        layout = plan(out.shape, tuple(a.strides for a in every), dims, out.runtime.facts, whole=True)
        defines = (
            ("A", like.dtype),
            ("T", accumulator(like.dtype)),
            ("LOG", label.startswith("log")),
            ("HALF", like.dtype.bits == 16),
            *layout.defines,
        )
        buffers = [a.buffer for a in every]
        kit.launch(
            _SOFTMAX,
            defines,
            layout.groups,
            layout.group,
            buffers,
            layout.params(every),
            out.runtime,
            label,
        )
        return out

    def softmax(self, x: CArray, *, dim: int) -> CArray:
        return self._rows((x,), dim, "softmax")

    def softmax_backward(self, g: CArray, out: CArray, *, dim: int) -> CArray:
        return self._rows((g, out), dim, "softmax_backward")

    def log_softmax(self, x: CArray, *, dim: int) -> CArray:
        return self._rows((x,), dim, "log_softmax")

    def log_softmax_backward(self, g: CArray, out: CArray, *, dim: int) -> CArray:
        return self._rows((g, out), dim, "log_softmax_backward")
