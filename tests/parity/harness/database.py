"""PyTorch's operator database: its entries, dtypes and samples, the same on every run."""

import functools
import random
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

__all__ = ["entries", "error_inputs", "find", "forward_dtypes", "gradient_dtype", "sample_inputs", "spread"]

FORWARD = (torch.float32, torch.int64, torch.bool)
# For operators that take none of FORWARD: the first dtype of these that they do take.
OTHERWISE = (torch.complex64, torch.float64, torch.int32, torch.float16, torch.bfloat16)
GRADIENT = (torch.float64, torch.float32, torch.complex128, torch.complex64)
SEED = 0


@functools.cache
def entries() -> tuple[Any, ...]:
    """The OpInfo entries of PyTorch's database, in its order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return tuple(op_db)


def find(pattern: str) -> tuple[Any, ...]:
    """The entries whose full name contains the regular expression pattern."""
    return tuple(op for op in entries() if re.search(pattern, op.full_name))


def forward_dtypes(op: Any) -> tuple[torch.dtype, ...]:
    """The dtypes in which values are compared; empty for an operator without a CPU implementation."""
    supported = op.supported_dtypes("cpu")
    return tuple(d for d in FORWARD if d in supported) or tuple(d for d in OTHERWISE if d in supported)[:1]


def gradient_dtype(op: Any) -> torch.dtype | None:
    """The dtype in which gradients are compared, or None for an operator that has none."""
    if not op.supports_autograd:
        return None
    supported = op.supported_backward_dtypes("cpu")
    return next((d for d in GRADIENT if d in supported), None)


def sample_inputs(op: Any, dtype: torch.dtype, *, requires_grad: bool = False) -> list[Any]:
    """All of PyTorch's sample inputs for op in dtype."""
    return _reproducibly(lambda: op.sample_inputs("cpu", dtype, requires_grad=requires_grad))


def error_inputs(op: Any) -> list[Any]:
    """Sample inputs that PyTorch refuses."""
    if op.error_inputs_func is None:
        return []
    return [error.sample_input for error in _reproducibly(lambda: op.error_inputs("cpu"))]


def spread(count: int, limit: int | None) -> Sequence[int]:
    """At most limit of the indices 0 .. count - 1, evenly spaced, first and last included."""
    if limit is None or count <= limit:
        return range(count)
    if limit == 1:
        return [0]
    return sorted({round(i * (count - 1) / (limit - 1)) for i in range(limit)})


def _reproducibly(generate: Callable[[], Any]) -> list[Any]:
    # An index names the same sample only if every source of randomness starts afresh.
    torch.manual_seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - PyTorch's generators draw from the global state
    random.seed(SEED)
    return list(generate())
