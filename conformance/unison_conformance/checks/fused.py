"""Fused kernels beside the bodies of their composites: both on the device, both within the limit of the oracle.

Which of the two runs depends on whether something records, so a program must not be able to tell them apart.
"""

from __future__ import annotations

from typing import Any

from unison_conformance.cases.case import Case
from unison_conformance.cases.listing import samples_of
from unison_conformance.checks._device import dtypes_of, expect, fetch, find, require_dtype
from unison_conformance.checks.check import check
from unison_conformance.running.inputs import prepared, sent
from unison_conformance.tolerance import compare, family_of, limit_of
from unison_core import dtypes, operator
from unison_core.dispatch.composite import as_kernel
from unison_core.dtypes import DType
from unison_core.handle import wrap
from unison_core.operator import Arity, Operator

__all__: list[str] = []


def _composites() -> list[str]:
    return [
        n for n, op in sorted(operator.registry.items()) if op.body is not None and "random" not in op.tags
    ]


@check(level=1, each=_composites())
def body(device: str, name: str) -> None:
    """The body and the kernel of a composite agree, in float32 or else the first dtype that both have."""
    kinds = [d for d in dtypes_of(device) if d in operator.registry[name].dtypes]
    _both(device, name, dtypes.float32 if dtypes.float32 in kinds else kinds[0])


def _in_half_types() -> list[str]:
    half = (dtypes.float16, dtypes.bfloat16)
    return [f"{name}-{d.name}" for name in _composites() for d in half if d in operator.registry[name].dtypes]


@check(level=3, each=_in_half_types())
def half_body(device: str, word: str) -> None:
    """As `body` in a half type, where a body must accumulate in float32 as a kernel must (rule 6)."""
    name, _, kind = word.rpartition("-")
    _both(device, name, require_dtype(device, kind))


def _both(device: str, name: str, kind: DType) -> None:
    op, where = operator.registry[name], find(device)
    if where.backend.kernel(op) is None:
        # Only the body runs there: the operator's cases judge it.
        return
    for number in range(len(samples_of(name))):
        case = Case(name, kind.name, "contiguous", "ordinary", number)
        ready = prepared(case)
        for what, function in (("kernel", op.call), ("body", _body(op, where))):
            given = sent(ready.promoted, "contiguous", where).inputs
            attrs = ready.attrs if what == "body" else dict(case.call().attrs)
            out = function(*given, **attrs)  # type: ignore[misc]
            outs = given if op.arity is Arity.WRITING else out if isinstance(out, tuple) else (out,)
            _judge(f"the {what} of {name}, sample {number}, {kind.name}", name, outs, ready.wanted)


def _body(op: Operator, device: Any) -> Any:
    """The body as the dispatcher calls it where there is no kernel."""
    if op.arity is Arity.WRITING:
        return op.body
    kernel = as_kernel(op, device)

    def call(*inputs: Any, **attrs: Any) -> Any:
        out = kernel(*[None if x is None else x.array for x in inputs], **attrs)
        return tuple(wrap(o, device) for o in out) if isinstance(out, tuple) else wrap(out, device)

    return call


def _judge(what: str, name: str, outs: Any, wanted: Any) -> None:
    for i, (got, reference) in enumerate(zip(outs, wanted, strict=True)):
        found = compare(fetch(got), reference, got.dtype, limit_of(family_of(name), got.dtype))
        expect(
            found.ok,
            f"{what}: result {i} at {list(found.place)}: got {found.got}, must be {found.wanted} "
            f"({found.error:.3g} of {found.allowed:.3g} units in the last place)",
        )
