"""What the fault handler wrote, in words: where a process was when it died or was given up. Imports nothing heavy."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["where"]

_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
_SHOWN = 3


def where(said: str) -> str:
    """` in f (file.py:3), from g (...)`: the innermost frames of the thread at fault; empty if none are told."""
    frames = _FRAME.findall(said.partition("Current thread")[2] or said)[:_SHOWN]
    places = [f"{name} ({PurePath(path).name}:{line})" for path, line, name in frames]
    return f" in {', from '.join(places)}" if places else ""
