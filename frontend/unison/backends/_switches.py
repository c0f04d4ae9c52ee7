"""Attributes of modules and namespaces that are switches."""

from __future__ import annotations

from typing import Any

from unison_core import precision
from unison_core.errors import OperatorError

__all__ = ["Float32Switch", "Remembered", "TensorFloatSwitch", "checked"]

_WORDS = {"ieee": "highest", "tf32": "high", "none": "highest"}


def checked(name: str, value: Any) -> bool:
    """value, which must be a bool.

    Raises:
        RuntimeError: it is something else.
    """
    if not isinstance(value, bool):
        raise OperatorError(f"{name} expects a bool, but got {type(value).__name__}: give True or False")
    return value


class Remembered:
    """A switch between implementations that do not exist here: it keeps what it was set to."""

    def __init__(self, *, default: bool) -> None:
        self.value = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> bool:
        return self.value

    def __set__(self, instance: Any, value: Any) -> None:
        self.value = checked(self.name, value)


class TensorFloatSwitch:
    """Whether TF32 is allowed for a kind of product: "matmul" or "convolution"."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get__(self, instance: Any, owner: type | None = None) -> bool:
        return getattr(precision.allowed(), self.kind) != "highest"

    def __set__(self, instance: Any, value: Any) -> None:
        precision.allow(**{self.kind: "high" if checked("allow_tf32", value) else "highest"})


class Float32Switch:
    """The same by PyTorch's later words, "ieee" and "tf32", for one or several kinds of products.

    "none", which in PyTorch leaves the choice to the switch above, is "ieee" here: that is what stands above. Both
    sets of words are about one state, and may be mixed.
    """

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __get__(self, instance: Any, owner: type | None = None) -> str:
        found = {getattr(precision.allowed(), kind) != "highest" for kind in self.kinds}
        return "none" if len(found) > 1 else "tf32" if True in found else "ieee"

    def __set__(self, instance: Any, value: Any) -> None:
        if value not in _WORDS:
            raise OperatorError(f"Unknown precision: {value!r}; fp32_precision is one of {', '.join(_WORDS)}")
        precision.allow(**dict.fromkeys(self.kinds, _WORDS[value]))
