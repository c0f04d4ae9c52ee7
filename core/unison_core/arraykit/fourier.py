"""Fourier transform kernels: the library's `fft`, with its scale of the inverse taken off again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Fourier"]


class Fourier:
    """Kernels on `xp`. The library keeps single precision; where it does not, the result is rounded to it."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"fft_c2c": self.fft_c2c, "fft_c2r": self.fft_c2r, "fft_r2c": self.fft_r2c}

    def fft_c2c(self, x: Any, *, dim: int, inverse: bool) -> Any:
        fft = self.xp.fft
        out = fft.ifft(x, axis=dim, norm="forward") if inverse else fft.fft(x, axis=dim)
        return out.astype(x.dtype, copy=False)

    def fft_r2c(self, x: Any, *, dim: int) -> Any:
        self.kit.require_floating(x)
        single = x.dtype == self.xp.float32
        return self.xp.fft.rfft(x, axis=dim).astype(
            self.xp.complex64 if single else self.xp.complex128, copy=False
        )

    def fft_c2r(self, x: Any, *, dim: int, length: int) -> Any:
        if length < 1 or x.shape[dim] != length // 2 + 1:
            raise ValueError("fft_c2r")
        out = self.xp.fft.irfft(x, n=length, axis=dim, norm="forward")
        return out.astype(x.real.dtype, copy=False)
