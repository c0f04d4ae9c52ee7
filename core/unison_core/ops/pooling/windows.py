"""Where the windows of pooling lie."""

from __future__ import annotations

import builtins
from typing import Any

from unison_core import ops
from unison_core.errors import OperatorError
from unison_core.spec import Shape

__all__ = ["padded_ends", "pool_counts", "spatial_of", "windows_of"]


def pool_counts(
    name: str, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Shape:
    """How many windows there are along each dimension.

    Raises:
        RuntimeError: an attribute is out of range, or no window fits.
    """
    given = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    for what, values in given.items():
        if len(values) != len(size):
            raise OperatorError(
                f"{name}: {what} must be one int for each of {len(size)} dimensions, but is {values}"
            )
        least = 0 if what == "padding" else 1
        if values and min(values) < least:
            raise OperatorError(f"{name}: {what} must be at least {least}, but got {what}={values}")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise OperatorError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
    counts = tuple(
        _count(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    if any(n < 1 for n in counts):
        raise OperatorError(
            f"{name}: Given input size: {size}. Calculated output size: {counts}. Output size is too small; "
            f"the window is {kernel} with dilation {dilation}"
        )
    return counts


def _count(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    room = n + 2 * p - d * (k - 1) - 1
    count = (-(-room // s) if ceil_mode else room // s) + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count


def spatial_of(name: str, x: Any) -> Shape:
    """The spatial lengths of (batch, channels, *spatial).

    Raises:
        RuntimeError: fewer than three dimensions.
    """
    if len(x.shape) < 3 or 0 in x.shape[1:]:
        raise OperatorError(
            f"{name}: expected (batch, channels, *spatial) with positive lengths but for the batch, got {list(x.shape)}"
        )
    return tuple(x.shape[2:])


def padded_ends(
    size: Shape, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> tuple[tuple[int, int], ...]:
    """What to add before and after each dimension so that every window lies inside."""
    return tuple(
        (p, max(p, (m - 1) * s + d * (k - 1) + 1 - n - p))
        for n, m, k, s, p, d in zip(size, counts, kernel, stride, padding, dilation, strict=True)
    )


def windows_of(x: Any, kernel: Shape, stride: Shape, dilation: Shape, counts: Shape) -> Any:
    """x (n, c, *spatial), already padded, as (n, c, *counts, *kernel)."""
    for i, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = ops.unfold(x, dim=2 + i, size=d * (k - 1) + 1, step=s)
    steps = (builtins.slice(None, None, d) for d in dilation)
    return ops.slice(x, key=(..., *(builtins.slice(0, n) for n in counts), *steps))
