"""Logic (any dtype taken as zero or not) and bits (bool and integers)."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, every

__all__ = ["FORMS"]


def _bits(form: str, boolean: str | None = None) -> Forms:
    return Forms(integer=form, boolean=boolean or form)


FORMS: dict[str, Forms] = {
    "bitwise_and": _bits("a & b"),
    "bitwise_left_shift": Forms(integer="shifted_left(a, b)"),
    "bitwise_not": _bits("~a", "!a"),
    "bitwise_or": _bits("a | b"),
    "bitwise_right_shift": Forms(integer="shifted_right(a, b)"),
    "bitwise_xor": _bits("a ^ b"),
    "logical_and": every("a != 0 && b != 0", "plane_nonzero(a) && plane_nonzero(b)"),
    "logical_not": every("a == 0", "!plane_nonzero(a)"),
    "logical_or": every("a != 0 || b != 0", "plane_nonzero(a) || plane_nonzero(b)"),
    "logical_xor": every("(a != 0) != (b != 0)", "plane_nonzero(a) != plane_nonzero(b)"),
}
