"""Every check of transfers catches a device with the bug it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import FaultyBackend, caught, passes
from unison_conformance.checks import CHECKS, CheckFailed


def test_pairs_notices_a_lost_bit() -> None:
    def between_devices(self: Any, array: Any, device: Any) -> Any:
        return np.where(np.abs(array) < 1, 0, array).astype(array.dtype)

    assert "from faulty to faulty" in caught("check.transfer.pairs-float32", between_devices=between_devices)


def test_views_notices_memory_instead_of_elements() -> None:
    def to_host(self: Any, array: Any) -> Any:
        return np.array(array, order="K").ravel(order="K").reshape(array.shape)

    assert "transposed view from faulty" in caught("check.transfer.views", to_host=to_host)


def test_independent_notices_shared_memory() -> None:
    text = caught("check.transfer.independent", from_host=lambda self, array, device: array)
    assert "after its source on cpu was overwritten" in text


def test_numpy_on_the_host_notices_device_memory_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    passes("check.transfer.numpy_on_the_host")
    monkeypatch.setattr("unison.Tensor.numpy", lambda self: self.array)
    with pytest.raises(CheckFailed, match="was not refused"):
        passes("check.transfer.numpy_on_the_host")


def test_numpy_on_the_host_notices_wrong_numbers() -> None:
    def to_host(self: Any, array: Any) -> Any:
        return FaultyBackend.to_host(self, array) + (1 if array.dtype == np.float32 and not array.ndim else 0)

    assert ".item()" in caught("check.transfer.numpy_on_the_host", to_host=to_host)


def test_mixing_notices_a_silent_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    passes("check.transfer.mixing")
    monkeypatch.setattr(
        "unison_core.dispatch.promotion.common_device", lambda op, tensors, inputs: tensors[0].device
    )
    monkeypatch.setattr(
        "unison_core.dispatch.promotion._move_zero_dim", lambda op, x, device, inputs: x.to(device)
    )
    with pytest.raises(CheckFailed, match="was not refused"):
        passes("check.transfer.mixing")


def test_transfers_of_the_host_alone_pass() -> None:
    for name in ("pairs-float32", "views", "independent", "numpy_on_the_host", "mixing"):
        CHECKS[f"check.transfer.{name}"].run("cpu")
