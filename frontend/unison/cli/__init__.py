"""The command `unison`: what is here (`unison info`), and running PyTorch programs (`unison run`).

Start in `main` below; `info` and `run` hold the two commands, `torch_names` makes `torch` mean Unison, and the
folder `shims` is what `unison run` puts on the import path. May import all of the frontend; needs no extra.
"""

import argparse
import sys
from collections.abc import Sequence

__all__ = ["main"]

PROGRAM = "unison"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line (default: this process's) and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Deep learning with PyTorch's interface, on any device."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("info", help="show versions, backends (and why one is missing), devices and memory")
    run = commands.add_parser("run", help="run a PyTorch program with Unison as `torch`")
    run.add_argument("script", help="a Python file")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="what the program finds in sys.argv")
    options = parser.parse_args(arguments)
    if options.command == "info":
        from unison.cli.info import report

        print(report())
        return 0
    from unison.cli.run import run_script

    try:
        run_script(options.script, options.arguments)
    except FileNotFoundError as error:
        if error.filename != options.script:
            raise
        print(f"{PROGRAM} run: there is no file {options.script!r}; name a Python program", file=sys.stderr)
        return 2
    return 0
