"""What a recorded call keeps for its gradient rule, declared with the rule.

`@mul.vjp(values={"a": "b", "b": "a"})` says that the gradient of a needs the value of b and the other way round;
`values="out"` that every gradient needs the result (`"out.1"`: the second of several, so that the user may write
into the others); `specs="x"` that the rule reads only x's shape and dtype.
A rule is handed None for what was not saved: the gradient that would need it is not wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unison_core.errors import RegistrationError

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["NOTHING", "SPEC", "VALUE", "SavingPlan", "plan"]

NOTHING, SPEC, VALUE = 0, 1, 2
KeepOut = bool | tuple[int, ...]


class SavingPlan:
    """For each pattern of tracked inputs: what to keep of each input, and whether to keep the result, or which."""

    __slots__ = ("_cache", "_needs", "_specs", "data", "one", "two", "variadic")

    def __init__(
        self, data: Sequence[str], variadic: bool, needs: Mapping[str, frozenset[str]], specs: frozenset[str]
    ) -> None:
        self.data = tuple(data)
        self.variadic = variadic
        self._needs = needs
        self._specs = specs
        self._cache: dict[tuple[bool, ...], tuple[tuple[int, ...] | None, KeepOut]] = {}
        plain = not variadic
        self.one = self._work_out((True,)) if plain and len(data) == 1 else None
        """The plan of an operator of one input."""
        self.two = (
            [self._work_out((a, b)) for a in (False, True) for b in (False, True)]
            if plain and len(data) == 2
            else None
        )
        """The plans of an operator of two inputs, by 2 * (first tracked) + (second tracked)."""

    def of(self, tracked: tuple[bool, ...]) -> tuple[tuple[int, ...] | None, KeepOut]:
        """(what to keep of each input, or None if nothing; whether to keep the result, or the places of some)."""
        found = self._cache.get(tracked)
        if found is None:
            found = self._cache[tracked] = self._work_out(tracked)
        return found

    def _work_out(self, tracked: tuple[bool, ...]) -> tuple[tuple[int, ...] | None, KeepOut]:
        names = self.data
        if self.variadic:
            names = self.data[:-1] + self.data[-1:] * (len(tracked) - len(self.data) + 1)
        wanted: set[str] = set()
        for name, is_tracked in zip(names, tracked, strict=True):
            if is_tracked:
                wanted |= self._needs[name]
        keep = tuple(VALUE if n in wanted else SPEC if n in self._specs else NOTHING for n in names)
        some = tuple(sorted(int(n[4:]) for n in wanted if n.startswith("out.")))
        return (keep if any(keep) else None), "out" in wanted or some


def plan(op: Operator, values: str | Mapping[str, str], specs: str) -> SavingPlan:
    """Read a declaration.

    Raises:
        RegistrationError: it names something that is not data of the operator.
    """
    if isinstance(values, str):
        needs = {name: frozenset(values.split()) for name in op.data}
    else:
        needs = {name: frozenset(values.get(name, "").split()) for name in op.data}
    named = set().union(*needs.values(), specs.split(), () if isinstance(values, str) else values)
    unknown = {n for n in named - set(op.data) - {"out"} if not n.startswith("out.") or not n[4:].isdecimal()}
    if unknown:
        raise RegistrationError(f"the vjp rule of {op.name} saves {sorted(unknown)}, which are not its data")
    return SavingPlan(op.data, op.variadic, needs, frozenset(specs.split()))
