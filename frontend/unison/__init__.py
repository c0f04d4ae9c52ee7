"""Unison: deep learning with PyTorch's interface on any device that somebody has written a backend for.

`import unison as torch` runs ordinary programs. `nn`, `optim`, `utils`, `linalg` and the other namespaces are
loaded when first used, array libraries when their device is.
"""

from __future__ import annotations

import importlib
from typing import Any

from unison_core.devices import get as device
from unison_core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from unison_core.dtypes import DType as dtype
from unison_core.dtypes import bool_ as bool

from unison.autograd.grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from unison.functions.conversion import as_tensor, asarray, from_numpy, tensor
from unison.functions.creation import arange, empty, eye, full, linspace, ones, ones_like, zeros, zeros_like
from unison.functions.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    rand,
    randint,
    randn,
    randperm,
    seed,
    set_rng_state,
)
from unison._tensor import Tensor

float = float32
double = float64
long = int64
int = int32

_SUBMODULES = ("autograd", "nn", "optim", "utils", "linalg", "serialization", "datasets")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"unison.{name}")
    raise AttributeError(f"module 'unison' has no attribute {name!r}")
