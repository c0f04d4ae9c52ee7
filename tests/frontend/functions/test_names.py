"""What `unison` names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import unison


def test_all_is_sorted_and_resolves() -> None:
    names = list(unison.__all__)
    assert names == sorted(set(names), key=lambda name: (name.lower(), name))
    assert not [name for name in names if not hasattr(unison, name)]


def test_import_loads_no_array_library_and_no_namespace() -> None:
    code = (
        "import sys, unison; "
        "heavy = ('numpy', 'unison.nn', 'unison.optim', 'unison.utils', 'unison.serialization'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_namespaces_are_loaded_when_used() -> None:
    assert unison.special.__name__ == "unison.special"
    assert unison.save is unison.serialization.save


def test_compile_says_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match="remove the call"):
        _ = unison.compile


def test_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'convolve_everything'") as caught:
        _ = unison.convolve_everything
    assert caught.value.name == "convolve_everything"


def test_dtype_names_are_the_dtypes() -> None:
    assert (unison.float, unison.double, unison.half) == (unison.float32, unison.float64, unison.float16)
    assert (unison.short, unison.int, unison.long) == (unison.int16, unison.int32, unison.int64)
    assert (unison.cfloat, unison.cdouble) == (unison.complex64, unison.complex128)


def test_device_is_a_type_and_its_objects_are_interned() -> None:
    assert unison.device("cpu") is unison.device("cpu")
    assert isinstance(unison.device("cpu"), unison.device)
    assert isinstance(unison.ones(1).device, unison.device)
    assert not isinstance("cpu", unison.device)


def test_default_device_is_where_tensors_are_made() -> None:
    try:
        unison.set_default_device("meta")
        assert unison.zeros(2).device.type == "meta"
        assert unison.get_default_device().type == "meta"
    finally:
        unison.set_default_device(None)
    assert unison.zeros(2).device.type == "cpu"
