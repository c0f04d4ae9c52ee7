"""Functions that fold dimensions away, or run along them, as methods."""

from __future__ import annotations

from unison.functions import reduction

__all__ = ["Reduction"]


class Reduction:
    """`x.sum(1)`, `x.max()`, `x.cumsum(0)` and the like."""

    __slots__ = ()

    all = reduction.all
    amax = reduction.amax
    amin = reduction.amin
    aminmax = reduction.aminmax
    any = reduction.any
    argmax = reduction.argmax
    argmin = reduction.argmin
    corrcoef = reduction.corrcoef
    count_nonzero = reduction.count_nonzero
    cov = reduction.cov
    cummax = reduction.cummax
    cummin = reduction.cummin
    cumprod = reduction.cumprod
    cumsum = reduction.cumsum
    diff = reduction.diff
    dist = reduction.dist
    logcumsumexp = reduction.logcumsumexp
    logsumexp = reduction.logsumexp
    max = reduction.max
    mean = reduction.mean
    median = reduction.median
    min = reduction.min
    mode = reduction.mode
    nanmean = reduction.nanmean
    nanmedian = reduction.nanmedian
    nanquantile = reduction.nanquantile
    nansum = reduction.nansum
    norm = reduction.norm
    prod = reduction.prod
    quantile = reduction.quantile
    renorm = reduction.renorm
    std = reduction.std
    sum = reduction.sum
    sum_to_size = reduction.sum_to_size
    var = reduction.var
