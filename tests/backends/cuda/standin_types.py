"""The compute types by which CuPy's own products are told how exact they have to be."""

from __future__ import annotations

import os
import types
import warnings
from typing import Any

import numpy as np

from tests.backends.cuda import standin


class ComputeTypes:
    """CuPy's compute types: one for each dtype, undecided at first, when `CUPY_TF32` is asked at the first product."""

    COMPUTE_TYPE_TBD, COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_TF32 = 0, 1, 7

    def __init__(self) -> None:
        self.chosen = dict.fromkeys(("float16", "float32", "float64", "bfloat16"), self.COMPUTE_TYPE_TBD)

    def _name(self, dtype: Any) -> str:
        name = {"complex64": "float32", "complex128": "float64"}.get(
            str(np.dtype(dtype)), str(np.dtype(dtype))
        )
        if name not in self.chosen:
            raise TypeError(f"dtype is not supported: {dtype}")
        return name

    def set_compute_type(self, dtype: Any, compute_type: int) -> None:
        if compute_type == self.COMPUTE_TYPE_TF32 and int(standin._Device.compute_capability) < 80:
            warnings.warn("COMPUTE_TYPE_TF32 is only available on 8.0 or higher", stacklevel=2)
            compute_type = self.COMPUTE_TYPE_DEFAULT
        self.chosen[self._name(dtype)] = compute_type

    def get_compute_type(self, dtype: Any) -> int:
        name = self._name(dtype)
        if self.chosen[name] == self.COMPUTE_TYPE_TBD:
            wanted = name == "float32" and int(os.getenv("CUPY_TF32", "0")) > 0
            self.set_compute_type(dtype, self.COMPUTE_TYPE_TF32 if wanted else self.COMPUTE_TYPE_DEFAULT)
        return self.chosen[name]


def space() -> types.ModuleType:
    """What `cupy._core` has of it."""
    compute = ComputeTypes()
    names = ("COMPUTE_TYPE_DEFAULT", "COMPUTE_TYPE_TF32")
    constants = standin._space("_core._routines_linalg", **{n: getattr(compute, n) for n in names})
    return standin._space(
        "_core",
        set_compute_type=compute.set_compute_type,
        get_compute_type=compute.get_compute_type,
        _routines_linalg=constants,
    )
