"""The run as one HTML file that needs nothing else: what was reached stands first, then what is in the way."""

from __future__ import annotations

from html import escape

from unison_conformance.levels import NAMES
from unison_conformance.report._style import STYLE
from unison_conformance.report.groups import QUIET
from unison_conformance.report.heat import heat_map
from unison_conformance.report.tables import checks, environment, failures, fallbacks, worst
from unison_conformance.running.run import FLOAT32, Badge, Run
from unison_conformance.running.verdicts import Verdict

__all__ = ["page"]

_STATUSES = {
    "earned": "earned",
    "failed": "failed",
    "partly": "partly tried",
    "not tried": "not tried",
    "unverified": "claimed, not verified",
}


def page(run: Run) -> str:
    """The whole document."""
    parts = (_head, _badges, failures, heat_map, worst, checks, fallbacks, environment)
    body = "\n".join(filter(None, (part(run) for part in parts)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Conformance of {escape(run.device)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _head(run: Run) -> str:
    reasons = "".join(f"<li>{escape(r)}</li>" for r in run.reasons)
    return (
        f"<header><h1>{escape(run.device)}</h1>"
        f"<p class='what'>{escape(run.environment.get('device', ''))}; {FLOAT32}: {escape(run.float32_products)}</p>"
        f"<p class='level {_mood(run)}'>{_word(run)}</p>{_ladder(run)}"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}{_bar(run)}"
        f"<p class='what'>Unison conformance {escape(run.suite)}, {len(run.results):,} cases in {run.seconds:.0f} s, "
        f"{escape(run.started)}, exit code {run.code}</p></header>"
    )


def _word(run: Run) -> str:
    if run.interrupted:
        return "interrupted: no level decided"
    if run.level is None:
        return f"no level decided: {run.undecided}"
    return f"Level {run.level} {NAMES[run.level]}" if run.level in NAMES else "no level reached"


def _mood(run: Run) -> str:
    if run.code in {1, 4, 5, 7}:
        return "bad"
    return "good" if run.code == 0 and run.level is not None else "none"


def _ladder(run: Run) -> str:
    """A step for each level: reached, missed, or not asked for."""
    if run.level is None:
        return ""
    asked = run.options.get("level", 1)
    steps = ""
    for n, name in NAMES.items():
        kind, word = (
            ("good", "reached")
            if n <= run.level
            else ("bad", "missed")
            if n <= asked
            else ("none", "not tried")
        )
        steps += f"<li class='{kind}'>L{n} {name}<small>{word}</small></li>"
    return f"<ol class='chips ladder'>{steps}</ol>"


def _bar(run: Run) -> str:
    """The verdicts as a bar, and in words."""
    counts, total = run.counts(), max(len(run.results), 1)
    ordered = sorted(counts.items(), key=lambda item: _order(item[0]))
    parts = "".join(
        f"<span class='{_kind(v)}' style='flex:{max(n / total, 0.006):.4f}' title='{v.value}: {n}'></span>"
        for v, n in ordered
    )
    words = ", ".join(f"<b class='{_kind(v)}'>{n:,}</b> {v.value}" for v, n in ordered)
    return f"<div class='bar'>{parts}</div><p>{words}</p>"


def _order(verdict: Verdict) -> int:
    return ("good", "bad", "none").index(_kind(verdict))


def _kind(verdict: Verdict) -> str:
    if verdict is Verdict.PASS:
        return "good"
    return "none" if verdict in QUIET else "bad"


def _badges(run: Run) -> str:
    """A chip for each badge that is claimed or was shown; the others in a line."""
    held = [b for b in run.badges if b.status != "open"]
    rest = ", ".join(b.name for b in run.badges if b.status == "open")
    chips = "".join(map(_chip, held))
    return (
        "<section><h2>Badges</h2>"
        + (f"<ul class='chips'>{chips}</ul>" if chips else "")
        + (f"<p class='what'>Not claimed: {escape(rest)}.</p>" if rest else "")
        + "</section>"
    )


def _chip(badge: Badge) -> str:
    kind = {"earned": "good", "failed": "bad"}.get(badge.status, "none")
    reason = f" title='{escape(badge.reason, quote=True)}'" if badge.reason else ""
    words = _STATUSES.get(badge.status, badge.status) + ("" if badge.claimed else ", not claimed")
    return f"<li class='{kind}'{reason}>{escape(badge.name)}<small>{escape(words)}</small></li>"
