"""What all tests share: the devices they run on, chosen with `--device`."""

from __future__ import annotations

import pytest

from unison_conformance.pytest_plugin import add_options


def pytest_addoption(parser: pytest.Parser) -> None:
    # The suite's own option: one word, here and where backend authors run the suite.
    add_options(parser)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        devices = metafunc.config.getoption("--device") or ["cpu", "strict:0"]
        metafunc.parametrize("device", devices)
