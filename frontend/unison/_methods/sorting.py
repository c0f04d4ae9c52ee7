"""Ordering and counting as methods."""

from __future__ import annotations

from unison.functions import native, sorting

__all__ = ["Sorting"]


class Sorting:
    """`x.sort()`, `x.topk(3)`, `x.unique()` and the like."""

    __slots__ = ()

    argsort = sorting.argsort
    bincount = sorting.bincount
    histc = sorting.histc
    histogram = sorting.histogram
    kthvalue = sorting.kthvalue
    msort = sorting.msort
    nonzero_static = native.nonzero_static
    sort = sorting.sort
    topk = sorting.topk
    unique = sorting.unique
    unique_consecutive = sorting.unique_consecutive
