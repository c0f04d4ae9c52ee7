"""The heat map of a page: operators by dtypes, a table for each theme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape

from unison_conformance.report.groups import QUIET
from unison_conformance.running.run import Run
from unison_conformance.running.verdicts import Result, Verdict
from unison_core.operator import registry

__all__ = ["cells_of", "heat_map"]

_SHORT = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "complex64": "c64",
    "complex128": "c128",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "bool",
}
"""In the order of the columns."""

Cells = Mapping[str, Mapping[str, Sequence[Result]]]


def cells_of(run: Run) -> Cells:
    """Operator -> dtype -> results; an erroneous call that was refused says nothing of values."""
    cells: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in run.results:
        if result.case.startswith("check."):
            continue
        operator, dtype, _, values, _ = result.case.rsplit("-", 4)
        if values != "error" or result.verdict not in QUIET:
            cells[operator][dtype].append(result)
    return cells


def heat_map(run: Run) -> str:
    """The section; empty if the run had no calls of operators."""
    cells = cells_of(run)
    if not cells:
        return ""
    themes: dict[str, list[str]] = defaultdict(list)
    for operator in sorted(cells):
        themes[registry[operator].theme if operator in registry else "other"].append(operator)
    tables = "".join(_theme(theme, names, cells) for theme, names in sorted(themes.items()))
    legend = (
        "<span class='cell' style='background:rgba(20,130,70,.15)'>0.00</span> to "
        "<span class='cell' style='background:rgba(20,130,70,.75)'>1.00</span> worst error as a share of its limit, "
        "<span class='cell' style='background:rgba(20,130,70,.15)'>=</span> every bit right, "
        "<span class='cell bad'>3</span> cases that failed, <span class='cell none'>-</span> not supported"
    )
    return (
        f"<section><h2>Operators and dtypes</h2><p class='legend'>{legend}</p>"
        f"<div class='themes'>{tables}</div></section>"
    )


def _theme(theme: str, names: Sequence[str], cells: Cells) -> str:
    used = [d for d in _SHORT if any(cells[n].get(d) for n in names)]
    head = "".join(f"<th title='{d}'>{_SHORT[d]}</th>" for d in used)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cell(name, d, cells[name].get(d, ())) for d in used)}</tr>"
        for name in names
    )
    return (
        f"<table class='heat'><thead><tr><th class='theme'>{escape(theme)}</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _cell(name: str, dtype: str, results: Sequence[Result]) -> str:
    if not results:
        return "<td></td>"
    bad = sum(r.verdict not in QUIET for r in results)
    passed = [r for r in results if r.verdict is Verdict.PASS]
    title = escape(f"{name} {dtype}: {len(passed)} of {len(results)} passed", quote=True)
    if bad:
        return f"<td class='bad' title='{title}'>{bad}</td>"
    if not passed:
        return f"<td class='none' title='{escape(results[0].detail, quote=True)}'>-</td>"
    worst = max(r.ratio for r in passed)
    shade = 0.15 + 0.6 * min(worst, 1.0)
    text = f"{worst:.2f}" if worst else "="
    return f"<td style='background:rgba(20,130,70,{shade:.2f})' title='{title}'>{text}</td>"
