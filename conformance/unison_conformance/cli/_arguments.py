"""Options that several subcommands have, and a parser whose errors are one line."""

from __future__ import annotations

import argparse
import os
import re
from typing import Any, NoReturn

from unison_conformance.cases.case import nearest
from unison_conformance.running.conduct import Options

__all__ = [
    "Parser",
    "add_budget",
    "add_device",
    "add_selection",
    "add_timeout",
    "add_whole",
    "add_workers",
    "count",
    "options_from",
]

_CHOICE = re.compile(r"invalid choice: '?([^' ]*)'? \(choose from (.*)\)")


class Parser(argparse.ArgumentParser):
    """argparse's, with errors of one line that name what exists instead."""

    def __init__(self, **settings: Any) -> None:
        # Abbreviated options would change their meaning with each option added.
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, with the nearest names, and exit with 2."""
        choice = _CHOICE.search(message)
        if choice:
            message += nearest(choice[1], [c.strip(" '") for c in choice[2].split(",")])
        unknown = re.match(r"unrecognized arguments: (-\S+)", message)
        if unknown:
            message += nearest(unknown[1].partition("=")[0], self._every_option())
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")

    def _every_option(self) -> list[str]:
        found = [o for action in self._actions for o in action.option_strings]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [o for p in action.choices.values() for a in p._actions for o in a.option_strings]
        return sorted(set(found))


def add_device(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """`--device`."""
    if several:
        parser.add_argument(
            "--device", action="append", default=[], metavar="NAME", help="a device; given twice or more"
        )
    else:
        parser.add_argument(
            "--device", default="cpu", metavar="NAME", help="cpu, opencl:0, ... (default: cpu)"
        )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """`--level`, `--ops` and `--dtype`."""
    parser.add_argument(
        "--level", type=_level, default=1, metavar="N", help="0 Storage, 1 Core, 2 Train, 3 Full (default: 1)"
    )
    parser.add_argument(
        "--ops", type=_words, default=(), metavar="A,B*", help="only these operators or checks (patterns)"
    )
    parser.add_argument("--dtype", type=_words, default=(), metavar="A,B", help="only these dtypes")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """`--jobs` and `--timeout`."""
    parser.add_argument(
        "--jobs",
        type=count,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="worker processes; 0 runs in this process, where a crash ends the run (default: %(default)s)",
    )
    add_timeout(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """`--timeout`."""
    parser.add_argument(
        "--timeout", type=_positive, default=30.0, metavar="S", help="seconds a case may take (default: 30)"
    )


def add_budget(parser: argparse.ArgumentParser) -> None:
    """`--budget`."""
    parser.add_argument(
        "--budget", type=_positive, default=0.0, metavar="S", help="stop after so many seconds"
    )


def add_whole(parser: argparse.ArgumentParser) -> None:
    """`--seed`, `--budget`, `--waivers` and the workers' options."""
    parser.add_argument(
        "--seed", type=count, default=0, metavar="N", help="of the cases drawn at random on top"
    )
    add_budget(parser)
    add_workers(parser)
    parser.add_argument(
        "--waivers", default="", metavar="FILE", help="instead of the backend's own conformance.toml"
    )


def options_from(given: argparse.Namespace) -> Options:
    """The options of a run; those that the subcommand does not have keep their defaults."""
    names = Options.__dataclass_fields__
    return Options(**{k: v for k, v in vars(given).items() if k in names})


def _level(text: str) -> int:
    number = text.upper().removeprefix("L")
    if number not in {"0", "1", "2", "3"}:
        raise argparse.ArgumentTypeError(
            f"there is no level {text!r}; levels are 0 Storage, 1 Core, 2 Train, 3 Full"
        )
    return int(number)


def _words(text: str) -> tuple[str, ...]:
    return tuple(w for w in (part.strip() for part in text.split(",")) if w)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no count: 0 or more")
    return int(text)
