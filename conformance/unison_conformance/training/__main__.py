"""Measure the reference of the trainings: `python -m unison_conformance.training [FILE]`.

First gradients are computed in float64, on the host; the envelope of the losses is the span of nine float32
trainings, of which eight start one unit in the last place beside the ninth.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from unison_conformance.report.files import write_text
from unison_conformance.training.judge import run
from unison_conformance.training.models import MODELS

__all__ = ["measure"]

SHAKES = 8


def measure(name: str) -> dict[str, Any]:
    """The reference of one model."""
    model = MODELS[name]
    exact = run(model, "cpu", wide=True)
    curves = [run(model, "cpu", shake=shake).losses for shake in range(SHAKES + 1)]
    curves.append(exact.losses)
    # A parameter whose gradient cancels to almost nothing is measured against the others.
    scale = max(exact.norms.values()) * 1e-2
    return {
        "along": exact.along,
        "norms": exact.norms,
        "scale": scale,
        "low": [min(c[i] for c in curves) for i in range(len(exact.losses))],
        "high": [max(c[i] for c in curves) for i in range(len(exact.losses))],
    }


if __name__ == "__main__":
    text = json.dumps({name: measure(name) for name in MODELS}, indent=1)
    if sys.argv[1:]:
        write_text(text + "\n", sys.argv[1])
    else:
        sys.stdout.write(text + "\n")
