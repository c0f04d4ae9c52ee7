"""From kernel sources to compiled kernels: assembly of the text, and a cache per device.

A program is the target's header, `types.h`, on processors `processor.h`, the defines that specialise it, and source
files of `sources/`. The key of the cache is (sources, entry, defines), so each specialisation is built once per device
and process; runtimes keep binaries on disk where their library does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from unison_core.ckit.runtime import Runtime

__all__ = ["Program", "assemble"]

Defines = tuple[tuple[str, Any], ...]


class Program:
    """One kernel of the kit, still unspecialised: its source files, the last of which defines `entry`."""

    __slots__ = ("entry", "sources")

    def __init__(self, entry: str, *sources: str) -> None:
        self.entry = entry
        self.sources = sources or (f"{entry}.c",)

    def kernel(self, runtime: Runtime, defines: Defines, label: str) -> Any:
        """The compiled kernel for these defines; `label` names the operator in messages."""
        key = (self.entry, self.sources, defines)
        found = runtime.programs.get(key)
        if found is None:
            with runtime.lock:
                found = runtime.programs.get(key)
                if found is None:
                    text = assemble(runtime, self.sources, defines)
                    found = runtime.programs[key] = runtime.compile(text, self.entry, label)
        return found


@cache
def _source(name: str) -> str:
    return (resources.files("unison_core.ckit") / "sources" / name).read_text(encoding="utf-8")


def assemble(runtime: Runtime, sources: Sequence[str], defines: Defines) -> str:
    """The whole text of a program for a device."""
    facts = runtime.facts
    have = {"HAS_FP64": facts.fp64, "HAS_ATOMICS64": facts.atomics64, "IS_CPU": facts.cpu}
    lines = [f"#define {name} 1" for name, there in have.items() if there]
    lines += [_source(f"{runtime.dialect}.h"), _source("types.h")]
    if facts.cpu:
        lines.append(_source("processor.h"))
    lines += [f"#define {name} {_text(value)}" for name, value in defines]
    return "\n".join([*lines, *(_source(name) for name in sources)])


def _text(value: Any) -> str:
    return value.name if hasattr(value, "itemsize") else str(int(value) if value.__class__ is bool else value)


TRACE = bool(os.environ.get("UNISON_CKIT_TRACE"))


def trace(label: str, entry: str, groups: int, group: int, defines: Defines) -> None:
    """Print one launch: what `UNISON_CKIT_TRACE=1` asks for."""
    words = " ".join(f"{name}={_text(value)}" for name, value in defines)
    sys.stderr.write(f"[ckit] {label}: {entry} {groups} x {group} {words}\n")
