"""Gradients of activation functions where NumPy's own selection is slow."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core.arraykit.taps import keep

__all__ = ["KERNELS"]


def threshold_backward(g: Any, x: Any) -> Any:
    """`np.where` takes ten times as long, and makes row-major results of channels-last inputs."""
    if g.shape != x.shape or not g.ndim or g.dtype.kind not in "fV":
        return np.where(x > 0, g, g.dtype.type(0))
    return keep(np, g, x > 0)


KERNELS = {"threshold_backward": threshold_backward}
