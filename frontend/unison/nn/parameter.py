"""Tensors that a Module registers when they are assigned to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import unison
from unison._tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


def _alias(cls: type, data: Tensor, requires_grad: bool) -> Any:
    """A leaf of class cls which shares the storage of data."""
    leaf = data.detach()
    leaf.__class__ = cls
    return leaf.requires_grad_(requires_grad)


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Parameter:
    """Undo Parameter.__reduce_ex__; the third argument keeps the layout of PyTorch's files and is unused."""
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(
    data: Tensor, requires_grad: bool, backward_hooks: Any, state: dict[str, Any]
) -> Parameter:
    """As _rebuild_parameter, for a parameter that carried attributes of its own."""
    parameter = Parameter(data, requires_grad)
    parameter.__dict__.update(state)
    return parameter


class Parameter(Tensor):
    """A tensor that a Module registers under ``parameters()`` when it is assigned as an attribute.

    Shares the storage of ``data`` (an empty tensor when omitted) and is always a leaf, also under ``no_grad``.

    >>> import unison
    >>> unison.nn.Parameter(unison.zeros(2)).requires_grad
    True
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        return _alias(cls, unison.empty(0) if data is None else data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, **kwargs: Any) -> str:
        return "Parameter containing:\n" + super().__repr__(**kwargs)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        plain = (self.data, self.requires_grad, OrderedDict())
        if self.__dict__:
            return _rebuild_parameter_with_state, (*plain, dict(self.__dict__))
        return _rebuild_parameter, plain


class Buffer(Tensor):
    """A tensor that a Module registers under ``buffers()`` when it is assigned as an attribute.

    ``persistent=False`` keeps it out of the module's ``state_dict``.
    """

    persistent: bool = True

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        data = unison.empty(0) if data is None else data
        buffer = _alias(cls, data, data.requires_grad)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = Buffer(self.detach().clone(), persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild_buffer, (self.data, self.persistent)


def _rebuild_buffer(data: Tensor, persistent: bool) -> Buffer:
    return Buffer(data, persistent=persistent)


class UninitializedTensorMixin:
    """What an uninitialized parameter or buffer knows, what it refuses, and how it comes to life.

    It knows dtype and device, by a template without elements; whatever asks for its elements gets ValueError.
    """

    cls_to_become: ClassVar[type]
    requires_grad: bool
    _template: Tensor

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Turn into an ordinary parameter or buffer of this shape, with undefined contents.

        Device and dtype default to those given at construction.
        """
        template = self.__dict__.pop("_template")
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self.data = unison.empty(
            shape,
            device=template.device if device is None else device,
            dtype=template.dtype if dtype is None else dtype,
        )

    @property
    def array(self) -> Any:
        raise ValueError(
            f"Attempted to use an uninitialized parameter or buffer ({type(self).__name__}), which has no elements "
            "yet. Run the lazy module it belongs to on a batch, or materialize it, first."
        )

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            f"Can't access the shape of an uninitialized parameter or buffer ({type(self).__name__}). Run the lazy "
            "module it belongs to on a batch, or materialize it, first; load_state_dict cannot copy it into an "
            "initialized one."
        )

    def share_memory_(self) -> Any:
        raise RuntimeError(
            f"Can't share memory on an uninitialized parameter or buffer ({type(self).__name__}). "
            "Run the lazy module it belongs to on a batch before calling share_memory()."
        )

    @property
    def data(self) -> Any:
        return self._template

    @data.setter
    def data(self, value: Tensor) -> None:
        self._template = value

    @property
    def dtype(self) -> Any:
        return self._template.dtype

    @property
    def is_meta(self) -> bool:
        return self._template.is_meta

    def is_floating_point(self) -> bool:
        return self._template.is_floating_point()

    def is_complex(self) -> bool:
        return self._template.is_complex()

    def detach(self) -> Self:
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        return self._template.to(*args, **kwargs)

    def cpu(self) -> Any:
        return self._template.cpu()

    def cuda(self, device: Any = None) -> Any:
        return self._template.cuda(device)

    def type(self, dtype: Any = None) -> Any:
        return self._template.type(dtype)

    def __repr__(self, **kwargs: Any) -> str:
        return f"<{type(self).__name__}>"


def _uninitialized(cls: type, requires_grad: bool, device: Any, dtype: Any) -> Any:
    template = unison.empty(0, device=device, dtype=dtype)
    tensor = template.detach()
    tensor.__class__ = cls
    tensor._template = template
    return tensor.requires_grad_(requires_grad)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; ``materialize`` makes it a Parameter.

    Reading its shape raises RuntimeError, computing with it ValueError; it may change dtype and device.
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        return _uninitialized(cls, requires_grad, device, dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        if id(self) not in memo:
            data = self.data
            memo[id(self)] = type(self)(self.requires_grad, data.device, data.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad,)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape is not known yet; ``materialize`` makes it a Buffer."""

    cls_to_become = Buffer

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:
        buffer = _uninitialized(cls, requires_grad, device, dtype)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedBuffer:
        if id(self) not in memo:
            data = self.data
            memo[id(self)] = type(self)(self.requires_grad, data.device, data.dtype, self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad, None, None, self.persistent)


def is_lazy(param: Any) -> bool:
    """Whether param is an UninitializedParameter or UninitializedBuffer."""
    return isinstance(param, UninitializedTensorMixin)
