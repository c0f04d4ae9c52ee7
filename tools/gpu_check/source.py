"""Unison from its source tree: on the import path, announced as if installed, with its caches inside the tree."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "WORK", "announce", "environment", "project", "revision", "roots"]

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "gpu-check"
"""Everything that is written, but for the report; git ignores it."""

# Where libraries would write into the user's folders.
_CACHES = {
    "CUDA_CACHE_PATH": "cuda",
    "CUPY_CACHE_DIR": "cupy",
    "PYTORCH_KERNEL_CACHE_PATH": "torch",
    "TMPDIR": "tmp",
    "TRITON_CACHE_DIR": "triton",
    "UNISON_CONFORMANCE_CACHE": "references",
    "XDG_CACHE_HOME": "cache",
}


def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def roots() -> list[Path]:
    """The folders that hold packages."""
    return [
        ROOT / folder for folder in project()["tool"]["hatch"]["build"]["targets"]["wheel"]["dev-mode-dirs"]
    ]


def announce(folder: Path) -> Path:
    """Write the metadata that an installer would: backends are found by their entry points."""
    told = project()["project"]
    info = folder / f"{told['name']}-{told['version']}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    groups: Mapping[str, Mapping[str, str]] = {"console_scripts": told["scripts"], **told["entry-points"]}
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), "")
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def environment(extra: Sequence[Path] = ()) -> dict[str, str]:
    """Variables under which this interpreter and its children find Unison, the tests, and what was carried."""
    path = [announce(WORK / "site"), *roots(), ROOT, *extra]
    before = os.environ.get("PYTHONPATH")
    variables = {name: str(WORK / "caches" / folder) for name, folder in _CACHES.items()}
    for folder in variables.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    whole = os.pathsep.join([*map(str, path), *([before] if before else [])])
    return {**os.environ, **variables, "PYTHONPATH": whole, "PYTHONUNBUFFERED": "1"}


def revision(told: str = "") -> dict[str, Any]:
    """The commit, as given or as git knows it, whether files differ from it, and a hash of the packages' sources.

    The hash says which sources ran where git is not at hand: it is the same wherever the files are.
    """
    digest = hashlib.sha256()
    for path in sorted(
        p for root in roots() for p in root.rglob("*") if p.suffix in {".py", ".h", ".c", ".cl"}
    ):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    commit, changed = told or _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit or "unknown", "changed": bool(changed), "sources": digest.hexdigest()}


def _git(*words: str) -> str:
    try:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - git as the user has it
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if not done.returncode else ""
