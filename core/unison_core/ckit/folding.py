"""Columns added back into data."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from unison_core.ckit.array import CArray
from unison_core.ckit.parts import linear
from unison_core.ckit.tiles import sum_type
from unison_core.ckit.windows import program, slide
from unison_core.ops.folding import window_counts
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Folding"]

_COL2IM = program("col2im")


class Folding:
    """Each element gathers its windows."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"col2im": linear(self.kit, self.col2im)}

    def col2im(
        self, columns: CArray, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
    ) -> CArray:
        counts, taps = window_counts(size, kernel, stride, padding, dilation), prod(kernel)
        if (
            columns.ndim != 3
            or columns.shape[1] % taps
            or columns.shape[2] != prod(counts)
            or min(counts) < 1
            or min(padding) < 0
        ):
            raise ValueError("columns")
        out = self.kit.empty(
            (columns.shape[0], columns.shape[1] // taps, *size), columns.dtype, columns.runtime
        )
        steps = (kernel, stride, padding, dilation)
        slide(self.kit, _COL2IM, (("SUM", sum_type(columns.dtype)),), [columns], [out], size, counts, steps)
        return out
