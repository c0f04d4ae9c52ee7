"""Settings that programs make for other libraries' sake: determinism and threads."""

from __future__ import annotations

import os

from unison_core.errors import OperatorError

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_num_interop_threads",
    "get_num_threads",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]

_asked_deterministic = False
_threads: dict[str, int] = {}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remember the wish; every kernel of the backends in this project is deterministic in any case."""
    global _asked_deterministic
    _asked_deterministic = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was given last."""
    return _asked_deterministic


def set_num_threads(count: int) -> None:
    """Remember how many threads an operator may use; array libraries read their own settings, OMP_NUM_THREADS say.

    Raises:
        RuntimeError: count is not positive.
    """
    if count < 1:
        raise OperatorError("set_num_threads expects a positive integer")
    _threads["within"] = int(count)


def get_num_threads() -> int:
    """What `set_num_threads` was given last, else the number of processors."""
    return _threads.get("within") or len(os.sched_getaffinity(0))


def set_num_interop_threads(count: int) -> None:
    """Remember how many operators may run at once; they run one after another.

    Raises:
        RuntimeError: count is not positive.
    """
    if count < 1:
        raise OperatorError("set_num_interop_threads expects a positive integer")
    _threads["between"] = int(count)


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was given last, else 1."""
    return _threads.get("between", 1)
