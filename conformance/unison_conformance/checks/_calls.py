"""Calls of operators for checks: their samples drawn on the host, in a dtype the device has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import unison
from unison_conformance.cases.listing import drawable, samples_of
from unison_conformance.cases.values import draw
from unison_conformance.checks._device import dtypes_of, fetch, find, send
from unison_core import dtypes, operator
from unison_core.dtypes import DType
from unison_core.operator import Operator
from unison_core.samples import Arg

__all__ = ["NAMES", "Call", "calls_of", "results"]

NAMES = tuple(operator.registry)
"""Every operator when the suite was imported."""

_ORDER = (dtypes.float32, dtypes.int32, dtypes.complex64, dtypes.bool_, dtypes.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of an operator with host arrays (or numbers, or None) as inputs."""

    op: Operator
    dtype: DType
    hosts: tuple[Any, ...]
    attrs: dict[str, Any]

    def inputs(self, device: str) -> list[Any]:
        """Fresh tensors on the device."""
        return [send(x, device) if isinstance(x, np.ndarray) else x for x in self.hosts]

    def run(self, inputs: list[Any], device: str) -> tuple[Any, ...]:
        """The results, always as a tuple."""
        place = {} if self.op.data else {"device": find(device)}
        out = self.op.call(*inputs, **self.attrs, **place)
        return out if isinstance(out, tuple) else (out,)


def calls_of(
    name: str, device: str, limit: int = 2, wanted: tuple[DType, ...] = _ORDER, kinds: int = 1
) -> Iterator[Call]:
    """The first calls of an operator that the device's dtypes allow, in the first `kinds` of the wanted dtypes."""
    op, have = operator.registry[name], dtypes_of(device)
    left = kinds
    for dtype in (*wanted, *(d for d in have if d not in wanted)):
        if dtype not in op.dtypes or dtype not in have or not left:
            continue
        found = 0
        for n, sample in enumerate(samples_of(name)):
            needed = [x.dtype for x in sample.inputs if isinstance(x, Arg) and x.dtype is not None]
            needed += [a for a in sample.attrs.values() if isinstance(a, DType)]
            if found == limit or not drawable(op, sample, dtype) or any(d not in have for d in needed):
                continue
            found += 1
            hosts = (
                draw(x, dtype, "ordinary", 101 * n + i) if isinstance(x, Arg) else x
                for i, x in enumerate(sample.inputs)
            )
            yield Call(op, dtype, tuple(hosts), {**op.defaults, **sample.attrs})
        left -= found > 0


def results(outs: tuple[Any, ...]) -> list[bytes]:
    """The bits of results."""
    return [fetch(o).tobytes() for o in outs if isinstance(o, unison.Tensor)]
