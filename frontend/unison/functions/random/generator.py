"""Generators: where streams of random numbers come from, and the one that is used unless another is given."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unison_core import devices, dtypes
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "next_stream",
    "seed",
    "set_rng_state",
]

_MASK = 2**64 - 1


class Generator:
    """A seed and the number of the next stream.

    Args:
        device: kept for programs that ask; the numbers do not depend on it.
    """

    def __init__(self, device: Any = "cpu") -> None:
        self._device = device
        self._lock = threading.Lock()
        self._seed = 67280421310721
        self._next = 0

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the lock, which is every copy's own."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    @property
    def device(self) -> Any:
        """The device it was made for. Looked up when asked for: the default generator is made at import."""
        return devices.get(self._device)

    def next_stream(self) -> tuple[int, int]:
        """(seed, stream) for one random call."""
        with self._lock:
            stream = self._next
            self._next = stream + 1
        return self._seed, stream

    def manual_seed(self, seed: int) -> Generator:
        """Start over from a seed, any integer of 64 bits.

        Raises:
            RuntimeError: the seed does not fit.
        """
        seed = int(seed)
        if not -(2**63) <= seed <= _MASK:
            raise OperatorError(f"Overflow when unpacking long: a seed has 64 bits, got {seed}")
        self._seed, self._next = seed & _MASK, 0
        return self

    def seed(self) -> int:
        """Start over from a seed that nobody knows; returns it."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed it started from."""
        return self._seed

    def get_state(self) -> Any:
        """Seed and stream as a uint8 tensor of 16 elements."""
        from unison.functions.conversion import tensor

        raw = self._seed.to_bytes(8, "little") + self._next.to_bytes(8, "little")
        return tensor(list(raw), dtype=dtypes.uint8, device="cpu")

    def set_state(self, new_state: Any) -> None:
        """Go on from a state that `get_state` gave.

        Raises:
            RuntimeError: it is not such a state.
        """
        if (
            not isinstance(new_state, Handle)
            or new_state.dtype is not dtypes.uint8
            or new_state.shape != (16,)
        ):
            raise OperatorError("RNG state must be a uint8 tensor of 16 elements, as get_state() gives")
        raw = bytes(new_state.tolist())
        self._seed, self._next = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        twin = Generator(self._device)
        twin._seed, twin._next = self._seed, self._next
        return twin


default_generator = Generator()


def next_stream(generator: Generator | None = None) -> tuple[int, int]:
    """(seed, stream) of the generator given, else of the default one."""
    return (generator or default_generator).next_stream()


def manual_seed(seed: int) -> Generator:
    """Start the default generator over from a seed; returns it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator over from an unknown seed; returns it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Put the default generator into a state."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """Within the block the default generator may be used freely; afterwards it is where it was."""
    state = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.set_state(state)
