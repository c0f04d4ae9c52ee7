"""What the overlay lays over the backend's kernels."""

from unison_cudnn import attention, convolution

__all__ = ["KERNELS"]

KERNELS = {**convolution.KERNELS, **attention.KERNELS}
"""Operator name -> kernel."""
