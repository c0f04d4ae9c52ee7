"""The four operations, powers, extremes."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, every, floating, numeric

__all__ = ["CLAMP", "FORMS"]


def _wrapping(sign: str, plane: str, boolean: str | None = None) -> Forms:
    """Integers wrap, as unsigned arithmetic does."""
    return Forms(f"a {sign} b", f"(C(T))((U(T))a {sign} (U(T))b)", boolean, f"{plane}(T, a, b)")


FORMS: dict[str, Forms] = {
    "abs": Forms("fabs(a)", "a < 0 ? (C(T))(0 - (U(T))a) : a", "a"),
    "add": _wrapping("+", "ADD", "a | b"),
    "addcdiv": floating(
        "a + K(0) * b / c", attributes=("value",), complex="ADD(T, a, DIV(T, MUL(T, K(0), b), c))"
    ),
    "addcmul": numeric(
        "a + K(0) * b * c",
        "(C(T))((U(T))a + (U(T))K(0) * (U(T))b * (U(T))c)",
        attributes=("value",),
        complex="ADD(T, a, MUL(T, MUL(T, K(0), b), c))",
    ),
    "copysign": floating("copysign(a, b)"),
    "div": floating("a / b", complex="DIV(T, a, b)"),
    "floor_divide": numeric("floor_quotient(a, b)", "floor_quotient(a, b)", "real.h"),
    "fmax": every("(a > b || b != b) ? a : b"),
    "fmin": every("(a < b || b != b) ? a : b"),
    "fmod": numeric("fmod(a, b)", "truncated_rest(a, b)"),
    "gcd": Forms(integer="common_divisor(a, b)"),
    "hypot": floating("hypot(a, b)"),
    "lerp": floating("a + c * (b - a)", complex="ADD(T, a, MUL(T, c, SUB(T, b, a)))"),
    "maximum": every("(a > b || a != a) ? a : b"),
    "minimum": every("(a < b || a != a) ? a : b"),
    "mul": _wrapping("*", "MUL", "a & b"),
    "neg": numeric("-a", "(C(T))(0 - (U(T))a)", complex="plane_neg(a)"),
    "nextafter": floating("CAT(next_, T)(a, b)", "neighbour.h"),
    "pow": numeric("pow(a, b)", "whole_power(a, b)", complex="plane_pow(a, b)"),
    "reciprocal": floating("1 / a", complex="DIV(T, R(1), a)"),
    "remainder": numeric("floored_rest(a, b)", "floored_rest(a, b)", "real.h"),
    "sign": Forms("a != a ? a : R((a > 0) - (a < 0))", "(a > 0) - (a < 0)", "a"),
    "sub": _wrapping("-", "SUB"),
}
CLAMP = {
    (True, False): every("(a < b) ? b : b != b ? b : a"),
    (False, True): every("(a > b) ? b : b != b ? b : a"),
    (True, True): every("b != b ? b : c != c ? c : a < b ? (b > c ? c : b) : a > c ? c : a"),
}
"""By whether there are a low and a high bound."""
