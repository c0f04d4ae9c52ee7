"""One case on one device, in this process: make the numbers, call, and hold the result against the oracle."""

from __future__ import annotations

import contextlib
import re
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import unison  # noqa: F401 - its tensors are what operators return
from unison_conformance.cases.case import Case
from unison_conformance.cases.demands import dtypes_of
from unison_conformance.cases.values import host_dtype
from unison_conformance.checks.check import Check, CheckFailed
from unison_conformance.running.detours import Detour, watched
from unison_conformance.running.inputs import OracleMissing, Prepared, Sent, host_inputs, prepared, sent
from unison_conformance.running.support import badges_of, lists, subnormals_of
from unison_conformance.running.verdicts import Result, Verdict
from unison_conformance.tolerance import Comparison, compare, family_of, limit_of
from unison_conformance.tolerance.compare import show, verified
from unison_core import devices, dtypes
from unison_core.dispatch.fallback import fallback_policy, fallbacks
from unison_core.dispatch.infer import infer
from unison_core.errors import NotSupportedError
from unison_core.operator import Arity

__all__ = ["outputs", "perform"]

# One case in so many is called twice, chosen by its name.
_REPEATED = 4
_NO_KERNEL = re.compile(r"(\w+) has no kernel on ")


def perform(case: Case | Check, device: str) -> Result:
    """Run one case or check; whatever happens is a verdict."""
    start = time.perf_counter()
    uses = sum(count for count, _ in fallbacks().values())
    with fallback_policy("error"):
        result = _perform_check(case, device) if isinstance(case, Check) else _perform_call(case, device)
    if sum(count for count, _ in fallbacks().values()) != uses:
        result = replace(result, verdict=Verdict.FALLBACK, detail=_last_fallback())
    return replace(result, seconds=time.perf_counter() - start)


def _perform_check(check: Check, device: str) -> Result:
    lacking = check.needs - badges_of(devices.canonical(device))
    if lacking:
        names = ", ".join(sorted(lacking))
        return Result(check.name, Verdict.NOT_SUPPORTED, f"needs {names}, which {device} does not claim")
    try:
        check.run(device)
    except CheckFailed as e:
        return Result(check.name, Verdict(e.verdict), str(e))
    except NotSupportedError as e:
        return _refused(check.name, e)
    except Exception as e:  # noqa: BLE001 - a backend may raise anything
        verdict = Verdict.SUITE_ERROR if _in_oracle(e) else Verdict.FAIL
        return Result(check.name, verdict, f"{type(e).__name__}: {e}")
    return Result(check.name, Verdict.PASS)


