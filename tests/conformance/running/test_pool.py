"""A case that kills or stops its process costs that case alone."""

from __future__ import annotations

import sys

import pytest

from tests.conformance.broken_backend import install
from unison_conformance.cases import parse
from unison_conformance.errors import BackendMissingError
from unison_conformance.running import Verdict
from unison_conformance.running.pool import isolated
from unison_core import precision

CASES = [parse(f"{name}-float32-contiguous-ordinary-2") for name in ("log", "exp", "sin", "cos")]


@pytest.fixture
def broken(tmp_path, monkeypatch):
    def make(**settings):
        monkeypatch.setenv("PYTHONPATH", install(tmp_path, **settings))

    return make


def verdicts(timeout=30.0):
    return {r.case.split("-")[0]: r for r in isolated(CASES, "broken:0", jobs=1, timeout=timeout)}


def test_results_come_from_workers_as_they_would_here():
    found = {r.case: r.verdict for r in isolated(CASES, "cpu", jobs=2)}
    assert found == {str(c): Verdict.PASS for c in CASES}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that end a process")
def test_crash_names_the_signal_and_the_run_goes_on(broken):
    broken(exp="faulthandler._sigsegv()")
    found = verdicts()
    assert {name: r.verdict.value for name, r in found.items()} == {
        "log": "PASS",
        "exp": "CRASH",
        "sin": "PASS",
        "cos": "PASS",
    }
    assert "SIGSEGV" in found["exp"].detail
    assert "broken_backend_code.py" in found["exp"].detail


def test_workers_multiply_as_exactly_as_their_parent_must(broken):
    broken(
        exp="from unison_core import precision; "
        "return right(x) if precision.allowed() == precision.Precision('high', 'medium') else right(x) + 1"
    )
    assert verdicts()["exp"].verdict is Verdict.FAIL
    with precision.allowing(precision.Precision("high", "medium")):
        assert verdicts()["exp"].verdict is Verdict.PASS


def test_exit_is_a_crash_with_what_was_said_last(broken):
    broken(exp="print('no more', file=sys.stderr, flush=True); os._exit(3)")
    found = verdicts()
    assert found["exp"].verdict is Verdict.CRASH
    assert "exit status 3" in found["exp"].detail
    assert "no more" in found["exp"].detail
    assert found["cos"].verdict is Verdict.PASS


def test_hang_is_reported_and_the_run_goes_on(broken):
    broken(exp="time.sleep(600)")
    found = verdicts(timeout=2.0)
    assert found["exp"].verdict is Verdict.HANG
    assert "no answer within 2 s" in found["exp"].detail
    assert found["cos"].verdict is Verdict.PASS


def test_what_a_backend_prints_does_not_disturb_the_protocol(broken):
    broken(exp="print('chatter'); os.write(1, b'more'); return super(Broken, self).kernel(op)(x)")
    assert verdicts()["exp"].verdict is Verdict.PASS


def test_backend_that_cannot_load_is_named(broken):
    broken(exp="return x", prepare="raise OSError('no driver')")
    with pytest.raises(BackendMissingError, match="no driver"):
        verdicts()
