"""Matrix product kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unison_core.ckit.array import CArray
from unison_core.ckit.parts import bilinear
from unison_core.ckit.product import MOST_BATCH, Product, product
from unison_core.spec import Shape, broadcast, contiguous_strides, numel, view_strides
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Linalg"]


@lru_cache(maxsize=1024)
def _matmul(a: Shape, a_steps: Shape, b: Shape, b_steps: Shape) -> tuple[Shape, Product | None]:
    """The result's shape, and the launch; None where the batch steps too unevenly for one."""
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-2]:
        raise ValueError("matmul")
    batch = broadcast(a[:-2], b[:-2])
    rows, columns = a[-2], b[-1]
    shape = (*batch, rows, columns)
    if 0 in shape:
        return shape, None
    lengths, steps = collapse(
        batch,
        broadcast_strides(a[:-2], a_steps[:-2], batch),
        broadcast_strides(b[:-2], b_steps[:-2], batch),
        (0,) * len(batch),
        contiguous_strides(shape)[:-2],
    )
    if len(lengths) > MOST_BATCH:
        return shape, None
    if len(lengths) == 1 and not steps[1][0] and a_steps[-2] * rows == steps[0][0]:
        # The batches of a lie one after another, and b is the same for all: more rows.
        rows, lengths, steps = rows * lengths[0], [], [[], [], [], []]
    return shape, Product(
        rows=rows,
        columns=columns,
        depth=a[-1],
        a_row=a_steps[-2],
        a_deep=a_steps[-1],
        b_deep=b_steps[-2],
        b_column=b_steps[-1],
        out_row=columns,
        batch=lengths,
        steps=steps,
    )


@lru_cache(maxsize=1024)
def _linear(x: Shape, x_steps: Shape, weight: Shape, weight_steps: Shape, bias_step: int) -> Product | None:
    """The launch of x weight^T; None where the rows of x do not step evenly."""
    columns, depth = weight
    rows = numel(x[:-1])
    strides = view_strides(x, x_steps, (rows, depth))
    if strides is None:
        return None
    return Product(
        rows=rows,
        columns=columns,
        depth=depth,
        a_row=strides[0],
        a_deep=strides[1],
        b_deep=weight_steps[1],
        b_column=weight_steps[0],
        out_row=columns,
        bias_column=bias_step,
        label="linear",
    )


class Linalg:
    """Products of any strides without copies."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"linear": bilinear(self.kit, self.linear), "matmul": bilinear(self.kit, self.matmul)}

    def matmul(self, a: CArray, b: CArray) -> CArray:
        shape, how = _matmul(a.shape, a.strides, b.shape, b.strides)
        out = self.kit.empty(shape, a.dtype, a.runtime)
        if not out.size:
            return out
        if how is None:
            batch = shape[:-2]
            return self.matmul(self._spread(a, batch), self._spread(b, batch))
        product(self.kit, how, a, b, None, out)
        return out

    def _spread(self, x: CArray, batch: Sequence[int]) -> CArray:
        """x with its batch written out, so that its dimensions join to one."""
        strides = (*broadcast_strides(x.shape[:-2], x.strides[:-2], batch), *x.strides[-2:])
        return self.kit.copy(x.like((*batch, *x.shape[-2:]), x.dtype, strides, x.offset))

    def linear(self, x: CArray, weight: CArray, bias: CArray | None) -> CArray:
        if not x.ndim or weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
            raise ValueError("linear")
        columns = weight.shape[0]
        if bias is not None and bias.shape not in ((columns,), (1,), ()):
            raise ValueError("linear")
        out = self.kit.empty((*x.shape[:-1], columns), x.dtype, x.runtime)
        if not out.size:
            return out
        step = bias.strides[0] if bias is not None and bias.size == columns and bias.ndim else 0
        how = _linear(x.shape, x.strides, weight.shape, weight.strides, step)
        if how is None:
            x = self.kit.copy(x)
            how = _linear(x.shape, x.strides, weight.shape, weight.strides, step)
            assert how is not None
        product(self.kit, how, x, weight, bias, out)
        return out
