"""The run as one HTML file that needs nothing else: level, heat map, worst errors, failures, environment."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape

from unison_conformance.report._style import STYLE
from unison_conformance.running.run import Run
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["page"]

# In the order of the table's columns.
_DTYPES = (
    *("float32", "float64", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
_SHOWN_FAILURES = 200
_SHOWN_ERRORS = 40


def page(run: Run) -> str:
    """The whole document."""
    body = "\n".join(
        (
            _head(run),
            _verdicts(run),
            _badges(run),
            _failures(run),
            _heat_map(run),
            _worst(run),
            _checks(run),
            _fallbacks(run),
            _environment(run),
        )
    )
    title = f"Conformance of {run.device}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _head(run: Run) -> str:
    if run.interrupted:
        word, kind = "cut short", "none"
    elif run.level is None:
        word, kind = "no level decided", "none"
    elif run.level < 0:
        word, kind = "below level 0", "bad"
    else:
        word, kind = f"level {run.level}", "good" if run.code == 0 else "bad"
    reasons = "".join(f"<li>{escape(r)}</li>" for r in run.reasons)
    return (
        f"<header><h1>{escape(run.device)}</h1><p class='level {kind}'>{word}</p>"
        f"<p>suite {escape(run.suite)}, exit code {run.code}, {len(run.results):,} cases in {run.seconds:.0f} s, "
        f"{escape(run.started)}</p>{f'<ul>{reasons}</ul>' if reasons else ''}</header>"
    )


def _verdicts(run: Run) -> str:
    total = max(len(run.results), 1)
    parts = "".join(
        f"<span class='{_kind(v)}' style='flex:{max(n / total, 0.004):.4f}' title='{v.value}: {n}'></span>"
        for v, n in run.counts().items()
    )
    words = ", ".join(f"<b>{n:,}</b> {v.value}" for v, n in run.counts().items())
    return f"<section><div class='bar'>{parts}</div><p>{words}</p></section>"


def _kind(verdict: Verdict) -> str:
    if verdict is Verdict.PASS:
        return "good"
    return "none" if verdict in {Verdict.NOT_SUPPORTED, Verdict.WAIVED} else "bad"


def _badges(run: Run) -> str:
    if not run.badges:
        return ""
    items = "".join(
        f"<li class='{_badge_kind(b.status)}' title='{escape(b.reason, quote=True)}'>{escape(b.name)}"
        f"<small>{escape(b.status)}{' (claimed)' if b.claimed else ''}</small></li>"
        for b in run.badges
    )
    return f"<section><h2>Badges</h2><ul class='badges'>{items}</ul></section>"


def _badge_kind(status: str) -> str:
    return {"earned": "good", "failed": "bad"}.get(status, "none")


def _failures(run: Run) -> str:
    bad = [r for r in run.results if _kind(r.verdict) == "bad"]
    if not bad:
        return "<section><h2>Failures</h2><p>None.</p></section>"
    rows = "".join(
        f"<tr><td class='bad'>{r.verdict.value}</td><td>{escape(r.detail)}<br>"
        f"<code>conformance repro {escape(r.case)} --device {escape(run.device)}</code></td></tr>"
        for r in bad[:_SHOWN_FAILURES]
    )
    more = f"<p>and {len(bad) - _SHOWN_FAILURES} more</p>" if len(bad) > _SHOWN_FAILURES else ""
    return f"<section><h2>Failures ({len(bad)})</h2><table>{rows}</table>{more}</section>"


def _split(name: str) -> tuple[str, str] | None:
    """Operator and dtype of a case; None for a check."""
    if name.startswith("check."):
        return None
    parts = name.rsplit("-", 4)
    return (parts[0], parts[1]) if len(parts) == 5 else None


def _heat_map(run: Run) -> str:
    cells: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in run.results:
        place = _split(result.case)
        if place:
            cells[place[0]][place[1]].append(result)
    if not cells:
        return ""
    used = [d for d in _DTYPES if any(d in row for row in cells.values())]
    head = "".join(f"<th>{d}</th>" for d in used)
    rows = "".join(
        f"<tr><th>{escape(op)}</th>{''.join(_cell(row.get(d, ())) for d in used)}</tr>"
        for op, row in sorted(cells.items())
    )
    return (
        "<section><h2>Operators and dtypes</h2><p>Each cell: the worst error as a share of its limit; darker is "
        "nearer to the limit, red is beyond it or otherwise not passed, grey is not supported.</p>"
        f"<table class='heat'><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _cell(results: Sequence[Result]) -> str:
    if not results:
        return "<td></td>"
    bad = [r for r in results if _kind(r.verdict) == "bad"]
    passed = [r for r in results if r.verdict is Verdict.PASS]
    title = f"{len(passed)} of {len(results)} passed"
    if bad:
        return f"<td class='bad' title='{title}'>{len(bad)}</td>"
    if not passed:
        return f"<td class='none' title='{escape(results[0].detail, quote=True)}'>-</td>"
    worst = max(r.ratio for r in passed)
    shade = 0.15 + 0.6 * min(worst, 1.0)
    return f"<td style='background:rgba(20,130,70,{shade:.2f})' title='{title}'>{worst:.2f}</td>"


def _worst(run: Run) -> str:
    best: dict[tuple[str, str], Result] = {}
    for result in run.results:
        place = _split(result.case)
        if place and math.isfinite(result.ratio) and result.ratio > 0:
            kept = best.get(place)
            best[place] = result if kept is None or result.ratio > kept.ratio else kept
    ranked = sorted(best.items(), key=lambda item: -item[1].ratio)[:_SHOWN_ERRORS]
    if not ranked:
        return ""
    rows = "".join(
        f"<tr><th>{escape(op)}</th><td>{dtype}</td><td class='number'>{r.error:.3g}</td>"
        f"<td class='number'>{r.limit:.3g}</td><td class='number'>{r.ratio:.2f}</td>"
        f"<td><code>{escape(r.inputs or r.case)}</code></td></tr>"
        for (op, dtype), r in ranked
    )
    return (
        "<section><h2>Worst errors</h2><table><thead><tr><th>operator</th><th>dtype</th><th>error, ULP</th>"
        "<th>limit, ULP</th><th>share</th><th>inputs, or the case</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _checks(run: Run) -> str:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in run.results:
        if result.case.startswith("check."):
            groups[result.case.split(".")[1]].append(result)
    if not groups:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td class='number'>{_passed(rs)} of {len(rs)}</td></tr>"
        for name, rs in sorted(groups.items())
    )
    return f"<section><h2>Checks beyond single calls</h2><table>{rows}</table></section>"


def _passed(results: Iterable[Result]) -> int:
    return sum(r.verdict is Verdict.PASS for r in results)


def _fallbacks(run: Run) -> str:
    if not run.fallbacks:
        return "<section><h2>Host fallbacks</h2><p>None.</p></section>"
    rows = "".join(
        f"<tr><th>{escape(f.operator)}</th><td>{f.count}</td><td>{f.bytes:,} bytes</td><td>{escape(f.caller)}</td></tr>"
        for f in run.fallbacks
    )
    return f"<section><h2>Host fallbacks</h2><table>{rows}</table></section>"


def _environment(run: Run) -> str:
    facts = {
        **run.environment,
        "case list": run.case_list,
        "seed": str(run.seed),
        "options": ", ".join(f"{k}={v}" for k, v in run.options.items() if v not in (None, "", [])),
        "dtypes": ", ".join(run.claims.dtypes),
        "subnormals": run.claims.subnormals,
    }
    rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in facts.items())
    return f"<section><h2>Environment</h2><table>{rows}</table></section>"
