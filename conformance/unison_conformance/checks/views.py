"""Views: they share memory with their base, element by element, and tell where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from unison_conformance.checks._device import dtypes_of, expect, fetch, numbers, same_bits, send
from unison_conformance.checks.check import check
from unison_core import ops
from unison_core.errors import UnisonError

__all__ = ["CASES", "offset_and_strides", "read_through", "repeats_refused", "two_views", "write_through"]

_BASE = (4, 5, 6)
_FULL = slice(None)


@dataclass(frozen=True, slots=True)
class _View:
    """Operators on a contiguous base of shape [4, 5, 6] (strides 30, 6, 1), and what their view must be."""

    calls: tuple[tuple[Any, dict[str, Any]], ...]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    def of(self, x: Any) -> Any:
        for function, attrs in self.calls:
            x = function(x, **attrs)
        return x

    def places(self) -> np.ndarray[Any, Any]:
        """The index in the flattened base of each element, from the definition of strides."""
        out = np.empty(self.shape, np.int64)
        for index in product(*map(range, self.shape)):
            out[index] = self.offset + sum(i * s for i, s in zip(index, self.strides, strict=True))
        return out

    @property
    def repeats(self) -> bool:
        """Whether two elements share a place."""
        places = self.places()
        return np.unique(places).size < places.size


def _one(function: Any, shape: Any, strides: Any, offset: int = 0, /, **attrs: Any) -> _View:
    return _View(((function, attrs),), shape, strides, offset)


_SLICE = (ops.slice, {"key": (slice(1, 3), _FULL, slice(1, 6, 2))})

CASES: dict[str, _View] = {
    "slice": _one(ops.slice, (2, 5, 2), (30, 6, 3), 31, key=(slice(1, 3), _FULL, slice(1, 6, 3))),
    "index": _one(ops.slice, (4, 6), (30, 1), 18, key=(_FULL, 3)),
    "column": _one(ops.slice, (4, 5), (30, 6), 5, key=(..., -1)),
    "new axis": _one(ops.slice, (1, 4, 5, 6), (0, 30, 6, 1), key=(None,)),
    "number": _one(ops.slice, (), (), 91, key=(3, 0, 1)),
    "permute": _one(ops.permute, (6, 4, 5), (1, 30, 6), dims=(2, 0, 1)),
    "expand": _one(ops.expand, (2, 4, 5, 6), (0, 30, 6, 1), shape=(2, 4, 5, 6)),
    "view": _one(ops.view, (2, 10, 6), (60, 6, 1), shape=(2, 10, 6)),
    "diagonal": _one(ops.diagonal, (4, 5), (30, 7), 1, offset=1, dim1=1, dim2=2),
    "diagonal below": _one(ops.diagonal, (6, 3), (1, 36), 30, offset=-1, dim1=0, dim2=1),
    "unfold": _one(ops.unfold, (4, 5, 2, 3), (30, 6, 3, 1), dim=2, size=3, step=3),
    "unfold overlapping": _one(ops.unfold, (4, 4, 6, 2), (30, 6, 1, 6), dim=1, size=2, step=1),
    "as_strided": _one(ops.as_strided, (3, 2), (7, 50), 4, shape=(3, 2), stride=(7, 50), offset=4),
    "slice, permute": _View(((_SLICE), (ops.permute, {"dims": (2, 1, 0)})), (3, 5, 2), (2, 6, 30), 31),
    "slice, slice": _View((_SLICE, (ops.slice, {"key": (1, slice(2, 5))})), (3, 3), (6, 2), 73),
    "permute, diagonal": _View(
        ((ops.permute, {"dims": (1, 2, 0)}), (ops.diagonal, {"offset": 0, "dim1": 1, "dim2": 2})),
        (5, 4),
        (6, 31),
    ),
    "slice, as_strided": _View(
        (_SLICE, (ops.as_strided, {"shape": (2, 3), "stride": (60, 1), "offset": 2})), (2, 3), (60, 1), 2
    ),
}


def _each_size(device: str) -> list[Any]:
    """One dtype of each width that the device has."""
    return list({d.itemsize: d for d in dtypes_of(device)}.values())


@check(level=0, needs=("strided",), each=CASES)
def offset_and_strides(device: str, name: str) -> None:
    """The backend tells offset, strides and contiguity of a view as they are."""
    case = CASES[name]
    view = case.of(send(numbers(_BASE, dtypes_of(device)[0]), device))
    backend = view.device.backend
    expect(
        tuple(view.shape) == case.shape, f"{name} on {device} has shape {view.shape}, must be {case.shape}"
    )
    told = [s for s, n in zip(backend.strides(view.array), case.shape, strict=True) if n > 1]
    wanted = [s for s, n in zip(case.strides, case.shape, strict=True) if n > 1]
    expect(told == wanted, f"{name} on {device}: strides {told} are told, must be {wanted}")
    told_offset = backend.offset(view.array)
    expect(
        told_offset == case.offset, f"{name} on {device}: offset {told_offset} is told, must be {case.offset}"
    )
    places = case.places().ravel()
    in_order = bool((places == places[0] + np.arange(places.size)).all())
    expect(
        backend.is_contiguous(view.array) == in_order,
        f"{name} on {device}: is_contiguous says {not in_order}, must be {in_order}",
    )


@check(level=0, needs=("strided",), each=CASES)
def read_through(device: str, name: str) -> None:
    """A view shows the right elements, and what is written to its base later."""
    case, places = CASES[name], CASES[name].places()
    for dtype in _each_size(device):
        host = numbers(_BASE, dtype)
        base = send(host, device)
        view = case.of(base)
        same_bits(fetch(view), host.ravel()[places], f"{name} of {dtype.name} on {device}")
        later = host[::-1, ::-1, ::-1]
        base.device.backend.assign(base.array, send(later, device).array)
        same_bits(
            fetch(view),
            later.ravel()[places],
            f"{name} of {dtype.name} on {device} after a write to its base",
        )


@check(level=0, needs=("strided",), each=[n for n, c in CASES.items() if not c.repeats])
def write_through(device: str, name: str) -> None:
    """A write through a view reaches exactly its elements of the base."""
    case, places = CASES[name], CASES[name].places()
    for dtype in _each_size(device):
        host = numbers(_BASE, dtype)
        base = send(host, device)
        new = ~numbers(case.shape, dtype) if dtype.name == "bool" else numbers(case.shape, dtype, low=3)
        view = case.of(base)
        view.copy_(send(new, device))
        wanted = host.ravel().copy()
        wanted[places] = new
        same_bits(
            fetch(base),
            wanted.reshape(_BASE),
            f"the base after a write through {name} of {dtype.name} on {device}",
        )
        same_bits(fetch(view), new, f"{name} of {dtype.name} on {device} after a write through it")


@check(level=0, needs=("strided",))
def two_views(device: str) -> None:
    """Two views of one storage see each other's writes."""
    base = send(np.arange(120, dtype=np.int32).reshape(_BASE), device)
    rows = ops.slice(base, key=(slice(1, 3),))
    turned = ops.permute(base, dims=(2, 1, 0))
    rows.copy_(send(np.full((2, 5, 6), -1, np.int32), device))
    wanted = np.arange(120, dtype=np.int32).reshape(_BASE)
    wanted[1:3] = -1
    same_bits(
        fetch(turned), wanted.transpose(2, 1, 0).copy(), f"a view on {device} after a write through another"
    )
    ops.slice(turned, key=(0,)).copy_(send(np.full((5, 4), -2, np.int32), device))
    wanted[:, :, 0] = -2
    same_bits(fetch(rows), wanted[1:3], f"a view on {device} after a write through a view of another view")
    same_bits(fetch(base), wanted, f"the base on {device} after writes through two views")


@check(level=0, needs=("strided",))
def repeats_refused(device: str) -> None:
    """A write where elements share memory is an error and changes nothing."""
    base = send(np.arange(3, dtype=np.float32), device)
    view = ops.expand(base, shape=(2, 3))
    try:
        view.add_(1.0)
    except UnisonError:
        same_bits(fetch(base), np.arange(3, dtype=np.float32), f"the base on {device} after a refused write")
        return
    expect(
        fact=False, text=f"add_ on an expanded tensor on {device} was not refused; it must raise RuntimeError"
    )
