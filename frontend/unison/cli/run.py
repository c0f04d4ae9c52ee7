"""Run a PyTorch program with Unison in PyTorch's place."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from unison.cli.torch_names import missing_name

__all__ = ["run_script"]

# A folder on the import path, not only a hook in this process: worker processes that start afresh are given the
# path of their parent, so `torch` means Unison there too.
SHIMS = Path(__file__).parent / "shims"


def run_script(script: str, arguments: Sequence[str]) -> None:
    """Run a Python file as `__main__`, with `arguments` in sys.argv and `torch` resolved to Unison.

    Raises:
        FileNotFoundError: there is no such file.
        BaseException: whatever the program raises; a name of PyTorch's that Unison lacks is explained in a note.
    """
    if not Path(script).is_file():
        raise FileNotFoundError(2, "no such program", script)
    sys.argv = [script, *arguments]
    sys.path[:0] = [str(Path(script).resolve().parent), str(SHIMS)]
    try:
        runpy.run_path(script, run_name="__main__")
    except (AttributeError, ImportError) as error:
        if note := missing_name(error):
            error.add_note(note)
        raise
