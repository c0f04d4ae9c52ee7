"""What functions with several results return: tuples with named fields that print as torch's do."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = [
    "aminmax",
    "cummax",
    "cummin",
    "frexp",
    "histogram",
    "kthvalue",
    "max",
    "median",
    "min",
    "mode",
    "nanmedian",
    "sort",
    "topk",
]


class _Shown:
    """Prints the fields one below the other, as torch does."""

    __slots__ = ()

    def __repr__(self) -> str:
        fields = ",\n".join(f"{name}={getattr(self, name)!r}" for name in self._fields)  # type: ignore[attr-defined]
        return f"unison.return_types.{type(self).__name__}(\n{fields})"


class _ValuesIndices(NamedTuple):
    values: Any
    indices: Any


class _MinMax(NamedTuple):
    min: Any
    max: Any


class _Histogram(NamedTuple):
    hist: Any
    bin_edges: Any


class _Frexp(NamedTuple):
    mantissa: Any
    exponent: Any


class aminmax(_Shown, _MinMax):
    """The smallest and the largest elements."""

    __slots__ = ()


class histogram(_Shown, _Histogram):
    """Counts, and the edges of the bins."""

    __slots__ = ()


class frexp(_Shown, _Frexp):
    """Mantissas in [1/2, 1), and exponents."""

    __slots__ = ()


class cummax(_Shown, _ValuesIndices):
    """Running maxima and where they stand."""

    __slots__ = ()


class cummin(_Shown, _ValuesIndices):
    """Running minima and where they stand."""

    __slots__ = ()


class kthvalue(_Shown, _ValuesIndices):
    """The k-th smallest elements and where they stand."""

    __slots__ = ()


class max(_Shown, _ValuesIndices):
    """The largest elements and where they stand."""

    __slots__ = ()


class median(_Shown, _ValuesIndices):
    """Medians and where they stand."""

    __slots__ = ()


class min(_Shown, _ValuesIndices):
    """The smallest elements and where they stand."""

    __slots__ = ()


class mode(_Shown, _ValuesIndices):
    """The commonest elements and where they stand."""

    __slots__ = ()


class nanmedian(_Shown, _ValuesIndices):
    """Medians of what is not NaN and where they stand."""

    __slots__ = ()


class sort(_Shown, _ValuesIndices):
    """Elements in order and where they stood."""

    __slots__ = ()


class topk(_Shown, _ValuesIndices):
    """The k largest or smallest elements and where they stand."""

    __slots__ = ()
