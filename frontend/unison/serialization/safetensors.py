"""Dicts of tensors in the safetensors format (https://github.com/huggingface/safetensors).

`save_file`/`load_file` for paths, `save`/`load` for bytes; `unison.save` and `unison.load` come here for paths
that end in `.safetensors`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray

import unison
from unison.serialization._atomic import replacing
from unison.serialization._format import dtype_name
from unison.serialization._host import from_array, numpy_dtype, to_array

__all__ = ["load", "load_file", "read", "save", "save_file", "write"]

File = str | os.PathLike[str] | IO[bytes]
Tensors = Mapping[str, Any]

# The format's codes for element types; it has none for complex128.
_CODES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}


def save_file(
    tensors: Tensors, filename: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors by name, with text metadata; an existing file is replaced only when the new one is complete.

    Raises:
        RuntimeError: tensors share memory (the format would store it twice), or the folder does not exist.
        TypeError: tensors is not a dict of str to tensors, metadata not one of str to str.
        ValueError: an element type that the format lacks.
    """
    from safetensors import numpy as format

    arrays, text = _arrays(tensors), _checked(metadata)
    with replacing(Path(os.fsdecode(filename))) as path:
        format.save_file(arrays, path, text)


def save(tensors: Tensors, metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes that `save_file` writes; raises what it raises."""
    from safetensors import numpy as format

    return bytes(format.save(_arrays(tensors), _checked(metadata)))


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Any]:
    """The tensors of a file, by name, on `device`.

    Raises:
        RuntimeError: the file is cut off, corrupt, or has element types that are not known here.
    """
    from safetensors import SafetensorError, safe_open

    path = os.fsdecode(filename)
    try:
        with safe_open(path, framework="np") as file:
            names = list(file.keys())
            for name in names:
                _known(name, file.get_slice(name).get_dtype())
            return {name: from_array(file.get_tensor(name)).to(device) for name in names}
    except SafetensorError as error:
        raise RuntimeError(_damage(repr(path), Path(path).stat().st_size, error)) from error


def load(data: bytes, device: Any = "cpu") -> dict[str, Any]:
    """The tensors of a file's bytes, by name, on `device`; raises what `load_file` raises."""
    from safetensors import SafetensorError, deserialize

    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise RuntimeError(_damage("the data", len(data), error)) from error
    return {name: _tensor(name, entry).to(device) for name, entry in entries}


def write(obj: Any, f: File, metadata: Mapping[str, str] | None) -> None:
    """`unison.save` in this format."""
    if isinstance(f, str | os.PathLike):
        save_file(obj, f, metadata)
    else:
        f.write(save(obj, metadata))


def read(f: File, map_location: Any) -> dict[str, Any]:
    """`unison.load` in this format, which knows no devices: map_location can only be one."""
    if isinstance(map_location, Mapping) or (callable(map_location) and not hasattr(map_location, "type")):
        raise TypeError(
            "a safetensors file does not say where tensors were: map_location is a device or None"
        )
    device = "cpu" if map_location is None else map_location
    if isinstance(f, str | os.PathLike):
        return load_file(f, device)
    return load(f.read(), device)


def _arrays(tensors: Tensors) -> dict[str, NDArray[Any]]:
    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"safetensors stores a dict of tensors by name, not a {type(tensors).__name__}: {_ELSEWHERE}"
        )
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, unison.Tensor):
            found = f"{name!r}: {type(tensor).__name__}"
            raise TypeError(
                f"safetensors stores a dict of tensors by name, but this one has {found}: {_ELSEWHERE}"
            )
        if dtype_name(tensor.dtype) not in _CODES.values():
            raise ValueError(
                f"safetensors has no {dtype_name(tensor.dtype)}, which {name!r} is: {_ELSEWHERE}"
            )
    arrays = {name: to_array(tensor) for name, tensor in tensors.items()}
    _check_separate(arrays)
    return {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}


_ELSEWHERE = "save it to a path that ends otherwise, such as .pt"


def _check_separate(arrays: dict[str, NDArray[Any]]) -> None:
    spans = sorted((*byte_bounds(array), name) for name, array in arrays.items() if array.size)
    for (_, end, first), (begin, _, second) in pairwise(spans):
        if begin < end:
            raise RuntimeError(
                f"tensors {first!r} and {second!r} share memory, which safetensors would store twice: "
                "save one of them, or a .clone()"
            )


def _checked(metadata: Mapping[str, str] | None) -> dict[str, str] | None:
    if metadata is None:
        return None
    if not all(isinstance(text, str) for item in metadata.items() for text in item):
        raise TypeError(f"metadata of a safetensors file is text by name, not {dict(metadata)!r}")
    return dict(metadata)


def _tensor(name: str, entry: Mapping[str, Any]) -> Any:
    kind = numpy_dtype(_known(name, entry["dtype"]))
    return from_array(np.frombuffer(bytearray(entry["data"]), kind).reshape(entry["shape"]))


def _known(name: str, code: str) -> str:
    if code not in _CODES:
        raise RuntimeError(
            f"tensor {name!r} of the safetensors file has type {code}, which is not known here"
        )
    return _CODES[code]


def _damage(what: str, size: int, error: Exception) -> str:
    return f"{what} ({size} bytes) is not a whole safetensors file: {error}"
