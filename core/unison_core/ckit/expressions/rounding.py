"""Rounding to integers; integers stay."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, numeric

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "ceil": numeric("ceil(a)", "a"),
    "floor": numeric("floor(a)", "a"),
    "round": numeric("rint(a)", "a"),
    "trunc": numeric("trunc(a)", "a"),
}
