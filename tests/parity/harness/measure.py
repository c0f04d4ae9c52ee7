"""One operator, measured: every check on every sample, within a time limit."""

import contextlib
import dataclasses
import signal
import time
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any

from tests.parity.harness import database
from tests.parity.harness.calls import Pair, Refused
from tests.parity.harness.candidate import Candidate
from tests.parity.harness.compare import reason_of
from tests.parity.harness.plan import CARRIED_BY, CHECKS, Run, plan
from tests.parity.harness.rebind import Missing, attribute, is_absence

__all__ = ["Failure", "Measurement", "Tally", "measure"]


class OutOfTime(BaseException):
    """The operator's time is up."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """The first sample on which a check fails; case is what `--repro` takes."""

    case: str
    reason: str


@dataclasses.dataclass
class Tally:
    """Samples by outcome.

    Among the failed, absent are those for which the candidate lacks a name; among the passed, in_double are
    those that agree with PyTorch's double precision and not with its single precision.
    """

    passed: int = 0
    failed: int = 0
    refused: int = 0
    absent: int = 0
    in_double: int = 0


@dataclasses.dataclass
class Measurement:
    """How the candidate does on one entry of the database."""

    name: str
    tallies: dict[str, Tally] = dataclasses.field(default_factory=dict)
    failures: dict[str, Failure] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    # The check and the sample that are being tried.
    at: tuple[str, str] = ("forward", "")

    @property
    def status(self) -> str:
        """One of carried, partial, missing, or unmeasured if PyTorch has no sample for the CPU."""
        forward = self.tallies.get("forward", Tally())
        if forward.absent and forward.absent == forward.failed and not forward.passed:
            return "missing"
        if any(check in self.failures for check in CARRIED_BY):
            return "partial"
        return "carried" if forward.passed else "unmeasured"

    @property
    def complete(self) -> bool:
        """Carried, and every other check passes as well."""
        return self.status == "carried" and not self.failures

    def tally(self, check: str) -> Tally:
        return self.tallies.setdefault(check, Tally())

    def fail(self, check: str, case: str, reason: str, *, absent: bool = False) -> None:
        """Count a failure; the first of each check is kept."""
        self.tally(check).failed += 1
        self.tally(check).absent += absent
        self.failures.setdefault(check, Failure(case, reason))


def measure(
    op: Any,
    candidate: Candidate,
    *,
    limit: int | None = None,
    seconds: float = 120.0,
    wanted: tuple[str, ...] = CHECKS,
) -> Measurement:
    """Run the wanted checks on at most limit samples each; what is not done after seconds fails."""
    made = Measurement(op.full_name)
    start = time.perf_counter()
    try:
        with _alarm(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for run in plan(op, wanted):
                _run(run, candidate, limit, made)
            if "alias" in wanted:
                _check_aliases(op, candidate, made)
    except OutOfTime:
        made.fail(*made.at, f"no result within {seconds:g} s")
    made.seconds = time.perf_counter() - start
    return made


def _run(run: Run, candidate: Candidate, limit: int | None, made: Measurement) -> None:
    made.at = (run.name, run.case(0))
    samples = run.samples()
    if not samples:
        return
    try:
        pair = run.pair(candidate)
    except Missing as missing:
        made.fail(*made.at, str(missing), absent=True)
        return
    except Exception as error:  # noqa: BLE001 - looking a name up runs the candidate's code
        made.fail(*made.at, reason_of(error))
        return
    for i in database.spread(len(samples), limit):
        made.at = (run.name, run.case(i))
        _check(run, pair, samples[i], made)
    made.tally(run.name).in_double += len(pair.in_double)


def _check(run: Run, pair: Pair, sample: Any, made: Measurement) -> None:
    try:
        reason = run.check(pair, sample)
    except Refused:
        made.tally(run.name).refused += 1
    except Exception as error:  # noqa: BLE001 - any failure of the candidate is a result
        made.fail(*made.at, reason_of(error), absent=is_absence(error, pair.candidate))
    else:
        if reason is None:
            made.tally(run.name).passed += 1
        else:
            made.fail(*made.at, reason)


def _check_aliases(op: Any, candidate: Candidate, made: Measurement) -> None:
    for alias in op.aliases:
        names = [alias.name.removeprefix("torch.")]
        names += [f"Tensor.{alias.method_variant.__name__}"] if alias.method_variant else []
        names += [f"Tensor.{alias.inplace_variant.__name__}"] if alias.inplace_variant else []
        for name in names:
            made.at = ("alias", f"{op.full_name}/-/alias/{name}")
            try:
                attribute(candidate, name)
            except Missing as missing:
                made.fail(*made.at, str(missing), absent=True)
            except Exception as error:  # noqa: BLE001 - looking a name up runs the candidate's code
                made.fail(*made.at, reason_of(error))
            else:
                made.tally("alias").passed += 1


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
