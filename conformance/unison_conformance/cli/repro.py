"""`conformance repro`: one case again, with everything that belongs to it."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from unison_conformance import levels
from unison_conformance.cases.case import Case
from unison_conformance.checks import Check
from unison_conformance.cli._arguments import add_device, add_timeout
from unison_conformance.cli._guard import allow
from unison_conformance.oracle import expected
from unison_conformance.oracle.wide import Wide
from unison_conformance.running.conduct import device_named
from unison_conformance.running.finding import find
from unison_conformance.running.inputs import host_inputs, promote
from unison_conformance.running.perform import outputs, perform
from unison_conformance.running.pool import seconds_for
from unison_conformance.running.support import badges_of, claims_of
from unison_conformance.tolerance import family_of, limit_of
from unison_core import dtypes
from unison_core.dispatch.table import explain

__all__ = ["add", "run"]

_SHOWN = 64


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("repro", help="run one case and show all there is to it")
    parser.add_argument(
        "case", help="its name, as in exp-float32-transposed-special-3 or check.storage.round_trip"
    )
    add_device(parser)
    add_timeout(parser)


def run(options: argparse.Namespace) -> int:
    """Print the case; the exit code is the one its verdict gives a run.

    What crashes or hangs here is told by the guard.
    """
    case, device = find(options.case), device_named(options.device)
    allow(seconds_for(case, options.timeout))
    try:
        return _run(case, device)
    finally:
        allow(0)


def _run(case: Case | Check, device: Any) -> int:
    if isinstance(case, Check):
        print(f"{case.name}: {' '.join((case.run.__doc__ or '').split())}".rstrip(": "))
    else:
        _show_call(case, device)
    result = perform(case, str(device))
    if isinstance(case, Case) and case.values != "error":
        _show_results(case, device)
    print(f"verdict {result.verdict.value}" + (f": {result.detail}" if result.detail else ""))
    if isinstance(case, Case) and result.ratio:
        print(f"  error   {result.error:.4g} ULP, limit {result.limit:.4g} ULP, ratio {result.ratio:.4g}")
    if result.inputs:
        print(f"  inputs  {result.inputs}")
    return levels.conclude([result], claims_of(device), level=0, whole=False).code


def _show_call(case: Case, device: Any) -> None:
    sample = case.call()
    print(f"{case}\n  {case.op.signature}")
    print(f"  runs    {str(explain(case.op, device)).replace(chr(10), chr(10) + '        ')}")
    for name, value in sample.attrs.items():
        print(f"  {name} = {value!r}")
    for number, x in enumerate(host_inputs(case)):
        if isinstance(x, np.ndarray):
            print(f"  input {number}: {x.dtype.name}{list(x.shape)}, {case.layout}\n{_text(x)}")
        else:
            print(f"  input {number}: {x!r}")
    if sample.error is not None:
        print(f"  must raise {sample.error.__name__} with {sample.match!r}")


def _show_results(case: Case, device: Any) -> None:
    try:
        got = outputs(case, str(device))
    except Exception as e:  # noqa: BLE001 - shown, and judged by perform
        print(f"  raised {type(e).__name__}: {e}")
        return
    try:
        hosts = promote(case.op, host_inputs(case))
        wanted = expected(case.operator, hosts, {**case.op.defaults, **case.call().attrs})
        family = family_of(case.operator)
    except Exception as e:  # noqa: BLE001 - shown, and judged by perform
        print(f"  the oracle failed: {type(e).__name__}: {e}")
        return
    for number, x in enumerate(got):
        limit = limit_of(family, dtypes.BY_NAME[x.dtype.name], badges_of(device))
        print(f"  result {number}: {x.dtype.name}{list(x.shape)}, got\n{_text(x)}")
        if number < len(wanted):
            print(f"    wanted\n{_wanted(wanted[number].value)}")
        print(f"    limit {limit.ulp:g} ULP" + (f" + ({limit.growth.value}) u S" if limit.growth.value != "0" else "")
              + f": {limit.source}")  # fmt: skip


def _wanted(value: Any) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return "\n".join(_text(p.hi if isinstance(p, Wide) else p) for p in parts)


def _text(x: Any) -> str:
    lines = np.array2string(np.asarray(x), threshold=_SHOWN, precision=17, max_line_width=100).splitlines()
    return "\n".join(f"      {line}" for line in lines)
