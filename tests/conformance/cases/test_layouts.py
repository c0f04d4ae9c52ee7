"""Layouts: the elements are those of the host array whatever the strides, and memory is laid out as the name says."""

from __future__ import annotations

import numpy as np
import pytest

import unison
from unison_conformance.cases.layouts import LAYOUTS, applies, place, repeated

IMAGES = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def send(array):
    return unison.from_numpy(array.copy())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (7,), (3, 5), ()], ids=str)
def test_elements_are_the_same_in_every_layout(layout, shape):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    x = repeated(x) if layout == "expanded" else x
    assert place(x, layout, send).numpy().tolist() == x.tolist()


@pytest.mark.parametrize("layout", [n for n in LAYOUTS if n not in ("contiguous", "offset")])
def test_strides_differ_from_contiguous_ones(layout):
    x = repeated(IMAGES) if layout == "expanded" else IMAGES
    assert not place(x, layout, send).is_contiguous()


def test_expanded_has_a_stride_of_zero():
    assert place(repeated(IMAGES), "expanded", send).stride()[0] == 0


def test_expanded_does_not_repeat_long_dimensions():
    assert not applies("expanded", (4096,))
    long = np.arange(4096, dtype=np.float32)
    assert repeated(long) is long


def test_mixed_gives_each_input_another_layout():
    strides = [place(IMAGES, "mixed", send, n).stride() for n in range(4)]
    assert len(set(strides)) == 4
