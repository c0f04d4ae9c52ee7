"""Matrix product kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core.ckit.array import CArray
from unison_core.ckit.parts import bilinear
from unison_core.ckit.product import MOST_BATCH, Product, product
from unison_core.spec import broadcast, numel, view_strides
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Linalg"]


class Linalg:
    """Products of any strides without copies."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"linear": bilinear(self.kit, self.linear), "matmul": bilinear(self.kit, self.matmul)}

    def matmul(self, a: CArray, b: CArray) -> CArray:
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
            raise ValueError("matmul")
        batch = broadcast(a.shape[:-2], b.shape[:-2])
        rows, columns = a.shape[-2], b.shape[-1]
        out = self.kit.empty((*batch, rows, columns), a.dtype, a.runtime)
        if not out.size:
            return out
        lengths, steps = collapse(
            batch,
            broadcast_strides(a.shape[:-2], a.strides[:-2], batch),
            broadcast_strides(b.shape[:-2], b.strides[:-2], batch),
            (0,) * len(batch),
            out.strides[:-2],
        )
        if len(lengths) > MOST_BATCH:
            return self.matmul(self._spread(a, batch), self._spread(b, batch))
        if len(lengths) == 1 and not steps[1][0] and a.strides[-2] * rows == steps[0][0]:
            # The batches of a lie one after another, and b is the same for all: more rows.
            rows, lengths, steps = rows * lengths[0], [], [[], [], [], []]
        how = Product(
            rows=rows,
            columns=columns,
            depth=a.shape[-1],
            a_row=a.strides[-2],
            a_deep=a.strides[-1],
            b_deep=b.strides[-2],
            b_column=b.strides[-1],
            out_row=columns,
            batch=lengths,
            steps=steps,
        )
        product(self.kit, how, a, b, None, out)
        return out

    def _spread(self, x: CArray, batch: Sequence[int]) -> CArray:
        """x with its batch written out, so that its dimensions join to one."""
        strides = (*broadcast_strides(x.shape[:-2], x.strides[:-2], batch), *x.strides[-2:])
        return self.kit.copy(x.like((*batch, *x.shape[-2:]), x.dtype, strides, x.offset))

    def linear(self, x: CArray, weight: CArray, bias: CArray | None) -> CArray:
        if not x.ndim or weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
            raise ValueError("linear")
        columns, depth = weight.shape
        if bias is not None and bias.shape not in ((columns,), (1,), ()):
            raise ValueError("linear")
        out = self.kit.empty((*x.shape[:-1], columns), x.dtype, x.runtime)
        if not out.size:
            return out
        rows = numel(x.shape[:-1])
        strides = view_strides(x.shape, x.strides, (rows, depth))
        if strides is None:
            x = self.kit.copy(x)
            strides = [depth, 1]
        how = Product(
            rows=rows,
            columns=columns,
            depth=depth,
            a_row=strides[0],
            a_deep=strides[1],
            b_deep=weight.strides[1],
            b_column=weight.strides[0],
            out_row=columns,
            bias_column=bias.strides[0] if bias is not None and bias.size == columns and bias.ndim else 0,
            label="linear",
        )
        product(self.kit, how, x, weight, bias, out)
        return out
