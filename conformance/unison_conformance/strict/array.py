"""Arrays that only kernels may look into."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["StrictArray"]


class StrictArray:
    """A NumPy array behind glass: shape and dtype are for everybody, the data for kernels of the device."""

    __slots__ = ("data", "device", "dtype", "ndim", "shape", "size")
    __array_ufunc__ = None

    def __init__(self, data: Any, device: Any) -> None:
        self.data = data
        self.device = device
        self.dtype = data.dtype
        self.shape = data.shape
        self.ndim = data.ndim
        self.size = data.size

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(
            f"a strict array cannot be {what}: device memory is read through Backend.to_host (here a "
            f"{self.dtype} array of shape {list(self.shape)})"
        )

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        self._refuse("converted to a NumPy array")

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - refused
        self._refuse("used as a truth value")

    def __float__(self) -> NoReturn:
        self._refuse("read as a number")

    def __int__(self) -> NoReturn:
        self._refuse("read as a number")

    def __iter__(self) -> NoReturn:
        self._refuse("iterated over")

    def __len__(self) -> NoReturn:  # noqa: PLE0303 - refused
        self._refuse("measured with len()")

    def __getitem__(self, _: Any) -> NoReturn:
        self._refuse("indexed")
