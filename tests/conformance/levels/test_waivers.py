"""Waivers: read strictly, never a pass, and never for ever."""

from __future__ import annotations

import datetime as dt

import pytest

from unison_conformance.errors import UsageError
from unison_conformance.running import Result, Verdict
from unison_conformance.waivers import Waiver, read, waive

ENTRY = """
[[waiver]]
case = "log-float32-*"
reason = "known"
pointer = "https://example.org/1"
expires = 2030-01-02
"""
DAY = dt.date(2030, 1, 2)
WAIVER = Waiver("log-float32-*", "known", "https://example.org/1", DAY)


def test_read_gives_every_entry(tmp_path):
    (tmp_path / "w.toml").write_text(ENTRY + ENTRY.replace("log", "exp"))
    assert read(tmp_path / "w.toml") == (WAIVER, Waiver("exp-float32-*", *list_of(WAIVER)))


def list_of(w):
    return w.reason, w.pointer, w.expires


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ENTRY.replace("reason", "raison"), "needs reason .* unknown fields raison"),
        (ENTRY.replace("2030-01-02", '"soon"'), "needs expires"),
        ("[[waiver", "no TOML"),
    ],
)
def test_incomplete_entries_are_refused(tmp_path, text, says):
    (tmp_path / "w.toml").write_text(text)
    with pytest.raises(UsageError, match=says):
        read(tmp_path / "w.toml")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no file of waivers .*none\.toml"):
        read(tmp_path / "none.toml")


def test_waived_failure_tells_what_it_was():
    out = waive(Result("log-float32-a-b-1", Verdict.FAIL, "3.3 ULP"), [WAIVER], "cpu")
    assert out.verdict is Verdict.WAIVED
    assert "https://example.org/1" in out.detail
    assert "FAIL 3.3 ULP" in out.detail


def test_waived_pass_is_unexpected_and_other_cases_are_left_alone():
    assert waive(Result("log-float32-a-b-1", Verdict.PASS), [WAIVER], "cpu").verdict is Verdict.XPASS
    other = Result("exp-float32-a-b-1", Verdict.FAIL)
    assert waive(other, [WAIVER], "cpu") is other


def test_waiver_ends_after_its_day():
    assert not WAIVER.expired(DAY)
    assert WAIVER.expired(DAY + dt.timedelta(days=1))
