"""State between calls: a result belongs to its call alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unison_conformance.cases.case import Case
from unison_conformance.checks.check import CheckFailed, check
from unison_core import devices, dtypes, ops
from unison_core.operator import Arity, Operator, registry
from unison_core.samples import Arg

__all__ = ["calls_do_not_share"]

assert ops, "the registry is filled"

_SEEDS = 200
_OTHER = (Arity.TRANSFER, Arity.WRITING)


def _shared() -> list[str]:
    """Operators that return what they made."""
    return [name for name, op in sorted(registry.items()) if op.arity not in _OTHER]


@check(level=1, each=_shared())
def calls_do_not_share(device: str, name: str) -> None:
    """Two calls of one shape with other numbers: each is right, and the second leaves the first result alone."""
    from unison_conformance.running.inputs import host_inputs, sent

    op, where = registry[name], devices.canonical(device)
    pair = _pair(op)
    kept: list[tuple[list[Any], list[bytes]]] = []
    for again in pair:
        _must_pass(again, device)
        given = sent(host_inputs(again), "contiguous", where)
        attrs = dict(again.call().attrs)
        if op.arity is Arity.CREATION:
            attrs["device"] = where
        out = op.call(*given.inputs, **attrs)
        outs = list(out) if isinstance(out, tuple) else [out]
        kept.append((outs, [_content(o) for o in outs]))
    for outs, before in kept:
        if [_content(o) for o in outs] != before:
            raise CheckFailed(
                f"a later call of {name} changed the result of an earlier one: they share memory"
            )
    if op.arity is Arity.CREATION:
        _must_not_share(name, where, kept[0][0][0], kept[1][0][0])


def _pair(op: Operator) -> tuple[Case, ...]:
    """Two cases of the same shapes that come out differently; where there are none, two all the same."""
    pairs = [(c, *_other_numbers(c)) for c in _plain(op)]
    return next(
        (p for p in pairs if len(p) == 2 and _answer(p[0]) != _answer(p[1])), pairs[0] if pairs else ()
    )


def _plain(op: Operator) -> list[Case]:
    """For each of some dtypes, the first sample with elements."""
    from unison_conformance.cases.listing import drawable, samples_of

    found: dict[str, Case] = {}
    for dtype in (dtypes.float32, dtypes.int64, dtypes.bool_, dtypes.complex64):
        for n, sample in enumerate(samples_of(op.name)):
            sized = all(0 not in x.shape for x in sample.inputs if isinstance(x, Arg))
            if dtype in op.dtypes and sized and drawable(op, sample, dtype):
                found.setdefault(dtype.name, Case(op.name, dtype.name, "contiguous", "ordinary", n))
    return list(found.values())


def _other_numbers(case: Case) -> tuple[Case, ...]:
    """A case of the same shapes that comes out otherwise if there is one; seeds that grow the sample are no use."""
    from unison_conformance.cases.values import applicable_values

    kinds = [v for v in ("ordinary", "special") if v in applicable_values(case.op, case.element_type)]
    seeded = [replace(case, seed=seed, values=v) for seed in range(1, _SEEDS) for v in kinds]
    same = [c for c in seeded if c.call() == case.call()]
    if case.op.data and (other := next((c for c in same if _answer(c) != _answer(case)), None)):
        return (other,)
    return tuple(same[:1])


def _answer(case: Case) -> list[bytes]:
    from unison_conformance.running.inputs import prepared

    values = [r.value for r in prepared(case).wanted]
    parts = [part for v in values for part in (v if isinstance(v, tuple) else (v,))]
    return [np.asarray(getattr(part, "hi", part)).astype(str).tobytes() for part in parts]


def _must_pass(case: Case, device: str) -> None:
    from unison_conformance.running import Verdict, perform

    result = perform(case, device)
    if result.verdict in {Verdict.FAIL, Verdict.NONDETERMINISTIC}:
        raise CheckFailed(f"{case}: {result.detail}")


def _must_not_share(name: str, device: Any, a: Any, b: Any) -> None:
    """Write into one result; the other must not change."""
    before = _content(b)
    zeros = np.zeros(tuple(a.shape), np.asarray(device.backend.to_host(a.array)).dtype)
    device.backend.assign(a.array, device.backend.from_host(zeros, device))
    if _content(b) != before:
        raise CheckFailed(f"two results of {name} share memory: writing into one changed the other")


def _content(tensor: Any) -> bytes:
    return np.asarray(tensor.device.backend.to_host(tensor.array)).tobytes()
