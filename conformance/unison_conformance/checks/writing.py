"""Writing in place: into views that lie in a bigger buffer, so that a write too many shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import unison
from unison_conformance.cases.values import host_dtype
from unison_conformance.checks._calls import Call, calls_of
from unison_conformance.checks._device import dtypes_of, expect, fetch, numbers, same_bits, send
from unison_conformance.checks.check import CheckFailed, check
from unison_core import dtypes
from unison_core.dispatch.inplace import inplace
from unison_core.operator import registry

__all__ = [
    "broadcast_and_cast",
    "counters",
    "duplicates",
    "inplace_on_views",
    "out",
    "overlap",
    "refusals",
    "same_operand",
    "written_methods",
]

Array = np.ndarray[Any, Any]

_ELEMENTWISE = tuple(name for name, op in registry.items() if op.elementwise and op.data)
_PAIRS = tuple(n for n in _ELEMENTWISE if len(registry[n].data) == 2)


def _filled(shape: tuple[int, ...], native: Any) -> Array:
    """A buffer of a pattern that no result equals by chance."""
    out = np.empty(shape, native)
    if native.kind == "b":
        out[...] = True
    else:
        out.view(np.uint8)[...] = 0xA5
    return out


def _offset(shape: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
    return (shape[0] + 5, *shape[1:]), lambda b: b[3 : 3 + shape[0]]


def _stepped(shape: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
    return (*shape[:-1], 2 * shape[-1] + 3), lambda b: b[..., 1 : 1 + 2 * shape[-1] : 2]


def _column(shape: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
    return (*shape, 3), lambda b: b[..., 1]


_PLACES: tuple[Callable[[tuple[int, ...]], Any], ...] = (_offset, _stepped, _column)


def _in_buffer(host: Array, place: Any, device: str) -> tuple[Any, Any, Array, Any]:
    """A tensor's buffer on the device, the view of it that holds `host`, the buffer on the host, and where."""
    shape, cut = place(host.shape)
    buffer = _filled(shape, host.dtype)
    cut(buffer)[...] = host
    there = send(buffer, device)
    return there, cut(there), buffer, cut


def _writable(call: Call, out: Any) -> bool:
    """Whether the result may be written into the first input."""
    if call.hosts[0].dtype != host_dtype(call.dtype):
        return False
    return bool(dtypes.can_cast(out.dtype, call.dtype)) and out.dtype in (call.dtype, dtypes.bool_)


@check(level=1, needs=("strided",), each=_ELEMENTWISE)
def inplace_on_views(device: str, name: str) -> None:
    """The in-place form writes the operator's result into the view, and nothing around it."""
    for call in calls_of(name, device, limit=6, kinds=2):
        first = call.hosts[0]
        if not isinstance(first, np.ndarray) or not first.ndim or not first.size:
            continue
        (out,) = call.run(call.inputs(device), device)
        if tuple(out.shape) != first.shape or not _writable(call, out):
            continue
        wanted = fetch(out).astype(first.dtype)
        for place in _PLACES:
            _write_one(call, place, wanted, device)


def _write_one(call: Call, place: Any, wanted: Array, device: str) -> None:
    buffer, view, host, cut = _in_buffer(call.hosts[0], place, device)
    rest = [send(x, device) if isinstance(x, np.ndarray) else x for x in call.hosts[1:]]
    before = view._version
    back = inplace(call.op.call)(view, *rest, **call.attrs)
    what = f"{call.op.name}_ on {call.dtype.name}{list(wanted.shape)} ({place.__name__[1:]}) on {device}"
    expect(back is view, f"{what} returned another tensor than its first input")
    expect(view._version > before, f"{what} did not move the write counter")
    for x, given in zip(rest, call.hosts[1:], strict=True):
        if isinstance(given, np.ndarray):
            same_bits(fetch(x), given, f"another input of {what}")
    got = fetch(buffer)
    _near_enough(call, cut(got), wanted, what)
    cut(host)[...] = cut(got)
    same_bits(got, host, f"the memory around {what}")


