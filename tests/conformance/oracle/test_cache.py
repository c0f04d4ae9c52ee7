"""References on disk: found again, never out of date, never trusted when damaged."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from unison_conformance.oracle import cache
from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


LONG = np.linspace(0, 1, 3000).astype(np.float32)


def counted(references):
    calls = []

    def compute():
        calls.append(1)
        return references

    return compute, calls


def two():
    value = Wide(LONG.astype(np.float64), np.full(LONG.shape, 1e-20))
    return (
        Reference(value, np.ones(LONG.shape), 7, LONG > 2),
        Reference((value, -value)),
    )


def test_a_large_call_is_computed_once(elsewhere):
    compute, calls = counted(two())
    for _ in range(2):
        real, plane = cache.kept("exp", (LONG,), {"a": 1}, compute)
    assert len(calls) == 1
    assert np.array_equal(real.value.lo, two()[0].value.lo)
    assert (int(real.terms), real.free.any()) == (7, False)
    assert np.array_equal(plane.value[1].hi, -LONG.astype(np.float64))
    assert [p.suffix for p in elsewhere.iterdir()] == [".npz"]


def test_small_calls_are_not_kept(elsewhere):
    compute, calls = counted(two())
    for _ in range(2):
        cache.kept("exp", (LONG[:10],), {}, compute)
    assert len(calls) == 2
    assert not elsewhere.exists()


def test_inputs_attributes_and_source_are_all_in_the_name(monkeypatch):
    compute, calls = counted(two())
    cache.kept("exp", (LONG,), {"n": 1}, compute)
    cache.kept("exp", (LONG,), {"n": 2}, compute)
    cache.kept("exp", (LONG[::-1],), {"n": 1}, compute)
    cache.kept("log", (LONG,), {"n": 1}, compute)
    monkeypatch.setattr(cache, "_source", lambda: b"another oracle")
    cache.kept("exp", (LONG,), {"n": 1}, compute)
    assert len(calls) == 5


def test_a_damaged_entry_is_made_again(elsewhere):
    compute, calls = counted(two())
    cache.kept("exp", (LONG,), {}, compute)
    (entry,) = elsewhere.iterdir()
    whole = entry.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"\0" * 100):
        entry.write_bytes(damaged)
        cache.kept("exp", (LONG,), {}, compute)
    assert len(calls) == 4
    assert entry.read_bytes() == whole or len(entry.read_bytes()) == len(whole)


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "below"))
    compute, calls = counted(two())
    cache.kept("exp", (LONG,), {}, compute)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("platform", "variable", "value", "wanted"),
    [
        ("linux", "XDG_CACHE_HOME", "/there", "/there/unison-conformance"),
        ("win32", "LOCALAPPDATA", "/local", "/local/unison-conformance"),
        ("darwin", "HOME", "/home/me", "/home/me/Library/Caches/unison-conformance"),
    ],
)
def test_the_folder_is_the_platforms(monkeypatch, platform, variable, value, wanted):
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, value)
    assert cache.folder().as_posix() == wanted
