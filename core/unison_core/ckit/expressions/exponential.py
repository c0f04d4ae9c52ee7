"""Exponentials, logarithms and roots."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "exp": floating("exp(a)"),
    "exp2": floating("exp2(a)"),
    "expm1": floating("expm1(a)"),
    "log": floating("log(a)"),
    "log10": floating("log10(a)"),
    "log1p": floating("log1p(a)"),
    "log2": floating("log2(a)"),
    "logaddexp": floating("log_of_sum_of_exps(a, b)", "real.h"),
    "rsqrt": floating("1 / sqrt(a)"),
    "sqrt": floating("sqrt(a)"),
}
