"""Every check of exchange catches a copy where memory is shared, and bits lost on the way to a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison
from tests.conformance.checks.faulty import NAME, FaultyBackend, faulty, passes
from unison_conformance.checks import CHECKS, CheckFailed
from unison_core import devices


def _taking(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let unison.from_dlpack return a tensor on what `change` makes of the array."""
    from unison_core.handle import wrap

    def from_dlpack(x: Any, **_: Any) -> Any:
        return wrap(change(x.array), x.device)

    monkeypatch.setattr(unison, "from_dlpack", from_dlpack)


def test_dlpack_notices_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.exchange.dlpack-float32"].run("cpu")
    _taking(monkeypatch, np.copy)
    with pytest.raises(CheckFailed, match="after a write to the tensor that was given"):
        CHECKS["check.exchange.dlpack-float32"].run("cpu")


def test_dlpack_views_notices_forgotten_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.exchange.dlpack_views"].run("cpu")
    _taking(
        monkeypatch, lambda a: np.lib.stride_tricks.as_strided(a, a.shape, np.empty(a.shape, a.dtype).strides)
    )
    with pytest.raises(CheckFailed, match="a transposed view"):
        CHECKS["check.exchange.dlpack_views"].run("cpu")


def test_dlpack_lifetime_notices_borrowed_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.exchange.dlpack_lifetime"].run("cpu")
    ring = [np.empty((64, 16), np.float32) for _ in range(2)]
    turn = [0]
    backend = devices.host().backend

    def from_host(array: Any, device: Any) -> Any:
        turn[0] += 1
        out = ring[turn[0] % 2]
        out[...] = array
        return out

    monkeypatch.setattr(backend, "from_host", from_host)
    with pytest.raises(CheckFailed, match="after its source was dropped"):
        CHECKS["check.exchange.dlpack_lifetime"].run("cpu")


def test_dlpack_numpy_notices_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.exchange.dlpack_numpy"].run("cpu")
    monkeypatch.setattr(
        unison.Tensor, "__dlpack__", lambda self, **options: self.array.copy().__dlpack__(**options)
    )
    with pytest.raises(CheckFailed, match="NumPy's view"):
        CHECKS["check.exchange.dlpack_numpy"].run("cpu")


@pytest.mark.parametrize("check", ["pickled", "saved", "safetensors"])
def test_files_notice_lost_bits(check: str) -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        out = FaultyBackend.from_host(self, array, device)
        if out.dtype == np.float32 and sent[0]:
            out.view(np.uint32)[np.isnan(out)] = 0x7FC00000
        sent[0] += 1
        return out

    sent = [0]
    passes(f"check.exchange.{check}-float32")
    with (
        faulty(from_host=from_host),
        pytest.raises(CheckFailed, match="differ in their bits"),
    ):
        CHECKS[f"check.exchange.{check}-float32"].run(NAME)


def test_saved_notices_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    passes("check.exchange.saved-int32")
    plain = unison.load
    monkeypatch.setattr(unison, "load", lambda file, map_location=None: plain(file, map_location="cpu"))
    with pytest.raises(CheckFailed, match="went to cpu"):
        passes("check.exchange.saved-int32")


def test_dlpack_is_only_asked_of_who_claims_it() -> None:
    assert all("dlpack" in c.needs for n, c in CHECKS.items() if n.startswith("check.exchange.dlpack"))
