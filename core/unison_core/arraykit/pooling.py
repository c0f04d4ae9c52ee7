"""Pooling kernels: taps of the windows are strided slices of the data, one whole-array operation each.

No padding is made: a tap outside the data leaves out its windows. Results keep the data's memory order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.taps import Places, keep, keys_of, overlaps_itself
from unison_core.ops.pooling.windows import pool_counts, spatial_of
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Pooling"]


class Pooling:
    """Kernels on `xp`. Where there is a cache to stay in, gradients go back for about `block` elements at a time."""

    def __init__(self, kit: ArrayKit, block: int | None = None) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.block = block

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "avg_pool": self.avg_pool,
            "avg_pool_backward": self.avg_pool_backward,
            "max_pool": self.max_pool,
            "max_pool_backward": self.max_pool_backward,
            "max_pool_with_indices": self.max_pool_with_indices,
        }

    def max_pool(
        self, x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
    ) -> Any:
        size = spatial_of("max_pool", x)
        counts = pool_counts("max_pool", size, kernel, stride, padding, dilation, ceil_mode)
        taps = list(_taps(size, counts, kernel, stride, padding, dilation))
        if all(windows == taps[0][1] for _, windows in taps):
            parts = [x[places] for places, _ in taps]
            if len(parts) == 1:
                return parts[0].copy(order="K")
            out = self.xp.maximum(parts[0], parts[1])
            for part in parts[2:]:
                self.xp.maximum(out, part, out=out)
            return out
        out = self.xp.full_like(x, self._lowest(x.dtype), shape=(*x.shape[:2], *counts))
        for places, windows in taps:
            part = out[windows]
            self.xp.maximum(part, x[places], out=part)
        return out

    def _lowest(self, dtype: Any) -> Any:
        return self.xp.iinfo(dtype).min if dtype.kind in "iu" else -self.xp.inf

    def max_pool_with_indices(
        self, x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
    ) -> Any:
        size = spatial_of("max_pool", x)
        counts = pool_counts("max_pool", size, kernel, stride, padding, dilation, ceil_mode)
        values = self.xp.full_like(x, self._lowest(x.dtype), shape=(*x.shape[:2], *counts))
        indices = self.xp.empty_like(x, shape=values.shape, dtype=self.xp.int64)
        indices[...] = self._places((0,) * len(size), size, counts, stride, padding, dilation)
        for tap in product(*map(range, kernel)):
            places, windows = keys_of(tap, size, counts, stride, padding, dilation)
            part, best = x[places], values[windows]
            better = part > best
            if part.dtype.kind not in "iu":
                better |= (part != part) & (best == best)  # noqa: PLR0124 - NaN
            self.xp.copyto(best, part, where=better)
            at = self._places(tap, size, counts, stride, padding, dilation)
            self.xp.copyto(indices[windows], at[windows[2:]], where=better)
        return values, indices

    def _places(
        self, tap: Shape, size: Shape, counts: Shape, stride: Shape, padding: Shape, dilation: Shape
    ) -> Any:
        """The flat place of a tap in the data, for every window: of shape `counts`."""
        flat = self.xp.zeros((), dtype=self.xp.int64)
        for t, n, m, s, p, d in zip(tap, size, counts, stride, padding, dilation, strict=True):
            place = self.xp.arange(m, dtype=self.xp.int64) * s + (t * d - p)
            # A window that starts in the padding: its first tap inside the data.
            flat = flat[..., None] * n + self.xp.where(place < 0, place % d, place)
        return flat

    def max_pool_backward(
        self,
        g: Any,
        x: Any,
        out: Any,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        ceil_mode: bool,
    ) -> Any:
        size, counts = x.shape[2:], out.shape[2:]
        if g.shape != out.shape or counts != pool_counts(
            "max_pool", size, kernel, stride, padding, dilation, ceil_mode
        ):
            raise ValueError("g")
        taps = list(_taps(size, counts, kernel, stride, padding, dilation))
        adds = overlaps_itself(kernel, stride, dilation)
        whole = tuple(k * n for k, n in zip(kernel, counts, strict=True)) == tuple(size) and not any(padding)
        # Where the windows lie side by side and cover all, every place is written.
        grad = self.xp.empty_like(x) if whole and stride == kernel and not adds else self.xp.zeros_like(x)
        nan = bool(out.size) and bool(self.xp.isnan(out.max()))
        step = max(1, len(x) if self.block is None else self.block // max(1, prod(x.shape[1:])))
        for start in range(0, len(x), step):
            some = slice(start, start + step)
            self._give_back(grad[some], g[some], x[some], out[some], taps, adds, nan)
        return grad

    def _give_back(
        self, grad: Any, g: Any, x: Any, out: Any, taps: list[tuple[Places, Places]], adds: bool, nan: bool
    ) -> None:
        """Add g, or write it, where x is the first to reach the largest of its window."""
        xp = self.xp
        if g.strides != out.strides:
            ordered = xp.empty_like(out)
            ordered[...] = g
            g = ordered
        taken = xp.zeros_like(out, dtype=bool)
        for places, windows in taps:
            part = x[places]
            hit = part == out[windows]
            if nan:
                hit |= part != part  # noqa: PLR0124 - NaN
            before = taken[windows]
            xp.greater(hit, before, out=hit)
            xp.logical_or(before, hit, out=before)
            if adds:
                grad[places] += keep(xp, g[windows], hit)
            else:
                grad[places] = keep(xp, g[windows], hit)

    def avg_pool(
        self,
        x: Any,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool,
        count_include_pad: bool,
        divisor: int | None,
    ) -> Any:
        size, ones = spatial_of("avg_pool", x), (1,) * len(kernel)
        counts = pool_counts("avg_pool", size, kernel, stride, padding, ones, ceil_mode)
        if divisor == 0:
            raise ValueError("divisor")
        wide = self.kit.wide(x)
        total = self.xp.zeros_like(wide, shape=(*x.shape[:2], *counts))
        for places, windows in _taps(size, counts, kernel, stride, padding, ones):
            total[windows] += wide[places]
        share = self._shares(total.dtype, size, counts, kernel, stride, padding, count_include_pad, divisor)
        if x.dtype.kind in "iu":
            # Towards zero, as integers divide in C.
            whole = abs(total) // abs(share)
            return self.xp.where((total < 0) == (share < 0), whole, -whole).astype(x.dtype, copy=False)
        total /= share
        return total.astype(x.dtype, copy=False)

    def _shares(
        self,
        dtype: Any,
        size: Shape,
        counts: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        count_include_pad: bool,
        divisor: int | None,
    ) -> Any:
        """What each window's sum is divided by."""
        if divisor is not None:
            return dtype.type(divisor)
        share = self.xp.ones((), dtype=dtype)
        for n, m, k, s, p in zip(size, counts, kernel, stride, padding, strict=True):
            begin = self.xp.arange(m) * s - p
            end = self.xp.minimum(begin + k, n + p)
            if not count_include_pad:
                begin, end = self.xp.maximum(begin, 0), self.xp.minimum(end, n)
            share = share[..., None] * (end - begin).astype(dtype)
        return share

    def avg_pool_backward(
        self,
        g: Any,
        *,
        size: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool,
        count_include_pad: bool,
        divisor: int | None,
    ) -> Any:
        ones = (1,) * len(kernel)
        counts = pool_counts("avg_pool_backward", size, kernel, stride, padding, ones, ceil_mode)
        if g.shape[2:] != counts:
            raise ValueError("g")
        wide = self.kit.wide(g)
        part = wide / self._shares(
            wide.dtype, size, counts, kernel, stride, padding, count_include_pad, divisor
        )
        grad = self.xp.zeros_like(wide, shape=(*g.shape[:2], *size))
        for places, windows in _taps(size, counts, kernel, stride, padding, ones):
            grad[places] += part[windows]
        return grad.astype(g.dtype, copy=False)


def _taps(
    size: Shape, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Iterator[tuple[Places, Places]]:
    """Keys of the data and of the windows, tap by tap."""
    for tap in product(*map(range, kernel)):
        yield keys_of(tap, size, counts, stride, padding, dilation)
