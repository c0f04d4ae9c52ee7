"""Batch normalisation: statistics are folds over everything but the channels, then elements are written once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core.ckit.fold import Fold, accumulator, fold, plan, widened
from unison_core.ckit.kit import pack
from unison_core.ckit.normalization import settle
from unison_core.ckit.program import Program
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["BatchNorm"]

_CHANNELS = Program("channels", "walk.c", "lanes.c", "channels.c")
_MEAN = Fold("s + v", 0, finish="s / K(1)", label="batch mean")
_VARIANCE = Fold("s + v", 0, each="(a - b) * (a - b)", finish="s / K(1)", label="batch variance")
_SUM = Fold("s + v", 0, label="bias gradient")
_PRODUCT = Fold("s + v", 0, each="a * (b - c)", label="weight gradient")


class BatchNorm:
    """Channels may lie anywhere in memory; half types are computed in float32 and rounded once."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"batch_norm": self.batch_norm, "batch_norm_backward": self.batch_norm_backward}

    def _spread(self, a: CArray, ndim: int) -> CArray:
        """A vector over channels, shaped to broadcast against (N, C, ...)."""
        return a.like(
            (a.shape[0],) + (1,) * (ndim - 2), a.dtype, (a.strides[0],) + (0,) * (ndim - 2), a.offset
        )

    def _launch(
        self, arrays: Sequence[CArray], vectors: Sequence[CArray], eps: float, label: str, **defines: Any
    ) -> None:
        """arrays: as `channels.c` names them; those that are vectors over channels stand still inside a channel."""
        kit, x = self.kit, arrays[0]
        compute = accumulator(x.dtype)
        still = (0,) * (x.ndim - 2)
        strides: list[Shape] = [a.strides if a.ndim == x.ndim else (0, *a.strides, *still) for a in arrays]
        layout = plan(x.shape, tuple(strides), _rest(x), x.runtime.facts)
        everything = (("A", x.dtype), ("T", compute), *layout.defines, *defines.items())
        buffers = [a.buffer for a in (*arrays, *vectors)]
        params = layout.params(arrays) + pack(compute, (eps,))
        kit.launch(_CHANNELS, everything, layout.groups, layout.group, buffers, params, x.runtime, label)

    def batch_norm(
        self, x: CArray, weight: CArray | None, bias: CArray | None, *, eps: float
    ) -> tuple[CArray, CArray, CArray]:
        settle(x, x.shape[1:2], weight, bias)
        kit, compute = self.kit, accumulator(x.dtype)
        more: dict[str, Any] = {"dtype": compute, "constants": (x.size // x.shape[1],)}
        mean = fold(kit, _MEAN, [x], _rest(x), **more)
        var = fold(kit, _VARIANCE, [x, self._spread(mean, x.ndim)], _rest(x), **more)
        out = kit.empty(x.shape, x.dtype, x.runtime)
        w, b = (mean if a is None else a for a in (weight, bias))
        given = {"WEIGHT": weight is not None, "BIAS": bias is not None, "B": w.dtype, "D": b.dtype}
        if out.size:
            self._launch((x, out, w, b), (mean, var), eps, "batch_norm", BACKWARD=0, **given)
        return out, mean, var

    def batch_norm_backward(
        self, g: CArray, x: CArray, weight: CArray | None, mean: CArray, var: CArray, *, eps: float
    ) -> tuple[CArray, CArray, CArray]:
        settle(x, x.shape[1:2], weight)
        kit, compute = self.kit, accumulator(x.dtype)
        if g.shape != x.shape or g.dtype is not x.dtype:
            raise TypeError("a gradient of another shape or dtype")
        mean, var = (widened(kit, a, compute) for a in (mean, var))
        mean, var = (kit.copy(a) if a.offset or not a.contiguous else a for a in (mean, var))
        more: dict[str, Any] = {"dtype": compute, "compute": compute}
        sums = fold(kit, _SUM, [g], _rest(x), **more)
        products = fold(kit, _PRODUCT, [g, x, self._spread(mean, x.ndim)], _rest(x), **more)
        out = kit.empty(x.shape, x.dtype, x.runtime)
        w = mean if weight is None else weight
        given = {"WEIGHT": weight is not None, "B": w.dtype}
        if out.size:
            vectors = (mean, var, products, sums)
            self._launch((x, out, w, g), vectors, eps, "batch_norm_backward", BACKWARD=1, **given)
        slope = kit.map(
            "a / sqrt(b + K(0))", [products, var], dtype=compute, constants=(eps,), label="weight gradient"
        )
        return out, slope, sums


def _rest(x: CArray) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))
