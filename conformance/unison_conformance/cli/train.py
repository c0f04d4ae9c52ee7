"""`conformance train`: the trainings of level 2 alone, with their losses."""

from __future__ import annotations

import argparse
from typing import Any

from unison_conformance.cli._arguments import add_device
from unison_conformance.cli._output import table, ticks
from unison_conformance.running.conduct import device_named
from unison_conformance.training import MODELS, judge, reference
from unison_conformance.training import run as train
from unison_core.dispatch.fallback import fallback_policy
from unison_core.errors import NotSupportedError

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("train", help="train the reference networks on a device")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Print a row for each network; 1 if one did not learn as it must, 4 if the device lacks what it needs."""
    device = str(device_named(options.device))
    rows, wrong, code = [], [], 0
    with ticks(device, "networks") as tick:
        for name, model in MODELS.items():
            try:
                with fallback_policy("error"):
                    trace = train(model, device)
            except Exception as e:  # noqa: BLE001 - a backend may raise anything
                code = 4 if isinstance(e, NotSupportedError) else code or 1
                wrong.append(f"{name}: {type(e).__name__}: {e}")
                rows.append((name, "-", "-", "-", "failed"))
            else:
                ratio, text = judge(model, trace, reference()[name])
                first, last = trace.losses[0], trace.losses[-1]
                good = ratio <= 1
                rows.append((name, f"{first:.4f}", f"{last:.4f}", f"{ratio:.3f}", "ok" if good else "FAIL"))
                if not good:
                    code = code or 1
                    wrong.append(f"{name}: {text}")
            tick(len(rows), len(MODELS), f"{len(wrong)} failed")
    table(("network", "first loss", "last loss", "worst deviation/limit", "verdict"), rows)
    for line in wrong:
        print(line)
    return code
