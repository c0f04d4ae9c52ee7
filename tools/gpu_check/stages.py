"""The three parts of the check, each as a plain dictionary for the report."""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.gpu_check.running import Ended, run
from tools.gpu_check.source import ROOT, WORK

__all__ = ["LIMITS", "STAGES", "Setting", "benchmarks", "conformance", "tests"]

LIMITS = {"tests": 240.0, "conformance": 540.0, "benchmarks": 300.0}
"""Seconds that each stage may take unless `--limit` says otherwise."""

_QUIET = {"PASS", "NOT_SUPPORTED", "WAIVED"}
_MARGIN = 25.0
"""Seconds before its limit at which the suite stops by itself: workers end and the report is written."""


@dataclass(frozen=True)
class Setting:
    """What all stages are told."""

    device: str
    environment: Mapping[str, str]
    jobs: int
    quick: bool = False
    levels: tuple[int, ...] = (2, 3)
    full: Path = WORK

    @property
    def single(self) -> dict[str, str]:
        """The variables for processes that run side by side: one thread each."""
        return {**self.environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def tests(setting: Setting, limit: float) -> dict[str, Any]:
    """The tests that take a device, on this one; those of its backend; the C kit's, if it is CUDA's or OpenCL's."""
    end = time.monotonic() + limit
    part: dict[str, Any] = {"state": "passed", "runs": [], "failures": []}
    for number, chosen in enumerate(_chosen(setting)):
        junit = WORK / f"tests-{number}.xml"
        junit.unlink(missing_ok=True)
        words = ["-n", str(setting.jobs), "-q", "--device", setting.device, f"--junitxml={junit}", *chosen]
        ended = run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
            limit=end - time.monotonic(),
            environment=setting.single,
            log=WORK / "tests.log",
        )
        counts, failures = _judged(junit, setting.device)
        part["runs"].append({"chosen": chosen, "code": ended.code, "seconds": ended.seconds, **counts})
        part["failures"] += failures
        if ended.cut:
            return {**part, "state": "cut off", "tail": ended.tail[-5:]}
        # 5: none of those tests is for this device.
        if ended.code not in {0, 5}:
            part |= {"state": "failed", "tail": ended.tail[-5:]}
    return part


def _chosen(setting: Setting) -> Iterator[list[str]]:
    kind = setting.device.partition(":")[0]
    brief = ["-m", "not slow"] if setting.quick else []
    if (ROOT / f"tests/backends/{kind}").is_dir():
        yield [f"tests/backends/{kind}", *brief]
    if kind in {"cuda", "opencl"} and not setting.quick:
        yield [
            "tests/core/ckit",
            *(f"--ignore=tests/core/ckit/test_{name}.py" for name in ("dialect", "processor")),
        ]
    where = [
        "tests/frontend/amp",
        "tests/frontend/accelerators",
        *([] if setting.quick else ["tests/core/ops", "tests/examples"]),
    ]
    yield [*where, "-k", setting.device, *brief]
    if kind == "cuda" and not setting.quick:
        # What this machine's NVRTC says to the sources, for other GPUs than this one too.
        yield ["tests/core/ckit/test_dialect.py", "-k", "cuda or nvrtc"]


