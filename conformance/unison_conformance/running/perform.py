"""One case on one device, in this process: make the numbers, call, and hold the result against the oracle."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import unison
from unison_conformance.cases.case import Case
from unison_conformance.cases.layouts import place
from unison_conformance.cases.values import draw
from unison_conformance.oracle import expected
from unison_conformance.running.verdicts import Result, Verdict
from unison_conformance.tolerance import Comparison, compare, family_of, limit_of
from unison_core.errors import NotSupportedError
from unison_core.samples import Arg

__all__ = ["perform"]


def perform(case: Case, device: str) -> Result:
    """Run one case; whatever happens is a verdict."""
    start = time.perf_counter()
    try:
        result = _judge(case, device)
    except NotSupportedError as e:
        result = Result(str(case), Verdict.NOT_SUPPORTED, str(e))
    except Exception as e:  # noqa: BLE001 - a kernel may raise anything
        result = Result(str(case), Verdict.FAIL, f"{type(e).__name__}: {e}")
    return _timed(result, time.perf_counter() - start)


def _timed(result: Result, seconds: float) -> Result:
    from dataclasses import replace

    return replace(result, seconds=seconds)


def host_inputs(case: Case) -> list[Any]:
    """The host arrays (or numbers, or None) that the case calls its operator with."""
    sample, dtype = case.call(), case.element_type
    return [
        draw(x, dtype, case.values, case.seed * 101 + i) if isinstance(x, Arg) else x
        for i, x in enumerate(sample.inputs)
    ]


def _judge(case: Case, device: str) -> Result:
    op, attrs = case.op, {**case.op.defaults, **case.call().attrs}
    hosts = host_inputs(case)
    given = [
        place(x, case.layout, lambda a: unison.from_numpy(a).to(device)) if isinstance(x, np.ndarray) else x
        for x in hosts
    ]
    out = op.call(*given, **attrs)
    outs = out if isinstance(out, tuple) else (out,)
    wanted = expected(op.name, tuple(hosts), attrs)
    limit_row = family_of(op.name)
    worst = Comparison(ok=True)
    for got, reference in zip(outs, wanted, strict=True):
        host = np.asarray(got.device.backend.to_host(got.array))
        comparison = compare(host, reference, got.dtype, limit_of(limit_row, got.dtype))
        worst = max(worst, comparison, key=lambda c: (not c.ok, c.ratio))
    verdict = Verdict.PASS if worst.ok else Verdict.FAIL
    detail = "" if worst.ok else f"at {list(worst.place)}: got {worst.got}, must be {worst.wanted}"
    return Result(str(case), verdict, detail, worst.error, worst.allowed, worst.ratio)
