"""Promises: what a backend says of itself is true, and it leaves the framework as it found it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import unison
from unison_conformance.cases.demands import badges_of_operator
from unison_conformance.cases.values import draw, host_dtype
from unison_conformance.checks._calls import NAMES, calls_of, results
from unison_conformance.checks._device import (
    DTYPE_NAMES,
    dtypes_of,
    expect,
    fetch,
    find,
    numbers,
    require_dtype,
    same_bits,
    send,
)
from unison_conformance.checks.check import CheckFailed, check
from unison_core import backend as contract
from unison_core import dtypes, handle, ops, state
from unison_core.dispatch import inplace, paths, promotion, table
from unison_core.dispatch.table import KernelTable, explain, resolve
from unison_core.errors import NotSupportedError
from unison_core.operator import Arity, registry
from unison_core.samples import Arg

__all__ = [
    "arrays",
    "claims",
    "device",
    "errors",
    "frontend",
    "kernels",
    "listed",
    "resolution",
    "subnormals",
    "unlisted",
]

_IMPLIED = {
    dtypes.float64: "fp64",
    dtypes.float16: "fp16",
    dtypes.bfloat16: "bf16",
    dtypes.complex64: "complex",
}


@check(level=0)
def device(name: str) -> None:
    """The backend counts and describes its devices, and its current device is one of them."""
    where = find(name)
    backend = where.backend
    count, current = backend.device_count(), backend.current_device()
    expect(0 <= current < count, f"{name}: device {current} is current, of {count}")
    text = backend.describe(where)
    expect(
        isinstance(text, str) and text.strip(),
        f"{name} describes itself as {text!r}; it must be a line of text",
    )
    backend.synchronize(where)
    told = backend.memory(where)
    wrong = {k: v for k, v in told.items() if not isinstance(v, int) or v < 0}
    expect(not wrong, f"{name} tells of its memory {wrong}; it must be numbers of bytes")


@check(level=0)
def claims(name: str) -> None:
    """Badges are known ones and agree with the dtypes listed; which of them were earned is the report's to say."""
    where = find(name)
    badges = where.backend.claims(where)
    expect(
        badges <= contract.BADGES,
        f"{name} claims {sorted(badges - contract.BADGES)}, which are no badges",
        "LIE",
    )
    for dtype, badge in _IMPLIED.items():
        expect(
            badge not in badges or where.backend.supports(dtype),
            f"{name} claims {badge!r}, but its backend does not list {dtype.name}",
            "LIE",
        )
    expect(
        "strided" not in badges or where.backend.aliasing,
        f"{name} claims 'strided', but its backend says that views do not share memory",
        "LIE",
    )
    kind = where.backend.subnormals(where)
    expect(kind in ("preserve", "flush"), f"{name}: subnormals() is {kind!r}, not 'preserve' or 'flush'")


@check(level=0, each=DTYPE_NAMES)
def listed(name: str, word: str) -> None:
    """Arrays of a listed dtype can be made, filled, added, compared, cast and read back."""
    dtype = require_dtype(name, word)
    try:
        _use(name, dtype)
    except NotSupportedError as error:
        raise CheckFailed(f"{name} lists {word} and refuses it: {error}", "LIE") from error


def _use(name: str, dtype: Any) -> None:
    host = numbers((3, 4), dtype)
    x = send(host, name)
    expect(x.dtype is dtype, f"{word_of(dtype)} sent to {name} is {x.dtype.name} there")
    one = np.ones((3, 4)).astype(host_dtype(dtype))
    same_bits(fetch(unison.ones(3, 4, dtype=dtype, device=name)), one, f"ones of {dtype.name} on {name}")
    total = host | host if dtype is dtypes.bool_ else (host + host).astype(host.dtype)
    same_bits(fetch(x + x), total, f"x + x of {dtype.name} on {name}")
    same_bits(fetch(x == x), np.ones((3, 4), bool), f"x == x of {dtype.name} on {name}")  # noqa: PLR0124
    y = unison.empty(3, 4, dtype=dtype, device=name)
    y.fill_(1)
    same_bits(fetch(y), one, f"fill_(1) of {dtype.name} on {name}")
    cast = ops.cast(send(numbers((3, 4), dtypes.int32), name), dtype=dtype)
    wanted = numbers((3, 4), dtypes.int32).astype(host_dtype(dtype))
    same_bits(fetch(cast), wanted, f"int32 cast to {dtype.name} on {name}")


def word_of(dtype: Any) -> str:
    """The name of a dtype."""
    return str(dtype.name)


