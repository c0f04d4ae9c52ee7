"""What a case calls its operator with: host arrays and their reference once, tensors of a device each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from unison_conformance.cases.case import Case
from unison_conformance.cases.layouts import place, repeated
from unison_conformance.cases.values import draw, host_dtype
from unison_conformance.oracle import ORACLES, expected
from unison_conformance.oracle.reference import Reference
from unison_core import devices, dtypes
from unison_core.dispatch.infer import promoted_dtype
from unison_core.handle import wrap
from unison_core.samples import Arg
from unison_core.spec import Spec

__all__ = ["OracleMissing", "Prepared", "Sent", "host_inputs", "prepared", "sent"]

# Layouts of one sample follow each other in the list; mutants come back to the same cases again and again.
_KEPT = 1024


class OracleMissing(LookupError):  # noqa: N818 - the name says it
    """The suite has no reference for the operator."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case's inputs on the host (arrays, numbers, None), its attributes, and what must come out."""

    hosts: tuple[Any, ...]
    promoted: tuple[Any, ...]
    """The arrays in the dtype that the kernel sees: what the oracle was given."""
    attrs: Mapping[str, Any]
    wanted: tuple[Reference, ...]


def host_inputs(case: Case) -> tuple[Any, ...]:
    """The host arrays (or numbers, or None) that the case calls its operator with; not to be written to."""
    out = []
    for i, x in enumerate(case.call().inputs):
        host = draw(x, case.element_type, case.values, case.seed * 101 + i) if isinstance(x, Arg) else x
        if isinstance(host, np.ndarray):
            if case.layout == "expanded" and isinstance(x, Arg) and not x.make:
                host = repeated(host)
            host.flags.writeable = False
        out.append(host)
    return tuple(out)


def prepared(case: Case) -> Prepared:
    """Numbers and reference of a case: computed once for all its layouts but `expanded`, whose numbers repeat.

    Raises:
        OracleMissing: the suite has no reference for the operator.
    """
    return _prepared(case if case.layout == "expanded" else replace(case, layout="contiguous"))


@lru_cache(_KEPT)
def _prepared(case: Case) -> Prepared:
    op, hosts = case.op, host_inputs(case)
    if op.name not in ORACLES:
        raise OracleMissing(f"the suite has no oracle for {op.name}")
    attrs = {**op.defaults, **case.call().attrs}
    promoted = promote(op, hosts)
    return Prepared(hosts, promoted, attrs, expected(op.name, promoted, attrs))


def promote(op: Any, hosts: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs in the dtype that the dispatcher promotes them to."""
    specs = [Spec(x.shape, dtype_of(x)) if isinstance(x, np.ndarray) else x for x in hosts]
    target = promoted_dtype(op, specs) if hosts else None
    if target is None:
        return hosts
    native = host_dtype(target)
    return tuple(None if x is None else np.asarray(x).astype(native) for x in hosts)


def dtype_of(array: Any) -> dtypes.DType:
    """The dtype of a host array."""
    return dtypes.BY_NAME[array.dtype.name]


@dataclass(frozen=True, slots=True)
class Sent:
    """The tensors of a call, and for each memory that was sent to the device its tensor and its first content."""

    inputs: tuple[Any, ...]
    memories: tuple[tuple[Any, Any], ...]
    layout: str

    def changed(self) -> str:
        """What has been written since, in words; empty if nothing has. Poison around the elements counts too."""
        return self._written("was written to", [slice(None)] * len(self.memories))

    def spilled(self, hosts: tuple[Any, ...]) -> str:
        """What has been written since around the elements, in words: all that may change are the elements."""
        return self._written("was written around", _around(hosts, self.layout))

    def _written(self, what: str, kept: Sequence[Any]) -> str:
        for number, ((tensor, before), places) in enumerate(zip(self.memories, kept, strict=True)):
            now = np.asarray(tensor.device.backend.to_host(tensor.array))
            wrong = np.flatnonzero((_bits(now) != _bits(before))[places])
            if wrong.size:
                return f"input {number} {what}: {wrong.size} bytes of its memory of {before.nbytes} changed"
        return ""


def _around(hosts: tuple[Any, ...], layout: str) -> list[Any]:
    """Which bytes of the memories of inputs belong to no element: those that do not move with the elements."""
    there = []
    for turned in (False, True):
        memories: list[Any] = []

        def send(array: Any, memories: list[Any] = memories) -> Any:
            memories.append(_bits(array))
            return wrap(devices.host().backend.from_host(array, devices.host()), devices.host())

        for i, x in enumerate(hosts):
            if isinstance(x, np.ndarray):
                place(_turned(x) if turned else x, layout, send, i)
        there.append(memories)
    return [a == b for a, b in zip(*there, strict=True)]


def _turned(x: Any) -> Any:
    """Other bytes everywhere."""
    return ~x if x.dtype.kind == "b" else (_bits(x) ^ 0xFF).view(x.dtype).reshape(x.shape)


def _bits(x: Any) -> Any:
    return np.ascontiguousarray(x).reshape(-1).view(np.uint8)


def sent(hosts: tuple[Any, ...], layout: str, device: Any) -> Sent:
    """The inputs as tensors of the device, laid out."""
    memories: list[tuple[Any, Any]] = []

    def send(array: Any) -> Any:
        tensor = wrap(device.backend.from_host(array, device), device)
        memories.append((tensor, array))
        return tensor

    inputs = tuple(place(x, layout, send, i) if isinstance(x, np.ndarray) else x for i, x in enumerate(hosts))
    return Sent(inputs, tuple(memories), layout)
