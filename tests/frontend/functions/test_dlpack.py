"""DLPack on the host, and what is said where memory cannot be shared."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import unison
from unison_core.ckit.array import CArray
from unison_core.sharing import Sharing


class Old:
    """A producer from before DLPack 1.0: no version, no mark for reading only."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __dlpack__(self, stream: Any = None) -> Any:
        return self.array.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


@pytest.mark.parametrize(
    "take", [unison.from_dlpack, unison.as_tensor, lambda a: unison.from_dlpack(a.__dlpack__()),
             lambda a: unison.from_dlpack(a.__dlpack__(max_version=(1, 0))), lambda a: unison.from_dlpack(Old(a))]
)  # fmt: skip
def test_memory_is_shared_whatever_the_capsule_is(take: Any) -> None:
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = take(a.T)
    x[0, 1] = -1
    assert a[1, 0] == -1
    assert x.data_ptr() == a.ctypes.data
    assert x.stride() == (1, 3)


def test_numpy_sees_a_tensors_memory() -> None:
    x = unison.zeros(2, 3)
    np.from_dlpack(x)[1, 2] = 4
    assert x[1, 2] == 4
    assert np.from_dlpack(x.t()).strides == (4, 12)


def test_memory_for_reading_only_is_copied() -> None:
    a = np.zeros(3)
    a.flags.writeable = False
    unison.from_dlpack(a).fill_(1)
    assert a.tolist() == [0, 0, 0]


def test_copies_are_made_where_they_are_asked_for() -> None:
    a = np.zeros(3)
    unison.from_dlpack(a, copy=True).fill_(1)
    assert a.tolist() == [0, 0, 0]
    assert unison.from_dlpack(a, device="meta").device.type == "meta"
    with pytest.raises(BufferError, match="from cpu to meta is a copy, and copy=False forbids one"):
        unison.from_dlpack(a, device="meta", copy=False)


def test_bfloat16_is_refused_by_numpys_side() -> None:
    with pytest.raises(BufferError, match=r"bfloat16 cannot be exported .* use .view\(unison.int16\)"):
        unison.ones(2, dtype=unison.bfloat16).__dlpack__()


@pytest.mark.parametrize("wrong", [3, "text", None, object()])
def test_what_is_no_array_is_refused(wrong: Any) -> None:
    with pytest.raises(
        RuntimeError, match="from_dlpack takes an object with __dlpack__ and __dlpack_device__"
    ):
        unison.from_dlpack(wrong)


def test_a_capsule_is_taken_once() -> None:
    capsule = unison.to_dlpack(unison.ones(2))
    unison.from_dlpack(capsule)
    with pytest.raises(RuntimeError, match="it can be taken once"):
        unison.from_dlpack(capsule)


def test_devices_that_dlpack_does_not_describe_say_so() -> None:
    x = unison.ones(2, device="meta")
    for ask in (x.__dlpack__, x.__dlpack_device__, lambda: np.from_dlpack(x)):
        with pytest.raises(
            BufferError, match=r"DLPack does not describe the memory of meta: use .cpu\(\) first"
        ):
            ask()
    with pytest.raises(RuntimeError, match="the address of memory of meta is known to its library alone"):
        x.data_ptr()


def test_the_c_kits_memory_is_not_described() -> None:
    class Bare(Sharing):
        name = "bare"

    array: Any = CArray(None, cast("Any", None), (2,), unison.float32)
    for ask in (Bare().to_dlpack, Bare().dlpack_device):
        with pytest.raises(
            BufferError, match=r"DLPack does not describe the memory of bare: use .cpu\(\) first"
        ):
            ask(array)


def test_memory_that_nobody_takes_is_refused_with_the_name_of_its_kind() -> None:
    foreign = SimpleNamespace(__dlpack__=None, __dlpack_device__=lambda: (7, 0))
    with pytest.raises(
        RuntimeError, match=r"no backend here takes memory of Vulkan \(DLPack's device type 7\)"
    ):
        unison.from_dlpack(foreign)


def test_a_backend_that_could_but_cannot_be_used_says_why_and_what_to_do() -> None:
    code = (
        "import sys; sys.modules['cupy'] = None\n"
        "import types, unison\n"
        "gpu = types.SimpleNamespace(__dlpack__=None, __dlpack_device__=lambda: (2, 0))\n"
        "unison.as_tensor(gpu)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "backend 'cuda'" in last
    assert "pip install 'unison[cuda]'" in last
