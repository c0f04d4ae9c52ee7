"""An operator's expressions, one for each kind of number."""

from __future__ import annotations

from dataclasses import dataclass

from unison_core.dtypes import DType

__all__ = ["Forms", "every", "floating", "numeric"]

_HEADERS = ((), ("integer.h",), (), ("complex.h",))


@dataclass(frozen=True, slots=True)
class Forms:
    """An expression for each kind of number; None where the operator has none.

    headers: what `floating` needs. attributes: the operator's that are K(0), K(1), ...
    """

    floating: str | None = None
    integer: str | None = None
    boolean: str | None = None
    complex: str | None = None
    headers: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()

    def of(self, dtype: DType) -> tuple[str, tuple[str, ...]]:
        """The expression for a dtype, and the headers that it needs.

        Raises:
            TypeError: there is none; the dispatcher turns it into the operator's own error.
        """
        kind = dtype.category
        form = (self.boolean, self.integer, self.floating, self.complex)[kind]
        if form is None:
            raise TypeError(f"no form for {dtype.name}")
        return form, self.headers if dtype.is_floating_point else _HEADERS[kind]


def every(form: str, complex: str | None = None) -> Forms:
    """One expression for all real numbers."""
    return Forms(form, form, form, complex)


def floating(form: str, *headers: str, attributes: tuple[str, ...] = (), complex: str | None = None) -> Forms:
    """No integers."""
    return Forms(form, complex=complex, headers=headers, attributes=attributes)


def numeric(
    floating: str,
    integer: str,
    *headers: str,
    attributes: tuple[str, ...] = (),
    complex: str | None = None,
) -> Forms:
    """No bool."""
    return Forms(floating, integer, complex=complex, headers=headers, attributes=attributes)
