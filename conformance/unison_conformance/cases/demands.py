"""What a call asks of a device: the dtypes it touches, and the badges that stand for those."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from unison_conformance.cases.case import Case
from unison_core import dtypes
from unison_core.dispatch.infer import promoted_dtype
from unison_core.dtypes import DType
from unison_core.operator import Operator, registry
from unison_core.samples import Arg, Sample
from unison_core.spec import Spec

__all__ = ["BADGE_OF", "badges_of_operator", "dtypes_of"]

BADGE_OF: dict[DType, frozenset[str]] = {
    dtypes.float64: frozenset({"fp64"}),
    dtypes.float16: frozenset({"fp16"}),
    dtypes.bfloat16: frozenset({"bf16"}),
    dtypes.complex64: frozenset({"complex"}),
    dtypes.complex128: frozenset({"complex", "fp64"}),
}
"""The badges without which a device does not have the dtype."""

_PLAIN = (dtypes.float32, dtypes.int64, dtypes.int32, dtypes.bool_)


@lru_cache(4096)
def dtypes_of(case: Case) -> frozenset[DType]:
    """The dtypes of a case's inputs, of what they are promoted to, of its attributes and of its results.

    An erroneous call has no results: there it is the dtypes that the operator's results have at least.
    """
    found = _touched(case.op, case.call(), case.element_type)
    if case.call().error is None:
        return found
    badges = badges_of_operator(case.operator)
    return found.union(d for d, needed in BADGE_OF.items() if needed <= badges)


def _touched(op: Operator, sample: Sample, dtype: DType) -> frozenset[DType]:
    specs = [Spec(x.shape, x.dtype or dtype) if isinstance(x, Arg) else x for x in sample.inputs]
    named = [v for v in sample.attrs.values() if isinstance(v, DType)]
    given = [s.dtype for s in specs if isinstance(s, Spec)]
    found = {dtype, *given, *named, *(s.dtype for s in _results(op, sample, specs))}
    if specs:
        found.add(promoted_dtype(op, specs))
    return frozenset(d for d in found if d is not None)


def _results(op: Operator, sample: Sample, specs: list[Any]) -> list[Spec]:
    """By the rules; nothing where they refuse the call, or cannot tell."""
    if op.infer is None or sample.error is not None:
        return []
    try:
        out = op.infer(*specs, **{**op.defaults, **sample.attrs})
    except Exception:  # noqa: BLE001 - a rule refuses a call with whatever error users get
        return []
    return [s for s in (out if isinstance(out, tuple) else (out,)) if isinstance(s, Spec)]


@cache
def badges_of_operator(name: str) -> frozenset[str]:
    """The badges without which a device cannot do the operator at all: `complex` for those that make such numbers."""
    op = registry[name]
    kinds = [d for d in (*_PLAIN, *dtypes.ALL) if d in op.dtypes]
    for sample in (s for s in op.samples() if s.error is None) if op.samples else ():
        dtype = sample.attrs.get("dtype", kinds[0])
        return frozenset(b for d in _touched(op, sample, dtype) for b in BADGE_OF.get(d, ()))
    return frozenset()
