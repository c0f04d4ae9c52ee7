"""`fill_diagonal_` and the Kaiser window against PyTorch."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.ops.agreement import floats, refuses_alike  # noqa: E402


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (7, 3), (8, 3), (3, 5), (1, 4), (3, 3, 3), (0, 2)])
def test_diagonal_is_the_same(shape, wrap):
    expected, got = (
        side.zeros(shape, dtype=side.float64).fill_diagonal_(2.5, wrap).tolist() for side in (torch, unison)
    )
    assert got == expected


@pytest.mark.parametrize("shape", [(3,), (2, 3, 3)])
def test_shapes_without_a_diagonal_are_refused_alike(shape):
    assert refuses_alike(lambda side, x: x.fill_diagonal_(1), floats(*shape))


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_kaiser_window_is_the_same(length, periodic):
    expected, got = (side.kaiser_window(length, periodic, 8.0) for side in (torch, unison))
    assert got.tolist() == pytest.approx(expected.tolist(), rel=1e-6)
