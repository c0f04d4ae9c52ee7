"""Every check of views catches a device with the bug it is about."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.conformance.checks.faulty import FaultyBackend, caught
from unison_core.arraykit.kit import ArrayKit
from unison_core.arraykit.movement import Movement

KIT = Movement(ArrayKit(np, {}))


def _slice_without_offset(x: Any, *, key: Any) -> Any:
    found = KIT.slice(x, key=key)
    return np.lib.stride_tricks.as_strided(x, found.shape, found.strides)


def test_offset_and_strides_notices_a_wrong_offset() -> None:
    text = caught("check.views.offset_and_strides-slice", offset=lambda self, array: 0)
    assert "offset 0 is told, must be 31" in text


def test_offset_and_strides_notices_bytes_for_elements() -> None:
    text = caught("check.views.offset_and_strides-permute", strides=lambda self, array: array.strides[::-1])
    assert "strides" in text


def test_offset_and_strides_notices_contiguous_for_all() -> None:
    assert "is_contiguous" in caught(
        "check.views.offset_and_strides-column", is_contiguous=lambda self, array: True
    )


def test_read_through_notices_an_ignored_offset() -> None:
    assert "differ in their bits" in caught(
        "check.views.read_through-slice", {"slice": _slice_without_offset}
    )


def test_read_through_notices_a_copy() -> None:
    text = caught(
        "check.views.read_through-permute", {"permute": lambda x, *, dims: x.transpose(dims).copy()}
    )
    assert "after a write to its base" in text


def test_write_through_notices_a_write_to_the_whole_row() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        if target.base is not None and target.ndim == 2 and target.strides[1] > target.itemsize:
            np.lib.stride_tricks.as_strided(target, target.shape, (target.strides[0], target.itemsize))[
                ...
            ] = source
        FaultyBackend.assign(self, target, source)

    assert "the base after a write" in caught("check.views.write_through-column", assign=assign)


def test_two_views_notices_a_copy() -> None:
    text = caught("check.views.two_views", {"slice": lambda x, *, key: KIT.slice(x, key=key).copy()})
    assert "must be" in text


def test_repeats_refused_notices_hidden_strides() -> None:
    text = caught("check.views.repeats_refused", strides=lambda self, array: (1,) * array.ndim)
    assert "was not refused" in text
