"""Show how training goes: bars on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["needs", "print_table", "progress"]

PLAIN_LINES = 5


def needs(extra: str, error: ImportError) -> SystemExit:
    """Name the extra that brings a missing library."""
    return SystemExit(
        f"This needs {error.name}, which the extra {extra!r} brings: pip install 'unison[{extra}]'"
    )


@contextmanager
def progress(title: str, steps: int) -> Iterator[Callable[[int, float], None]]:
    """Give a function to be called with each step's number and loss."""
    with _bar(title, steps) if sys.stdout.isatty() else _lines(title, steps) as show:
        yield show


@contextmanager
def _lines(title: str, steps: int) -> Iterator[Callable[[int, float], None]]:
    every = max(1, steps // PLAIN_LINES)

    def show(step: int, loss: float) -> None:
        if (step + 1) % every == 0 or step == 0:
            print(f"{title:<28} step {step + 1:>4}/{steps}   loss {loss:.4f}", flush=True)

    yield show


@contextmanager
def _bar(title: str, steps: int) -> Iterator[Callable[[int, float], None]]:
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError as error:
        raise needs("demo", error) from error
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bars:
        task = bars.add_task(title, total=steps, loss=float("nan"))
        yield lambda step, loss: bars.update(task, completed=step + 1, loss=loss)


def print_table(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns, the first row as heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    print(f"\n{title}\n{lines[0]}\n{'-' * len(lines[0])}", *lines[1:], sep="\n")
