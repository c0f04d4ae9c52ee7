"""Circular and hyperbolic functions."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "acos": floating("acos(a)"),
    "acosh": floating("acosh(a)"),
    "asin": floating("asin(a)"),
    "asinh": floating("asinh(a)"),
    "atan": floating("atan(a)"),
    "atan2": floating("atan2(a, b)"),
    "atanh": floating("atanh(a)"),
    "cos": floating("cos(a)"),
    "cosh": floating("cosh(a)"),
    "sin": floating("sin(a)"),
    "sinh": floating("sinh(a)"),
    "tan": floating("tan(a)"),
    "tanh": floating("tanh(a)"),
}
