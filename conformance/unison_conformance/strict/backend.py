"""The backend: the array kit's kernels on the arrays inside, each call checked before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from unison_conformance.strict.array import StrictArray
from unison_core import arraykit, dtypes
from unison_core.arraykit.movement import storage
from unison_core.backend import Backend
from unison_core.devices import Device
from unison_core.dispatch.infer import infer
from unison_core.dtypes import DType
from unison_core.errors import NotSupportedError
from unison_core.operator import Operator, Promote, Result
from unison_core.spec import Spec

__all__ = ["StrictBackend", "StrictnessError"]

_WIDE = (dtypes.float64, dtypes.complex128)


class StrictnessError(AssertionError):
    """The dispatcher or a kernel did what the contract does not allow: a bug of ours, not of the user."""


class StrictBackend(Backend):
    """Two devices, the second without float64."""

    name = "strict"
    array_class: ClassVar[type] = StrictArray

    def __init__(self) -> None:
        self._wrapped: dict[str, Callable[..., Any]] = {}
        super().__init__()

    def native_dtypes(self) -> Mapping[DType, Any]:
        """NumPy's and ml_dtypes' dtype objects."""
        import ml_dtypes

        names = {d: np.dtype(d.name) for d in dtypes.ALL if d is not dtypes.bfloat16}
        return {**names, dtypes.bfloat16: np.dtype(ml_dtypes.bfloat16)}

    def device_count(self) -> int:
        """With and without float64."""
        return 2

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        """The kit's, still unguarded."""
        return arraykit.kernels(np, self.native_dtypes())

    def kernel(self, op: Operator) -> Callable[..., Any] | None:
        """The guarded kernel."""
        inner = super().kernel(op)
        if inner is None:
            return inner
        if op.name not in self._wrapped:
            self._wrapped[op.name] = self._guard(op, inner)
        return self._wrapped[op.name]

    def _guard(self, op: Operator, inner: Callable[..., Any]) -> Callable[..., Any]:
        writes = "writes" in op.tags
        aliases = op.result is Result.VIEW or writes
        checked: set[Any] = set()

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            device = self._common(op, arrays, attrs)
            _refuse_wide(device, attrs.get("dtype"))
            given = [a if a is None else (a.data if aliases else _read_only(a.data)) for a in arrays]
            out = inner(*given, **attrs)
            results = out if isinstance(out, tuple) else (out,)
            fresh = tuple(np.asarray(r) for r in results)
            if not aliases:
                _refuse_aliases(op, fresh, given)
            _check_rules(self, op, arrays, attrs, fresh, checked)
            wrapped = tuple(StrictArray(r, device) for r in fresh)
            return wrapped if isinstance(out, tuple) else wrapped[0]

        kernel.__qualname__ = f"strict {op.name}"
        return kernel

    def _common(self, op: Operator, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        given = [a for a in arrays if a is not None]
        for a in given:
            if not isinstance(a, StrictArray):
                raise StrictnessError(f"{op.name} was handed {type(a).__name__}, not an array of the device")
        if op.promote is not Promote.NONE and len({a.dtype for a in given}) > 1:
            raise StrictnessError(f"{op.name} was handed unequal dtypes: {[str(a.dtype) for a in given]}")
        if len({a.device for a in given}) > 1:
            raise StrictnessError(
                f"{op.name} was handed arrays of several devices: {[str(a.device) for a in given]}"
            )
        return given[0].device if given else attrs["device"]

    def from_host(self, array: Any, device: Device) -> Any:
        """A copy behind glass."""
        _refuse_wide(device, self._dtype_of.get(np.asarray(array).dtype))
        return StrictArray(np.array(array, order="C"), device)

    def to_host(self, array: Any) -> Any:
        """A copy: the host never sees the device's memory."""
        return np.array(array.data)

    def assign(self, target: Any, source: Any) -> None:
        """NumPy broadcasts, casts and handles overlap."""
        data = source.data
        target.data[...] = data.real if data.dtype.kind == "c" and target.dtype.kind != "c" else data

    def strides(self, array: Any) -> tuple[int, ...]:
        """NumPy's byte strides in elements."""
        return tuple(s // array.dtype.itemsize for s in array.data.strides)

    def offset(self, array: Any) -> int:
        """Distance from the owner's first element."""
        owner = storage(array.data)
        item = array.dtype.itemsize
        return int((array.data.ctypes.data - owner.ctypes.data) // item) if array.size else 0

    def describe(self, device: Device) -> str:
        """What it is for."""
        return "NumPy that refuses what is not promised" + (", without float64" if device.index == 1 else "")

    def claims(self, device: Device) -> frozenset[str]:
        """Deterministic as NumPy on one thread is; the second device has no float64."""
        badges = super().claims(device) | {"deterministic"}
        return badges - {"fp64"} if device.index == 1 else badges


def _refuse_wide(device: Any, dtype: Any) -> None:
    if device.index == 1 and dtype in _WIDE:
        raise NotSupportedError(
            f"{device} has no {dtype.name}; use {dtypes.float32.name}, or device 'strict:0'"
        )


def _read_only(data: Any) -> Any:
    view = data.view()
    view.flags.writeable = False
    return view


def _refuse_aliases(op: Operator, results: tuple[Any, ...], given: list[Any]) -> None:
    for r in results:
        for a in given:
            if a is not None and r.size and np.may_share_memory(r, a):
                raise StrictnessError(f"the result of {op.name} shares memory with an input")


def _check_rules(
    backend: StrictBackend,
    op: Operator,
    arrays: tuple[Any, ...],
    attrs: dict[str, Any],
    results: tuple[Any, ...],
    seen: set[Any],
) -> None:
    """Compare with the infer rule, once for every combination of shapes, dtypes and attributes."""
    if "dynamic" in op.tags:
        return
    shapes = tuple(None if a is None else (a.shape, a.dtype) for a in arrays)
    key = (
        shapes,
        repr(sorted((k, repr(v)) for k, v in attrs.items() if k not in ("device", "seed", "stream"))),
    )
    if key in seen:
        return
    specs = [None if a is None else Spec(a.shape, backend._dtype_of[a.dtype], a.device) for a in arrays]
    wanted = infer(op, specs, {k: v for k, v in attrs.items() if k != "device" or "device" in op.attributes})
    for got, spec in zip(results, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        if tuple(got.shape) != tuple(spec.shape) or backend._dtype_of[got.dtype] is not spec.dtype:
            raise StrictnessError(
                f"{op.name} returned {got.dtype}{list(got.shape)}, its rules say {spec.dtype.name}{list(spec.shape)}"
            )
    seen.add(key)