def _judged(junit: Path, device: str) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Counts, and each failure with the command that repeats it; nothing where pytest wrote no report."""
    try:
        suites = list(ET.parse(junit).getroot().iter("testsuite"))  # noqa: S314 - our own file
    except (OSError, ET.ParseError):
        return {}, []
    names = ("tests", "failures", "errors", "skipped")
    counts = {name: sum(int(s.get(name, 0)) for s in suites) for name in names}
    failures = [
        {"test": _node(case), "said": (bad.get("message") or "")[:400], "repeat": _repeat(case, device)}
        for suite in suites
        for case in suite.iter("testcase")
        for bad in [*case.iter("failure"), *case.iter("error")]
    ]
    return counts, failures


def _node(case: ET.Element) -> str:
    name, parts = case.get("name", ""), case.get("classname", "").split(".")
    return f"{'/'.join(parts)}.py::{name}" if len(parts) > 1 else name


def _repeat(case: ET.Element, device: str) -> str:
    return f"python3 -m pytest --device {device} '{_node(case)}'"


def conformance(setting: Setting, limit: float) -> dict[str, Any]:
    """A run of the suite for each level asked for."""
    end = time.monotonic() + limit
    part: dict[str, Any] = {"state": "passed", "runs": []}
    for level in (0,) if setting.quick else setting.levels:
        report = WORK / f"conformance-level{level}.json"
        report.unlink(missing_ok=True)
        left = end - time.monotonic()
        command = [
            *(sys.executable, "-m", "unison_conformance", "run", "--device", setting.device),
            *("--level", str(level), "--jobs", str(setting.jobs), "--json", str(report)),
            *("--budget", f"{max(left - _MARGIN, 1.0):.0f}"),
        ]
        ended = run(command, limit=left, environment=setting.single, log=WORK / "conformance.log")
        part["runs"].append(_conformed(report, level, ended, setting))
        cut = ended.cut or "budget" in " ".join(part["runs"][-1].get("reasons", ()))
        if cut or ended.code:
            part["state"] = "cut off" if cut else "failed"
        if cut:
            break
    return part


def _conformed(report: Path, level: int, ended: Ended, setting: Setting) -> dict[str, Any]:
    out = {"asked": level, "code": ended.code, "seconds": ended.seconds}
    try:
        data = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {**out, "reasons": ["no report was written", *ended.tail[-5:]]}
    packed = setting.full / f"{report.name}.gz"
    packed.write_bytes(gzip.compress(report.read_bytes(), mtime=0))
    return {
        **out,
        **{key: data[key] for key in ("level", "reasons", "badges", "environment", "suite", "case_list")},
        "tf32": _tf32(data),
        "counts": dict(Counter(r["verdict"] for r in data["results"])),
        "failures": _gathered(data["results"], setting.device),
        "full": {"file": packed.name, "sha256": hashlib.sha256(packed.read_bytes()).hexdigest()},
    }


def _tf32(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the report's environment says of TF32: how products in float32 are computed."""
    return {k: v for k, v in data["environment"].items() if "tf32" in k.lower() or "float32" in k}


def _gathered(results: Sequence[Mapping[str, Any]], device: str) -> list[dict[str, Any]]:
    """Failures by verdict and operator, the first of each in full."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for r in (r for r in results if r["verdict"] not in _QUIET):
        case = r["case"]
        subject = case.partition("-")[0] if case.startswith("check.") else case.rsplit("-", 4)[0]
        groups.setdefault((r["verdict"], subject), []).append(r)
    return [
        {
            "verdict": verdict,
            "subject": subject,
            "count": len(found),
            "case": found[0]["case"],
            "detail": found[0]["detail"][:400],
            "repeat": f"python3 -m unison_conformance repro '{found[0]['case']}' --device {device}",
        }
        for (verdict, subject), found in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


def benchmarks(setting: Setting, limit: float) -> dict[str, Any]:
    """Both libraries on the device, in turn."""
    path = WORK / "benchmarks.json"
    path.unlink(missing_ok=True)
    quick = ["--quick"] if setting.quick else []
    ended = run(
        [sys.executable, "-m", "benchmarks", "gpu", "--device", setting.device, "--json", str(path), *quick],
        limit=limit,
        environment=setting.environment,
        log=WORK / "benchmarks.log",
    )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {"facts": {}, "gpu": []}
    state = "cut off" if ended.cut else "failed" if ended.code else "passed"
    part = {"state": state, "facts": found["facts"], "rows": found["gpu"]}
    return part if state == "passed" else {**part, "tail": ended.tail[-5:]}


STAGES = {"tests": tests, "conformance": conformance, "benchmarks": benchmarks}
