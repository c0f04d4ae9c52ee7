"""Drawing the same random numbers twice."""

import contextlib
from collections.abc import Iterator

import unison

__all__ = ["RandomState"]


class RandomState:
    """The state of the random generators at its making; `replayed()` returns to it for a while."""

    def __init__(self, preserve: bool) -> None:
        self._state = unison.get_rng_state() if preserve else None

    @contextlib.contextmanager
    def replayed(self) -> Iterator[None]:
        if self._state is None:
            yield
            return
        before = unison.get_rng_state()
        unison.set_rng_state(self._state)
        try:
            yield
        finally:
            unison.set_rng_state(before)