def _in_oracle(error: BaseException) -> bool:
    """Whether it came out of the suite's own mathematics."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").startswith("unison_conformance.oracle."):
            return True
        trace = trace.tb_next
    return False


def _perform_call(case: Case, device: str) -> Result:
    where = devices.canonical(device)
    name = str(case)
    lacking = [d.name for d in dtypes_of(case) if not lists(where, d)]
    if lacking:
        return Result(
            name, Verdict.NOT_SUPPORTED, f"needs {', '.join(sorted(lacking))}, which {where} does not claim"
        )
    try:
        if case.values == "error":
            return _judge_error(case, where)
        ready = prepared(case)
        family = family_of(case.operator)
    except OracleMissing as e:
        return Result(name, Verdict.SUITE_ERROR, str(e))
    except Exception as e:  # noqa: BLE001 - the suite's own fault, whatever it is
        return Result(name, Verdict.SUITE_ERROR, f"the oracle failed: {type(e).__name__}: {e}")
    try:
        return _judge(case, ready, family, where)
    except NotSupportedError as e:
        return _refused(name, e, case, where)
    except Detour as e:
        return Result(name, Verdict.FALLBACK, f"{case.operator} ran on the host: its kernel {e}")
    except Exception as e:  # noqa: BLE001 - a kernel may raise anything
        return Result(name, Verdict.FAIL, f"{type(e).__name__}: {e}")


def _refused(name: str, error: Exception, case: Case | None = None, device: Any = None) -> Result:
    """What a refusal is: a fallback that was not permitted, a lie, or honest."""
    missing = _NO_KERNEL.match(str(error))
    if missing:
        text = f"{missing[1]} has no kernel and would have run on the host"
        return Result(name, Verdict.FALLBACK, text)
    strided = case is not None and (case.layout == "contiguous" or "strided" in badges_of(device))
    if case is not None and strided and device.backend.kernel(case.op) is not None:
        text = f"the backend lists {case.dtype} and has a kernel for {case.operator}, which refused: {error}"
        return Result(name, Verdict.LIE, text)
    return Result(name, Verdict.NOT_SUPPORTED, str(error))


def _last_fallback() -> str:
    use = list(fallbacks())[-1]
    return f"{use.operator} ran on the host, called from {use.caller}"


def _call(case: Case, given: Sent, device: Any) -> tuple[Any, ...]:
    """The results; of an operator that writes, its inputs."""
    op, attrs = case.op, dict(case.call().attrs)
    if op.arity is Arity.CREATION:
        attrs["device"] = device
    # What goes from a device to the host is for the host's backend to receive.
    with contextlib.nullcontext() if op.arity is Arity.TRANSFER else watched(device):
        out = op.call(*given.inputs, **attrs)
    if op.arity is Arity.WRITING:
        return given.inputs
    return out if isinstance(out, tuple) else (out,)


def outputs(case: Case, device: str) -> list[Any]:
    """What the call returns on the device, as host arrays."""
    where = devices.canonical(device)
    outs = _call(case, sent(host_inputs(case), case.layout, where), where)
    return [np.asarray(o.device.backend.to_host(o.array)) for o in outs]


def _judge(case: Case, ready: Prepared, family: str, device: Any) -> Result:
    name, op = str(case), case.op
    given = sent(ready.hosts, case.layout, device)
    specs = None if "dynamic" in op.tags else _specs(case, given)
    _poison_freed(specs, device)
    outs = _call(case, given, device)
    hosts = [np.asarray(o.device.backend.to_host(o.array)) for o in outs]
    writes = op.arity is Arity.WRITING
    wrong = given.spilled(ready.hosts) if writes else given.changed() or _unlike_rules(outs, specs)
    if wrong:
        return Result(name, Verdict.FAIL, wrong, np.inf, 0.0, np.inf)
    wanted = ready.wanted
    if len(wanted) != len(hosts) and not writes:
        return Result(name, Verdict.FAIL, f"{len(hosts)} results, must be {len(wanted)}", np.inf, 0.0, np.inf)
    worst, at = _worst(hosts, wanted, family, device)
    # A wrong result is wrong, whether or not it comes out otherwise the next time.
    if worst.ok and not writes and _repeats(case) and (seen := _differs(case, given, device, hosts)):
        return Result(name, Verdict.NONDETERMINISTIC, seen)
    return _result(case, ready, worst, at if len(hosts) > 1 else None)


def _worst(hosts: list[Any], wanted: Sequence[Any], family: str, device: Any) -> tuple[Comparison, int]:
    """The comparison that is nearest to its limit, or farthest beyond it, and the number of its result."""
    flush, badges = subnormals_of(device) == "flush", badges_of(device)
    worst, at = Comparison(ok=True), 0
    for i, (got, reference) in enumerate(zip(hosts, wanted, strict=False)):
        dtype = dtypes.BY_NAME[got.dtype.name]
        limit = limit_of(family, dtype, badges)
        found = [compare(got, reference, dtype, limit, flush=flush)]
        if reference.verify is not None:
            found.append(verified(reference.verify(tuple(hosts)), dtype, limit))
        for one in found:
            if (not one.ok, one.ratio) > (not worst.ok, worst.ratio):
                worst, at = one, i
    return worst, at


def _result(case: Case, ready: Prepared, worst: Comparison, number: int | None) -> Result:
    inputs = _inputs_at(case, ready, worst.place) if worst.ratio > 0 and case.op.elementwise else ""
    if worst.ok:
        return Result(str(case), Verdict.PASS, "", worst.error, worst.allowed, worst.ratio, inputs)
    which = f"result {number} " if number is not None else ""
    more = f", {worst.wrong} elements wrong" if worst.wrong > 1 else ""
    detail = f"{which}at {list(worst.place)}: got {worst.got}, must be {worst.wanted}{more}"
    return Result(str(case), Verdict.FAIL, detail, worst.error, worst.allowed, worst.ratio, inputs)


def _inputs_at(case: Case, ready: Prepared, place: tuple[int, ...]) -> str:
    arrays = [np.asarray(x) for x in ready.promoted if x is not None]
    try:
        seen = [a[place] for a in np.broadcast_arrays(*arrays)]
    except (ValueError, IndexError):
        return ""
    return ", ".join(show(x) for x in seen)


def _specs(case: Case, given: Sent) -> Any:
    out = infer(case.op, given.inputs, dict(case.call().attrs))
    return out if isinstance(out, tuple) else (out,)


def _poison_freed(specs: Any, device: Any) -> None:
    """Leave poison in memory of the results' sizes, which the allocator will likely hand out next."""
    for spec in specs or ():
        if spec.dtype and device.backend.supports(spec.dtype) and lists(device, spec.dtype):
            block = np.empty(spec.shape, host_dtype(spec.dtype))
            filling = 0xA5 if spec.dtype in dtypes.INTEGER else 1
            block[...] = np.full(block.itemsize, filling, np.uint8).view(block.dtype)[0]
            if spec.dtype in dtypes.INEXACT:
                block[...] = np.nan
            device.backend.from_host(block, device)


