"""`stft` and `istft`: options, errors and inversion, against PyTorch."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.ops.agreement import agrees, floats, refuses_alike  # noqa: E402

SIGNAL = floats(2, 23)
WINDOW = floats(6, low=0.5)
OPTIONS = {
    "plain": {},
    "hop": {"hop_length": 3},
    "not centred": {"center": False, "hop_length": 2},
    "aligned": {"center": False, "align_to_window": True, "win_length": 6},
    "normalised": {"normalized": True},
    "two-sided": {"onesided": False},
    "padded with zeros": {"pad_mode": "constant"},
}


@pytest.mark.filterwarnings("ignore:A window was not provided")
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("windowed", [False, True])
def test_spectra_and_their_gradients_agree(name, windowed):
    options = {**OPTIONS[name], **({"win_length": 6} if windowed else {})}

    def call(side, x, *window):
        return side.view_as_real(
            side.stft(x, 8, window=window[0] if window else None, return_complex=True, **options)
        )

    agrees(call, SIGNAL, *([WINDOW] if windowed else []), second=windowed)


@pytest.mark.parametrize(
    "options",
    [{}, {"length": 19}, {"length": 30}, {"normalized": True}, {"hop_length": 4}, {"center": False}],
)
@pytest.mark.filterwarnings("ignore:The length of signal")
def test_signals_and_their_gradients_agree(options):
    hop = {"hop_length": options.get("hop_length", 2)}
    keys = ("normalized", "center")
    forward = {**hop, **{k: v for k, v in options.items() if k in keys}}

    def call(side, x, window):
        return side.istft(
            side.stft(x, 8, window=window, return_complex=True, **forward), 8, window=window, **options
        )

    agrees(call, SIGNAL, floats(8, low=0.5))


REFUSED = {
    "real input without return_complex": lambda side, x: side.stft(x, 4),
    "one-sided of complex": lambda side, x: side.stft(x + 0j, 4, onesided=True),
    "window of another length": lambda side, x: side.stft(x, 4, window=x[:3], return_complex=True),
    "no frame": lambda side, x: side.stft(x, 0, return_complex=True),
    "frame too long": lambda side, x: side.stft(x, 20, center=False, return_complex=True),
    "hop": lambda side, x: side.stft(x, 4, hop_length=0, return_complex=True),
    "window too long": lambda side, x: side.stft(x, 4, win_length=5, return_complex=True),
    "three dimensions": lambda side, x: side.stft(x.view(1, 2, 6), 4, return_complex=True),
    "integers": lambda side, x: side.stft(x.long(), 4, return_complex=True),
    "aligned and centred": lambda side, x: side.stft(x, 4, align_to_window=True, return_complex=True),
    "inverse of real numbers": lambda side, x: side.istft(x.view(3, 4), 4),
    "inverse: frequencies": lambda side, x: side.istft(x.view(3, 4) + 0j, 6),
    "inverse: hop over window": lambda side, x: side.istft(x.view(3, 4) + 0j, 4, hop_length=5),
    "inverse: gap": lambda side, x: side.istft(x.view(3, 4) + 0j, 4, window=x[:4] * 0),
    "inverse: complex from one side": lambda side, x: side.istft(x.view(3, 4) + 0j, 4, return_complex=True),
}


@pytest.mark.parametrize("case", REFUSED)
def test_input_that_torch_refuses_is_refused_alike(case):
    assert refuses_alike(REFUSED[case], floats(12, dtype="float32"))


def test_the_inverse_gives_the_signal_back():
    x = unison.randn(50, dtype=unison.float64)
    window = unison.hann_window(16, dtype=unison.float64)
    spectra = x.stft(16, window=window, return_complex=True)
    assert unison.allclose(spectra.istft(16, window=window, length=50), x, atol=1e-12)
