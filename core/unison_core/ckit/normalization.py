"""Normalisation over rows: a group reads a row, and what its elements add up to stays in shared memory.

Half types are computed in float32 and rounded once. The gradients of weight and bias are folds over the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.fold import Fold, accumulator, fold, plan
from unison_core.ckit.kit import pack
from unison_core.ckit.program import Program
from unison_core.spec import Shape, contiguous_strides
from unison_core.strided import broadcast_strides

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Normalization", "settle"]

_STANDARDIZE = Program("standardize", "walk.c", "lanes.c", "normalization.c")
_BIAS = Fold("s + v", 0, label="bias gradient")
_WEIGHT = Fold("s + v", 0, each="a * ((b - c) * e)", label="weight gradient")


def settle(x: CArray, shape: Shape, *given: CArray | None) -> None:
    """Refuse weights and biases that the operator's rules refuse.

    Raises:
        TypeError: the dispatcher turns it into the operator's own error.
    """
    if not x.dtype.is_floating_point:
        raise TypeError(f"{x.dtype.name} is not a floating type")
    for a in given:
        mixed = x.dtype.bits == 16 and a is not None and a.dtype is dtypes.float32
        if a is not None and (a.shape != shape or (a.dtype is not x.dtype and not mixed)):
            raise TypeError("weight or bias of another shape or dtype")


class Normalization:
    """Layer, root mean square and group normalisation are one kernel on differently shaped views."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "group_norm": self.group_norm,
            "group_norm_backward": self.group_norm_backward,
            "layer_norm": self.layer_norm,
            "layer_norm_backward": self.layer_norm_backward,
            "rms_norm": self.rms_norm,
            "rms_norm_backward": self.rms_norm_backward,
        }

    def _launch(
        self,
        arrays: tuple[CArray, ...],
        statistics: tuple[CArray, ...],
        lead: int,
        eps: float,
        label: str,
        **defines: bool,
    ) -> None:
        """Rows are what comes after the first `lead` dimensions of the arrays."""
        kit, like = self.kit, arrays[0]
        compute = accumulator(like.dtype)
        strides = tuple(broadcast_strides(a.shape, a.strides, like.shape) for a in arrays)
        dims = tuple(range(lead, like.ndim))
        layout = plan(like.shape, strides, dims, like.runtime.facts, whole=True)
        types = {"A": like.dtype, "T": compute}
        backward = bool(statistics)
        types |= {"B": arrays[2].dtype} if backward else {"B": arrays[1].dtype, "D": arrays[2].dtype}
        everything = (*types.items(), *layout.defines, ("BACKWARD", backward), *defines.items())
        buffers = [a.buffer for a in (*arrays, *statistics)]
        params = layout.params(arrays) + pack(compute, (eps,))
        kit.launch(
            _STANDARDIZE, everything, layout.groups, layout.group, buffers, params, like.runtime, label
        )

    def _forward(
        self,
        x: CArray,
        weight: CArray | None,
        bias: CArray | None,
        lead: int,
        eps: float,
        label: str,
        center: bool,
    ) -> CArray:
        out = self.kit.empty(x.shape, x.dtype, x.runtime)
        if out.size:
            arrays = (x, x if weight is None else weight, x if bias is None else bias, out)
            given = {"WEIGHT": weight is not None, "BIAS": bias is not None, "CENTER": center}
            self._launch(arrays, (), lead, eps, label, **given)
        return out

    def _backward(
        self, g: CArray, x: CArray, weight: CArray | None, lead: int, eps: float, label: str, center: bool
    ) -> tuple[CArray, CArray, CArray]:
        """The gradient of x, and the mean and the reciprocal deviation of each row."""
        if g.shape != x.shape or g.dtype is not x.dtype:
            raise TypeError("a gradient of another shape or dtype")
        kit, shape = self.kit, (*x.shape[:lead], *(1,) * (x.ndim - lead))
        out = kit.empty(x.shape, x.dtype, x.runtime)
        means, rstds = (kit.empty(shape, accumulator(x.dtype), x.runtime) for _ in range(2))
        if out.size:
            arrays = (g, x, x if weight is None else weight, out)
            given = {"WEIGHT": weight is not None, "CENTER": center}
            self._launch(arrays, (means, rstds), lead, eps, label, **given)
        return out, means, rstds

    def _slopes(
        self, g: CArray, x: CArray, means: CArray, rstds: CArray, dims: tuple[int, ...], weight: CArray
    ) -> tuple[CArray, CArray]:
        """The gradients of weight and bias: sums over dims of g times the scores, and of g."""
        more: dict[str, Any] = {"dtype": weight.dtype, "compute": means.dtype}
        gw = fold(self.kit, _WEIGHT, [g, x, means, rstds], dims, **more)
        gb = fold(self.kit, _BIAS, [g], dims, **more)
        strides = contiguous_strides(weight.shape)
        return gw.like(weight.shape, gw.dtype, strides, 0), gb.like(weight.shape, gb.dtype, strides, 0)

    def layer_norm(
        self, x: CArray, weight: CArray | None, bias: CArray | None, *, dims: int, eps: float
    ) -> CArray:
        lead = x.ndim - dims
        settle(x, x.shape[lead:], weight, bias)
        return self._forward(x, weight, bias, lead, eps, "layer_norm", True)

    def layer_norm_backward(
        self, g: CArray, x: CArray, weight: CArray | None, *, dims: int, eps: float
    ) -> Any:
        lead = x.ndim - dims
        settle(x, x.shape[lead:], weight)
        gx, means, rstds = self._backward(g, x, weight, lead, eps, "layer_norm_backward", True)
        if weight is None:
            return gx
        return gx, *self._slopes(g, x, means, rstds, tuple(range(lead)), weight)

    def rms_norm(self, x: CArray, weight: CArray | None, *, dims: int, eps: float) -> CArray:
        lead = x.ndim - dims
        settle(x, x.shape[lead:], weight)
        return self._forward(x, weight, None, lead, eps, "rms_norm", False)

    def rms_norm_backward(self, g: CArray, x: CArray, weight: CArray | None, *, dims: int, eps: float) -> Any:
        lead = x.ndim - dims
        settle(x, x.shape[lead:], weight)
        gx, means, rstds = self._backward(g, x, weight, lead, eps, "rms_norm_backward", False)
        if weight is None:
            return gx
        return gx, self._slopes(g, x, means, rstds, tuple(range(lead)), weight)[0]

    def _grouped(self, x: CArray, groups: int) -> CArray:
        """x as (N, groups, channels of each, places), a view where its memory allows."""
        n, c = x.shape[:2]
        rows = self.kit.contiguous(x)
        places = rows.size // max(1, n * c)
        shape = (n, groups, c // groups, places)
        return rows.like(shape, x.dtype, contiguous_strides(shape), rows.offset)

    def _per_channel(self, a: CArray | None, groups: int) -> CArray | None:
        """A vector over channels, shaped to broadcast against `_grouped`."""
        if a is None:
            return None
        (c,), (step,) = a.shape, a.strides
        each = c // groups
        return a.like((groups, each, 1), a.dtype, (each * step, step, 0), a.offset)

    def _check_groups(self, x: CArray, groups: int) -> None:
        if x.ndim < 2 or groups <= 0 or x.shape[1] % groups:
            raise ValueError("channels are not divisible by groups")

    def group_norm(
        self, x: CArray, weight: CArray | None, bias: CArray | None, *, groups: int, eps: float
    ) -> CArray:
        self._check_groups(x, groups)
        settle(x, x.shape[1:2], weight, bias)
        if not x.size:
            return self.kit.copy(x)
        slope, shift = self._per_channel(weight, groups), self._per_channel(bias, groups)
        out = self._forward(self._grouped(x, groups), slope, shift, 2, eps, "group_norm", True)
        return out.like(x.shape, x.dtype, contiguous_strides(x.shape), 0)

    def group_norm_backward(
        self, g: CArray, x: CArray, weight: CArray | None, *, groups: int, eps: float
    ) -> Any:
        self._check_groups(x, groups)
        settle(x, x.shape[1:2], weight)
        rows, up, slope = (
            self._grouped(x, groups),
            self._grouped(g, groups),
            self._per_channel(weight, groups),
        )
        gx, means, rstds = self._backward(up, rows, slope, 2, eps, "group_norm_backward", True)
        gx = gx.like(x.shape, x.dtype, contiguous_strides(x.shape), 0)
        return gx if weight is None else (gx, *self._slopes(up, rows, means, rstds, (0, 3), weight))
