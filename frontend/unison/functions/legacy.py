"""Older names that programs still use: constructors by type, and settings that choose between kinds of arithmetic."""

from __future__ import annotations

from typing import Any

from unison.functions.creation import finish
from unison_core import dtypes
from unison_core.dtypes import DType
from unison_core.handle import Handle
from unison_core.precision import allow, allowed

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "CompileMissingError",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "get_float32_matmul_precision",
    "kaiser_window",
    "set_float32_matmul_precision",
    "set_warn_always",
    "typename",
]


class CompileMissingError(NotImplementedError, AttributeError):
    """`hasattr(unison, "compile")` is False; a program that does not ask is told what to do."""


class _OfType(type):
    """Lets `isinstance(x, unison.FloatTensor)` ask for the dtype."""

    dtype: DType

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Handle) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any) -> Any:
        """A tensor of the given sizes, uninitialised, or of the numbers in a sequence; on the host."""
        import unison

        if len(data) == 1 and not isinstance(data[0], int):
            return unison.tensor(data[0], dtype=cls.dtype, device="cpu")
        return unison.empty(*(data or (0,)), dtype=cls.dtype, device="cpu")


class BFloat16Tensor(metaclass=_OfType):
    """Tensors of bfloat16."""

    dtype = dtypes.bfloat16


class BoolTensor(metaclass=_OfType):
    """Tensors of bool."""

    dtype = dtypes.bool_


class ByteTensor(metaclass=_OfType):
    """Tensors of uint8."""

    dtype = dtypes.uint8


class CharTensor(metaclass=_OfType):
    """Tensors of int8."""

    dtype = dtypes.int8


class DoubleTensor(metaclass=_OfType):
    """Tensors of float64."""

    dtype = dtypes.float64


class FloatTensor(metaclass=_OfType):
    """Tensors of float32."""

    dtype = dtypes.float32


class HalfTensor(metaclass=_OfType):
    """Tensors of float16."""

    dtype = dtypes.float16


class IntTensor(metaclass=_OfType):
    """Tensors of int32."""

    dtype = dtypes.int32


class LongTensor(metaclass=_OfType):
    """Tensors of int64."""

    dtype = dtypes.int64


class ShortTensor(metaclass=_OfType):
    """Tensors of int16."""

    dtype = dtypes.int16


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta); periodic leaves out the last of one point more."""
    from unison.signal import windows

    window = windows.kaiser(window_length, beta=beta, sym=not periodic, dtype=dtype, device=device)
    return finish(window, requires_grad, pin_memory=pin_memory)


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exactly products of float32 matrices must be computed: "highest" (the default), "high" or "medium".

    "high" allows the factors to be cut to TF32, "medium" to bfloat16, on devices that are faster then, as does
    `unison.backends.cuda.matmul.allow_tf32`. One setting for all threads and devices.

    Raises:
        RuntimeError: precision is none of them; nothing has changed then.
    """
    allow(matmul=precision)


def get_float32_matmul_precision() -> str:
    """How exactly products of float32 matrices must be computed."""
    return allowed().matmul


def set_warn_always(always: bool) -> None:
    """Nothing: how often a warning is shown is Python's `warnings.simplefilter`."""


def typename(obj: Any) -> str:
    """The name of a tensor's type, such as "torch.FloatTensor", or of an object's class."""
    if isinstance(obj, Handle):
        return str(obj.type())
    cls = obj if isinstance(obj, type) else type(obj)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
