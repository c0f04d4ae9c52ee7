"""The error function and its relatives, and the gamma function's."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "digamma": floating("(C(T))digamma(a)", "special.h"),
    "erf": floating("erf(a)"),
    "erfc": floating("erfc(a)"),
    "erfinv": floating("(C(T))inverse_erf(a)", "special.h"),
    "lgamma": floating("(C(T))log_gamma(a)", "special.h"),
    "polygamma": floating("(C(T))polygamma(a, (i32)K(0))", "special.h", attributes=("n",)),
}
