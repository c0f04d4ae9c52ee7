"""The list of cases of each level: fixed for a version of the suite, and known by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache

from unison_conformance.cases.case import Case
from unison_conformance.cases.layouts import LAYOUTS, applies
from unison_core import dtypes, operator
from unison_core.dtypes import DType
from unison_core.operator import Operator, Promote
from unison_core.samples import Arg, Sample

__all__ = ["cases_of", "errors_of", "list_hash", "samples_of"]

_CORE = (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_)

_STORED = frozenset({"as_strided", "view"})
# What these return depends on the strides of x: samples describe contiguous ones.


@cache
def samples_of(name: str) -> tuple[Sample, ...]:
    """The good samples of an operator, in their order."""
    return tuple(s for s in operator.registry[name].samples() if s.error is None)  # type: ignore[misc]


@cache
def errors_of(name: str) -> tuple[Sample, ...]:
    """The erroneous samples of an operator, in their order."""
    return tuple(s for s in operator.registry[name].samples() if s.error is not None)  # type: ignore[misc]


def cases_of(name: str, dtypes_wanted: Iterable[DType] = _CORE) -> Iterator[Case]:
    """The cases of one operator."""
    op = operator.registry[name]
    for dtype in dtypes_wanted:
        if dtype not in op.dtypes:
            continue
        for n, sample in enumerate(samples_of(name)):
            if drawable(op, sample, dtype):
                yield from _variants(op, n, sample, dtype)


def _variants(op: Operator, n: int, sample: Sample, dtype: DType) -> Iterator[Case]:
    shapes = [x.shape for x in sample.inputs if isinstance(x, Arg)]
    for layout in ("contiguous",) if op.name in _STORED else LAYOUTS:
        if layout == "contiguous" or any(applies(layout, s) for s in shapes):
            yield Case(op.name, dtype.name, layout, "ordinary", n)
    if op.elementwise:
        yield Case(op.name, dtype.name, "contiguous", "special", n)


def drawable(op: Operator, sample: Sample, dtype: DType) -> bool:
    """Whether the sample makes sense in that dtype.

    An operator whose one integer type is int64 has that for indices, not for what it computes.
    """
    if dtype is dtypes.int64 and op.dtypes & dtypes.INTEGER == {dtypes.int64}:
        return False
    return all(
        not isinstance(x, Arg) or (x.dtype or dtype) in op.dtypes or op.promote is not Promote.NONE
        for x in sample.inputs
    )


def list_hash(cases: Iterable[Case]) -> str:
    """SHA-256 of the names, one a line."""
    return hashlib.sha256("\n".join(map(str, cases)).encode()).hexdigest()
