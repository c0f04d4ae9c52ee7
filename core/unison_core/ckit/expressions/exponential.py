"""Exponentials, logarithms and roots."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "exp": floating("exp(a)", complex="plane_exp(a)"),
    "exp2": floating("exp2(a)", complex="plane_exp2(a)"),
    "expm1": floating("expm1(a)", complex="plane_expm1(a)"),
    "log": floating("log(a)", complex="plane_log(a)"),
    "log10": floating("log10(a)", complex="plane_scaled(plane_log(a), PART(0.43429448190325182765))"),
    "log1p": floating("log1p(a)", complex="plane_log1p(a)"),
    "log2": floating("log2(a)", complex="plane_scaled(plane_log(a), PART(1.44269504088896340736))"),
    "logaddexp": floating("log_of_sum_of_exps(a, b)", "real.h"),
    "rsqrt": floating("1 / sqrt(a)", complex="DIV(T, R(1), plane_sqrt(a))"),
    "sqrt": floating("sqrt(a)", complex="plane_sqrt(a)"),
}
