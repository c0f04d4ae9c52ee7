"""Loss kernels. Half types are computed in float32 and rounded once."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.fold import Fold, Plan, accumulator, fold, plan, widened
from unison_core.ckit.program import Program
from unison_core.errors import OperatorIndexError
from unison_core.spec import Shape, broadcast, numel

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Loss"]

_CROSS_ENTROPY = Program("cross_entropy", "walk.c", "lanes.c", "loss.c")
_SUM = Fold("s + v", 0, label="cross_entropy")
_SQUARE = "(a - b) * (a - b)"
_FLOORED = "({0} < R(-100) ? R(-100) : {0})"
_LOGITS = "(a > 0 || IS_NAN(a) ? a : R(0)) - a * b + log1p(exp(-fabs(a)))"


class Loss:
    """Kernels of losses and of cross-entropy's gradient."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "binary_cross_entropy": self.binary_cross_entropy,
            "binary_cross_entropy_with_logits": self.binary_cross_entropy_with_logits,
            "cross_entropy": self.cross_entropy,
            "cross_entropy_backward": self.cross_entropy_backward,
            "mse_loss": self.mse_loss,
        }

    def _pointwise(self, expression: str, x: CArray, y: CArray, label: str) -> CArray:
        if not x.dtype.is_floating_point or x.dtype is not y.dtype:
            raise TypeError(f"{label} of {x.dtype.name} and {y.dtype.name}")
        return self.kit.map(expression, [x, y], dtype=x.dtype, label=label)

    def binary_cross_entropy(self, x: CArray, y: CArray) -> CArray:
        yes, no = _FLOORED.format("log(a)"), _FLOORED.format("log1p(-a)")
        return self._pointwise(f"(b - 1) * {no} - b * {yes}", x, y, "binary_cross_entropy")

    def binary_cross_entropy_with_logits(self, x: CArray, y: CArray) -> CArray:
        return self._pointwise(_LOGITS, x, y, "binary_cross_entropy_with_logits")

    def mse_loss(self, x: CArray, y: CArray, *, reduction: str) -> CArray:
        if reduction == "none":
            return self._pointwise(_SQUARE, x, y, "mse_loss")
        if not x.dtype.is_floating_point or x.dtype is not y.dtype:
            raise TypeError(f"mse_loss of {x.dtype.name} and {y.dtype.name}")
        shape = broadcast(x.shape, y.shape)
        how = Fold("s + v", 0, _SQUARE, "s / K(1)" if reduction == "mean" else "s", "mse_loss")
        constants = (numel(shape),)
        return fold(self.kit, how, [x, y], tuple(range(len(shape))), dtype=x.dtype, constants=constants)

    def _check(self, x: CArray, target: CArray, weight: CArray | None) -> int:
        """The dimension of classes, where shapes and dtypes are what the operator's rules ask for."""
        dim = min(1, x.ndim - 1)
        if dim < 0 or not x.dtype.is_floating_point or target.dtype is not dtypes.int64:
            raise TypeError("scores or targets of another dtype")
        if target.shape != (*x.shape[:dim], *x.shape[dim + 1 :]):
            raise TypeError("target of another shape")
        if weight is not None and (weight.shape != (x.shape[dim],) or weight.dtype is not x.dtype):
            raise TypeError("weight of another shape or dtype")
        return dim

    def _check_classes(self, target: CArray, classes: int, ignored: int) -> None:
        """Refuse classes that do not exist.

        Raises:
            IndexError: names the first.
        """
        if not self.kit.any(
            "(a < 0 || a >= K(0)) && a != K(1)", [target], constants=(classes, ignored), label="check_classes"
        ):
            return
        whole = self.kit.contiguous(target)
        data = bytearray(8 * whole.size)
        whole.runtime.copy_out(whole.buffer, 8 * whole.offset, data)
        wrong = next(t for (t,) in struct.iter_unpack("q", data) if not 0 <= t < classes and t != ignored)
        raise OperatorIndexError(f"Target {wrong} is out of bounds: there are {classes} classes")

    def _launch(
        self,
        layout: Plan,
        arrays: Sequence[CArray],
        buffers: Sequence[CArray],
        ignored: int,
        label: str,
        **defines: Any,
    ) -> None:
        x = arrays[0]
        everything = (("A", x.dtype), ("T", accumulator(x.dtype)), *layout.defines, *defines.items())
        params = layout.params(arrays) + struct.pack("q", ignored)
        memory = [a.buffer for a in buffers]
        self.kit.launch(
            _CROSS_ENTROPY, everything, layout.groups, layout.group, memory, params, x.runtime, label
        )

    def cross_entropy(
        self, x: CArray, target: CArray, weight: CArray | None, *, ignore_index: int, reduction: str
    ) -> tuple[CArray, CArray, CArray]:
        kit, compute, dim = self.kit, accumulator(x.dtype), self._check(x, target, weight)
        self._check_classes(target, x.shape[dim], ignore_index)
        whole = reduction == "none"
        losses = kit.empty(target.shape, x.dtype if whole else compute, x.runtime)
        sums, shares = (kit.empty(target.shape, compute, x.runtime) for _ in range(2))
        w = x if weight is None else weight
        arrays = (x, x, target, w)
        strides = (x.strides, x.strides, _spread(target, dim), _along(weight, x, dim))
        if losses.size:
            layout = plan(x.shape, strides, (dim,), x.runtime.facts, whole=True)
            buffers = (x, target, w, losses, sums, shares)
            given = {"WEIGHT": weight is not None, "O": losses.dtype}
            self._launch(layout, arrays, buffers, ignore_index, "cross_entropy", BACKWARD=0, **given)
        places = tuple(range(target.ndim))
        total = fold(kit, _SUM, [shares], places, dtype=compute)
        if whole:
            return losses, sums, total
        if reduction == "sum":
            return fold(kit, _SUM, [losses], places, dtype=x.dtype, compute=compute), sums, total
        loss = fold(kit, _SUM, [losses], places, dtype=compute)
        return kit.map("a / b", [loss, total], dtype=x.dtype, label="cross_entropy"), sums, total

    def cross_entropy_backward(
        self,
        g: CArray,
        x: CArray,
        target: CArray,
        weight: CArray | None,
        lse: CArray,
        total: CArray,
        *,
        ignore_index: int,
        reduction: str,
    ) -> CArray:
        """Classes are not checked again: the gradient of one that does not exist is NaN."""
        dim, compute = self._check(x, target, weight), accumulator(x.dtype)
        if lse.shape != target.shape or total.shape:
            raise TypeError("sums of another shape")
        lse, total = widened(self.kit, lse, compute), widened(self.kit, total, compute)
        if g.shape != (target.shape if reduction == "none" else ()):
            raise TypeError("a gradient of another shape")
        out = self.kit.empty(x.shape, x.dtype, x.runtime)
        if not out.size:
            return out
        w, still = x if weight is None else weight, (0,) * x.ndim
        arrays = (x, out, target, w, g, lse, total)
        strides = (
            x.strides,
            out.strides,
            _spread(target, dim),
            _along(weight, x, dim),
            _spread(g, dim) if g.ndim or x.ndim == 1 else still,
            _spread(lse, dim),
            still,
        )
        layout = plan(x.shape, strides, (dim,), x.runtime.facts)
        given = {"WEIGHT": weight is not None, "B": g.dtype, "MEAN": reduction == "mean"}
        label = "cross_entropy_backward"
        self._launch(layout, arrays, arrays, ignore_index, label, BACKWARD=1, **given)
        return out


def _spread(a: CArray, dim: int) -> Shape:
    """The strides of an array over places, seen as one over places and classes."""
    return (*a.strides[:dim], 0, *a.strides[dim:])


def _along(weight: CArray | None, x: CArray, dim: int) -> Shape:
    """The strides of a vector over classes, seen as an array over places and classes."""
    step = 0 if weight is None else weight.strides[0]
    return tuple(step if d == dim else 0 for d in range(x.ndim))
