"""Tables and progress: rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["failures", "progress", "table"]

_STEPS = 10
_CALM = {Verdict.PASS, Verdict.WAIVED, Verdict.NOT_SUPPORTED}


def _rich() -> bool:
    if not sys.stdout.isatty():
        return False
    try:
        import rich  # noqa: F401
    except ImportError:
        return False
    return True


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Print a table; columns whose cells are numbers are set to the right."""
    cells = [[str(c) for c in row] for row in rows]
    right = [all(_numeric(row[i]) for row in cells) for i in range(len(columns))]
    if _rich():
        from rich.console import Console
        from rich.table import Table

        shown = Table(title=title or None, title_justify="left", header_style="bold")
        for name, justified in zip(columns, right, strict=True):
            shown.add_column(name, justify="right" if justified else "left", overflow="fold")
        for row in cells:
            shown.add_row(*row)
        Console().print(shown, markup=False)
        return
    if title:
        print(title)
    widths = [max(len(r[i]) for r in [list(columns), *cells]) for i in range(len(columns))]
    for row in [list(columns), *cells]:
        line = "  ".join(
            c.rjust(w) if justified else c.ljust(w)
            for c, w, justified in zip(row, widths, right, strict=True)
        )
        print(line.rstrip())


def _numeric(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def failures(
    results: Sequence[Result], device: str, most: int = 20, where: str = "conformance run --json FILE"
) -> None:
    """Print what is not green, each with the command that repeats it; `where` has those beyond the first `most`."""
    # What the backend did comes before what the suite could not judge.
    results = sorted(results, key=lambda r: r.verdict is Verdict.SUITE_ERROR)
    for r in results[:most]:
        print(f"{r.verdict.value} {r.case}" + (f": {r.detail}" if r.detail else ""))
        if r.inputs:
            print(f"    inputs  {r.inputs}")
        print(f"    repeat  conformance repro {r.case} --device {device}")
    if len(results) > most:
        print(f"... and {len(results) - most} more ({where} has all of them)")


@contextmanager
def progress(device: str) -> Iterator[Callable[[Result, int, int], None]]:
    """A function to call after each result; a bar on a terminal, else a line for each tenth, on standard error."""
    if sys.stderr.isatty():
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError:
            pass
        else:
            from rich.console import Console

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(device, total=None)
                yield lambda r, done, total: bar.update(task, completed=done, total=total)
            return
    bad = 0

    def line(result: Result, done: int, total: int) -> None:
        nonlocal bad
        bad += result.verdict not in _CALM
        if done * _STEPS // total != (done - 1) * _STEPS // total:
            print(f"{device}: {done} of {total} cases, {bad} failed", file=sys.stderr)

    yield line
