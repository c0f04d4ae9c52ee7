"""What PyTorch's checkpoint format calls things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["DTYPES", "STORAGES", "STORAGE_OF", "StorageType", "dtype_name"]

DTYPES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)


@dataclass(frozen=True, slots=True)
class StorageType:
    """A storage class of the format: its name and the element type it implies; None for plain bytes."""

    name: str
    dtype: str | None


STORAGES = {
    "torch.BoolStorage": StorageType("BoolStorage", "bool"),
    "torch.ByteStorage": StorageType("ByteStorage", "uint8"),
    "torch.CharStorage": StorageType("CharStorage", "int8"),
    "torch.ShortStorage": StorageType("ShortStorage", "int16"),
    "torch.IntStorage": StorageType("IntStorage", "int32"),
    "torch.LongStorage": StorageType("LongStorage", "int64"),
    "torch.HalfStorage": StorageType("HalfStorage", "float16"),
    "torch.BFloat16Storage": StorageType("BFloat16Storage", "bfloat16"),
    "torch.FloatStorage": StorageType("FloatStorage", "float32"),
    "torch.DoubleStorage": StorageType("DoubleStorage", "float64"),
    "torch.ComplexFloatStorage": StorageType("ComplexFloatStorage", "complex64"),
    "torch.ComplexDoubleStorage": StorageType("ComplexDoubleStorage", "complex128"),
    "torch.storage.UntypedStorage": StorageType("UntypedStorage", None),
}
STORAGE_OF = {kind.dtype: kind for kind in STORAGES.values() if kind.dtype is not None}


def dtype_name(dtype: Any) -> str:
    """`float32` of the dtype that prints as `unison.float32`."""
    return str(dtype).rpartition(".")[2]
