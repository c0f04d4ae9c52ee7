"""Streams and events as programs use them, on a device that works at once and on one that does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

import unison
from unison_core import plugins


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the devices that --device names; else on the host and on OpenCL."""
    if "where" in metafunc.fixturenames:
        missing = pytest.mark.skipif(not unison.opencl.is_available(), reason=f"opencl: {_why_not()}")
        names = metafunc.config.getoption("--device") or ["cpu", pytest.param("opencl:0", marks=missing)]
        metafunc.parametrize("where", names, indirect=True)


def _why_not() -> str:
    """Why there is no OpenCL device here: the backend's own words."""
    record = plugins.require("opencl")
    return f"{record.reason} {record.fix}"


@pytest.fixture
def where(request: pytest.FixtureRequest) -> Any:
    """A device, loaded."""
    return unison.ones(1, device=request.param).device


def test_an_event_is_reached_when_the_work_before_it_is_done(where: Any) -> None:
    x = unison.ones(300, 300, device=where)
    event = unison.Event(where)
    assert event.query()
    for _ in range(20):
        x = x @ x / 300
    event.record()
    event.synchronize()
    assert event.query()
    assert x[0, 0].item() == pytest.approx(1)


def test_events_take_the_time_between_them(where: Any) -> None:
    first, last = (unison.Event(where, enable_timing=True) for _ in range(2))
    x = unison.ones(300, 300, device=where)
    unison.Stream(where).synchronize()
    start = time.perf_counter()
    first.record()
    time.sleep(0.02)
    for _ in range(5):
        x = x @ x
    last.record()
    last.synchronize()
    wall = (time.perf_counter() - start) * 1e3
    assert 20 <= first.elapsed_time(last) <= wall


def test_events_without_time_or_record_cannot_be_timed(where: Any) -> None:
    timed, plain = unison.Event(where, enable_timing=True), unison.Event(where)
    with pytest.raises(ValueError, match="must be created with argument 'enable_timing=True'"):
        timed.elapsed_time(plain)
    with pytest.raises(ValueError, match="must be recorded before"):
        timed.elapsed_time(unison.Event(where, enable_timing=True))


def test_a_stream_takes_the_work_of_its_block_and_the_one_before_comes_back(where: Any) -> None:
    stream = unison.Stream(where)
    module = unison.get_device_module(where)
    with stream as inner:
        assert inner is stream
        x = unison.ones(5, device=where) + 1
        with stream:
            x = x * 2
    event = stream.record_event()
    unison.Stream(where).wait_event(event)
    unison.Stream(where).wait_stream(stream)
    stream.synchronize()
    assert stream.query()
    assert x.tolist() == [4] * 5
    if hasattr(module, "current_stream") and module.is_available():
        assert module.current_stream() == stream
        assert hash(module.current_stream()) == hash(stream)


def test_streams_of_two_devices_wait_for_each_other() -> None:
    here, there = unison.Stream("cpu"), unison.Stream("strict:0")
    assert here != there
    here.wait_stream(there)
    there.wait_event(here.record_event())


def test_an_event_refuses_another_devices_stream() -> None:
    with pytest.raises(
        RuntimeError, match="Event device cpu does not match recording stream's device strict:0"
    ):
        unison.Event("cpu").record(unison.Stream("strict:0"))


def test_events_are_not_for_several_processes() -> None:
    with pytest.raises(RuntimeError, match="leave interprocess=False"):
        unison.Event("cpu", interprocess=True)


def test_a_stream_of_a_device_that_is_not_there() -> None:
    with pytest.raises(RuntimeError, match="no device type 'abacus'"):
        unison.Stream("abacus")
