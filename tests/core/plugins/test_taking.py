"""Which backend takes memory of a device type of DLPack's: by the manifests, without loading what is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.small_backend import NAME, manifest_module
from unison_core import plugins

KIND = 99


def _never() -> None:
    raise AssertionError("it was probed")


@pytest.fixture
def two() -> Iterator[None]:
    """Two backends for the same memory; the probe of the first in alphabetical order fails."""
    plugins.register(manifest_module(name="awry", dlpack=(KIND,), probe=_never, fix="mend it"), "awry")
    plugins.register(manifest_module(dlpack=(1, KIND)), NAME)
    yield
    plugins.unregister("awry")
    plugins.unregister(NAME)


def _taking(kind: int) -> Any:
    record = plugins.taking(kind)
    return record and record.name


def test_nothing_is_probed_or_loaded_to_know_it(two: None) -> None:
    assert _taking(KIND) == "awry"
    assert plugins.require("awry").status == plugins.require(NAME).status == "found"


def test_a_backend_in_use_comes_first_and_a_broken_one_last(two: None) -> None:
    with pytest.raises(RuntimeError, match=r"it was probed.* To mend it: mend it"):
        plugins.load("awry")
    assert _taking(KIND) == NAME
    plugins.unregister(NAME)
    assert _taking(KIND) == "awry"


def test_the_one_in_use_is_kept(two: None) -> None:
    plugins.load(NAME)
    assert _taking(KIND) == NAME


def test_the_host_takes_its_own_and_nobody_what_nobody_lists() -> None:
    assert _taking(1) == "cpu"
    assert _taking(77) is None
