"""What elementwise operators compute, as expressions of the dialect in a, b, c (see `sources/map.c`)."""

from __future__ import annotations

from dataclasses import dataclass

from unison_core.dtypes import DType

__all__ = ["EXPRESSIONS", "Forms"]


@dataclass(frozen=True, slots=True)
class Forms:
    """An expression for each kind of number; None where the operator has none. headers: sources it needs."""

    floating: str | None = None
    integer: str | None = None
    boolean: str | None = None
    complex: str | None = None
    headers: tuple[str, ...] = ()

    def of(self, dtype: DType) -> str:
        """The expression for a dtype.

        Raises:
            TypeError: there is none; the dispatcher turns it into the operator's own error.
        """
        form = (self.boolean, self.integer, self.floating, self.complex)[dtype.category]
        if form is None:
            raise TypeError(f"no form for {dtype.name}")
        return form


def _all(form: str, complex: str | None = None) -> Forms:
    return Forms(form, form, form, complex)


def _real(form: str) -> Forms:
    """Floating only."""
    return Forms(floating=form)


def _wrapping(sign: str, boolean: str | None = None) -> Forms:
    """Integers wrap, as unsigned arithmetic does."""
    return Forms(f"a {sign} b", f"(C(T))((U(T))a {sign} (U(T))b)", boolean)


EXPRESSIONS: dict[str, Forms] = {
    "add": _wrapping("+", "a | b"),
    "sub": _wrapping("-"),
    "mul": _wrapping("*", "a & b"),
    "div": _real("a / b"),
    "neg": Forms("-a", "(C(T))(0 - (U(T))a)"),
    "eq": _all("a == b"),
    "ne": _all("a != b"),
    "lt": _all("a < b"),
    "le": _all("a <= b"),
    "gt": _all("a > b"),
    "ge": _all("a >= b"),
    "exp": _real("exp(a)"),
    "log": _real("log(a)"),
    "sqrt": _real("sqrt(a)"),
    "tanh": _real("tanh(a)"),
}
