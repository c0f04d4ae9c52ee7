"""The CPU backend: NumPy under the dispatcher. This module is its manifest; `backend` holds the rest.

May import core and NumPy. Start reading in `backend`; `kernels/` has what differs from the array kit.
"""

from unison_core.plugins import BackendManifest, hookimpl

__all__ = ["unison_backend"]


@hookimpl
def unison_backend() -> BackendManifest:
    """NumPy is a dependency of the distribution, so there is nothing to probe."""
    return BackendManifest(
        name="cpu",
        contract=1,
        load="unison_cpu.backend:CpuBackend",
        fix="pip install numpy",
        accelerator=False,
        # The host's memory: plain, page-locked by CUDA, by ROCm.
        dlpack=(1, 3, 11),
    )
