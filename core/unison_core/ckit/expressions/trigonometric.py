"""Circular and hyperbolic functions."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "acos": floating("acos(a)", complex="plane_acos(a)"),
    "acosh": floating("acosh(a)", complex="plane_acosh(a)"),
    "asin": floating("asin(a)", complex="plane_asin(a)"),
    "asinh": floating("asinh(a)", complex="plane_asinh(a)"),
    "atan": floating("atan(a)", complex="plane_atan(a)"),
    "atan2": floating("atan2(a, b)"),
    "atanh": floating("atanh(a)", complex="plane_atanh(a)"),
    "cos": floating("cos(a)", complex="plane_cos(a)"),
    "cosh": floating("cosh(a)", complex="plane_cosh(a)"),
    "sin": floating("sin(a)", complex="plane_sin(a)"),
    "sinh": floating("sinh(a)", complex="plane_sinh(a)"),
    "tan": floating("tan(a)", complex="plane_tan(a)"),
    "tanh": floating("tanh(a)", complex="plane_tanh(a)"),
}
