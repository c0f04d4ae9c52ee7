"""The calls a checkpoint may ask for: each checks what the file hands it.

Tensors and parameters first, then the containers and scalars that pickle writes as calls.
"""

from __future__ import annotations

import warnings
from collections import Counter, OrderedDict
from pickle import UnpicklingError
from typing import Any

import unison
from unison.serialization._format import dtype_name
from unison.serialization._storage import Storage

__all__ = [
    "byte_array",
    "complex_number",
    "counter",
    "device",
    "encode",
    "from_type",
    "frozen_set",
    "meta_tensor",
    "ordered_dict",
    "parameter",
    "parameter_with_state",
    "plain_set",
    "set_state",
    "size",
    "tensor_v1",
    "tensor_v2",
    "tensor_v3",
    "without_data",
]


def tensor_v1(storage: Storage, offset: int, size: Any, stride: Any) -> Any:
    _expect(isinstance(storage, Storage) and storage.dtype is not None, "a storage with an element type")
    return storage.tensor(storage.dtype, offset, size, stride)


def tensor_v2(
    storage: Storage,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    hooks: Any,
    metadata: dict[str, bool] | None = None,
) -> Any:
    out = _resolved(tensor_v1(storage, offset, size, stride), storage, metadata or {})
    return out.requires_grad_() if requires_grad else out


def tensor_v3(
    storage: Storage,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    hooks: Any,
    dtype: Any,
    metadata: dict[str, bool] | None = None,
) -> Any:
    _expect(isinstance(storage, Storage) and isinstance(dtype, type(unison.float32)), "a storage and a dtype")
    out = _resolved(storage.tensor(dtype_name(dtype), offset, size, stride), storage, metadata or {})
    return out.requires_grad_() if requires_grad else out


def _resolved(out: Any, storage: Storage, metadata: dict[str, bool]) -> Any:
    """PyTorch writes a lazy conjugate or negation as the plain memory and a mark; here it becomes values."""
    if not metadata:
        return out
    _expect(set(metadata) <= {"conj", "neg"}, "a tensor without marks other than 'conj' and 'neg'")
    # An expanded tensor may be larger than any memory; only its view costs nothing.
    _expect(out.numel() <= storage.nbytes(), "a marked tensor that is not larger than its storage")
    if metadata.get("conj"):
        out = unison.conj_physical(out)
    return unison.neg(out) if metadata.get("neg") else out


def meta_tensor(dtype: Any, size: Any, stride: Any, requires_grad: bool) -> Any:
    _expect(isinstance(dtype, type(unison.float32)), "a dtype")
    out = without_data(dtype, tuple(size), tuple(stride))
    return out.requires_grad_() if requires_grad else out


def without_data(dtype: Any, size: tuple[int, ...], stride: tuple[int, ...]) -> Any:
    """A meta tensor of that layout."""
    reach = 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if 0 not in size else 0
    with unison.no_grad():
        return unison.as_strided(unison.empty(reach, dtype=dtype, device="meta"), size, stride).detach()


def parameter(data: Any, requires_grad: bool, hooks: Any) -> Any:
    _expect(isinstance(data, unison.Tensor), "a tensor")
    return unison.nn.Parameter(data, requires_grad=bool(requires_grad))


def parameter_with_state(data: Any, requires_grad: bool, hooks: Any, state: Any) -> Any:
    return set_state(parameter(data, requires_grad, hooks), state)


def from_type(function: Any, cls: Any, args: Any, state: Any) -> Any:
    """A tensor that had attributes of its own, or was of a subclass."""
    _expect(function in (tensor_v2, tensor_v3, meta_tensor), "a function that rebuilds a tensor")
    _expect(isinstance(cls, type) and issubclass(cls, unison.Tensor), "a class of tensors")
    out = function(*args)
    if isinstance(state, dict) and state.get("_is_buffer"):
        # PyTorch's buffers are plain tensors with these two attributes.
        out = unison.nn.Buffer(out, persistent=bool(state.get("persistent", True)))
        state = {name: value for name, value in state.items() if name not in ("_is_buffer", "persistent")}
    elif type(out) is not cls:
        out.__class__ = cls
    return set_state(out, state)


def set_state(out: Any, state: Any) -> Any:
    """Give a tensor the attributes it was saved with; what its class defines is not theirs to replace."""
    slots, attributes = (state[1], state[0]) if isinstance(state, tuple) and len(state) == 2 else ({}, state)
    for name, value in {**(slots or {}), **(attributes or {})}.items():
        _expect(
            isinstance(name, str) and not hasattr(type(out), name), f"an attribute, which {name!r} is not"
        )
        try:
            setattr(out, name, value)
        except AttributeError:
            warnings.warn(f"unison.load: tensors here take no attributes, {name!r} is lost", stacklevel=2)
    return out


def size(lengths: Any = ()) -> Any:
    _expect(_is_plain(lengths, tuple, list) and all(type(n) is int for n in lengths), "lengths")
    return unison.Size(lengths)


def device(*args: Any) -> Any:
    _expect(bool(args) and isinstance(args[0], str), "the name of a device")
    return unison.device(*args)


def ordered_dict(items: Any = ()) -> OrderedDict[Any, Any]:
    _expect(_is_plain(items, tuple, list, dict), "a list of pairs")
    return OrderedDict(items)


def counter(counts: Any = None) -> Counter[Any]:
    _expect(counts is None or _is_plain(counts, dict), "a dict of counts")
    return Counter(counts)


def plain_set(items: Any = ()) -> set[Any]:
    _expect(_is_plain(items, tuple, list), "a list of members")
    return set(items)


def frozen_set(items: Any = ()) -> frozenset[Any]:
    _expect(_is_plain(items, tuple, list), "a list of members")
    return frozenset(items)


def complex_number(real: float, imag: float) -> complex:
    _expect(all(type(part) in (int, float) for part in (real, imag)), "two numbers")
    return complex(real, imag)


def encode(text: str, encoding: str = "latin1") -> bytes:
    """Pickle writes bytes as text; no other codec is looked up."""
    _expect(type(text) is str and encoding in ("latin1", "latin-1"), "text in latin1")
    return text.encode("latin1")


def byte_array(content: Any = b"", encoding: str = "latin1") -> bytearray:
    """Not `bytearray(count)`, which would let a short file take all memory."""
    return bytearray(content if type(content) is bytes else encode(content, encoding))


def _is_plain(value: object, *types: type) -> bool:
    return type(value) in types


def _expect(fits: bool, what: str) -> None:
    if not fits:
        raise UnpicklingError(f"a call in the file should be given {what}")
