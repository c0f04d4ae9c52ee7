"""Jobs in threads of their own, all at once, taking turns as often as Python lets them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from unison_conformance.checks.check import CheckFailed

__all__ = ["at_once"]

_SWITCH = 1e-5


@contextmanager
def _eager_switching() -> Iterator[None]:
    """Threads take turns every ten microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(jobs: list[Callable[[], None]], what: str) -> None:
    """Run every job in a thread of its own, from one starting line; re-raise the first failure.

    Raises:
        CheckFailed: a job failed, or threads wait for each other.
    """
    start = threading.Barrier(len(jobs))
    failed: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            start.wait(60)
            job()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    workers = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
    with _eager_switching():
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(120)
    if any(worker.is_alive() for worker in workers):
        raise CheckFailed(f"{what}: threads still wait for each other after two minutes")
    if failed:
        raise failed[0] if isinstance(failed[0], CheckFailed) else CheckFailed(f"{what} raised {failed[0]!r}")
