"""The meta backend: tensors that have a shape, a dtype and strides, but no data.

Every kernel is the operator's infer rule. Programs run on it to learn shapes without computing or allocating. May
import core only. This module is the manifest; start reading in `backend`.
"""

from unison_core.plugins import BackendManifest, hookimpl

__all__ = ["unison_backend"]


@hookimpl
def unison_backend() -> BackendManifest:
    """Needs nothing, so there is nothing to probe."""
    return BackendManifest(name="meta", contract=1, load="unison_meta.backend:MetaBackend", accelerator=False)
