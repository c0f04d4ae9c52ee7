"""The handle that registering a hook returns, under the name PyTorch has for it."""

from unison.autograd.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
