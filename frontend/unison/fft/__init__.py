"""Discrete Fourier transforms: of one dimension in `one`, of several in `many`, their sample points in `grids`.

`unison.stft` and `unison.istft` are in `short_time`.

The operators beneath transform one dimension and do not normalise; `_shared` has sizes, dtypes and scales. Imported
may be `unison.functions` and core.
"""

from unison.fft.grids import fftfreq, fftshift, ifftshift, rfftfreq
from unison.fft.many import (
    fft2,
    fftn,
    hfft2,
    hfftn,
    ifft2,
    ifftn,
    ihfft2,
    ihfftn,
    irfft2,
    irfftn,
    rfft2,
    rfftn,
)
from unison.fft.one import fft, hfft, ifft, ihfft, irfft, rfft

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]
