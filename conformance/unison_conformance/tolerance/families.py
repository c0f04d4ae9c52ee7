"""Which family of the tolerance table an operator belongs to."""

from __future__ import annotations

__all__ = ["FAMILIES", "family_of"]

FAMILIES: dict[str, tuple[str, ...]] = {
    "movement": ("permute",),
    "exp": ("exp", "exp2", "expm1"),
    "log": ("log", "log2", "log10"),
    "sum": ("sum",),
}

_FAMILY = {name: family for family, names in FAMILIES.items() for name in names}


def family_of(operator: str) -> str:
    """The family.

    Raises:
        KeyError: the operator is in none.
    """
    return _FAMILY[operator]
