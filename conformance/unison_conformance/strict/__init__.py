"""The strict device: NumPy that refuses what the backend contract does not promise.

`strict:0` has every dtype, `strict:1` is the same without float64 and complex128. Programs that run on it do not
depend on NumPy's good nature: on implicit promotion inside kernels, on reading device memory from the host, on
writing into a kernel's inputs. This module is the manifest; start reading in `backend`.
"""

from unison_core.plugins import BackendManifest, hookimpl

__all__ = ["unison_backend"]


@hookimpl
def unison_backend() -> BackendManifest:
    """Needs NumPy alone."""
    return BackendManifest(
        name="strict",
        contract=1,
        load="unison_conformance.strict.backend:StrictBackend",
        fix="pip install numpy",
        accelerator=False,
    )
