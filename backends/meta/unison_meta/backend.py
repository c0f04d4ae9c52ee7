"""The backend: a kernel for every operator, made of its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from unison_core import dtypes
from unison_core.backend import Backend
from unison_core.devices import Device
from unison_core.dispatch.infer import infer
from unison_core.dtypes import DType
from unison_core.errors import NotSupportedError
from unison_core.operator import Operator
from unison_core.spec import Spec, broadcast
from unison_core.strided import views
from unison_meta.array import MetaArray

__all__ = ["MetaBackend"]

_VIEWS = views(lambda x, shape, dtype, strides, offset: MetaArray(shape, dtype, strides, offset))


class MetaBackend(Backend):
    """Specs under the dispatcher."""

    name = "meta"
    array_class: ClassVar[type] = MetaArray
    indexed = False

    def native_dtypes(self) -> Mapping[DType, Any]:
        """Core's own dtypes."""
        return {d: d for d in dtypes.ALL}

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        """Only the views have kernels of their own; see `kernel`."""
        return _VIEWS

    def kernel(self, op: Operator) -> Callable[..., Any]:
        """A view's own kernel, or the operator's rules."""
        return super().kernel(op) or _from_rules(op)

    def inplace_kernel(self, op: Operator) -> Callable[..., Any]:
        """Nothing is written."""
        return lambda *arrays, out, **attrs: out

    def from_host(self, array: Any, device: Device) -> Any:
        """The array's shape and dtype."""
        return MetaArray(array.shape, dtypes.BY_NAME[array.dtype.name])

    def to_host(self, array: Any) -> Any:
        """There is nothing to read.

        Raises:
            NotImplementedError: always.
        """
        raise NotSupportedError(
            f"a meta tensor has no data to read (here {array.dtype.name}{list(array.shape)}); make it on another "
            "device, for example with .to_empty(device='cpu') on modules or unison.empty_like(x, device='cpu')"
        )

    def assign(self, target: Any, source: Any) -> None:
        """Check the shapes."""
        if broadcast(target.shape, source.shape) != target.shape:
            raise ValueError(f"{list(source.shape)} does not broadcast to {list(target.shape)}")

    def scalar(self, value: Any, dtype: DType, device: Device) -> Any:
        """A 0-d array."""
        return MetaArray((), dtype)

    def claims(self, device: Device) -> frozenset[str]:
        """None: what has no data cannot conform."""
        return frozenset()

    def strides(self, array: Any) -> tuple[int, ...]:
        """As kept."""
        return tuple(array.strides)

    def offset(self, array: Any) -> int:
        """As kept."""
        return int(array.offset)


def _from_rules(op: Operator) -> Callable[..., Any]:
    def kernel(*arrays: Any, **attrs: Any) -> Any:
        attrs.pop("device", None)
        specs = [None if a is None else Spec(a.shape, a.dtype) for a in arrays]
        out = infer(op, specs, attrs)
        return tuple(_array(s) for s in out) if isinstance(out, tuple) else _array(out)

    kernel.__qualname__ = f"{op.name}, by its rules"
    return kernel


def _array(spec: Spec) -> MetaArray:
    return MetaArray(spec.shape, spec.dtype)
