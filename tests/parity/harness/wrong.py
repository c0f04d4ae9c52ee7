"""PyTorch with deliberate mistakes, to show that the harness sees them."""

from typing import Any

import torch

__all__ = ["ABSENT", "Raises", "Wrong", "wrong_sine"]


class _Absent:
    """Stands for a name that is not there, in modules and in classes."""

    def __get__(self, instance: object, owner: type) -> None:
        raise AttributeError(owner.__name__)


ABSENT = _Absent()


class _AnyTensor(type(torch.Tensor)):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, torch.Tensor)


class Raises:
    """Stands for a name that cannot be looked up."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Wrong:
    """Everything of a namespace of PyTorch, except what stands under the dotted names given."""

    def __init__(self, changes: dict[str, Any], namespace: Any = torch) -> None:
        self.__name__ = "wrong"
        self._namespace = namespace
        heads = {name.partition(".")[0] for name in changes}
        for head in heads:
            inner = {n.partition(".")[2]: v for n, v in changes.items() if n.startswith(head + ".")}
            setattr(self, head, _changed(getattr(namespace, head), inner) if inner else changes[head])

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is ABSENT:
            raise AttributeError(f"no {name}")
        if isinstance(value, Raises):
            raise value.error
        return value

    def __getattr__(self, name: str) -> Any:
        # Python asks here as well when __getattribute__ has refused.
        value = self.__dict__.get(name)
        if value is ABSENT:
            raise AttributeError(f"no {name}", name=name, obj=self)
        if isinstance(value, Raises):
            raise value.error
        return getattr(self._namespace, name)


def _changed(value: Any, changes: dict[str, Any]) -> Any:
    if value is torch.Tensor:
        return _AnyTensor("Tensor", (torch.Tensor,), changes)
    return Wrong(changes, value)


class wrong_sine(torch.autograd.Function):
    """sin with the derivative of -sin."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return torch.sin(x)

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
        return -g * torch.cos(ctx.saved_tensors[0])
