"""An overlay of the CUDA backend: convolution and attention by NVIDIA's cuDNN, where the extra `cudnn` is installed.

May import core, CuPy, NumPy and `cudnn` (NVIDIA's cudnn-frontend); it takes and returns CuPy's arrays and knows nothing
else of the backend beneath. This module is the manifest; `convolution` and `attention` have the kernels and say what
they decline, `plans` how cuDNN's plans are made, kept and run.
"""

from unison_core.plugins import Overlay, hookimpl

__all__ = ["unison_kernels"]

OLDEST = 9_00_00
"""The oldest cuDNN, as its version numbers count."""


def _probe() -> None:
    """Fails where the frontend or the library is missing or too old; the text is what `unison info` shows."""
    import cudnn

    try:
        found = cudnn.backend_version()
    except RuntimeError as error:
        raise RuntimeError(
            f"cudnn-frontend {cudnn.__version__} found no libcudnn that it can load: {error}"
        ) from error
    if found < OLDEST:
        raise RuntimeError(f"libcudnn is {cudnn.backend_version_string()}, and 9 is the oldest that serves")


@hookimpl
def unison_kernels() -> Overlay:
    """Lies over `cuda`; needs the extra `cudnn`."""
    return Overlay(
        backend="cuda",
        load="unison_cudnn.kernels:KERNELS",
        probe=_probe,
        fix="pip install 'unison[cudnn]' brings NVIDIA's cudnn-frontend and cuDNN 9 for CUDA 12; without them the "
        "backend's own kernels serve",
    )
