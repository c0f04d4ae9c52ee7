"""Memory goes to PyTorch and back without a copy, and what PyTorch refuses is refused with the same class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

DTYPES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)


@pytest.mark.parametrize("name", DTYPES)
def test_both_see_what_either_writes(name: str) -> None:
    theirs = torch.ones(4, 3, dtype=getattr(torch, name))
    ours = unison.from_dlpack(theirs.t()[1:])
    assert (ours.dtype, tuple(ours.shape), ours.stride()) == (getattr(unison, name), (2, 4), (1, 3))
    ours[0, 2] = 0
    assert theirs[2, 1].item() == 0
    back = torch.from_dlpack(ours)
    back[1, 3] = 0
    assert theirs[3, 2].item() == 0
    assert back.data_ptr() == ours.data_ptr() == theirs.t()[1:].data_ptr()


def test_capsules_of_either_are_taken_by_the_other() -> None:
    theirs = torch.zeros(3)
    unison.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(theirs)).add_(2)
    ours = unison.ones(2)
    torch.utils.dlpack.from_dlpack(unison.utils.dlpack.to_dlpack(ours)).add_(2)
    assert theirs.tolist() == [2, 2, 2]
    assert ours.tolist() == [3, 3]


def test_as_tensor_shares_and_tensor_copies() -> None:
    theirs = torch.zeros(3)
    shared, copied = unison.as_tensor(theirs), unison.tensor(theirs)
    theirs += 1
    assert shared.tolist() == [1, 1, 1]
    assert copied.tolist() == [0, 0, 0]


def _used_capsule(library: Any) -> None:
    capsule = library.utils.dlpack.to_dlpack(library.ones(2))
    library.from_dlpack(capsule)
    library.from_dlpack(capsule)


WRONG: list[Callable[[Any], Any]] = [
    lambda library: library.from_dlpack(3),
    _used_capsule,
    lambda library: library.ones(2, requires_grad=True).__dlpack__(),
    lambda library: (library.ones(2, requires_grad=True) * 2).__dlpack__(),
    lambda library: library.ones(2).__dlpack__(stream="a"),
    lambda library: library.ones(2).__cuda_array_interface__,
    lambda library: library.ones(2, requires_grad=True).__cuda_array_interface__,
    lambda library: library.ones(2, device="meta").__dlpack__(),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_pytorch_refuses_is_refused_with_the_same_class(number: int) -> None:
    with pytest.raises(Exception) as theirs:
        WRONG[number](torch)
    with pytest.raises(theirs.type):
        WRONG[number](unison)


def test_devices_are_numbered_alike() -> None:
    assert unison.ones(2).__dlpack_device__() == tuple(map(int, torch.ones(2).__dlpack_device__()))
    assert unison.ones(2).__dlpack__(stream=-1) is not None
