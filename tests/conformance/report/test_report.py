"""Reports: what is written is read again, and what is no report is refused in one line."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from unison_conformance.cli import main
from unison_conformance.errors import ConformanceError, UsageError
from unison_conformance.report import differences, groups, junit, page, read, schema, write
from unison_conformance.report.files import require_writable
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


def test_every_form_of_a_report_says_how_exact_float32_products_were(tmp_path, capsys):
    words = "high in products of matrices, highest in convolutions"
    loose = replace(RUN, environment={"python": "3.11", "float32 products": words}, level=None, code=6)
    write(loose, tmp_path / "loose.json")
    write(RUN, tmp_path / "old.json")
    Draft202012Validator(json.loads(schema())).validate(json.loads((tmp_path / "loose.json").read_text()))
    main(["report", str(tmp_path / "loose.json")])
    shown = capsys.readouterr().out
    assert f"float32 products: {words}" in shown.splitlines()
    assert f"level: not decided, as float32 products needed no more than: {words};" in shown
    assert f"no level decided: float32 products needed no more than: {words}" in page(loose)
    (told,) = ET.fromstring(junit(loose)).iter("property")
    assert (told.get("name"), told.get("value")) == ("float32 products", words)
    main(["diff", str(tmp_path / "old.json"), str(tmp_path / "loose.json")])
    assert f"float32_products: not stated -> {words}" in capsys.readouterr().out


def test_a_missing_report_is_said(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "none.json")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        write(RUN, tmp_path / "none" / "r.json")


def test_a_path_that_cannot_be_written_is_known_beforehand(tmp_path):
    require_writable(tmp_path / "new.json")
    assert list(tmp_path.iterdir()) == []
    for path in (tmp_path, tmp_path / "none" / "r.json"):
        with pytest.raises(UsageError, match="cannot write"):
            require_writable(path)


SCHEMA = json.loads(schema())


def test_the_schema_is_one_and_accepts_what_is_written(tmp_path):
    Draft202012Validator.check_schema(SCHEMA)
    write(RUN, tmp_path / "r.json")
    Draft202012Validator(SCHEMA).validate(json.loads((tmp_path / "r.json").read_text()))


def test_the_schema_accepts_a_report_of_the_command(tmp_path):
    path = tmp_path / "r.json"
    main(["run", "--ops", "exp,check.storage.copy*", "--jobs", "0", "--json", str(path)])
    Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"]))
def test_the_schema_refuses_reports_that_lack_a_field_or_have_another_kind(name):
    data = json.loads(json.dumps(RUN.to_json()))
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(data)
    assert not validator.is_valid({k: v for k, v in data.items() if k != name})
    assert not validator.is_valid({**data, name: {"something": ["else"]}}) or name == "environment"


def test_the_schema_names_each_field_verdict_and_status():
    assert set(SCHEMA["properties"]) == {f.name for f in fields(Run)}
    assert set(SCHEMA["$defs"]["result"]["properties"]) == {f.name for f in fields(Result)}
    assert set(SCHEMA["$defs"]["result"]["properties"]["verdict"]["enum"]) == {v.value for v in Verdict}
    assert set(SCHEMA["$defs"]["badge"]["properties"]) == {f.name for f in fields(Badge)}
    assert SCHEMA["properties"]["schema"]["const"] == RUN.schema


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"]))
@pytest.mark.parametrize("value", [None, 3.5, "x", [], {}, [1], {"a": [2]}, True], ids=str)
def test_a_field_of_another_kind_is_refused_or_shown_never_an_exception(tmp_path, name, value):
    data = {**RUN.to_json(), name: value}
    (tmp_path / "r.json").write_text(json.dumps(data))
    try:
        outcome = read(tmp_path / "r.json")
    except ConformanceError:
        return
    page(outcome)
    junit(outcome)


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
    assert "Level 0 Storage" in text
    assert "L1 Core missed" in " ".join(text.split())
    assert "got <1> & must be 2" in text
    assert "conformance repro exp-float32-stepped-ordinary-0 --device cpu" in text
    assert "the backend crashed" in text
    assert "sort" in text


def test_the_page_tells_claims_without_cases_from_badges_that_were_earned():
    badges = (
        Badge("graph", claimed=True, status="unverified", reason="this suite has no case for it"),
        Badge("strided", claimed=True, status="earned"),
    )
    text = page(replace(RUN, badges=badges))
    assert "<li class='good'>strided<small>earned</small>" in text
    assert (
        "class='none' title='this suite has no case for it'>graph<small>claimed, not verified</small>" in text
    )


def test_the_page_shows_no_dtype_of_which_only_erroneous_calls_ran():
    refused = Result("fft_c2c-complex64-contiguous-error-0", Verdict.PASS)
    assert "c64" not in page(replace(RUN, results=(*RESULTS, refused)))
    accepted = replace(refused, verdict=Verdict.FAIL)
    assert "c64" in page(replace(RUN, results=(*RESULTS, accepted)))


def test_the_page_gathers_what_one_kernel_did():
    bad = [Result(f"exp-float32-contiguous-ordinary-{n}", Verdict.FAIL, f"number {n}") for n in range(30)]
    crash = Result(
        "check.gradients.first-exp",
        Verdict.CRASH,
        'the process ended with SIGSEGV: Fatal Python error: x | Current thread 0x1 | File "/a/b.py", line 7 in f',
    )
    text = page(replace(RUN, results=(*bad, crash)))
    assert text.index("check.gradients.first") < text.index("number 0")
    assert "SIGSEGV in f (b.py:7)" in text
    assert "<small>30 cases</small>" in text
    assert "number 1<" not in text
    assert "Failures (31)" in text


def test_groups_have_the_gravest_first_and_leave_what_is_calm_out():
    found = groups((*RESULTS, replace(RESULTS[1], verdict=Verdict.SUITE_ERROR)))
    assert [(g.verdict, g.subject) for g in found] == [
        (Verdict.CRASH, "check.storage.round_trip"),
        (Verdict.FAIL, "exp"),
        (Verdict.SUITE_ERROR, "exp"),
    ]


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