@check(level=0, each=DTYPE_NAMES)
def unlisted(name: str, word: str) -> None:
    """A dtype that is not listed raises NotSupportedError, however it is asked for; never another dtype's result."""
    dtype = dtypes.BY_NAME[word]
    if dtype in dtypes_of(name):
        return
    x = send(numbers((3,), dtypes.int32), name)
    host = send(numbers((3,), dtype), "cpu")
    asks: dict[str, Callable[[], Any]] = {
        "ones": lambda: unison.ones(3, dtype=dtype, device=name),
        "a cast": lambda: ops.cast(x, dtype=dtype),
        "a transfer": lambda: host.to(name),
        "arange": lambda: unison.arange(3, dtype=dtype, device=name),
    }
    for what, ask in asks.items():
        try:
            got = ask()
        except NotSupportedError:
            continue
        raise CheckFailed(
            f"{what} in {word}, which {name} does not list, gave {got.dtype.name}; it must raise NotSupportedError"
        )


def _due(name: str) -> list[str]:
    """The operators that a device with these badges must have."""
    from unison_conformance.running.support import badges_of

    claimed = badges_of(find(name))
    due = [op for op in registry if registry[op].arity is not Arity.TRANSFER]
    return [op for op in due if badges_of_operator(op) <= claimed]


@check(level=1)
def kernels(name: str) -> None:
    """Every primitive has a kernel, but for those whose dtypes the device does not claim."""
    backend = find(name).backend
    lacking = [op for op in _due(name) if registry[op].is_primitive and backend.kernel(registry[op]) is None]
    expect(
        not lacking,
        f"{name} has no kernel for {len(lacking)} primitives: {', '.join(lacking)}; level 1 asks for all",
    )


@check(level=1)
def resolution(name: str) -> None:
    """Every operator runs on the device, by a kernel or by its body: nothing is copied to the host or missing."""
    found = {op: explain(op, name).label for op in _due(name)}
    elsewhere = [f"{op} ({label})" for op, label in found.items() if label not in ("kernel", "composite")]
    expect(not elsewhere, f"on {name} these do not run on the device: {', '.join(elsewhere)}", "FALLBACK")


@check(level=1, each=NAMES)
def arrays(name: str, operator: str) -> None:
    """Results are arrays of the backend's class, of a dtype and strides that it can tell."""
    where = find(name)
    backend = where.backend
    for call in calls_of(operator, name):
        for out in call.run(call.inputs(name), name):
            if not isinstance(out, unison.Tensor) or out.device is not where:
                continue
            what = f"a result of {operator} of {call.dtype.name} on {name}"
            kind = type(out.array)
            expect(
                kind is backend.array_class, f"{what} is {kind.__name__}, not {backend.array_class.__name__}"
            )
            told = backend.dtype_of(out.array)
            expect(told in dtypes_of(name), f"{what} has {told.name}, which the device does not list")
            strides = backend.strides(out.array)
            expect(
                len(strides) == len(out.shape),
                f"{what}: {len(strides)} strides for {len(out.shape)} dimensions",
            )
            host = fetch(out)
            expect(
                host.shape == tuple(out.shape),
                f"{what} says shape {list(out.shape)}, reads as {list(host.shape)}",
            )
            expect(
                host.dtype == host_dtype(told),
                f"{what} says {told.name}, but is read as {host.dtype} on the host",
            )


@check(level=1)
def subnormals(name: str) -> None:
    """Arithmetic keeps subnormal float32 numbers, or, where `flush` is declared, makes signed zeros of them."""
    where = find(name)
    flush = where.backend.subnormals(where) == "flush"
    host = (np.arange(1, 65, dtype=np.int32) * 130_003).view(np.float32)
    host = np.concatenate([host, -host])
    x = send(host, name)
    for what, got in (
        ("x + 0", x + 0.0),
        ("x * 1", x * 1.0),
        ("maximum(x, x)", unison.maximum(x, x)),
        ("neg(neg(x))", unison.neg(unison.neg(x))),
    ):
        values = fetch(got)
        if flush:
            kept = (values == host) | ((values == 0) & (np.signbit(values) == np.signbit(host)))
            expect(kept.all(), f"{what} of subnormal numbers on {name}: neither kept nor zeros of their sign")
        else:
            same_bits(
                values, host, f"{what} of subnormal numbers on {name}, which says that it preserves them"
            )


_BAD = tuple(
    name for name, op in registry.items() if op.samples is not None and any(s.error for s in op.samples())
)


