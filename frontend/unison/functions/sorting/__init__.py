"""Ordering, searching, counting, distinct elements.

`ordering` (sort, topk), `searching` (searchsorted, isin), `unique` and `counting` (histograms). May import core and
`unison.functions`.
"""

from unison.functions.sorting.counting import (
    bincount,
    histc,
    histogram,
)
from unison.functions.sorting.ordering import (
    argsort,
    kthvalue,
    msort,
    sort,
    topk,
)
from unison.functions.sorting.searching import (
    bucketize,
    isin,
    searchsorted,
)
from unison.functions.sorting.unique import (
    unique,
    unique_consecutive,
)

__all__ = [
    "argsort",
    "bincount",
    "bucketize",
    "histc",
    "histogram",
    "isin",
    "kthvalue",
    "msort",
    "searchsorted",
    "sort",
    "topk",
    "unique",
    "unique_consecutive",
]
