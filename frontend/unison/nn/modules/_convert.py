"""Moving and converting the tensors of a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import unison
from unison._tensor import Tensor
from unison.nn.modules._tree import ModuleTree
from unison.nn.parameter import Parameter

__all__ = ["ModuleConversion"]

_Change = Callable[[Tensor], Tensor]


class ModuleConversion(ModuleTree):
    """The part of Module that changes dtype and device of its tensors, in place, and returns the module."""

    def _apply(self, fn: _Change, recurse: bool = True) -> Self:
        """Replace every parameter, gradient and buffer t by fn(t); parameters keep their identity."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                _change_parameter(parameter, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move and convert: ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``.

        The dtype, floating or complex, applies to floating and complex tensors alone; other tensors only move.
        Raises TypeError for an integral dtype.
        """
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )

        def convert(tensor: Tensor) -> Tensor:
            wanted = dtype if tensor.is_floating_point() or tensor.is_complex() else None
            if memory_format is not None and tensor.dim() in (4, 5):
                return tensor.to(device, wanted, non_blocking, memory_format=memory_format)
            return tensor.to(device, wanted, non_blocking)

        return self._apply(convert)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move to device without copying: contents are undefined afterwards."""
        return self._apply(lambda tensor: unison.empty_like(tensor, device=device), recurse)

    def cpu(self) -> Self:
        """Move to the host device."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Move to a CUDA device, the current one unless device (an index or a device) is given."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def type(self, dst_type: Any) -> Self:
        """Convert every parameter and buffer, also integral ones, to dst_type."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Self:
        """Convert floating tensors to float32."""
        return self._cast_floating(unison.float32)

    def double(self) -> Self:
        """Convert floating tensors to float64."""
        return self._cast_floating(unison.float64)

    def half(self) -> Self:
        """Convert floating tensors to float16."""
        return self._cast_floating(unison.float16)

    def bfloat16(self) -> Self:
        """Convert floating tensors to bfloat16."""
        return self._cast_floating(unison.bfloat16)

    def _cast_floating(self, dtype: Any) -> Self:
        return self._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)

    def share_memory(self) -> Self:
        """Move the storage of every tensor to shared memory, for use from several processes."""
        return self._apply(lambda tensor: tensor.share_memory_())

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set requires_grad of every parameter: ``requires_grad_(False)`` freezes the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros when set_to_none is False."""
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
                continue
            if parameter.grad.grad_fn is not None:
                parameter.grad.detach_()
            parameter.grad.requires_grad_(False).zero_()


def _change_parameter(parameter: Parameter, fn: _Change) -> None:
    with unison.no_grad():
        changed = fn(parameter)
        if changed is parameter:
            return
        # The gradient is taken off meanwhile: it may not differ in dtype or device from its tensor.
        gradient, parameter.grad = parameter.grad, None
        parameter.data = changed
        if gradient is not None:
            gradient.data = fn(gradient)
            parameter.grad = gradient


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """Sort the arguments of Module.to into device, dtype, non_blocking and memory_format."""
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    tensor, non_blocking = kwargs.pop("tensor", None), kwargs.pop("non_blocking", False)
    memory_format = kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
    for value in args:
        if isinstance(value, Tensor):
            tensor = value
        elif isinstance(value, unison.dtype):
            dtype = value
        elif isinstance(value, bool):
            non_blocking = value
        elif value is not None:
            device = value
    if tensor is not None:
        device, dtype = tensor.device, tensor.dtype
    return None if device is None else unison.device(device), dtype, non_blocking, memory_format
