"""`python -m benchmarks [GROUP ...]`: print the ratios against PyTorch eager."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import gpu, opencl, overhead, training
from benchmarks.timing import Row, compare

GROUPS = {"overhead": overhead, "training": training}
OTHERS = ("imports", "opencl", "gpu")


def main() -> int:
    """Time the groups asked for and print a table each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against PyTorch eager.")
    parser.add_argument(
        "groups", nargs="*", help=f"any of {', '.join([*GROUPS, *OTHERS])} (default: all but opencl, gpu)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    parser.add_argument("--json", metavar="FILE", help="write the rows there as well")
    parser.add_argument("--device", default="cuda:0", help="of the group gpu (default cuda:0)")
    parser.add_argument("--quick", action="store_true", help="of the group gpu: small, to see that it runs")
    given = parser.parse_args()
    unknown = [g for g in given.groups if g not in (*GROUPS, *OTHERS)]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join([*GROUPS, *OTHERS])}")
    names = given.groups or [*GROUPS, "imports"]
    torch = None if names == ["opencl"] else _torch(given.threads)
    if torch is None and names != ["opencl"]:
        return 2
    rows: dict[str, list[Any]] = {}
    for name in names:
        if name == "gpu":
            rows[name] = _gpu(given.device, given.json, quick=given.quick)
            continue
        rows[name] = _measured(name, torch)
        _show(name, rows[name])
    if given.json and names != ["gpu"]:
        Path(given.json).write_text(json.dumps({k: [vars(r) for r in v] for k, v in rows.items()}, indent=1))
    return int(any(r.error for r in rows.get("gpu", [])))


def _gpu(device: str, path: str | None, *, quick: bool) -> list[gpu.Measured]:
    """Each row is printed and on disk as soon as it is there: such a run may be cut off."""
    found: list[gpu.Measured] = []
    facts = gpu.facts(device)
    print(
        f"\ngpu: on {device}; microseconds of PyTorch and Unison, their ratio, seconds of Unison's first call"
    )
    for row in gpu.rows(device, quick=quick):
        found.append(row)
        gpu.show(row)
        if path:
            Path(path).write_text(json.dumps({"facts": facts, "gpu": [vars(r) for r in found]}, indent=1))
    return found


def _torch(threads: int) -> Any:
    """PyTorch, or None where it is missing."""
    try:
        import torch
    except ImportError:
        print(
            "PyTorch is missing; it comes with the extra 'parity': pip install 'unison[parity]'",
            file=sys.stderr,
        )
        return None
    torch.set_num_threads(threads)
    return torch


def _measured(name: str, torch: Any) -> list[Row]:
    if name == "imports":
        return _imports()
    if name == "opencl":
        return opencl.rows()
    return _group(GROUPS[name], torch, quick=name == "overhead")


def _group(module: Any, torch: Any, *, quick: bool) -> list[Row]:
    import unison

    pairs = zip(module.cases(torch), module.cases(unison), strict=True)
    settings: dict[str, Any] = {} if quick else {"block": 0.3, "blocks": 7, "pause": 0.05}
    return [compare(case, theirs, ours, **settings) for (case, theirs), (_, ours) in pairs]


def _imports() -> list[Row]:
    """Imports in fresh processes, in turn: with a first operation against PyTorch, alone against NumPy."""
    first = "import {0}; {0}.ones(2) + 1"
    return [
        _import_row("import and first operation", first.format("torch"), first.format("unison")),
        _import_row("import alone (first column: NumPy)", "import numpy", "import unison"),
    ]


def _import_row(case: str, theirs: str, ours: str) -> Row:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {theirs: [], ours: []}
    for _ in range(6):
        for program, found in times.items():
            code = f"import time; t = time.perf_counter(); {program}; print(time.perf_counter() - t)"
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
            )
            found.append(float(done.stdout))
    one, other = times[theirs][1:], times[ours][1:]
    ratio = statistics.median(a / b for a, b in zip(one, other, strict=True))
    return Row(case, statistics.median(one) * 1e6, statistics.median(other) * 1e6, ratio)


def _show(name: str, rows: list[Row]) -> None:
    width = max(len(r.case) for r in rows)
    theirs, ours = ("reference", "OpenCL") if name == "opencl" else ("PyTorch", "Unison")
    print(f"\n{name}: time({theirs}) / time({ours}), above 1 {ours} is faster")
    print(f"{'case':{width}}  {theirs + ' us':>11}  {ours + ' us':>11}  {'ratio':>6}")
    for r in rows:
        print(f"{r.case:{width}}  {r.torch:11.2f}  {r.unison:11.2f}  {r.ratio:6.2f}")
    print(
        f"{'geometric mean':{width}}  {'':11}  {'':11}  {statistics.geometric_mean(r.ratio for r in rows):6.2f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
