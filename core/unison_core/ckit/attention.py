"""Attention: products of matrices, and between them one kernel over the rows of scores, which works in place."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.ckit.fold import Fold, accumulator, fold, plan, widened
from unison_core.ckit.kit import pack
from unison_core.ckit.linalg import Linalg
from unison_core.ckit.program import Program
from unison_core.dtypes import bool_
from unison_core.spec import Shape, contiguous_strides
from unison_core.strided import broadcast_strides

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Attention"]

_ATTENTION = Program("attention", "walk.c", "lanes.c", "attention.c")
_DOT = Fold("s + v", 0, each="a * b", label="attention gradient")
_SUM = Fold("s + v", 0, label="attention gradient")


class Attention:
    """Half types hold scores and weights, and are computed in float32."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit
        self.matmul = Linalg(kit).matmul

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "scaled_dot_product_attention": self.scaled_dot_product_attention,
            "scaled_dot_product_attention_backward": self.scaled_dot_product_attention_backward,
        }

    def scaled_dot_product_attention(
        self,
        q: CArray,
        k: CArray,
        v: CArray,
        mask: CArray | None,
        keep: CArray | None,
        *,
        is_causal: bool = False,
        scale: float,
    ) -> tuple[CArray, CArray]:
        _settle(q, k, v)
        if mask is not None and mask.dtype is bool_:
            raise TypeError("a mask that is not added")
        p = self.matmul(q, _turned(k))
        kept = p if keep is None else self.kit.empty(p.shape, p.dtype, p.runtime)
        given = {"MASK": mask is not None, "KEEP": keep is not None, "CAUSAL": is_causal}
        self._rows((p, mask, keep, kept), None, scale, "attention", BACKWARD=False, **given)
        return self.matmul(kept, v), p

    def scaled_dot_product_attention_backward(
        self,
        g: CArray,
        g_p: CArray | None,
        q: CArray,
        k: CArray,
        v: CArray,
        keep: CArray | None,
        out: CArray,
        p: CArray,
        *,
        scale: float,
    ) -> tuple[CArray, CArray, CArray, CArray]:
        _settle(q, k, v, g, out, p)
        if g.shape != out.shape:
            raise ValueError("a gradient of another shape than the result's")
        kit, gs, sums = self.kit, self.matmul(g, _turned(v)), None
        if g_p is None and gs.shape == p.shape:
            sums = fold(kit, _DOT, [g, out], (g.ndim - 1,), dtype=accumulator(g.dtype))
        gs = self._summed(gs, p.shape)
        scaled = kit.empty(p.shape, p.dtype, p.runtime)
        kept = p if keep is None else kit.empty(p.shape, p.dtype, p.runtime)
        given = {"KEEP": keep is not None, "MORE": g_p is not None, "GIVEN": sums is not None}
        self._rows(
            (gs, p, keep, g_p, scaled, kept), sums, scale, "attention gradient", BACKWARD=True, **given
        )
        gq, gk = self.matmul(scaled, k), self.matmul(_turned(scaled), q)
        return gq, gk, self.matmul(_turned(kept), g), gs

    def _rows(
        self,
        arrays: tuple[CArray | None, ...],
        sums: CArray | None,
        scale: float,
        label: str,
        **given: bool,
    ) -> None:
        """One launch over the rows of the first array; those that are missing are not read."""
        rows = arrays[0]
        assert rows is not None
        if not rows.size:
            return
        every = [rows if a is None else widened(self.kit, a, rows.dtype) for a in arrays]
        strides = tuple(broadcast_strides(a.shape, a.strides, rows.shape) for a in every)
        compute, facts = accumulator(rows.dtype), rows.runtime.facts
        layout = plan(rows.shape, strides, (rows.ndim - 1,), facts, whole=True)
        types = (("A", rows.dtype), ("T", compute), ("HALF", rows.dtype.bits == 16))
        buffers = [a.buffer for a in every]
        if given["BACKWARD"]:
            buffers.append((sums or rows).buffer)
        params = layout.params(every) + struct.pack("q", rows.shape[-2]) + pack(compute, (scale,))
        self.kit.launch(
            _ATTENTION,
            (*types, *layout.defines, *given.items()),
            layout.groups,
            layout.group,
            buffers,
            params,
            rows.runtime,
            label,
        )

    def _summed(self, x: CArray, shape: Shape) -> CArray:
        """x summed over the dimensions along which `shape` was broadcast."""
        lead = x.ndim - len(shape)
        broadcast_strides(shape, contiguous_strides(shape), x.shape)
        dims = tuple(d for d, n in enumerate(x.shape) if d < lead or shape[d - lead] != n)
        if not dims:
            return x
        total = fold(self.kit, _SUM, [x], dims, dtype=x.dtype)
        return total.like(shape, x.dtype, contiguous_strides(shape), 0)


def _settle(*arrays: CArray) -> None:
    """Refuse what the operator's rules refuse and the products would not notice.

    Raises:
        TypeError: the dispatcher turns it into the operator's own error.
    """
    dtype = arrays[0].dtype
    if not dtype.is_floating_point or any(a.dtype is not dtype for a in arrays):
        raise TypeError(f"attention of {[a.dtype.name for a in arrays]}")


def _turned(x: CArray) -> CArray:
    """x with its last two dimensions exchanged, on the same memory."""
    if x.ndim < 2:
        raise ValueError("attention of vectors")
    shape, strides = (*x.shape[:-2], *x.shape[:-3:-1]), (*x.strides[:-2], *x.strides[:-3:-1])
    return x.like(shape, x.dtype, strides, x.offset)
