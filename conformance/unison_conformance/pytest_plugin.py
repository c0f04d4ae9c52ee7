"""The suite for pytest: `pytest --pyargs unison_conformance --device NAME`, one test for each case.

Every pytest run of an environment that has Unison loads this module, so it imports nothing heavy, and it adds its
options only where the suite is asked for. Cases run in pytest's own process: a crash ends it, as it does with other
tests (`conformance run` isolates them).
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from unison_conformance.running.verdicts import Result

__all__ = ["add_options", "judge", "pytest_generate_tests", "pytest_load_initial_conftests", "seen"]

seen: dict[str, list[Result]] = {}
"""The results so far in this process, by device."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Add the options if the suite is among what pytest is to run."""
    if any("unison_conformance" in a for a in args if not a.startswith("-")):
        add_options(parser)


def add_options(parser: pytest.Parser) -> None:
    """`--device`, which a conftest file may have added already, and `--conformance-level`."""
    with contextlib.suppress(ValueError):
        parser.addoption(
            "--device",
            action="append",
            default=[],
            metavar="NAME",
            help="a device to test, such as cpu or opencl:0; may be given several times",
        )
    with contextlib.suppress(ValueError):
        parser.addoption(
            "--conformance-level",
            type=int,
            default=1,
            choices=range(4),
            help="level of the cases (default: 1)",
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each case of the level on each device; ids read `cpu-exp-float32-transposed-special-3`."""
    if "conformance_device" not in metafunc.fixturenames:
        return
    if "conformance_case" in metafunc.fixturenames:
        from unison_conformance.running.conduct import Options, chosen, device_named

        calls = [
            pytest.param(device, case, id=f"{device}-{case}")
            for device in _devices(metafunc.config)
            for case in chosen(Options(level=_level(metafunc.config)), device_named(device))
        ]
        metafunc.parametrize(("conformance_device", "conformance_case"), calls)
    else:
        metafunc.parametrize("conformance_device", _devices(metafunc.config))


def _devices(config: pytest.Config) -> list[str]:
    return config.getoption("--device", default=None) or ["cpu", "strict:0"]


def _level(config: pytest.Config) -> int:
    return int(config.getoption("--conformance-level", default=1))


def judge(case: Any, device: str) -> None:
    """Perform a case and make its verdict pytest's.

    Skipped where the device need not support it, expected to fail where it is waived.
    """
    from unison_conformance import levels
    from unison_conformance.running.conduct import device_named
    from unison_conformance.running.perform import perform
    from unison_conformance.running.support import claims_of
    from unison_conformance.running.verdicts import Verdict
    from unison_conformance.waivers import waive, waivers_of

    where = device_named(device)
    with warnings.catch_warnings():
        # Infinities and NaN are among the inputs; what comes of them is judged by its value.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = waive(perform(case, device), waivers_of(where), device)
    seen.setdefault(device, []).append(result)
    text = f"{result.verdict.value} {result.case}: {result.detail}"
    if result.verdict is Verdict.PASS:
        return
    if result.verdict is Verdict.WAIVED:
        pytest.xfail(text)
    if not levels.required(result, claims_of(where)):
        pytest.skip(text)
    inputs = f"\ninputs  {result.inputs}" if result.inputs else ""
    pytest.fail(f"{text}{inputs}\nrepeat  conformance repro {result.case} --device {device}", pytrace=False)
