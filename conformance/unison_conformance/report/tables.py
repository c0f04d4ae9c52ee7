"""The tables of a page: failures, worst errors, checks, fallbacks, environment."""

from __future__ import annotations

import math
from collections import defaultdict
from html import escape

from unison_conformance.report.groups import QUIET, Group, groups, shortened, subject
from unison_conformance.report.heat import cells_of
from unison_conformance.running.run import Run
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["checks", "environment", "failures", "fallbacks", "worst"]

_GROUPS = 20
_CASES = 12
_LONG = 220
_ERRORS = 40


def failures(run: Run) -> str:
    """What is not green, gathered by operator or check, each with the commands that repeat it."""
    found = groups(run.results)
    waived = [r for r in run.results if r.verdict is Verdict.WAIVED]
    if not found and not waived:
        return "<section><h2>Failures</h2><p>None.</p></section>"
    rows = "".join(_group(g, run.device) for g in found[:_GROUPS])
    waivers = "".join(
        f"<tr><td><span class='tag none'>WAIVED</span></td><th>{escape(r.case)}</th><td>{escape(r.detail)}</td></tr>"
        for r in waived
    )
    number, rest = sum(len(g.results) for g in found), len(found) - _GROUPS
    more = ""
    if rest > 0:
        later = "".join(_group(g, run.device) for g in found[_GROUPS:])
        more = (
            f"<details><summary>{rest} more operators and checks</summary>"
            f"<table class='failures'>{later}</table></details>"
        )
    return f"<section><h2>Failures ({number})</h2><table class='failures'>{rows}{waivers}</table>{more}</section>"


def _group(group: Group, device: str) -> str:
    first, count = group.results[0], len(group.results)
    rest = "".join(_command(r, device) for r in group.results[1:_CASES])
    if count > _CASES:
        rest += f"<br>and {count - _CASES} more"
    others = f"<details><summary>{count - 1} more</summary>{rest}</details>" if count > 1 else ""
    return (
        f"<tr><td><span class='tag bad'>{group.verdict.value}</span></td>"
        f"<th>{escape(group.subject)}{f'<small>{count} cases</small>' if count > 1 else ''}</th>"
        f"<td>{_detail(first)}{_command(first, device)}{others}</td></tr>"
    )


def _detail(result: Result) -> str:
    short = shortened(result, _LONG)
    if short == result.detail:
        return escape(result.detail)
    lines = "\n".join(part.strip() for part in result.detail.split(" | "))
    return f"<details><summary>{escape(short)}</summary><pre>{escape(lines)}</pre></details>"


def _command(result: Result, device: str) -> str:
    command = f"conformance repro {result.case} --device {device}"
    return f"<code class='command'>{escape(command)}</code>"


def worst(run: Run) -> str:
    """The worst error of each operator and dtype beside its limit; the largest shares."""
    best = {}
    for operator, row in cells_of(run).items():
        for dtype, results in row.items():
            able = [r for r in results if math.isfinite(r.ratio) and r.ratio > 0]
            if able:
                best[operator, dtype] = max(able, key=lambda r: r.ratio)
    ranked = sorted(best.items(), key=lambda item: -item[1].ratio)[:_ERRORS]
    if not ranked:
        return ""
    rows = "".join(
        f"<tr><th>{escape(op)}</th><td>{dtype}</td><td class='number'>{r.error:.3g}</td>"
        f"<td class='number'>{r.limit:.3g}</td><td class='number {'over' if r.ratio > 1 else ''}'>{r.ratio:.2f}</td>"
        f"<td><code>{escape(r.inputs or r.case)}</code></td></tr>"
        for (op, dtype), r in ranked
    )
    return (
        f"<section><h2>Worst errors</h2><p class='what'>The {len(ranked)} of {len(best)} pairs of operator and dtype "
        "that come nearest to their limits, in units in the last place (ULP).</p>"
        "<table><thead><tr><th>operator</th><th>dtype</th><th>error</th><th>limit</th><th>share</th>"
        f"<th>inputs, or the case</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def checks(run: Run) -> str:
    """How many of each theme's checks passed."""
    held: dict[str, list[Result]] = defaultdict(list)
    for result in run.results:
        if result.case.startswith("check."):
            held[subject(result.case)].append(result)
    if not held:
        return ""
    rows = "".join(_check(name.removeprefix("check."), rs) for name, rs in sorted(held.items()))
    return (
        "<section><h2>Checks beyond single calls</h2><div class='themes'><table class='checks'>"
        f"{rows}</table></div></section>"
    )


def _check(name: str, results: list[Result]) -> str:
    passed = sum(r.verdict is Verdict.PASS for r in results)
    bad = sum(r.verdict not in QUIET for r in results)
    kind = "bad" if bad else "good" if passed else "none"
    words = f"{bad} failed" if bad else f"{passed} passed" if passed else "not supported"
    return (
        f"<tr><th>{escape(name)}</th><td class='number'>{len(results)}</td>"
        f"<td><span class='tag {kind}'>{words}</span></td></tr>"
    )


def fallbacks(run: Run) -> str:
    """What ran on the host in the device's place."""
    if not run.fallbacks:
        return "<section><h2>Host fallbacks</h2><p>None.</p></section>"
    rows = "".join(
        f"<tr><th>{escape(f.operator)}</th><td class='number'>{f.count}</td><td class='number'>{f.bytes:,}</td>"
        f"<td><code>{escape(f.caller)}</code></td></tr>"
        for f in run.fallbacks
    )
    return (
        "<section><h2>Host fallbacks</h2><table><thead><tr><th>operator</th><th>calls</th><th>bytes</th>"
        f"<th>first seen in</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def environment(run: Run) -> str:
    """What the numbers were made with."""
    facts = {
        **run.environment,
        "case list": run.case_list,
        "seed": str(run.seed),
        "options": ", ".join(f"{k}={v}" for k, v in run.options.items() if v not in (None, "", [], ())),
        "dtypes": ", ".join(run.claims.dtypes),
        "subnormals": run.claims.subnormals,
    }
    rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in facts.items())
    return f"<section><h2>Environment</h2><table>{rows}</table></section>"
