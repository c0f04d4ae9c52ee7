"""Writes the pickle of a checkpoint: tensors as calls under PyTorch's names, everything else as pickle does."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import unison
from unison.serialization import _rebuild as rebuild
from unison.serialization._format import STORAGE_OF, dtype_name
from unison.serialization._globals import torch_names
from unison.serialization._placement import Placement

__all__ = ["CheckpointPickler", "TensorCollector"]


# What a checkpoint is mostly made of, and pickle's own business.
_PLAIN = frozenset({type(None), bool, bytes, dict, float, int, list, str, tuple})


class TensorCollector(pickle.Pickler):
    """Shows `claim` every tensor that pickling an object comes across; what it writes is of no use."""

    def __init__(self, stream: IO[bytes], protocol: int, claim: Callable[[Any], None]) -> None:
        super().__init__(stream, protocol)
        self._claim = claim

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, unison.Tensor) or _is_lazy(obj):
            return NotImplemented
        if obj.device.type != "meta":
            self._claim(obj)
        return dict, (_attributes(obj),)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tensor's storage, which the pickle only refers to."""

    placement: Placement


@dataclass(frozen=True, slots=True)
class _Data:
    """What a parameter wraps."""

    parameter: Any


# Python's own implementation of the pickler: the one in C cannot write a global under another name.
class CheckpointPickler(pickle._Pickler):
    """A pickler that asks `place` where each tensor lies."""

    def __init__(self, stream: IO[bytes], protocol: int, place: Callable[[Any], Placement]) -> None:
        from unison.nn import parameter

        super().__init__(stream, protocol)
        self._kinds = parameter
        self._place = place
        self._tensor = unison.Tensor
        self._dtype = type(unison.float32)
        self._device = type(unison.device("cpu"))
        self._names = torch_names()

    def persistent_id(self, obj: object) -> tuple[str, Any, str, str, int] | None:
        if not isinstance(obj, _Stored):
            return None
        where = obj.placement
        return ("storage", STORAGE_OF[where.dtype], where.key, where.device, where.count)

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) in _PLAIN:
            return NotImplemented
        if isinstance(obj, self._tensor):
            return self._reduce_tensor(obj)
        if isinstance(obj, _Data):
            return self._plain(obj.parameter, requires_grad=False)
        if isinstance(obj, unison.Size):
            return unison.Size, (tuple(obj),)
        if isinstance(obj, self._device):
            return unison.device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        if isinstance(obj, self._dtype):
            return dtype_name(obj)
        return self._names[id(obj)][1] if id(obj) in self._names else NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if isinstance(obj, self._dtype):
            names = ("torch", dtype_name(obj))
        elif id(obj) in self._names:
            names = self._names[id(obj)]
        else:
            super().save_global(obj, name)
            return
        if self.proto >= 4:
            self.save(names[0])
            self.save(names[1])
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{names[0]}\n{names[1]}\n".encode("ascii"))
        self.memoize(obj)

    def _reduce_tensor(self, tensor: Any) -> Any:
        if _is_lazy(tensor):
            return NotImplemented
        state, cls = _attributes(tensor), type(tensor)
        if isinstance(tensor, self._kinds.Parameter):
            arguments = (_Data(tensor), tensor.requires_grad, OrderedDict())
            return (
                (rebuild.parameter_with_state, (*arguments, state))
                if state
                else (rebuild.parameter, arguments)
            )
        function, arguments = self._plain(tensor, requires_grad=tensor.requires_grad)
        if isinstance(tensor, self._kinds.Buffer):
            # As PyTorch has it: a tensor with two attributes.
            state, cls = {**state, "persistent": tensor.persistent, "_is_buffer": True}, self._tensor
        if not state and cls is self._tensor:
            return function, arguments
        return rebuild.from_type, (function, cls, arguments, state)

    def _plain(self, tensor: Any, *, requires_grad: bool) -> Any:
        if tensor.device.type == "meta":
            layout = (tensor.dtype, tuple(tensor.shape), tuple(tensor.stride()))
            return rebuild.meta_tensor, (*layout, requires_grad)
        where = self._place(tensor)
        layout = (where.offset, where.size, where.stride)
        return rebuild.tensor_v2, (_Stored(where), *layout, requires_grad, OrderedDict())


def _is_lazy(tensor: Any) -> bool:
    from unison.nn.parameter import is_lazy

    return is_lazy(tensor)


def _attributes(tensor: Any) -> dict[str, Any]:
    """What a user attached to a tensor, where tensors take attributes."""
    return dict(getattr(tensor, "__dict__", {}))
