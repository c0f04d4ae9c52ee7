"""An installed backend, `broken`, on a path of its own: worker processes find it as they find anybody's."""

from __future__ import annotations

from pathlib import Path

__all__ = ["install"]

MANIFEST = """
from unison_core.plugins import BackendManifest, hookimpl

@hookimpl
def unison_backend():
    return BackendManifest(name="broken", contract=1, load="broken_backend_code:Broken", fix="none")
"""

CODE = """
import faulthandler, os, sys, time
from unison_conformance.strict.backend import StrictBackend

class Broken(StrictBackend):
    name = "broken"

    def __init__(self):
        super().__init__()
        {prepare}

    def kernel(self, op):
        right = super().kernel(op)
        if op.name == "exp":
            def kernel(x): {exp}
            return kernel
        if op.name == "nonzero":
            return None
        return right
"""


def install(folder: Path, *, exp: str, prepare: str = "pass") -> str:
    """Write the backend; returns what PYTHONPATH must hold. `exp` is the body of its kernel of exp."""
    (folder / "broken_backend.py").write_text(MANIFEST)
    (folder / "broken_backend_code.py").write_text(CODE.format(exp=exp, prepare=prepare))
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[unison.backends]\nbroken = broken_backend\n")
    return str(folder)
