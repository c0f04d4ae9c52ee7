"""Numbers that do not fit: refused where PyTorch refuses them, and the same elements where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

NUMBERS = (
    300,
    255,
    -1,
    -128,
    -129,
    -255,
    -256,
    2**31,
    2**63,
    2**64,
    -(2**63) - 1,
    3.7,
    -0.5,
    70000.0,
    1e39,
    1e300,
)
ODD = (True, float("nan"), float("inf"), 1j, 2 + 0j, complex(float("nan"), 0), complex(1e300, 0))
DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
FORMS: dict[str, Callable[[Any, Any, str], Any]] = {
    "full": lambda lib, value, dtype: lib.full((2,), value, dtype=getattr(lib, dtype)),
    "full_like": lambda lib, value, dtype: lib.full_like(lib.zeros(2, dtype=getattr(lib, dtype)), value),
    "new_full": lambda lib, value, dtype: lib.zeros(1, dtype=getattr(lib, dtype)).new_full((2,), value),
    "fill_": lambda lib, value, dtype: lib.zeros(2, dtype=getattr(lib, dtype)).fill_(value),
    "scalar_tensor": lambda lib, value, dtype: lib.scalar_tensor(value, dtype=getattr(lib, dtype)),
}


def _outcome(make: Callable[[Any, Any, str], Any], lib: Any, value: Any, dtype: str) -> str:
    """The elements, or the class of the error."""
    try:
        return repr(make(lib, value, dtype).tolist())
    except (RuntimeError, OverflowError) as error:
        return "OverflowError" if isinstance(error, OverflowError) else "RuntimeError"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore:Casting complex values to real discards:UserWarning")
def test_filled_holds_or_refuses_the_numbers_that_torch_does(form: str, dtype: str) -> None:
    make = FORMS[form]
    expected = {repr(v): _outcome(make, torch, v, dtype) for v in (*NUMBERS, *ODD)}
    assert {repr(v): _outcome(make, unison, v, dtype) for v in (*NUMBERS, *ODD)} == expected
