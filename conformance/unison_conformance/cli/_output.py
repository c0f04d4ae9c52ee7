"""Tables and progress: rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from unison_conformance.report.groups import QUIET, groups, shortened
from unison_conformance.running.verdicts import Result

__all__ = ["failures", "progress", "say", "table", "ticks"]

_STEPS = 10
_LONG = 300


def _rich() -> bool:
    if not sys.stdout.isatty():
        return False
    try:
        import rich  # noqa: F401
    except ImportError:
        return False
    return True


def say(text: str, *, good: bool) -> None:
    """Print a line that decides: on a terminal green or red."""
    if _rich():
        from rich.console import Console
        from rich.text import Text

        Console().print(Text(text, style="bold green" if good else "bold red"), soft_wrap=True)
    else:
        print(text)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Print a table; columns whose cells are numbers are set to the right."""
    cells = [[str(c) for c in row] for row in rows]
    right = [all(_numeric(row[i]) for row in cells) for i in range(len(columns))]
    if _rich():
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        shown = Table(
            title=title or None,
            title_justify="left",
            header_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
        )
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
    """Print what is not green, gathered by operator or check, each with the command that repeats its first case.

    `where` has what goes beyond the first `most` lines.
    """
    found = groups(results)
    for group in found[:most]:
        first, others = group.results[0], len(group.results) - 1
        text = shortened(first, _LONG)
        say(f"{group.verdict.value} {first.case}" + (f": {text}" if text else ""), good=False)
        if first.inputs:
            print(f"    inputs  {first.inputs}")
        print(f"    repeat  conformance repro {first.case} --device {device}")
        if others:
            print(f"    and {others} more of {group.subject}")
    if len(found) > most:
        rest = sum(len(g.results) for g in found[most:])
        print(
            f"... and {rest} cases more, of {len(found) - most} operators and checks ({where} has all of them)"
        )


@contextmanager
def progress(device: str) -> Iterator[Callable[[Result, int, int], None]]:
    """A function to call after each result; a bar on a terminal, else a line for each tenth, on standard error."""
    bad = 0
    with ticks(device, "cases") as tick:

        def after(result: Result, done: int, total: int) -> None:
            nonlocal bad
            bad += result.verdict not in QUIET
            tick(done, total, f"{bad} failed")

        yield after


@contextmanager
def ticks(name: str, things: str) -> Iterator[Callable[[int, int, str], None]]:
    """A function of how many are done, how many there are, and a note."""
    if sys.stderr.isatty():
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError:
            pass
        else:
            from rich.console import Console

            note = TextColumn("{task.fields[note]}")
            columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), note)
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(name, total=None, note="")
                yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)
            return

    def line(done: int, total: int, note: str) -> None:
        if done * _STEPS // total != (done - 1) * _STEPS // total:
            print(f"{name}: {done} of {total} {things}, {note}", file=sys.stderr)

    yield line
