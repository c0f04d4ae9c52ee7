"""Launches of kernels over sliding windows (`sources/windows.c`): one work-item for each element of the result."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unison_core.ckit.array import CArray
from unison_core.ckit.kit import pack
from unison_core.ckit.program import Defines, Program
from unison_core.errors import NotSupportedError
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["GROUP", "Steps", "program", "slide"]

GROUP = 64
_SPATIAL = 3

Steps = tuple[Shape, Shape, Shape, Shape]
"""Kernel, stride, padding and dilation of windows."""


def program(entry: str) -> Program:
    """The kernel of a source that stands on `windows.c`."""
    return Program(entry, "windows.c", f"{entry}.c")


def slide(
    kit: CKit,
    source: Program,
    defines: Defines,
    inputs: Sequence[CArray],
    outs: Sequence[CArray],
    size: Shape,
    counts: Shape,
    steps: Steps,
    *,
    divisor: int = 0,
    padded: bool = False,
    lowest: float = 0,
) -> None:
    """Run the kernel for every element of `outs`, which are contiguous (n, channels, *spatial).

    Raises:
        NotImplementedError: there are more than three spatial dimensions.
    """
    if len(size) > _SPATIAL:
        raise NotSupportedError(
            f"{source.entry}: windows of {len(size)} dimensions; this device has them in up to {_SPATIAL}"
        )
    first = outs[0]
    if not first.size:
        return
    values = [first.size, first.shape[1], divisor, int(padded), *_three(size, 1), *_three(counts, 1)]
    for given, otherwise in zip(steps, (1, 1, 0, 1), strict=True):
        values += _three(given, otherwise)
    rest = (0,) * (4 - len(inputs))
    values += (*(x.offset for x in inputs), *rest)
    for x in inputs:
        values += (*x.strides[:2], *_three(x.strides[2:], 0))
    values += (0,) * (5 * len(rest))
    kit.launch(
        source,
        (("T", first.dtype), *defines),
        -(-first.size // GROUP),
        GROUP,
        [x.buffer for x in (*inputs, *outs)],
        struct.pack(f"{len(values)}q", *values) + pack(first.dtype, (lowest,)),
        first.runtime,
        source.entry,
    )


def _three(values: Shape, otherwise: int) -> tuple[int, ...]:
    """The numbers of three dimensions, the missing ones in front."""
    return (otherwise,) * (_SPATIAL - len(values)) + tuple(values)
