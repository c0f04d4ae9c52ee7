"""How exactly products of float32 numbers are computed: what the program allows, and who is told.

# Note [Float32 products]
Tensor cores multiply float32 numbers after cutting their 24 bits to the 11 of TF32. That is several times faster, and
it is not float32: the contract's limits are missed by a factor of thousands. So it is off on every device until the
program allows it, for products of matrices and for convolutions (PyTorch allows it in convolutions by default).
Backends do not ask at each call: they are told when they are loaded and whenever the program changes its mind
(`Backend.allow`), so that a call pays nothing; overlays, whose kernels look at more than that anyway, ask `allowed`.
What is allowed need not be used: a device without such units goes on in float32. There is one state for the process,
as in PyTorch; no environment variable changes it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from unison_core.errors import OperatorError

__all__ = ["CHOICES", "EXACT", "Precision", "allow", "allowed", "allowing"]

CHOICES = ("highest", "high", "medium")
"""float32 throughout; inputs cut to TF32 (11 bits) or summed of bfloat16 parts; inputs cut to bfloat16 (8 bits)."""

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Precision:
    """The least that products of float32 numbers must have, one of `CHOICES` each."""

    matmul: str = "highest"
    convolution: str = "highest"

    def __post_init__(self) -> None:
        for what in ("matmul", "convolution"):
            if getattr(self, what) not in CHOICES:
                raise OperatorError(
                    f"Invalid float32 {what} precision {getattr(self, what)!r}: choose one of {', '.join(CHOICES)}"
                )

    def __str__(self) -> str:
        """One word if both are alike, as they are by default."""
        if self.matmul == self.convolution:
            return self.matmul
        return f"{self.matmul} in products of matrices, {self.convolution} in convolutions"


EXACT = Precision()
"""The default, and what conformance is about."""

_state = EXACT


def allowed() -> Precision:
    """What the program allows now."""
    return _state


def allow(*, matmul: str | None = None, convolution: str | None = None) -> Precision:
    """Change what is allowed, here and in every loaded backend; returns what was before.

    Raises:
        RuntimeError: a word is none of `CHOICES`; nothing has changed then.
    """
    global _state
    from unison_core.plugins import loaded

    given = {"matmul": matmul, "convolution": convolution}
    with _lock:
        before = _state
        _state = replace(before, **{what: word for what, word in given.items() if word is not None})
        for backend in loaded():
            backend.allow(_state)
    return before


@contextmanager
def allowing(precision: Precision) -> Iterator[None]:
    """Within the block another state, for all threads."""
    before = allow(matmul=precision.matmul, convolution=precision.convolution)
    try:
        yield
    finally:
        allow(matmul=before.matmul, convolution=before.convolution)
