"""What users are told when a GPU cannot be used; CuPy's own words, on the stand-in."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import unison
from tests.backends.cuda import standin


def _driver_too_old() -> int:
    raise standin.CUDARuntimeError(
        "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (_driver_too_old, r"found no NVIDIA GPU.*driver version is insufficient.*driver comes from NVIDIA"),
        (lambda: 0, r"the NVIDIA driver shows no GPU.*unison\[cuda\]"),
    ],
)
def test_a_driver_that_is_too_old_or_shows_nothing(count: Any, said: str) -> None:
    with standin.installed():
        sys.modules["cupy"].cuda.runtime.getDeviceCount = count
        with pytest.raises(RuntimeError, match=said):
            unison.ones(2, device="cuda")
        assert not unison.cuda.is_available()
        assert unison.cuda.device_count() == 0
        assert (unison.ones(2) + 1).tolist() == [2, 2]