def _near_enough(call: Call, got: Array, wanted: Array, what: str) -> None:
    """The same bits as out of place; or, where a kernel of its own rounds otherwise, within the table's limit."""
    from unison_conformance.oracle import expected
    from unison_conformance.tolerance import compare, family_of, limit_of

    got = np.ascontiguousarray(got)
    if got.tobytes() == wanted.tobytes():
        return
    if call.dtype not in dtypes.INEXACT:
        same_bits(got, wanted, f"the result of {what}")
    (reference,) = expected(call.op.name, call.hosts, call.attrs)
    found = compare(got, reference, call.dtype, limit_of(family_of(call.op.name), call.dtype))
    expect(found.ok, f"{what} at {list(found.place)}: got {found.got}, must be {found.wanted}")


@check(level=1, each=_PAIRS)
def same_operand(device: str, name: str) -> None:
    """x.op_(x) is what op(x, x) is."""
    for call in calls_of(name, device, limit=6, kinds=2):
        host = call.hosts[0]
        if not isinstance(host, np.ndarray) or not host.ndim or not host.size:
            continue
        if host.dtype.kind in "iu":
            host = np.where(host == 0, host.dtype.type(1), host)
        twice = replace(call, hosts=(host, host))
        x, y = twice.inputs(device)
        (out,) = twice.run([x, y], device)
        if not _writable(call, out):
            continue
        wanted = fetch(out).astype(host.dtype)
        inplace(call.op.call)(x, x, **call.attrs)
        _near_enough(twice, fetch(x), wanted, f"x.{name}_(x) of {call.dtype.name} on {device}")


@check(level=1, needs=("strided",))
def overlap(device: str) -> None:
    """Source and target share part of their memory: as if they did not, or a refusal with nothing written."""
    host = np.arange(1, 41, dtype=np.int32)
    for name, cut in (
        ("later", (slice(1, None), slice(None, -1))),
        ("earlier", (slice(None, -1), slice(1, None))),
    ):
        for method, value in (
            ("copy_", lambda a, b: b),
            ("add_", lambda a, b: a + b),
            ("mul_", lambda a, b: a * b),
            ("bitwise_xor_", lambda a, b: a ^ b),
        ):
            base = send(host, device)
            wanted = host.copy()
            wanted[cut[0]] = value(host[cut[0]], host[cut[1]])
            try:
                getattr(base[cut[0]], method)(base[cut[1]])
            except RuntimeError:
                wanted = host
                expect(
                    method != "copy_", f"copy_ with overlapping memory on {device} was refused; it must work"
                )
            same_bits(fetch(base), wanted, f"{method} of overlapping memory ({name}) on {device}")
    square = send(host[:36].reshape(6, 6), device)
    square.copy_(square.t())
    same_bits(fetch(square), host[:36].reshape(6, 6).T.copy(), f"x.copy_(x.t()) on {device}")


_OUT: dict[str, Callable[..., Any]] = {
    "add": unison.add,
    "mul": unison.mul,
    "maximum": unison.maximum,
    "neg": lambda x, y, **o: unison.neg(x, **o),
    "sum": lambda x, y, **o: unison.sum(x, 0, keepdim=True, **o),
    "cumsum": lambda x, y, **o: unison.cumsum(x, 1, **o),
}


@check(level=1, needs=("strided",))
def out(device: str) -> None:
    """`out=` on a view in a bigger buffer: the result is there, cast to the view's dtype, and nothing around it."""
    x, y = send(numbers((4, 5), dtypes.float32), device), send(numbers((4, 5), dtypes.float32, 3), device)
    for name, function in _OUT.items():
        result = fetch(function(x, y))
        # neg is one of those that PyTorch lets write their own dtype alone.
        targets = (dtypes.float32,) if name == "neg" else (dtypes.float32, dtypes.complex64)
        for target in (d for d in targets if d in dtypes_of(device)):
            for place in _PLACES:
                native = host_dtype(target)
                buffer, view, host, cut = _in_buffer(_filled(result.shape, native), place, device)
                back = function(x, y, out=view)
                what = f"unison.{name}(..., out={target.name} view, {place.__name__[1:]}) on {device}"
                expect(back is view, f"{what} returned another tensor")
                cut(host)[...] = result.astype(native)
                same_bits(fetch(buffer), host, what)
    same = unison.add(x, y, out=x)
    expect(same is x, f"unison.add(x, y, out=x) on {device} returned another tensor")
    wanted = numbers((4, 5), dtypes.float32) + numbers((4, 5), dtypes.float32, 3)
    same_bits(fetch(x), wanted, f"unison.add(x, y, out=x) on {device}")


