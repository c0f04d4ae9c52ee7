"""Comparisons and tests of single elements."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, every

__all__ = ["FORMS"]

FORMS: dict[str, Forms] = {
    "eq": every("a == b", "plane_equal(a, b)"),
    "ge": every("a >= b"),
    "gt": every("a > b"),
    "isfinite": Forms("a - a == 0", "1", "1", "plane_finite(a)"),
    "isinf": Forms("a == a && a - a != 0", "0", "0", "plane_infinite(a)"),
    "isnan": Forms("a != a", "0", "0", "plane_nan(a)"),
    "le": every("a <= b"),
    "lt": every("a < b"),
    "ne": every("a != b", "!plane_equal(a, b)"),
    "signbit": Forms("signbit(a) != 0", "a < 0", "0"),
}
