"""The error function and its relatives, and the gamma function's."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, floating

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "erf": floating("erf(a)"),
    "erfc": floating("erfc(a)"),
}
