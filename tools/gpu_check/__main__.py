"""`make gpu-check`, or `python3 -m tools.gpu_check`: choose, refuse, run, write the report after each part."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tools.gpu_check import needs
from tools.gpu_check.page import page
from tools.gpu_check.source import ROOT, WORK, environment, revision
from tools.gpu_check.stages import LIMITS, STAGES, Setting

__all__ = ["main"]

RESULTS = ROOT / "docs" / "results"
SCHEMA = 1
_GIB = 2**30


class Refused(Exception):  # noqa: N818 - not an error: an answer
    """The machine cannot do what was asked; the text says what is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command: 0 if all that was chosen ran and passed, 1 if not, 2 if it cannot run here."""
    given = _options(arguments)
    if given.carry:
        return needs.carry(given.carry, given.names, given.python_version)
    try:
        return _check(given)
    except Refused as refusal:
        print(f"gpu-check: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gpu-check: interrupted; the report holds the parts that were done", file=sys.stderr)
        return 1


def _interrupt(number: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.gpu_check",
        description="Tests, conformance and benchmarks on a GPU, in one report.",
    )
    add = parser.add_argument
    add("--device", default="cuda:0", help="cuda:0; another one (cpu, opencl:0) rehearses, small and quick")
    add("--only", type=_stages, default=tuple(STAGES), metavar="A,B", help=f"some of {', '.join(STAGES)}")
    add(
        "--limit",
        type=_limits,
        default=LIMITS,
        metavar="S",
        help="seconds: tests=200,conformance=500, or a number",
    )
    add("--levels", type=_levels, default=(2, 3), metavar="N,M", help="levels of conformance (default: 2,3)")
    add(
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="processes side by side (default: as the machine allows)",
    )
    add("--quick", action="store_true", help="small sizes and level 0: to see that everything starts")
    add(
        "--out",
        type=Path,
        help="folder for the report (default: docs/results; of a rehearsal: build/gpu-check)",
    )
    add(
        "--full",
        type=Path,
        default=WORK,
        help="folder for the suite's own reports (default: build/gpu-check)",
    )
    add("--commit", default="", help="the commit, where git is not at hand")
    add("--carried", type=Path, metavar="FOLDER", help="wheels for what is missing here")
    add(
        "--carry",
        type=Path,
        metavar="FOLDER",
        help="download those wheels, for a machine without a network; ends",
    )
    add("--python-version", default="3.12", help="of the machine that --carry is for (default: 3.12)")
    add("names", nargs="*", help="packages to --carry (default: all that may be missing, 14 MiB)")
    given = parser.parse_args(arguments)
    if given.names and not given.carry:
        parser.error(f"{given.names[0]!r} names a package, which goes with --carry")
    if given.carried and not given.carried.is_dir():
        parser.error(f"--carried {given.carried}: no such folder")
    return given


def _stages(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = set(names) - set(STAGES)
    if unknown:
        raise argparse.ArgumentTypeError(f"no stage {min(unknown)!r}; there are {', '.join(STAGES)}")
    return tuple(name for name in STAGES if name in names)


def _levels(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[0-3](,[0-3])*", text):
        raise argparse.ArgumentTypeError(f"{text!r} names no levels; there are 0, 1, 2 and 3")
    return tuple(map(int, text.split(",")))


def _limits(text: str) -> dict[str, float]:
    if re.fullmatch(r"\d+", text):
        return dict.fromkeys(STAGES, float(text))
    pairs = [part.partition("=") for part in text.split(",")]
    if any(name not in STAGES or not value.isdigit() for name, _, value in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} gives no seconds for {', '.join(STAGES)}")
    return {**LIMITS, **{name: float(value) for name, _, value in pairs}}


def _check(given: argparse.Namespace) -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    rehearsal = not given.device.startswith("cuda")
    carried = needs.unpacked(given.carried)
    lacking = needs.missing(needs.requirements(given.only), carried)
    if lacking:
        raise Refused(needs.complaint(lacking))
    variables = environment(carried)
    machine = _machine(given.device, variables, torch="benchmarks" in given.only)
    out = given.out or (WORK if rehearsal else RESULTS)
    for folder in (out, given.full):
        folder.mkdir(parents=True, exist_ok=True)
    quick = given.quick or rehearsal
    kind = "rehearsal" if rehearsal else "gpu-quick" if quick else "gpu"
    path = out / f"{kind}-{re.sub(r'[^a-z0-9]+', '-', machine['name'].lower()).strip('-')}.json"
    report = {
        "schema": SCHEMA,
        "rehearsal": rehearsal,
        "quick": quick,
        "device": given.device,
        "machine": machine,
        "stages": _earlier(path, machine) or {name: {"state": "not run"} for name in STAGES},
    }
    setting = Setting(
        given.device,
        variables,
        given.jobs or _jobs(machine),
        quick=quick,
        levels=given.levels,
        full=given.full,
    )
    for name in given.only:
        _perform(name, report, path, setting, given)
    print(f"\nreport: {path.with_suffix('.md')}, {path}")
    states = {name: report["stages"][name]["state"] for name in given.only}
    print(", ".join(f"{name} {state}" for name, state in states.items()))
    return int(any(state != "passed" for state in states.values()))


def _perform(name: str, report: Any, path: Path, setting: Setting, given: argparse.Namespace) -> None:
    """Run a part; the report on the disk says that it was cut off until it is done."""
    limit = given.limit[name]
    begun = {**revision(given.commit), "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    print(
        f"\n== {name}, at most {limit:.0f} s, on {setting.device} with {setting.jobs} processes", flush=True
    )
    report["stages"][name] = {"state": "cut off", "limit": limit, **begun}
    _write(report, path)
    start = time.monotonic()
    part = STAGES[name](setting, limit)
    report["stages"][name] = {"limit": limit, **begun, **part, "seconds": time.monotonic() - start}
    _write(report, path)


def _write(report: Any, path: Path) -> None:
    for target, text in (
        (path, json.dumps(report, indent=1) + "\n"),
        (path.with_suffix(".md"), page(report)),
    ):
        part = target.with_name(target.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(target)


def _machine(device: str, variables: dict[str, str], *, torch: bool) -> dict[str, Any]:
    """What the probe says; it runs in a process of its own, which a driver may take down."""
    command = [sys.executable, "-m", "tools.gpu_check.probe", device, *(["torch"] if torch else [])]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        said = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise Refused(f"asking for {device} ended with status {done.returncode}: {said}") from error
    trouble = found.pop("trouble")
    if trouble:
        raise Refused("\n  ".join([f"{device} cannot be checked on this machine:", *trouble]))
    return found


def _earlier(path: Path, machine: dict[str, Any]) -> dict[str, Any] | None:
    """The parts of a report that an earlier call wrote on the same machine; others are not mixed in.

    It lies where this one will, or where it is committed.
    """
    held = next((p for p in (path, RESULTS / path.name) if p.is_file()), None)
    if held is None:
        return None
    before = json.loads(held.read_text(encoding="utf-8"))
    told = ("name", "driver", "python", "packages")
    if before["schema"] != SCHEMA or any(before["machine"].get(k) != machine.get(k) for k in told):
        print(f"{held} was written with other versions: its parts are not kept")
        return None
    return dict(before["stages"])


def _jobs(machine: dict[str, Any]) -> int:
    """A process needs a processor, and about 2 GiB of the GPU's memory."""
    room = machine.get("free", 64 * _GIB) // (2 * _GIB)
    return max(1, min(16, os.cpu_count() or 1, room))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
