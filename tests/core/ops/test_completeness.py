"""No operator without its rules."""

from __future__ import annotations

from unison_core import devices
from unison_core.operator import incomplete, registry


def test_every_operator_has_its_rules() -> None:
    assert incomplete() == {}


def test_every_operator_has_good_samples() -> None:
    assert [name for name, op in registry.items() if not any(s.error is None for s in op.samples())] == []


def test_every_primitive_has_a_cpu_kernel() -> None:
    backend = devices.host().backend
    missing = [
        n
        for n, op in registry.items()
        if op.is_primitive and "transfer" not in op.tags and backend.kernel(op) is None
    ]
    assert missing == []
