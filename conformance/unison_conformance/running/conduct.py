"""A whole run: choose the cases, perform them in workers or here, and draw the conclusion."""

from __future__ import annotations

import datetime as dt
import itertools
import platform
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path
from typing import Any

import unison
from unison_conformance import VERSION, levels
from unison_conformance.cases.case import Case, nearest
from unison_conformance.cases.fuzz import fuzzed
from unison_conformance.cases.listing import check_list, list_hash
from unison_conformance.checks import CHECKS, Check
from unison_conformance.errors import BackendMissingError, UsageError
from unison_conformance.oracle.multiprecision import flint
from unison_conformance.running.perform import perform
from unison_conformance.running.run import FLOAT32, Fallback, Run
from unison_conformance.running.support import claims_of
from unison_conformance.running.verdicts import Result, Verdict
from unison_conformance.waivers import read, waive, waivers_of
from unison_core import devices, dtypes, precision
from unison_core.errors import UnisonError
from unison_core.operator import registry

__all__ = ["Options", "case_list", "chosen", "conduct", "device_named", "environment"]

Progress = Callable[[Result, int, int], None]

# Cases at random for each operator.
_FUZZED = 8


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. `ops` are patterns of operators' and checks' names, `budget` seconds after which to stop (0: none),
    `jobs` worker processes (0: in this process, without isolation).
    """

    level: int = 1
    ops: tuple[str, ...] = ()
    dtype: tuple[str, ...] = ()
    seed: int = 0
    budget: float = 0.0
    jobs: int = 2
    timeout: float = 30.0
    waivers: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether part of the level's list is left out, so that the run decides no level."""
        return bool(self.ops or self.dtype)


@dataclass(slots=True)
class _State:
    results: list[Result] = field(default_factory=list)
    interrupted: bool = False
    cut: bool = False


def device_named(name: str) -> Any:
    """The device, its backend loaded.

    Raises:
        BackendMissingError: no such backend, or its device is not available; the text says what there is.
    """
    try:
        device = devices.canonical(name)
        _ = device.backend
    except (UnisonError, TypeError) as e:
        raise BackendMissingError(" ".join(str(e).split()) + _instead(name)) from e
    return device


def _instead(name: str) -> str:
    known = [r.name for r in unison.backends()]
    return nearest(str(name).partition(":")[0], known) if str(name).partition(":")[0] not in known else ""


def case_list(level: int) -> tuple[Case | Check, ...]:
    """The fixed list of a level with those below it."""
    return tuple(case for n in range(level + 1) for case in levels.cases_at(n))


def chosen(options: Options, device: Any = None) -> list[Case | Check]:
    """The cases that the options ask for; those of dtypes the device does not have are left out above level 1.

    Raises:
        UsageError: a pattern matches no operator or check, or a dtype is unknown; the text gives the nearest.
    """
    for pattern in options.ops:
        if not any(fnmatchcase(n, pattern) for n in (*registry, *CHECKS)):
            raise UsageError(
                f"no operator or check is named {pattern!r}{nearest(pattern, (*registry, *CHECKS))}"
            )
    for name in options.dtype:
        if name not in dtypes.BY_NAME:
            raise UsageError(
                f"no dtype is named {name!r}{nearest(name, dtypes.BY_NAME)}; there are {', '.join(dtypes.BY_NAME)}"
            )
    # A dtype asked for by name is tried whatever the level.
    level = 3 if any(dtypes.BY_NAME[d] not in levels.CORE for d in options.dtype) else options.level
    held = set(claims_of(device).dtypes) if device is not None else set(dtypes.BY_NAME)
    fixed = [c for c in case_list(level) if _wanted(c, options, held)]
    return [*fixed, *(c for c in _at_random(options) if _wanted(c, options, held))]


def _at_random(options: Options) -> Iterator[Case]:
    """Cases on top of the fixed list: at level 3, and wherever a seed is given."""
    if options.level == 3 or options.seed:
        for name in registry:
            yield from itertools.islice(fuzzed(options.seed, name), _FUZZED)


def _wanted(case: Case | Check, options: Options, held: set[str]) -> bool:
    if isinstance(case, Check):
        return not options.dtype and (not options.ops or any(fnmatchcase(case.name, p) for p in options.ops))
    if options.ops and not any(fnmatchcase(case.operator, p) for p in options.ops):
        return False
    if options.dtype:
        return case.dtype in options.dtype
    return case.element_type in levels.CORE or case.dtype in held or case.values == "error"


