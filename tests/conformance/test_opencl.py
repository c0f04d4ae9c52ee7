"""The OpenCL backend by the suite: the checks of queues, and one other case in four: each kernel is compiled first.

All of them: `pytest --pyargs unison_conformance --device opencl:0`, or `conformance run --device opencl:0`.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from unison_conformance.pytest_plugin import judge
from unison_conformance.running.conduct import case_list
from unison_opencl.devices import found

ONE_IN = 4


def _has_device() -> bool:
    try:
        return bool(found())
    except ImportError:
        return False


def _name(case: Any) -> str:
    return str(getattr(case, "name", case))


def _chosen(name: str) -> bool:
    # All of those that a device which does everything at once cannot fail.
    return name.startswith("check.queues.") or zlib.crc32(name.encode()) % ONE_IN == 0


CASES = [c for c in case_list(1) if _chosen(_name(c))]


@pytest.mark.skipif(not _has_device(), reason="needs the extra 'opencl' and a driver")
@pytest.mark.parametrize("case", CASES, ids=_name)
def test_case_on_opencl(case: Any) -> None:
    judge(case, "opencl:0")
