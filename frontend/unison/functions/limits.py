"""Limits of the dtypes: `finfo` and `iinfo`."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["finfo", "iinfo"]

# Bits of the fraction and of the exponent.
_FORMATS = {
    dtypes.float16: (10, 5),
    dtypes.bfloat16: (7, 8),
    dtypes.float32: (23, 8),
    dtypes.float64: (52, 11),
}


class finfo:
    """Limits of a floating dtype (of the parts, if complex): bits, eps, max, min, tiny, smallest_normal, resolution.

    Raises:
        TypeError: it is not floating.
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: DType | None = None) -> None:
        kind = (type or dtypes.get_default_dtype()).to_real()
        if kind not in _FORMATS:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle {kind!r}"
            )
        fraction, exponent = _FORMATS[kind]
        self.bits = kind.bits
        self.dtype = kind.name
        self.eps = 2.0**-fraction
        self.max = (2.0 - self.eps) * 2.0 ** (2 ** (exponent - 1) - 1)
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (2 - 2 ** (exponent - 1))
        self.resolution = float(f"1e-{floor(fraction * log10(2))}")

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: bits, max, min.

    Raises:
        TypeError: it is not an integer one.
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: DType) -> None:
        if type not in dtypes.INTEGER:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle {type!r}"
            )
        self.bits = type.bits
        self.dtype = type.name
        self.max = 2 ** (type.bits - type.is_signed) - 1
        self.min = -self.max - 1 if type.is_signed else 0

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
