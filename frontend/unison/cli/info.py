"""What is installed, which backends were found and what became of them, and how much memory there is."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import unison
from unison_core import plugins

__all__ = ["report"]

REQUIRED = ("numpy", "ml_dtypes", "pluggy", "safetensors")
# Library and the extra that brings it.
OPTIONAL = {
    "pyopencl": "opencl",
    "cupy-cuda12x": "cuda",
    "nvidia-cudnn-frontend": "cudnn",
    "matplotlib": "demo",
    "rich": "demo",
    "torch": "parity",
}
GIB = 2**30


def report() -> str:
    """Describe this installation in plain lines."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield f"Unison {unison.__version__}   {Path(unison.__file__).parent}"
    yield f"Python {platform.python_version()}   {platform.platform()}"
    yield ""
    yield "Libraries"
    for name in REQUIRED:
        yield f"  {name:<22}{_version(name) or 'missing: install unison again'}"
    for name, extra in OPTIONAL.items():
        yield f"  {name:<22}{_version(name) or f'not installed (extra {extra!r})'}"
    yield ""
    yield "Backends"
    yield from _backends()
    yield from _overlays()
    yield ""
    yield "Memory"
    yield from (f"  {line}" for line in _memory())


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _backends() -> Iterator[str]:
    records = unison.backends()
    if not records:
        yield "  none: the distribution that brings them is not installed. Run pip install unison"
    for record in records:
        yield from _plugin(record)


def _overlays() -> Iterator[str]:
    records = plugins.overlays()
    if records:
        yield ""
        yield "Overlays (found: not asked, since their backend is not in use)"
    for record in records:
        yield from _plugin(record)


def _plugin(record: plugins.BackendRecord) -> Iterator[str]:
    yield f"  {record.name:<14}{record.status:<13}from {record.origin}"
    if record.devices:
        yield f"{'':16}devices: {', '.join(record.devices)}"
    if record.reason:
        yield f"{'':16}reason:  {record.reason}"
    if record.status == "quarantined" and record.fix:
        yield f"{'':16}fix:     {record.fix}"


def _memory() -> Iterator[str]:
    """Yield what the operating system says; lines it cannot answer are left out."""
    names = os.sysconf_names if hasattr(os, "sysconf") else {}
    if {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= names.keys():
        page = os.sysconf("SC_PAGE_SIZE")
        total = f"host: {page * os.sysconf('SC_PHYS_PAGES') / GIB:.1f} GiB"
        free = page * os.sysconf("SC_AVPHYS_PAGES") / GIB if "SC_AVPHYS_PAGES" in names else None
        yield total if free is None else f"{total}, {free:.1f} GiB free"
    try:
        import resource
    except ImportError:
        return
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if platform.system() == "Darwin" else 2**10
    yield f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20:.0f} MiB at most so far"
