"""Memory shared with other libraries by DLPack; the same functions are in `unison` itself."""

from unison.functions.dlpack import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
