"""The report as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["page"]

Part = Mapping[str, Any]
_SHOWN = 40


def page(report: Part) -> str:
    """The whole page."""
    machine, stages = report["machine"], report["stages"]
    lines = [f"# {machine['name']}" + (" (a rehearsal, no GPU)" if report["rehearsal"] else ""), ""]
    if report["rehearsal"]:
        lines += [
            "This was a rehearsal of `make gpu-check` with small sizes. It says nothing about GPUs.",
            "",
        ]
    elif report["quick"]:
        lines += ["A quick run: small sizes, level 0. It shows that everything starts, and no more.", ""]
    lines += [*_machine(report), "", "## What ran", ""]
    lines += _table(("part", "state", "started", "seconds", "commit"), map(_stage, stages.items()))
    for name, write in (("tests", _tests), ("conformance", _conformance), ("benchmarks", _benchmarks)):
        if "seconds" in stages[name]:
            lines += ["", f"## {name.capitalize()}", "", *write(stages[name])]
    return "\n".join(lines) + "\n"


def _machine(report: Part) -> Iterator[str]:
    m = report["machine"]
    torch = m.get("torch", {})
    gpu = [
        ("compute capability", m.get("capability")),
        ("memory", f"{m['memory'] / 2**30:.1f} GiB" if "memory" in m else None),
        ("driver", f"{m['driver']}, CUDA {m['driver cuda']}" if "driver" in m else None),
        ("CUDA that CuPy uses", m.get("cupy cuda")),
        ("PyTorch", f"{torch['version']}, CUDA {torch['cuda']}" if torch else None),
        ("cuDNN of PyTorch", torch.get("cudnn")),
    ]
    yield f"- device: {report['device']}, {m.get('described', '')}"
    yield from (f"- {name}: {value}" for name, value in gpu if value)
    yield f"- Python {m['python']}, {m['platform']}, {m['processors']} processors"
    yield "- packages: " + ", ".join(f"{name} {version}" for name, version in m["packages"].items())


def _stage(item: tuple[str, Part]) -> tuple[str, ...]:
    name, part = item
    commit = part.get("commit", "")[:12] + (" and changes" if part.get("changed") else "")
    seconds = f"{part['seconds']:.0f}" if "seconds" in part else ""
    return name, part["state"], part.get("started", ""), seconds, commit


def _tests(part: Part) -> Iterator[str]:
    columns = ("tests", "failures", "errors", "skipped")
    rows = [
        (f"`{' '.join(r['chosen'])}`", *(r.get(c, "?") for c in columns), f"{r['seconds']:.0f}")
        for r in part["runs"]
    ]
    yield from _table(("chosen", *columns, "seconds"), rows)
    yield from _tail(part)
    yield from _listed(f"- `{f['repeat']}`: {_line(f['said'])}" for f in part["failures"])


def _conformance(part: Part) -> Iterator[str]:
    rows = [
        (
            r["asked"],
            _level(r),
            ", ".join(f"{n} {v}" for v, n in r.get("counts", {}).items()),
            f"{r['seconds']:.0f}",
        )
        for r in part["runs"]
    ]
    yield from _table(("level asked", "reached", "verdicts", "seconds"), rows)
    for r in part["runs"]:
        yield ""
        yield f"### Level {r['asked']}: exit code {r['code']}"
        yield ""
        yield from (f"- {_line(reason)}" for reason in r["reasons"])
        for status in ("earned", "failed", "partly", "not tried", "unverified"):
            names = [b["name"] for b in r.get("badges", ()) if b["status"] == status]
            if names:
                yield f"- badges {status}: {', '.join(names)}"
        yield from (f"- {key}: {value}" for key, value in r.get("tf32", {}).items())
        if "full" in r:
            yield f"- the whole report: `{r['full']['file']}`, SHA-256 {r['full']['sha256'][:16]}..."
        yield from _listed(
            f"- {f['verdict']} {f['subject']}, {f['count']} cases: {_line(f['detail'])}; `{f['repeat']}`"
            for f in r.get("failures", ())
        )


def _level(run: Part) -> str:
    level = run.get("level")
    return "not decided" if level is None else "none" if level < 0 else str(level)


def _benchmarks(part: Part) -> Iterator[str]:
    yield "Ratios are time(PyTorch) / time(Unison), medians of blocks in turn: above 1, Unison is faster."
    yield "Blocks end when the device has done all; `first` is what the first call took, compilers included."
    yield ""
    yield from (f"- {name}: {value}" for name, value in part["facts"].items())
    yield from _tail(part)
    good = [r for r in part["rows"] if not r["error"]]
    for group in ("training", "small", "large"):
        rows = [r for r in good if r["group"] == group]
        if rows:
            mean = math.exp(sum(math.log(r["ratio"]) for r in rows) / len(rows))
            yield from ("", f"### {_HEADINGS[group]}: geometric mean {mean:.2f}", "")
            yield from _times(rows)
    slower = sorted((r for r in good if r["group"] == "small" and r["ratio"] < 1), key=lambda r: r["ratio"])
    if any(r["group"] == "small" for r in good):
        yield from ("", "### Where a small call costs more than PyTorch's", "")
        yield from _times(slower) if slower else ("Nowhere.",)
    bad = [r for r in part["rows"] if r["error"]]
    if bad:
        yield from ("", "### What could not be timed", "")
        yield from _listed(f"- {r['case']}: {_line(r['error'])}" for r in bad)


_HEADINGS = {
    "training": "Training steps",
    "small": "Small calls (four elements): what a launch costs",
    "large": "Large calls",
}


def _times(rows: Iterable[Part]) -> Iterator[str]:
    cells = [
        (
            r["case"],
            f"{r['torch']:.1f}",
            f"{r['unison']:.1f}",
            f"{r['ratio']:.2f}",
            f"{r['first_unison']:.2f}",
        )
        for r in rows
    ]
    yield from _table(("case", "PyTorch us", "Unison us", "ratio", "first s"), cells)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"


def _tail(part: Part) -> Iterator[str]:
    if part.get("tail"):
        yield from ("", f"It ended ({part['state']}) with:", "", "```", *part["tail"], "```")


def _listed(lines: Iterable[str]) -> Iterator[str]:
    """The first so many; the JSON has them all."""
    held = list(lines)
    if held:
        yield ""
        yield from held[:_SHOWN]
    if len(held) > _SHOWN:
        yield f"- and {len(held) - _SHOWN} more (see the JSON)"


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
