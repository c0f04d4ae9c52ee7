"""Spectra of overlapping frames of a signal, and the signal from them."""

from __future__ import annotations

import warnings
from typing import Any

from unison.fft._shared import scaled
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = ["istft", "stft"]


def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The transform of every frame of n_fft elements, hop_length apart, times the window: (..., frequency, frame).

    input (t) or (batch, t); hop_length is n_fft // 4 and win_length n_fft if not given; a shorter window stands in the
    middle of its frame, which align_to_window moves so that the first window begins with input. center: frame i is
    centred at i * hop_length, input being padded by pad_mode. onesided (of real input by default): frequencies
    0 ... n_fft // 2 alone. return_complex=False: real and imaginary parts last.

    Raises:
        RuntimeError: lengths, dtypes or options that do not go together.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    is_complex = input.dtype.is_complex or (window is not None and window.dtype.is_complex)
    if return_complex is None and not is_complex:
        raise OperatorError(
            "stft requires the return_complex parameter be given for real inputs: give return_complex=True"
        )
    if center and align_to_window is not None:
        raise OperatorError("stft align_to_window should only be set when center = false")
    if input.dtype not in dtypes.INEXACT or input.array.ndim not in (1, 2):
        raise _refusal("stft", "a 1D or 2D tensor of floating point or complex values", input)
    x = input if input.array.ndim == 2 else input.unsqueeze(0)
    x = _centred(x, n_fft // 2, pad_mode) if center else x
    if not 0 < n_fft <= x.array.shape[1]:
        raise _refusal("stft", f"0 < n_fft <= {x.array.shape[1]}, but got n_fft={n_fft}", input)
    _check_frames("stft", n_fft, hop, length, window, input)
    one_sided = not is_complex if onesided is None else onesided
    if one_sided and is_complex:
        raise OperatorError("Cannot have onesided output if window or input is complex")
    if not center and align_to_window:
        left = (n_fft - length) // 2
        x = ops.pad(x, widths=((0, 0), (left, n_fft - length - left)), value=0)
    frames = ops.unfold(x, dim=1, size=n_fft, step=hop)
    if window is not None or length < n_fft:
        frames = frames * _framed(window, length, n_fft, x)
    out = _spectra(frames, one_sided).transpose(1, 2)
    out = scaled(out, n_fft, "ortho", inverse=False) if normalized else out
    out = out if input.array.ndim == 2 else out.squeeze(0)
    return ops.view_as_real(out) if return_complex is False else out


def _spectra(frames: Any, one_sided: bool) -> Any:
    last = frames.array.ndim - 1
    if one_sided:
        return ops.fft_r2c(frames, dim=last)
    kind = frames.dtype.to_complex()
    frames = frames if frames.dtype.is_complex else ops.cast(frames, dtype=kind)
    return ops.fft_c2c(frames, dim=last, inverse=False)


def _centred(x: Any, width: int, mode: str) -> Any:
    from unison.nn.functional import pad

    return pad(x.unsqueeze(0), (width, width), mode).squeeze(0)


def _refusal(name: str, expected: str, input: Any) -> OperatorError:
    return OperatorError(f"{name}({input.dtype.name}{list(input.shape)}): expected {expected}")


def _check_frames(name: str, n_fft: int, hop: int, length: int, window: Any, input: Any) -> None:
    if hop <= 0:
        raise _refusal(name, f"hop_length > 0, but got hop_length={hop}", input)
    if not 0 < length <= n_fft:
        raise _refusal(name, f"0 < win_length <= n_fft, but got win_length={length} and n_fft={n_fft}", input)
    if window is not None and tuple(window.array.shape) != (length,):
        have = list(window.shape)
        raise _refusal(
            name, f"a 1D window of win_length={length} elements, but got a window of size {have}", input
        )


def _framed(window: Any, length: int, n_fft: int, like: Any) -> Any:
    """The window, ones if there is none, in the middle of n_fft zeros."""
    if window is None:
        window = ops.full(shape=(length,), value=1, dtype=like.dtype.to_real(), device=like.device)
    if length == n_fft:
        return window
    left = (n_fft - length) // 2
    return ops.pad(window, widths=((left, n_fft - length - left),), value=0)


def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal whose `stft` comes nearest to input: windowed frames are added up and divided by the squares of the
    windows there (Griffin and Lim, 1984). `length` cuts it, or pads it with zeros.

    Raises:
        RuntimeError: input is real or empty, lengths or options do not go together, or windows leave a gap.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    win = n_fft if win_length is None else win_length
    x = _checked_spectra(input, n_fft, hop, win, window, onesided, return_complex)
    one_sided = onesided if onesided is not None else x.array.shape[1] != n_fft
    spectra = x.transpose(1, 2)
    spectra = spectra * n_fft**0.5 if normalized else spectra
    frames = _frames(spectra, n_fft, one_sided, return_complex)
    shape = _framed(window, win, n_fft, x)
    signal = _added_up(frames * shape, hop)
    squares = _added_up((shape * shape).expand(1, x.array.shape[2], n_fft), hop)
    out = _cut(signal, squares, n_fft // 2 if center else 0, length, center, input)
    return out if input.array.ndim == 3 else out.squeeze(0)


def _checked_spectra(
    input: Any, n_fft: int, hop: int, win: int, window: Any, onesided: bool | None, return_complex: bool
) -> Any:
    """input as (batch, frequency, frame)."""
    if not input.dtype.is_complex:
        raise OperatorError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if input.array.ndim not in (2, 3) or not input.array.size:
        raise _refusal(
            "istft", "a tensor (frequency, frame) or (batch, frequency, frame) that is not empty", input
        )
    x = input if input.array.ndim == 3 else input.unsqueeze(0)
    if hop > win:
        raise _refusal("istft", f"0 < hop_length <= win_length, but got {hop} and {win}", input)
    _check_frames("istft", n_fft, hop, win, window, input)
    rows = x.array.shape[1]
    one_sided = onesided if onesided is not None else rows != n_fft
    if rows != (n_fft // 2 + 1 if one_sided else n_fft):
        expected = f"n_fft / 2 + 1 = {n_fft // 2 + 1}" if one_sided else f"n_fft = {n_fft}"
        raise _refusal("istft", f"{expected} frequencies, but got {rows}", input)
    if return_complex and one_sided:
        raise OperatorError("Cannot have onesided output if window or input is complex")
    if window is not None and window.dtype.is_complex and not return_complex:
        raise OperatorError("Complex windows are incompatible with return_complex=False")
    return x


def _frames(spectra: Any, n_fft: int, one_sided: bool, return_complex: bool) -> Any:
    """The inverse transforms of the last dimension; real ones from the frequencies that are not negative."""
    if return_complex:
        return scaled(ops.fft_c2c(spectra, dim=2, inverse=True), n_fft, None, inverse=True)
    half = spectra if one_sided else spectra[..., : n_fft // 2 + 1]
    return scaled(ops.fft_c2r(half, dim=2, length=n_fft), n_fft, None, inverse=True)


def _added_up(frames: Any, hop: int) -> Any:
    """(batch, frame, place) to (batch, time): frame i begins at i * hop."""
    batch, count, n = frames.array.shape
    device = frames.device
    starts = ops.arange(start=0, end=count, step=1, dtype=dtypes.int64, device=device) * hop
    places = starts.unsqueeze(1) + ops.arange(start=0, end=n, step=1, dtype=dtypes.int64, device=device)
    empty = ops.full(shape=(batch, n + hop * (count - 1)), value=0, dtype=frames.dtype, device=device)
    return ops.index_add(empty, places.reshape(-1), frames.reshape(batch, count * n), dim=1)


def _cut(signal: Any, squares: Any, start: int, length: int | None, center: bool, input: Any) -> Any:
    whole = signal.array.shape[1]
    end = start + length if length is not None else (whole - start if center else whole)
    signal, squares = signal[:, start:end], squares[:, start:end]
    if not squares.array.size or float(squares.detach().abs().min().item()) < 1e-11:
        raise _refusal(
            "istft", "windows that overlap everywhere, but their squares add up to 0 somewhere", input
        )
    out = signal / squares
    if end > whole:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in "
            "the tail.",
            stacklevel=3,
        )
        out = ops.pad(out, widths=((0, 0), (0, end - whole)), value=0)
    return out
