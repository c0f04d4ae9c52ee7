"""What all tests share: the devices they run on, chosen with `--device`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        action="append",
        default=[],
        metavar="NAME",
        help="a device to test, such as cpu or opencl:0; may be given several times (default: cpu and strict:0)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        devices = metafunc.config.getoption("--device") or ["cpu", "strict:0"]
        metafunc.parametrize("device", devices)
