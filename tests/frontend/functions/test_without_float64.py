"""Functions that reckon in float64 where there is one also work on a device without it, in the caller's dtype."""

import math

import pytest

import unison

DEVICE = "strict:1"
CREATED = {
    "logspace": lambda device: unison.logspace(-1, 2, 7, device=device),
    "logspace of integers": lambda device: unison.logspace(
        0, 5, 6, base=2, dtype=unison.int64, device=device
    ),
    "range": lambda device: unison.range(0.5, 3, 0.25, device=device),
    "hann_window": lambda device: unison.hann_window(9, device=device),
    "hamming_window": lambda device: unison.hamming_window(9, periodic=False, device=device),
    "blackman_window": lambda device: unison.blackman_window(9, device=device),
    "bartlett_window": lambda device: unison.bartlett_window(9, device=device),
    "signal.windows.kaiser": lambda device: unison.signal.windows.kaiser(9, device=device),
    "signal.windows.gaussian": lambda device: unison.signal.windows.gaussian(9, std=2.0, device=device),
}


@pytest.mark.parametrize("name", CREATED)
def test_creation_gives_the_same_bits_as_on_the_host(name):
    made, expected = (CREATED[name](device) for device in (DEVICE, "cpu"))
    assert str(made.device) == DEVICE
    assert made.dtype is expected.dtype
    assert made.cpu().tolist() == expected.tolist()


# Values of Abramowitz and Stegun's tables 9.1, 9.8 and 10.11; P(1/2, x) = erf(sqrt(x)), P(1, x) = 1 - exp(-x).
REFERENCE = [
    (unison.special.bessel_j0, (2.0,), 0.2238907791),
    (unison.special.bessel_j1, (2.0,), 0.5767248078),
    (unison.special.bessel_y0, (2.0,), 0.5103756726),
    (unison.special.bessel_j0, (30.0,), -0.0863679835),
    (unison.special.modified_bessel_k0, (2.0,), 0.1138938727),
    (unison.special.airy_ai, (1.0,), 0.1352924163),
    (unison.special.gammainc, (0.5, 2.25), math.erf(1.5)),
    (unison.special.gammainc, (1.0, 5.0), 1 - math.exp(-5.0)),
    (unison.special.gammaincc, (1.0, 5.0), math.exp(-5.0)),
]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"), REFERENCE, ids=lambda x: getattr(x, "__name__", "")
)
def test_special_function_is_right_to_single_precision(function, arguments, expected):
    got = function(*(unison.tensor([x], device=DEVICE) for x in arguments))
    assert got.dtype is unison.float32
    assert str(got.device) == DEVICE
    assert got.item() == pytest.approx(expected, rel=2e-5)


def test_matrix_exp_of_a_rotation_is_the_rotation():
    angle = unison.tensor([[0.0, -2.0], [2.0, 0.0]], device=DEVICE)
    turned = unison.matrix_exp(angle)
    assert turned.dtype is unison.float32
    assert turned.cpu().flatten().tolist() == pytest.approx(
        [math.cos(2), -math.sin(2), math.sin(2), math.cos(2)], abs=2e-6
    )


def test_float_power_says_that_its_float64_is_missing():
    with pytest.raises(NotImplementedError, match="strict:1 has no float64"):
        unison.float_power(unison.tensor([2.0], device=DEVICE), 2)
