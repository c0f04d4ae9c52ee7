"""The check of huge tensors, on a small one: places that are counted in too few bits are noticed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import NAME, faulty
from unison_conformance.checks import CHECKS, CheckFailed, huge
from unison_core.errors import NotSupportedError

_SMALL = 2**16 + 65


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge, "_BIG", {"elements": ("uint8", _SMALL), "bytes": ("float32", _SMALL)})


@pytest.mark.parametrize("kind", ["elements", "bytes"])
def test_a_device_that_counts_far_enough_passes(kind: str) -> None:
    CHECKS[f"check.huge.beyond_32_bits-{kind}"].run("cpu")


def _wrapped(x: Any, index: Any, *, dim: int) -> Any:
    return x[index.astype(np.uint16).astype(np.int64)]


def _short(x: Any, y: Any) -> Any:
    out = np.zeros(x.shape, x.dtype)
    out[: 2**16] = (x + y)[: 2**16] if x.size > 2**16 else x + y
    return out


@pytest.mark.parametrize(
    ("kernel", "text"),
    [
        ({"argmax": lambda x, *, dim, keepdim: np.asarray(np.argmax(x) & 0xFFFF, np.int64)}, "argmax"),
        ({"index_select": _wrapped}, "index_select"),
        ({"add": _short}, "the end of x"),
        ({"copy": lambda x: _short(x, np.zeros(1, x.dtype))}, "the end of a copy"),
    ],
    ids=["argmax", "index", "last-blocks", "copy"],
)
def test_places_in_too_few_bits_are_noticed(kernel: Any, text: str) -> None:
    with faulty(kernel), pytest.raises(CheckFailed, match=text):
        CHECKS["check.huge.beyond_32_bits-elements"].run(NAME)


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge, "_free", lambda device: 10)
    with pytest.raises(NotSupportedError, match="GiB are free"):
        CHECKS["check.huge.beyond_32_bits-elements"].run("cpu")


def test_it_runs_on_request_only() -> None:
    assert CHECKS["check.huge.beyond_32_bits-elements"].slow
