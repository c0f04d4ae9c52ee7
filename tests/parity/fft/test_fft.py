"""`unison.fft` against `torch.fft`; the samples of PyTorch's own database run in tests/parity/ops."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.ops.agreement import agrees, floats, refuses_alike  # noqa: E402


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_are_the_same_numbers(name, n):
    for d in (1.0, 0.3):
        expected, got = (getattr(side.fft, name)(n, d) for side in (torch, unison))
        assert got.tolist() == expected.tolist()
        assert got.dtype is unison.float32


@pytest.mark.parametrize("norm", [None, "forward", "backward", "ortho"])
@pytest.mark.parametrize("name", ["rfft", "ihfft"])
def test_gradients_of_gradients_of_real_transforms(name, norm):
    agrees(
        lambda side, x: side.view_as_real(getattr(side.fft, name)(x, 6, 0, norm).resolve_conj()), floats(5, 2)
    )


@pytest.mark.parametrize("name", ["irfft", "hfft"])
@pytest.mark.parametrize("n", [None, 5, 6])
def test_gradients_of_gradients_of_transforms_to_real_numbers(name, n):
    agrees(lambda side, x: getattr(side.fft, name)(side.view_as_complex(x), n), floats(3, 4, 2))


@pytest.mark.parametrize("name", ["fft2", "ifft2", "fftn"])
def test_gradients_of_gradients_of_whole_transforms(name):
    agrees(
        lambda side, x: side.view_as_real(getattr(side.fft, name)(side.view_as_complex(x))), floats(3, 4, 2)
    )


@pytest.mark.parametrize("length", [33, 64, 96, 250])
def test_long_transforms_keep_single_precision(length):
    x = floats(2, length, dtype="float32")
    agrees(lambda side, x: side.view_as_real(side.fft.fft(x)), x, grad=False)
    agrees(lambda side, x: side.fft.irfft(side.fft.rfft(x), length), x, grad=False)


REFUSED = {
    "half": lambda side, x: side.fft.fft(x.half()),
    "rfft of complex": lambda side, x: side.fft.rfft(x + 0j),
    "no points": lambda side, x: side.fft.fft(x, n=0),
    "one element to real": lambda side, x: side.fft.irfft(x[:1]),
    "dim": lambda side, x: side.fft.fft(x, dim=3),
    "no dimension": lambda side, x: side.fft.fft(x[0]),
    "norm": lambda side, x: side.fft.fft(x, norm="a"),
    "two dimensions": lambda side, x: side.fft.fft2(x),
    "too many sizes": lambda side, x: side.fft.fftn(x, s=(1, 2)),
    "sizes and dims": lambda side, x: side.fft.fftn(x.view(2, 2), s=(3,), dim=(0, 1)),
    "same dim twice": lambda side, x: side.fft.fftn(x.view(2, 2), dim=(0, 0)),
    "no axis": lambda side, x: side.fft.rfftn(x.view(2, 2), dim=()),
}


@pytest.mark.parametrize("case", REFUSED)
def test_input_that_torch_refuses_is_refused_alike(case):
    assert refuses_alike(REFUSED[case], floats(4, dtype="float32"))


def test_shift_moves_frequency_zero_to_the_middle_and_back():
    x = unison.arange(5)
    assert unison.fft.fftshift(x).tolist() == [3, 4, 0, 1, 2]
    assert unison.fft.ifftshift(unison.fft.fftshift(x)).tolist() == [0, 1, 2, 3, 4]