@check(level=1)
def broadcast_and_cast(device: str) -> None:
    """In-place operands broadcast to the target and are cast to its dtype."""
    have = dtypes_of(device)
    host, row = numbers((3, 4), dtypes.float32), numbers((4,), dtypes.int64)
    x = send(host, device)
    x.add_(send(row, device))
    same_bits(fetch(x), host + row.astype(np.float32), f"float32 += int64 row on {device}")
    x.mul_(2)
    same_bits(fetch(x), (host + row.astype(np.float32)) * np.float32(2), f"float32 *= 2 on {device}")
    for target in (d for d in (dtypes.int16, dtypes.uint8, dtypes.float16, dtypes.complex64) if d in have):
        whole = send(_filled((3, 4), host_dtype(target)), device)
        whole.copy_(send(row, device))
        wanted = np.broadcast_to(row, (3, 4)).astype(host_dtype(target))
        same_bits(fetch(whole), wanted, f"{target.name}[3, 4].copy_(int64[4]) on {device}")


@check(level=1)
def refusals(device: str) -> None:
    """What may not be written raises RuntimeError and leaves elements and write counter as they were."""
    whole = numbers((3, 4), dtypes.int32)
    row = numbers((4,), dtypes.float32)
    attempts: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "int32.add_(0.5)": (whole, lambda x: x.add_(0.5)),
        "int32.add_(float32)": (whole, lambda x: x.add_(send(row, device))),
        "float32[4].add_(float32[3, 4])": (
            row,
            lambda x: x.add_(send(numbers((3, 4), dtypes.float32), device)),
        ),
        "float32[4].copy_(float32[5])": (row, lambda x: x.copy_(send(numbers((5,), dtypes.float32), device))),
        "int32.exp_()": (whole, lambda x: x.exp_()),
        "add(out=int32)": (
            whole,
            lambda x: unison.add(send(numbers((3, 4), dtypes.float32), device), 1, out=x),
        ),
    }
    for what, (host, attempt) in attempts.items():
        x = send(host, device)
        before = x._version
        try:
            attempt(x)
        except RuntimeError:
            same_bits(fetch(x), host, f"the target of the refused {what} on {device}")
            expect(x._version == before, f"the refused {what} on {device} moved the write counter")
        else:
            raise CheckFailed(f"{what} on {device} was not refused; it must raise RuntimeError")


@check(level=1)
def counters(device: str) -> None:
    """Every way to write moves the counter that all aliases share, by one."""
    x = send(numbers((4, 4), dtypes.float32), device)
    aliases = [x, x.detach(), x[1:], x.t()[0], x.view(16)]
    other = send(numbers((4, 4), dtypes.float32), device)
    writes: tuple[Callable[[], Any], ...] = (
        lambda: x.add_(1),
        lambda: x.copy_(other),
        lambda: x.fill_(3),
        x.zero_,
        lambda: x[1:].mul_(2),
        lambda: x.__setitem__((0, 1), 5.0),
        lambda: unison.add(other, 1, out=x),
        lambda: x.index_add_(0, send(np.array([1, 1]), device), other[:2]),
    )
    for n, write in enumerate(writes):
        before = [a._version for a in aliases]
        write()
        moved = [a._version - b for a, b in zip(aliases, before, strict=True)]
        expect(
            moved == [1] * 5,
            f"write number {n} on {device} moved the counters of five aliases by {moved}, not 1",
        )


