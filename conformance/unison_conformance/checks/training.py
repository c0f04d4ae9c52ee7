"""Training: a network learns on the device as mathematics says it must (level 2)."""

from __future__ import annotations

from unison_conformance.checks.check import CheckFailed, check
from unison_conformance.training import MODELS, judge, reference, run

__all__ = ["learns"]


@check(level=2, each=MODELS)
def learns(device: str, name: str) -> None:
    """First gradients lie within the derived bound of float64's, the loss stays in the envelope at every step."""
    ratio, text = judge(MODELS[name], run(MODELS[name], device), reference()[name])
    if not ratio <= 1:
        raise CheckFailed(text)
