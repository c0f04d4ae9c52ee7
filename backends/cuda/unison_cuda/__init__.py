"""The CUDA backend: CuPy under the dispatcher, with the C kit's kernels where CuPy has none or slow ones.

May import core, CuPy and NumPy. This module is the manifest; `backend` has the devices, `kernels` says which kit
serves which operator, `bridge` takes arrays from one to the other, `runtime` is a GPU as the C kit sees it, with
`products` by cuBLAS; `queues`, `memory`, `exchange` and `precision` are what their names say. Start in `backend`.
"""

from unison_core.plugins import BackendManifest, hookimpl

__all__ = ["unison_backend"]


def _probe() -> None:
    """Fails where CuPy, a driver or a device is missing; the text is what `unison info` shows."""
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise RuntimeError(f"CuPy {cupy.__version__} found no NVIDIA GPU that it can use: {error}") from error
    if not count:
        raise RuntimeError("the NVIDIA driver shows no GPU")


@hookimpl
def unison_backend() -> BackendManifest:
    """Needs the extra `cuda` and NVIDIA's driver."""
    return BackendManifest(
        name="cuda",
        contract=1,
        load="unison_cuda.backend:CudaBackend",
        probe=_probe,
        fix="pip install 'unison[cuda]' brings CuPy for CUDA 12; the driver comes from NVIDIA, and must be as new as "
        "CUDA 12",
        # A GPU's memory, and memory that the driver moves between host and GPU.
        dlpack=(2, 13),
    )
