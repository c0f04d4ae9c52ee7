"""The registry of checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from unison_conformance.cases.demands import badges_of_operator
from unison_core.operator import registry

__all__ = ["CHECKS", "Check", "CheckFailed", "check"]


class CheckFailed(AssertionError):  # noqa: N818 - the name says it
    """The device broke the contract; the text says what was seen, where, and what the contract asks.

    `verdict` names the verdict: FAIL, LIE (it says it can and cannot), FALLBACK or NONDETERMINISTIC.
    """

    def __init__(self, text: str, verdict: str = "FAIL") -> None:
        super().__init__(text)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One fact about a device, `run(device)`: returns if it holds, raises CheckFailed (or what the backend raised).

    NotSupportedError means that the device lacks what the check is about, which is not a failure by itself.
    `needs` names badges without which the check does not apply ("fp64"); `slow` checks run from level 3 on.
    """

    name: str
    level: int
    run: Callable[[str], Any]
    needs: frozenset[str] = frozenset()
    slow: bool = False

    def __str__(self) -> str:
        return self.name


CHECKS: dict[str, Check] = {}


def check(
    level: int, *, needs: Iterable[str] = (), slow: bool = False, each: Iterable[str] = ("",)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of a device's name as the check `check.<module>.<function>`.

    With `each`, one check per word: the function takes the word after the device, and the name ends in `-word`.
    Where the word is an operator, its own badges are needed too.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        base = f"check.{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
        for word in each:
            name = f"{base}-{word}" if word else base
            run = function if not word else _bound(function, word)
            badges = badges_of_operator(word) if word in registry else frozenset()
            CHECKS[name] = Check(name, level, run, badges.union(needs), slow)
        return function

    return register


def _bound(function: Callable[..., Any], word: str) -> Callable[[str], Any]:
    def run(device: str) -> Any:
        return function(device, word)

    run.__doc__ = function.__doc__
    return run
