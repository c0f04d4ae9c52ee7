"""Spectra as methods; their namespace is loaded when one is first used."""

from __future__ import annotations

from typing import Any

__all__ = ["Signals"]


class Signals:
    """`x.stft(...)` and `x.istft(...)`."""

    __slots__ = ()

    def istft(self, *args: Any, **kwargs: Any) -> Any:
        """See `unison.istft`."""
        from unison.fft.short_time import istft

        return istft(self, *args, **kwargs)

    def stft(self, *args: Any, **kwargs: Any) -> Any:
        """See `unison.stft`."""
        from unison.fft.short_time import stft

        return stft(self, *args, **kwargs)