def _unlike_rules(outs: tuple[Any, ...], specs: Any) -> str:
    if specs is None:
        return ""
    got = [(tuple(o.shape), o.dtype.name) for o in outs]
    wanted = [(tuple(s.shape), s.dtype.name) for s in specs]
    if got == wanted:
        return ""
    return f"the result is {_described(got)}, the operator's rules say {_described(wanted)}"


def _described(results: list[tuple[Any, str]]) -> str:
    return ", ".join(f"{dtype}{list(shape)}" for shape, dtype in results)


def _repeats(case: Case) -> bool:
    return case.operator != "empty" and zlib.crc32(str(case).encode()) % _REPEATED == 0


def _differs(case: Case, given: Sent, device: Any, first: list[Any]) -> str:
    again = [np.asarray(o.device.backend.to_host(o.array)) for o in _call(case, given, device)]
    for i, (a, b) in enumerate(zip(first, again, strict=True)):
        if a.shape != b.shape or a.tobytes() != b.tobytes():
            return f"result {i} of the same call came out with other bits the second time"
    return ""


def _judge_error(case: Case, device: Any) -> Result:
    """An erroneous call: it must raise its error, say what it says, and leave its inputs alone."""
    name, sample = str(case), case.call()
    given = sent(host_inputs(case), case.layout, device)
    assert sample.error is not None, f"{name} is no erroneous sample"
    try:
        _call(case, given, device)
    except NotSupportedError as e:
        return _refused(name, e, case, device)
    except Exception as e:  # noqa: BLE001 - which one it is, is the question
        if not isinstance(e, sample.error):
            return Result(
                name, Verdict.FAIL, f"raised {type(e).__name__} ({e}), must be {sample.error.__name__}"
            )
        if not re.search(sample.match, str(e)):
            return Result(name, Verdict.FAIL, f"the error does not say {sample.match!r} but {str(e)!r}")
        written = given.changed()
        return Result(name, Verdict.FAIL if written else Verdict.PASS, written)
    return Result(name, Verdict.FAIL, f"no error: it must raise {sample.error.__name__} ({sample.match})")
