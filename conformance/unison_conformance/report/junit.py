"""JUnit XML, which build servers read."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from unison_conformance.running.run import FLOAT32, Run
from unison_conformance.running.verdicts import Verdict

__all__ = ["junit"]

_SKIPPED = {Verdict.NOT_SUPPORTED, Verdict.WAIVED}
_ERRORS = {Verdict.CRASH, Verdict.HANG, Verdict.SUITE_ERROR}


def junit(run: Run) -> str:
    """The run as one test suite: failures, errors (crashes, hangs, the suite's own) and skips with their reasons."""
    counts = run.counts()
    failed = sum(
        n for v, n in counts.items() if v is not Verdict.PASS and v not in _SKIPPED and v not in _ERRORS
    )
    suite = ET.Element(
        "testsuite",
        name=f"conformance {run.suite} {run.device}",
        tests=str(len(run.results)),
        failures=str(failed),
        errors=str(sum(counts.get(v, 0) for v in _ERRORS)),
        skipped=str(sum(counts.get(v, 0) for v in _SKIPPED)),
        time=f"{run.seconds:.3f}",
        timestamp=run.started,
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name=FLOAT32, value=run.float32_products)
    for result in run.results:
        group = result.case.split("-", 1)[0]
        case = ET.SubElement(
            suite, "testcase", classname=group, name=result.case, time=f"{result.seconds:.6f}"
        )
        if result.verdict is Verdict.PASS:
            continue
        tag = "skipped" if result.verdict in _SKIPPED else "error" if result.verdict in _ERRORS else "failure"
        told = ET.SubElement(case, tag, message=_clean(f"{result.verdict.value}: {result.detail}"))
        told.text = f"conformance repro {result.case} --device {run.device}"
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Without the characters that XML has no place for."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
