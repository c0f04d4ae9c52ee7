"""The command `conformance`.

One module per subcommand, each with `add(parsers)`, which declares its options, and `run(options)`, which returns
the exit code; `COMMANDS` names them. What several need stands in `_arguments` and `_output`. Start in `main`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from unison_conformance.cli._arguments import Parser
from unison_conformance.errors import ConformanceError

__all__ = ["COMMANDS", "main"]

COMMANDS = (
    "doctor",
    "list",
    "run",
    "compare",
    "repro",
    "explain",
    "measure",
    "mutate",
    "train",
    "diff",
    "verify",
    "report",
    "new_backend",
)
"""Modules of this package, in the order of the help; `new_backend` is the subcommand `new-backend`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line (default: this process's) and return the exit code of the contract."""
    parser = Parser(prog="conformance", description="Measure whether a backend computes the right thing.")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        importlib.import_module(f"{__name__}.{name}").add(parsers)
    try:
        return _run(parser.parse_args(arguments))
    except ConformanceError as e:
        return _fail(str(e), e.code)
    except ImportError as e:
        if "conformance]" not in str(e):
            raise
        return _fail(str(e), 7)
    except OSError as e:
        if isinstance(e, BrokenPipeError):
            # Whoever read this has gone (`conformance list | head`): not our error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 0
        return _fail(f"{e.filename or 'input or output'}: {e.strerror or e}", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 6)


def _run(options: argparse.Namespace) -> int:
    module = importlib.import_module(f"{__name__}.{options.command.replace('-', '_')}")
    return int(module.run(options))


def _fail(text: str, code: int) -> int:
    print(f"conformance: {' '.join(text.split())}", file=sys.stderr)
    return code
