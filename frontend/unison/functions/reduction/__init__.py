"""Functions that fold dimensions away, or run along them.

`sums` (sums, means, counts, logic), `extremes`, `order` (medians, quantiles, modes), `moments` (variances), `norms`
and `cumulative`. May import core and `unison.functions`.
"""

from unison.functions.reduction.cumulative import (
    cummax,
    cummin,
    cumprod,
    cumsum,
    cumulative_trapezoid,
    diff,
    gradient,
    logcumsumexp,
    trapezoid,
    trapz,
)
from unison.functions.reduction.extremes import (
    amax,
    amin,
    aminmax,
    argmax,
    argmin,
    max,
    min,
)
from unison.functions.reduction.moments import (
    corrcoef,
    cov,
    std,
    std_mean,
    var,
    var_mean,
)
from unison.functions.reduction.norms import (
    dist,
    norm,
    renorm,
)
from unison.functions.reduction.order import (
    median,
    mode,
    nanmedian,
    nanquantile,
    quantile,
)
from unison.functions.reduction.sums import (
    all,
    any,
    count_nonzero,
    logsumexp,
    mean,
    nanmean,
    nansum,
    prod,
    sum,
    sum_to_size,
)

__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "corrcoef",
    "count_nonzero",
    "cov",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "dist",
    "gradient",
    "logcumsumexp",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "nanmean",
    "nanmedian",
    "nanquantile",
    "nansum",
    "norm",
    "prod",
    "quantile",
    "renorm",
    "std",
    "std_mean",
    "sum",
    "sum_to_size",
    "trapezoid",
    "trapz",
    "var",
    "var_mean",
]
