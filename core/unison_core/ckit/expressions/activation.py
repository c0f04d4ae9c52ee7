"""Activation functions."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating, numeric

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "relu": numeric("a > 0 ? a : a != a ? a : R(0)", "a > 0 ? a : 0"),
    "sigmoid": floating("logistic(a)", "real.h"),
}
