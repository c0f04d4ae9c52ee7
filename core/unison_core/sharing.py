"""The part of the backend contract about memory that other libraries see: DLPack, and what is like it.

What is given is shared, not copied: writes are seen on both sides, and memory lives as long as one of them needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from unison_core.errors import NotSupportedError

__all__ = ["Sharing"]


class Sharing:
    """What a backend does if its library's arrays speak DLPack; without, nothing is shared, and that is said."""

    name: ClassVar[str]

    def to_dlpack(
        self,
        array: Any,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A DLPack capsule of an array's memory, by the protocol of `__dlpack__`.

        stream: the consumer's, which waits for what the array is to hold; None is the device's default, -1 is none.

        Raises:
            BufferError: DLPack does not describe such memory, or not on these terms.
        """
        given = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self._spoken(array, "__dlpack__")(**{k: v for k, v in given.items() if v is not None})

    def dlpack_device(self, array: Any) -> tuple[int, int]:
        """The type of the array's device in DLPack's numbering, and its index.

        Raises:
            BufferError: DLPack has no number for it.
        """
        kind, index = self._spoken(array, "__dlpack_device__")()
        return int(kind), int(index)

    def from_dlpack(self, source: Any) -> Any:
        """An array on the memory of an object with `__dlpack__`, or of a capsule.

        Called only with the device types that the manifest lists in `dlpack`; no write to it may go elsewhere.

        Raises:
            BufferError: the memory cannot be shared.
        """
        raise NotSupportedError(f"{self.name} takes no memory of other libraries")

    def address(self, array: Any) -> int:
        """Where the first element lies, in the address space of the device's library.

        Raises:
            RuntimeError: the library does not say.
        """
        raise NotSupportedError(f"the address of memory of {self.name} is known to its library alone")

    def cuda_array_interface(self, array: Any) -> Mapping[str, Any] | None:
        """What the array shows other libraries for CUDA as `__cuda_array_interface__`; None if it is none of theirs."""
        return None

    def from_cuda_array_interface(self, source: Any) -> Any:
        """An array on the memory of an object with `__cuda_array_interface__`, or a copy if that is for reading only.

        Called only if the manifest lists DLPack's device type 2, CUDA.
        """
        raise NotSupportedError(f"{self.name} takes no memory of other libraries")

    def _spoken(self, array: Any, method: str) -> Any:
        found = getattr(array, method, None)
        if found is None:
            raise BufferError(f"DLPack does not describe the memory of {self.name}: use .cpu() first")
        return found