_ADDING: dict[str, Callable[..., Any]] = {
    "index_put_": lambda x, i, v: x.index_put_((i,), v, accumulate=True),
    "index_add_": lambda x, i, v: x.index_add_(0, i, v),
    "scatter_add_": lambda x, i, v: x.scatter_add_(0, i[:, None].expand(*v.shape), v),
}


@check(level=1, each=_ADDING)
def duplicates(device: str, name: str) -> None:
    """Sums at repeated indices count every one of them."""
    index = np.array([2, 0, 2, 2, 5, 0, 2])
    for dtype in (d for d in (dtypes.int32, dtypes.int64, dtypes.float32) if d in dtypes_of(device)):
        host, values = numbers((6, 3), dtype), numbers((7, 3), dtype, 2)
        wanted = host.copy()
        for row, i in enumerate(index.tolist()):
            wanted[i] += values[row]
        buffer, view, around, cut = _in_buffer(host, _offset, device)
        _ADDING[name](view, send(index, device), send(values, device))
        cut(around)[...] = wanted
        same_bits(fetch(buffer), around, f"{name} of {dtype.name} at repeated indices on {device}")


@check(level=1, needs=("strided",))
def written_methods(device: str) -> None:
    """fill_, copy_, item assignment, masked_fill_, scatter_ and the like write where they must and nowhere else."""
    host = numbers((6, 5), dtypes.float32)
    index, mask = np.array([4, 1]), np.arange(30).reshape(6, 5) % 4 == 1
    rows = numbers((2, 5), dtypes.float32, 50)
    steps: dict[str, tuple[Callable[[Any], Any], Callable[[Array], None]]] = {
        "fill_": (lambda x: x.fill_(7), lambda a: a.__setitem__(..., 7)),
        "zero_": (lambda x: x.zero_(), lambda a: a.__setitem__(..., 0)),
        "x[1:4, ::2] = 3": (
            lambda x: x.__setitem__((slice(1, 4), slice(None, None, 2)), 3),
            lambda a: a.__setitem__((slice(1, 4), slice(None, None, 2)), 3),
        ),
        "x[[4, 1]] = rows": (
            lambda x: x.__setitem__(send(index, device), send(rows, device)),
            lambda a: [a.__setitem__(i, r) for i, r in zip(index.tolist(), rows, strict=True)],  # type: ignore[arg-type, return-value]
        ),
        "x[mask] = -1": (lambda x: x.__setitem__(send(mask, device), -1), lambda a: np.putmask(a, mask, -1)),
        "masked_fill_": (
            lambda x: x.masked_fill_(send(mask, device), 9),
            lambda a: np.putmask(a, mask, 9),
        ),
        "scatter_": (
            lambda x: x.scatter_(1, send(np.array([[0], [4]]), device), send(rows[:, :1], device)),
            lambda a: [a.__setitem__((0, 0), rows[0, 0]), a.__setitem__((1, 4), rows[1, 0])],  # type: ignore[func-returns-value, return-value]
        ),
        "index_copy_": (
            lambda x: x.index_copy_(0, send(index, device), send(rows, device)),
            lambda a: [a.__setitem__(i, r) for i, r in zip(index.tolist(), rows, strict=True)],  # type: ignore[arg-type, return-value]
        ),
        "copy_": (lambda x: x.copy_(send(host[::-1], device)), lambda a: a.__setitem__(..., host[::-1])),
        "clamp_": (
            lambda x: x.clamp_(10, 20),
            lambda a: a.__setitem__(..., np.minimum(np.maximum(a, 10), 20)),
        ),
        "cumsum_": (
            lambda x: x.cumsum_(0),
            lambda a: [a[i].__iadd__(a[i - 1]) for i in range(1, 6)],  # type: ignore[return-value]
        ),
        "relu_": (lambda x: x.relu_(), lambda a: None),
    }
    for name, (write, model) in steps.items():
        for place in _PLACES:
            buffer, view, around, cut = _in_buffer(host, place, device)
            write(view)
            plain = host.copy()
            model(plain)
            cut(around)[...] = plain
            same_bits(fetch(buffer), around, f"{name} on a view ({place.__name__[1:]}) on {device}")
