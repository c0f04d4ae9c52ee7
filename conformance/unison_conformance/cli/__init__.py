"""The command `conformance`.

One module per subcommand, each with `add(parsers)`, which declares its options, and `run(options)`, which returns
the exit code; `COMMANDS` names them. What several need stands in `_arguments` and `_output`. Start in `main`.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence

from unison_conformance.cli._guard import enter, guarded, leave
from unison_conformance.errors import ConformanceError, ProcessEndedError

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
    """Carry out a command line and return the exit code of the contract.

    Without arguments it is this process's own, and a child carries it out (Note [The guard]).
    """
    if arguments is not None:
        return _outcome(arguments)
    return leave(_outcome(sys.argv[1:])) if enter() else guarded(sys.argv[1:])


def _outcome(arguments: Sequence[str]) -> int:
    try:
        return _run(arguments)
    except ConformanceError as e:
        return _fail(str(e), e.code)
    except BrokenPipeError:
        # Whoever read this has gone (`conformance list | head`): not our error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as e:
        return _fail(f"{e.filename or 'input or output'}: {e.strerror or e}", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 6)
    except ImportError as e:
        return _fail(str(e) if "conformance]" in str(e) else f"{e.__class__.__name__}: {e}", 7)
    except Exception as e:
        if os.environ.get("UNISON_CONFORMANCE_TRACEBACK"):
            raise
        return _fail(
            f"{_place(e)}: {e.__class__.__name__}: {e} (UNISON_CONFORMANCE_TRACEBACK=1 shows more)", 7
        )


def _run(arguments: Sequence[str]) -> int:
    from unison_conformance.cli._arguments import Parser

    parser = Parser(prog="conformance", description="Measure whether a backend computes the right thing.")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        importlib.import_module(f"{__name__}.{name}").add(parsers)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as e:
        # After `--help`, or an error that the parser has told of.
        return int(e.code or 0)
    module = importlib.import_module(f"{__name__}.{options.command.replace('-', '_')}")
    with warnings.catch_warnings():
        # Infinities and NaN are among the inputs; what comes of them is judged by its value.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return int(module.run(options))
        except SystemExit as e:
            raise ProcessEndedError(f"the backend ended the process (SystemExit {e.code!r})") from e


def _place(error: BaseException) -> str:
    """Where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "nowhere"


def _fail(text: str, code: int) -> int:
    print(f"conformance: {' '.join(text.split())}", file=sys.stderr)
    return code
