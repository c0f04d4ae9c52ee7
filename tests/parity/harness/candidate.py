"""The module that is measured, and how values travel between it and PyTorch."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

__all__ = ["Candidate", "Memo", "TooManyDimensions", "reference"]

DTYPES = (
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"),
)
LAYOUTS = ("strided", "sparse_coo", "sparse_csr")
MEMORY_FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")

MOST_DIMENSIONS = 64  # of a NumPy array
# Dtypes that NumPy lacks, and one that holds all their values.
CARRIERS = {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}


class TooManyDimensions(Exception):  # noqa: N818 - it is a property of the sample
    """NumPy, through which tensors travel, has no array of so many dimensions."""


@dataclasses.dataclass
class Memo:
    """What was made of each tensor of a sample, so that one passed twice arrives as one."""

    made: dict[int, Any] = dataclasses.field(default_factory=dict)
    leaves: list[Any] = dataclasses.field(default_factory=list)
    whole_storage: bool = False

    @property
    def tensors(self) -> list[Any]:
        return list(self.made.values())


class Candidate:
    """A torch-shaped module, with the translation of PyTorch's values to and from its own."""

    def __init__(self, module: Any, make: Callable[[Any, torch.Tensor, bool], Any] | None = None) -> None:
        self.module = module
        self.name = module.__name__
        self._make = make or _through_numpy
        names = DTYPES + LAYOUTS + MEMORY_FORMATS
        self._constants = {getattr(torch, n): getattr(module, n) for n in names if hasattr(module, n)}

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.module.Tensor)

    def give(self, value: Any, memo: Memo) -> Any:
        """The candidate's version of value: tensors keep values, dtype, strides and requires_grad."""
        match value:
            case torch.Tensor():
                return self._give_tensor(value, memo)
            case torch.Size():
                return self.module.Size(value)
            case list() | tuple():
                return type(value)([self.give(item, memo) for item in value])
            case dict():
                return {key: self.give(item, memo) for key, item in value.items()}
            case slice():
                return slice(*self.give([value.start, value.stop, value.step], memo))
            case torch.dtype() | torch.layout() | torch.memory_format():
                return self._give_constant(value)
            case torch.device():
                return self.module.device(str(value))
            case torch.nn.Module():
                return self._give_module(value)
            case _ if dataclasses.is_dataclass(value) and type(value).__module__.startswith("torch."):
                return getattr(self.module.nn, type(value).__name__)(**dataclasses.asdict(value))
            case _:
                return value

    def take(self, tensor: Any) -> torch.Tensor:
        """PyTorch's version of one of the candidate's tensors, detached and copied."""
        dtype = self.torch_dtype(tensor.dtype)
        tensor = tensor.detach()
        # PyTorch itself as the candidate may answer with values not yet computed.
        for lazy, resolve in (
            ("is_conj", "resolve_conj"),
            ("is_neg", "resolve_neg"),
            ("_is_zerotensor", "clone"),
        ):
            if getattr(tensor, lazy, bool)():
                tensor = getattr(tensor, resolve)()
        if dtype in CARRIERS:
            tensor = tensor.to(self._give_constant(CARRIERS[dtype]))
        return torch.from_numpy(np.array(tensor.numpy(), order="C")).to(dtype)

    def torch_dtype(self, dtype: Any) -> torch.dtype:
        """PyTorch's dtype of the same name; LookupError for a dtype that is none of the candidate's."""
        for ours, theirs in self._constants.items():
            if theirs is dtype:
                return ours
        msg = f"{dtype!r} is no dtype of {self.name}"
        raise LookupError(msg)

    def _give_tensor(self, tensor: torch.Tensor, memo: Memo) -> Any:
        if id(tensor) not in memo.made:
            made = self._make(self, tensor, memo.whole_storage)
            if tensor.requires_grad:
                memo.leaves.append(made.requires_grad_(True))
            memo.made[id(tensor)] = made
        return memo.made[id(tensor)]

    def _give_constant(self, constant: Any) -> Any:
        if constant not in self._constants:
            msg = f"module {self.name!r} has no attribute {str(constant).removeprefix('torch.')!r}"
            raise AttributeError(msg, name=str(constant).removeprefix("torch."), obj=self.module)
        return self._constants[constant]

    def _give_module(self, module: torch.nn.Module) -> Any:
        made = getattr(self.module.nn, type(module).__name__)()
        for attribute in type(module).__constants__:
            setattr(made, attribute, getattr(module, attribute))
        return made


def reference() -> Candidate:
    """PyTorch itself, given copies of its own tensors."""
    return Candidate(torch, _copied)


def _copied(_: Candidate, tensor: torch.Tensor, whole_storage: bool) -> torch.Tensor:
    if tensor.layout is not torch.strided:
        return tensor.detach().clone()
    flat = _storage(tensor).clone()
    return flat.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())


def _through_numpy(candidate: Candidate, tensor: torch.Tensor, whole_storage: bool) -> Any:
    if tensor.layout is torch.sparse_csr:
        parts = (tensor.crow_indices(), tensor.col_indices(), tensor.values())
        return candidate.module.sparse_csr_tensor(*candidate.give(parts, Memo()), tuple(tensor.shape))
    if tensor.ndim > MOST_DIMENSIONS:
        raise TooManyDimensions(f"{tensor.ndim} dimensions")
    dtype = tensor.dtype
    tensor = tensor.detach().resolve_conj().resolve_neg().to(CARRIERS.get(dtype, dtype))
    flat = _storage(tensor).numpy().copy()
    if whole_storage:
        made = candidate.module.from_numpy(flat)
        made = made.as_strided(tuple(tensor.shape), tensor.stride(), tensor.storage_offset())
    else:
        strides = [step * flat.itemsize for step in tensor.stride()]
        made = np.lib.stride_tricks.as_strided(flat[tensor.storage_offset() :], tensor.shape, strides)
        made = candidate.module.from_numpy(made)
    return made.to(candidate.give(dtype, Memo())) if dtype in CARRIERS else made


def _storage(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty(0, dtype=tensor.dtype).set_(tensor.detach().untyped_storage())
