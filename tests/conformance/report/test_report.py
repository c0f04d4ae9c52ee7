"""Reports: what is written is read again, and what is no report is refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from unison_conformance.errors import ConformanceError, UsageError
from unison_conformance.report import differences, junit, page, read, write
from unison_conformance.running.run import Badge, Claims, Fallback, Run
from unison_conformance.running.verdicts import Result, Verdict

RESULTS = (
    Result("exp-float32-contiguous-ordinary-0", Verdict.PASS, "", 1.5, 3.0, 0.5, "1.0 (0x3f800000)", 0.001),
    Result(
        "exp-float32-stepped-ordinary-0", Verdict.FAIL, "got <1> & must be 2", float("inf"), 3.0, float("inf")
    ),
    Result("log-float64-contiguous-ordinary-0", Verdict.NOT_SUPPORTED, "no float64"),
    Result("check.storage.round_trip-float32", Verdict.CRASH, "SIGSEGV\x00"),
)
RUN = Run(
    suite="1.0",
    case_list="ab" * 32,
    device="cpu",
    environment={"python": "3.11"},
    claims=Claims(("float32",), ("fp64",)),
    options={"level": 1},
    seed=7,
    results=RESULTS,
    level=0,
    badges=(Badge("fp64", claimed=True, status="failed", reason="x"),),
    fallbacks=(Fallback("sort", "here", 2, 64),),
    code=5,
    reasons=("the backend crashed",),
)


def test_a_report_is_read_as_it_was_written(tmp_path):
    write(RUN, tmp_path / "r.json")
    assert read(tmp_path / "r.json") == RUN


def test_a_report_is_plain_json_without_special_numbers(tmp_path):
    write(RUN, tmp_path / "r.json")
    data = json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)
    assert data["schema"] == 1
    assert data["results"][1]["verdict"] == "FAIL"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text[: len(text) // 2], "cut off"),
        (lambda text: "[]", "no report"),
        (lambda text: text.replace('"schema": 1', '"schema": 99'), "schema 99"),
        (lambda text: text.replace('"results"', '"resulds"'), "lacks results"),
        (lambda text: text.replace('"PASS"', '"PAST"'), "PAST"),
    ],
)
def test_a_spoilt_report_is_refused(tmp_path, spoil, told):
    write(RUN, tmp_path / "r.json")
    (tmp_path / "r.json").write_text(spoil((tmp_path / "r.json").read_text()))
    with pytest.raises(ConformanceError, match=told):
        read(tmp_path / "r.json")


def test_a_missing_report_is_said(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "none.json")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        write(RUN, tmp_path / "none" / "r.json")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.words, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in {"br", "p", "td", "th", "tr", "li"}:
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_stands_alone_and_shows_what_failed():
    tags = _Tags()
    tags.feed(page(RUN))
    text = " ".join(tags.words)
    assert tags.links == []
    assert tags.open == []
    assert "level 0" in text
    assert "got <1> & must be 2" in text
    assert "conformance repro exp-float32-stepped-ordinary-0 --device cpu" in text
    assert "the backend crashed" in text
    assert "sort" in text


def test_junit_counts_each_verdict_where_it_belongs():
    suite = ET.fromstring(junit(RUN).encode())
    counts = {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert suite.find("testcase/failure").get("message").startswith("FAIL: got <1>")


def test_differences_name_what_broke_first():
    passed = replace(RESULTS[0], ratio=0.5)
    broken = replace(RESULTS[0], verdict=Verdict.FAIL)
    mended = replace(RESULTS[1], verdict=Verdict.PASS)
    old = replace(RUN, results=(passed, RESULTS[1], RESULTS[2]))
    new = replace(RUN, results=(broken, mended, RESULTS[3]))
    assert [d.kind for d in differences(old, new)] == ["broken", "gone", "mended", "new"]


def test_an_error_that_doubled_is_told():
    old = replace(RUN, results=(replace(RESULTS[0], ratio=0.2),))
    new = replace(RUN, results=(replace(RESULTS[0], ratio=0.9),))
    assert [d.kind for d in differences(old, new)] == ["grown"]
    assert differences(old, old) == []
