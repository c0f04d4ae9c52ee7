"""What `copy` and `pickle` do with a tensor: Tensor's `__copy__`, `__deepcopy__`, `__reduce_ex__` call these."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray

import unison
from unison.serialization._format import dtype_name
from unison.serialization._host import bytes_of, from_array, owner_of, strided, to_array
from unison.serialization._rebuild import without_data

__all__ = ["copy_tensor", "deepcopy_tensor", "rebuild_tensor", "reduce_tensor"]

_Reduced = tuple[Callable[..., Any], tuple[Any, ...]]


def reduce_tensor(tensor: Any) -> _Reduced:
    """The function and arguments that pickle rebuilds a tensor from: class, elements, layout, device, requires_grad.

    The elements go as one array, without the rest of the memory that the tensor may be a view of. Dimensions
    keep the order they have in memory. Gradients and hooks are not kept. As in PyTorch, a tensor that is not a
    leaf becomes one.
    """
    return rebuild_tensor, (type(tensor), *_content(tensor), bool(tensor.requires_grad), _state(tensor))


def _state(tensor: Any) -> dict[str, Any]:
    """What a user attached to it."""
    return dict(getattr(tensor, "__dict__", {}))


def _content(tensor: Any) -> tuple[Any, ...]:
    size, device, dtype = tuple(tensor.shape), str(tensor.device), dtype_name(tensor.dtype)
    if tensor.device.type == "meta":
        return None, dtype, size, tuple(tensor.stride()), device
    array = to_array(tensor)
    order = sorted(range(array.ndim), key=lambda dim: -array.strides[dim])
    ordered = np.ascontiguousarray(array.transpose(order))
    stride = [0] * array.ndim
    for position, dim in enumerate(order):
        stride[dim] = ordered.strides[position] // ordered.itemsize
    # As plain bytes: NumPy alone cannot pickle bfloat16.
    return ordered.reshape(-1).view(np.uint8), dtype, size, tuple(stride), device


def rebuild_tensor(
    cls: type,
    raw: NDArray[np.uint8] | None,
    dtype: str,
    size: Sequence[int],
    stride: Sequence[int],
    device: str,
    requires_grad: bool,
    state: dict[str, Any],
) -> Any:
    """The tensor that `reduce_tensor` took apart.

    Raises:
        RuntimeError: the device cannot be used here.
    """
    if raw is None:
        out = without_data(getattr(unison, dtype), tuple(size), tuple(stride))
    else:
        own = raw if raw.flags.writeable else raw.copy()
        out = from_array(strided(own, dtype, 0, size, stride)).to(device)
    return _finish(out, cls, requires_grad, state)


def _finish(out: Any, cls: type, requires_grad: bool, state: dict[str, Any]) -> Any:
    if type(out) is not cls:
        out.__class__ = cls
    for name, value in state.items():
        setattr(out, name, value)
    return out.requires_grad_(requires_grad)


def copy_tensor(tensor: Any) -> Any:
    """Another leaf on the same memory: what `copy.copy` gives."""
    return _finish(tensor.detach(), type(tensor), tensor.requires_grad, _state(tensor))


def deepcopy_tensor(tensor: Any, memo: dict[Any, Any]) -> Any:
    """A copy on memory of its own; on the host, tensors that share memory are copied as views of one copy.

    Class, attributes, requires_grad and gradient are kept.

    Raises:
        RuntimeError: the tensor was computed with gradient: copying would tear it from its graph.
    """
    if id(tensor) in memo:
        return memo[id(tensor)]
    if not tensor.is_leaf:
        raise RuntimeError(
            "Only tensors created explicitly by the user (graph leaves) support deepcopy, and this one was computed "
            f"by {tensor.grad_fn}: copy tensor.detach(), or tensor.clone() to stay in the graph"
        )
    with unison.no_grad():
        out = _copied(tensor, memo)
    memo[id(tensor)] = out
    _finish(out, type(tensor), tensor.requires_grad, copy.deepcopy(_state(tensor), memo))
    if tensor.grad is not None:
        out.grad = copy.deepcopy(tensor.grad, memo)
    return out


def _copied(tensor: Any, memo: dict[Any, Any]) -> Any:
    if not tensor.device.is_host or not tensor.numel():
        return tensor.detach().clone()
    array = to_array(tensor)
    owner = owner_of(array)
    begin, end = byte_bounds(owner)
    key = ("unison.serialization", begin)
    if key not in memo:
        # With its owner, so that the address stays its own.
        memo[key] = (owner, bytes_of(begin, end - begin).copy())
    offset = (byte_bounds(array)[0] - begin) // array.itemsize
    return from_array(strided(memo[key][1], dtype_name(tensor.dtype), offset, tensor.shape, tensor.stride()))
