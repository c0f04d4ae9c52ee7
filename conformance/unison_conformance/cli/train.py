"""`conformance train`: the trainings of level 2 alone, with their losses."""

from __future__ import annotations

import argparse
from typing import Any

from unison_conformance.cli._arguments import add_device
from unison_conformance.cli._output import table
from unison_conformance.running.conduct import device_named
from unison_conformance.training import MODELS, judge, reference
from unison_conformance.training import run as train
from unison_core.dispatch.fallback import fallback_policy

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("train", help="train the reference networks on a device")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Print a row for each network; 1 if one did not learn as it must."""
    device = str(device_named(options.device))
    rows, wrong = [], []
    for name, model in MODELS.items():
        try:
            with fallback_policy("error"):
                trace = train(model, device)
        except Exception as e:  # noqa: BLE001 - a backend may raise anything
            wrong.append(f"{name}: {type(e).__name__}: {e}")
            rows.append((name, "-", "-", "-", "failed"))
            continue
        ratio, text = judge(model, trace, reference()[name])
        first, last = trace.losses[0], trace.losses[-1]
        rows.append((name, f"{first:.4f}", f"{last:.4f}", f"{ratio:.3f}", "ok" if ratio <= 1 else "FAIL"))
        if not ratio <= 1:
            wrong.append(f"{name}: {text}")
    table(("network", "first loss", "last loss", "worst deviation/limit", "verdict"), rows)
    for line in wrong:
        print(line)
    return int(bool(wrong))