def environment(device: Any) -> dict[str, str]:
    """What the numbers were made with."""
    versions = {name: _version(name) for name in ("numpy", "ml_dtypes", "python-flint", "rich")}
    return {
        "unison": unison.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "device": device.backend.describe(device),
        **{name: v for name, v in versions.items() if v},
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def conduct(device: str, options: Options, progress: Progress | None = None) -> Run:
    """Run the suite on a device. Ctrl-C and the budget end it early; what was done by then is in the run.

    Raises:
        BackendMissingError, UsageError: as `device_named` and `chosen` say.
        SuiteError: the list of cases is not that of the suite's version.
        ImportError: the oracle's library is missing.
    """
    started, begin = dt.datetime.now(dt.UTC), time.monotonic()
    where, products = device_named(device), precision.allowed()
    flint()
    if not options.narrowed:
        check_list()
    waivers = read(Path(options.waivers)) if options.waivers else waivers_of(where)
    cases = chosen(options, where)
    state = _State()
    _gather(state, cases, str(where), options, waivers, progress)
    claims = claims_of(where)
    expired = [f"{w.case} ({w.reason}; {w.pointer}, until {w.expires})" for w in waivers if w.expired()]
    whole = not (state.interrupted or state.cut or options.narrowed) and products == precision.EXACT
    why = _cut(state, len(cases)) or _inexact(products)
    end = levels.conclude(state.results, claims, level=options.level, whole=whole, expired=expired, cut=why)
    return Run(
        suite=VERSION,
        case_list=list_hash(case_list(options.level)),
        device=str(where),
        environment={**environment(where), FLOAT32: str(products)},
        claims=claims,
        options=asdict(options),
        seed=options.seed,
        results=tuple(state.results),
        level=end.level,
        badges=end.badges,
        fallbacks=_fallbacks(state.results),
        interrupted=state.interrupted,
        started=started.isoformat(timespec="seconds"),
        seconds=time.monotonic() - begin,
        code=end.code,
        reasons=end.reasons,
    )


def _cut(state: _State, total: int) -> str:
    """Why cases that were asked for did not run."""
    if not (state.interrupted or state.cut):
        return ""
    why = "the run was interrupted" if state.interrupted else "the budget was used up"
    return f"{why} after {len(state.results)} of {total} cases"


def _inexact(products: precision.Precision) -> str:
    """Why a run decides no level though every case ran: float32 has to be float32."""
    if products == precision.EXACT:
        return ""
    return (
        f"products of float32 numbers need not have been exact ({FLOAT32}: {products}), levels are for "
        f"{precision.EXACT!s}: see unison.set_float32_matmul_precision and unison.backends.cudnn.allow_tf32"
    )


def _gather(
    state: _State,
    cases: Sequence[Any],
    device: str,
    options: Options,
    waivers: Sequence[Any],
    progress: Progress | None,
) -> None:
    end = time.monotonic() + options.budget if options.budget else float("inf")
    order = {str(case): i for i, case in enumerate(cases)}
    results = _results(cases, device, options)
    try:
        for result in results:
            state.results.append(waive(result, waivers, device))
            if progress is not None:
                progress(state.results[-1], len(state.results), len(cases))
            if time.monotonic() > end and len(state.results) < len(cases):
                state.cut = True
                break
    except KeyboardInterrupt:
        state.interrupted = True
    finally:
        results.close()
    state.results.sort(key=lambda r: order.get(r.case, len(order)))


def _results(cases: Sequence[Any], device: str, options: Options) -> Generator[Result, None, None]:
    if options.jobs:
        from unison_conformance.running.pool import isolated

        yield from isolated(cases, device, jobs=options.jobs, timeout=options.timeout)
    else:
        for case in cases:
            yield perform(case, device)


def _fallbacks(results: Iterable[Result]) -> tuple[Fallback, ...]:
    seen = Counter((r.detail.partition(" ")[0], r.case) for r in results if r.verdict is Verdict.FALLBACK)
    return tuple(Fallback(operator, case, count, 0) for (operator, case), count in seen.items())
