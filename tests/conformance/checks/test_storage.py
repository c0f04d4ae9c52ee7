"""Every check of storage catches a device with the bug it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import FaultyBackend, caught


def _quiet(array: Any) -> Any:
    """What arithmetic does to a signalling NaN."""
    out = np.array(array)
    if out.dtype == np.float32:
        bits = out.view(np.uint32)
        bits[np.isnan(out)] |= 0x400000
    return out


@pytest.mark.parametrize(
    ("dtype", "lose"),
    [
        ("float32", _quiet),
        ("float32", lambda a: np.where(np.abs(a) < np.float32(2.0**-126), np.float32(0), a)),
        ("float64", lambda a: a.astype(np.float32).astype(a.dtype)),
        ("int64", lambda a: a.astype(np.float64).astype(a.dtype)),
        ("bfloat16", lambda a: np.where(np.isnan(a), np.array(np.nan, a.dtype), a).astype(a.dtype)),
        ("float16", lambda a: a + np.array(0, a.dtype)),
    ],
    ids=["quiets-nan", "flushes", "narrows", "through-float64", "one-nan", "drops-minus-zero"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_round_trip_notices_lost_bits(dtype: str, lose: Any) -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        host = np.array(array, order="C")
        return lose(host) if host.dtype.name == dtype else host

    assert "differ in their bits" in caught(f"check.storage.round_trip-{dtype}", from_host=from_host)


def test_copy_notices_a_view() -> None:
    text = caught("check.storage.copy-int32", {"copy": lambda x: x[...]})
    assert "after its source was overwritten" in text


def test_host_strides_notices_bytes_taken_in_memory_order() -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        return np.array(array, order="K").ravel(order="K").reshape(array.shape)

    assert "transposed" in caught("check.storage.host_strides", from_host=from_host)


def test_empty_and_scalar_notices_a_dimension_too_many() -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        return np.ascontiguousarray(array)

    assert "has shape" in caught("check.storage.empty_and_scalar", from_host=from_host)


def test_large_notices_a_lost_tail() -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        out = np.array(array, order="C")
        if out.nbytes > 2**23:
            out[2**21 :] = 0
        return out

    assert "2097152" in caught("check.storage.large", from_host=from_host)


@pytest.mark.parametrize("check", ["host_mutated", "read_while_host_writes"])
def test_borrowed_host_memory_is_noticed(check: str) -> None:
    def from_host(self: Any, array: Any, device: Any) -> Any:
        return array

    assert "differ" in caught(f"check.storage.{check}", from_host=from_host)


def test_read_is_a_copy_notices_shared_memory() -> None:
    def to_host(self: Any, array: Any) -> Any:
        return array

    assert "before it was overwritten" in caught("check.storage.read_is_a_copy", to_host=to_host)


def test_the_unbroken_device_is_no_host() -> None:
    assert FaultyBackend().to_host(np.zeros(2)).base is None
