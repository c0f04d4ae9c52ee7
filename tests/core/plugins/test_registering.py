"""Backends added in this process, and kernel tables that contradict themselves."""

from __future__ import annotations

import pytest

import unison
from tests.core.small_backend import NAME, manifest_module, registered
from unison_core import plugins
from unison_core.backend import merge_kernels


def test_a_registered_backend_works_and_is_listed() -> None:
    with registered():
        assert (unison.ones(2, device=NAME) * 3).cpu().tolist() == [3.0, 3.0]
        (record,) = [r for r in plugins.backends() if r.name == NAME]
        assert (record.status, record.origin, record.devices) == (
            "loaded",
            "registered in this process",
            (NAME,),
        )
    with pytest.raises(RuntimeError, match="no device type 'small'"):
        unison.device(NAME)


@pytest.mark.parametrize("name", ["cpu", NAME])
def test_a_name_is_taken_once(name: str) -> None:
    with registered(), pytest.raises(RuntimeError, match=f"named '{name}' exists already"):
        plugins.register(manifest_module(), name)


def test_a_registered_backend_is_checked_like_any_other() -> None:
    plugins.register(manifest_module(contract=7), "small_old")
    try:
        with pytest.raises(RuntimeError, match="announced as 'small_old' but calls itself 'small'"):
            unison.ones(1, device="small_old")
    finally:
        plugins.unregister("small_old")


def test_two_kernels_of_one_name_need_override() -> None:
    with pytest.raises(ValueError, match="'add' is given twice"):
        merge_kernels({"add": max}, {"add": min})
    assert merge_kernels({"add": max}, override={"add": min}) == {"add": min}
