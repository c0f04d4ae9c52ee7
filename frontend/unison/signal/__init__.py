"""Signal processing: `windows`."""

from unison.signal import windows

__all__ = ["windows"]
