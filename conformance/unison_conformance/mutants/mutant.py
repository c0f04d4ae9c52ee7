"""The registry of mutants, and planting one in a backend whose arrays are NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import unison_core.ops  # noqa: F401 - fills the registry
from unison_core import devices
from unison_core.operator import registry

__all__ = ["MUTANTS", "Kernel", "Mutant", "changed", "first", "kernels", "mutant", "planted", "rules"]

Kernel = Callable[..., Any]

PYTORCH = "https://github.com/pytorch/pytorch/issues/"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug. `wrong` makes the wrong function of the right one, for each of `operators`.

    `part` says what is replaced: "kernel", "vjp" (the operator's gradient rule) or the name of a method of the
    backend. `like` is the address of a public report of such a bug, where there is one.
    """

    name: str
    operators: tuple[str, ...]
    wrong: Callable[[Kernel], Kernel]
    description: str
    part: str = "kernel"
    like: str = ""


MUTANTS: dict[str, Mutant] = {}


def mutant(
    *operators: str, like: str = "", part: str = "kernel"
) -> Callable[[Callable[[Kernel], Kernel]], Callable[[Kernel], Kernel]]:
    """Register a function that makes a wrong kernel of a right one, as `<its module>.<its name>`."""

    def register(function: Callable[[Kernel], Kernel]) -> Callable[[Kernel], Kernel]:
        name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
        unknown = [o for o in operators if o not in registry]
        if unknown or name in MUTANTS:
            raise ValueError(f"mutant {name}: unknown operators {unknown}, or registered twice")
        text = (function.__doc__ or "").strip()
        MUTANTS[name] = Mutant(name, operators, function, text, part, like)
        return function

    return register


@contextmanager
def planted(bug: Mutant, device: str) -> Iterator[None]:
    """The device with the bug, in this process; the right functions come back at the end."""
    where = devices.canonical(device)
    if bug.part == "kernel":
        with kernels(bug, where):
            yield
    elif bug.part == "vjp":
        with rules(bug):
            yield
    else:
        backend = where.backend
        right = getattr(backend, bug.part)
        setattr(backend, bug.part, bug.wrong(right))
        try:
            yield
        finally:
            delattr(backend, bug.part)


@contextmanager
def kernels(bug: Mutant, where: Any) -> Iterator[None]:
    """The resolved kernels of the operators replaced."""
    tables = [registry[name].table for name in bug.operators]
    right = [table[where] for table in tables]
    for table, kernel in zip(tables, right, strict=True):
        table[where] = bug.wrong(kernel)
    try:
        yield
    finally:
        for table, kernel in zip(tables, right, strict=True):
            table[where] = kernel


@contextmanager
def rules(bug: Mutant) -> Iterator[None]:
    """The gradient rules of the operators replaced."""
    operators = [registry[name] for name in bug.operators]
    right = [op.vjp for op in operators]
    for op, rule in zip(operators, right, strict=True):
        op.vjp = bug.wrong(rule)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for op, rule in zip(operators, right, strict=True):
            op.vjp = rule


def first(function: Callable[..., Any], right: Kernel) -> Kernel:
    """The right kernel with its first result put through `function(result, *arrays, **attrs)`."""

    def wrong(*arrays: Any, **attrs: Any) -> Any:
        out = right(*arrays, **attrs)
        if isinstance(out, tuple):
            return (_array(function(np.asarray(out[0]), *arrays, **attrs)), *out[1:])
        return _array(function(np.asarray(out), *arrays, **attrs))

    return wrong


def changed(function: Callable[..., Any], right: Kernel, places: tuple[int, ...] | None = None) -> Kernel:
    """The right kernel on inputs that went through `function`; `places` says which, None all."""

    def wrong(*arrays: Any, **attrs: Any) -> Any:
        given = [
            _array(function(a)) if a is not None and (places is None or i in places) else a
            for i, a in enumerate(arrays)
        ]
        return right(*given, **attrs)

    return wrong


def _array(x: Any) -> Any:
    return np.asarray(x)