@check(level=1, each=_BAD)
def errors(name: str, operator: str) -> None:
    """Wrong calls raise the standard error, change no input, and leave the device working."""
    op, have = registry[operator], dtypes_of(name)
    order = (dtypes.float32, dtypes.int64, dtypes.bool_, dtypes.complex64, *have)
    # Beside floating types alone, int64 is that of the operator's indices.
    indices = {dtypes.int64} if op.dtypes - {dtypes.int64} <= dtypes.INEXACT else set()
    dtype = next(d for d in order if d in have and d in op.dtypes - indices)
    for n, sample in enumerate(op.samples()):
        if sample.error is None:
            continue
        hosts = [
            draw(x, dtype, "ordinary", 7 + i) if isinstance(x, Arg) else x
            for i, x in enumerate(sample.inputs)
        ]
        inputs = [send(x, name) if isinstance(x, np.ndarray) else x for x in hosts]
        place = {} if op.data else {"device": find(name)}
        what = f"erroneous sample {n} of {operator} on {name}"
        try:
            op.call(*inputs, **sample.attrs, **place)
        except sample.error as error:
            expect(
                re.search(sample.match, str(error)),
                f"{what} says {str(error)!r}, which lacks {sample.match!r}",
            )
        except Exception as error:
            raise CheckFailed(f"{what} raised {error!r}; it must raise {sample.error.__name__}") from error
        else:
            raise CheckFailed(f"{what} was not refused; it must raise {sample.error.__name__}")
        for x, host in zip(inputs, hosts, strict=True):
            if isinstance(host, np.ndarray):
                same_bits(fetch(x), host, f"an input of {what}")
    for call in calls_of(operator, name, limit=1):
        results(call.run(call.inputs(name), name))


_CORE = str(Path(handle.__file__).parent)
_FRONTEND = str(Path(unison.__file__).parent)
_PYTHON = str(Path(re.__file__).parent.parent)
_DISPATCH: tuple[ModuleType, ...] = (handle, state, paths, table, promotion, inplace)


def _foreign(function: Any) -> str:
    """Where a function was written, if not in the framework; else nothing."""
    while isinstance(function, (staticmethod, classmethod, property)):
        function = function.fget if isinstance(function, property) else function.__func__
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None or code.co_filename.startswith((_CORE, _FRONTEND, "<")):
        return ""
    if code.co_filename.startswith(_PYTHON) and "site-packages" not in code.co_filename:
        return ""
    return f"{code.co_filename}:{code.co_firstlineno}"


def _public_things() -> Iterator[tuple[str, Any]]:
    """Everything of the framework that a plugin could put something else in the place of."""
    for cls in unison.Tensor.__mro__[:-1]:
        yield from ((f"{cls.__name__}.{name}", value) for name, value in vars(cls).items())
    yield from ((f"unison.{name}", value) for name, value in vars(unison).items())
    for module in _DISPATCH:
        yield from ((f"{module.__name__}.{name}", value) for name, value in vars(module).items())
    for name, op in registry.items():
        yield f"the call path of {name}", op.call
        yield f"the direct path of {name}", op.direct
        for rule in ("infer", "vjp", "body"):
            yield f"the {rule} of {name}", getattr(op, rule)
    yield "the recorder", state.record
    yield "the recorder of writes", state.record_write


_ORIGINAL: dict[str, Any] = {}
"""What stood in each place when the suite was imported; a second guard for what has no code of its own."""
_ORIGINAL.update({name: value for name, value in _public_things() if callable(value)})


@check(level=1)
def frontend(name: str) -> None:
    """The framework is the original: methods, functions, call paths, rules, and the tables of kernels."""
    where = find(name)
    expect(handle.Tensor is unison.Tensor, f"with {name}, tensors are made of {handle.Tensor}", "LIE")
    own = {op.name for op in registry.values() if _foreign(op.declaration)}
    for place, value in _public_things():
        if place.rsplit(" ", 1)[-1] in own:
            continue
        written = (
            _foreign(value) if isinstance(value, (FunctionType, property, staticmethod, classmethod)) else ""
        )
        expect(
            not written,
            f"with {name} loaded, {place} is not the framework's: it is written in {written}",
            "LIE",
        )
        first = _ORIGINAL.get(place)
        expect(
            first is None or first is value or place.startswith("unison_core.state."),
            f"with {name} loaded, {place} was replaced by {value!r}",
            "LIE",
        )
    for op in registry.values():
        whole = type(op.table) is KernelTable and type(op.inplace_table) is KernelTable
        expect(whole and op.table.op is op, f"with {name} loaded, the table of {op.name} was replaced", "LIE")
        entry = op.table.get(where)
        wanted = resolve(op, where)
        expect(
            entry is None or wanted.label != "kernel" or entry is wanted.kernel,
            f"the table of {op.name} holds {entry!r} for {name}, but its backend's kernel is {wanted.kernel!r}",
            "LIE",
        )
