"""Whole backends that are wrong on purpose, or right by definition: every operator replaced at once.

The suite must fail every operator of `null`, of `cheats` whatever the trick, and pass every one of `echo`. `borrowed`
and `reckoned` compute the right thing on the host, and are told by the way that they take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, Mutant
from unison_conformance.oracle import ORACLES, expected
from unison_conformance.oracle.wide import Wide
from unison_core import arraykit, devices
from unison_core.devices import Device
from unison_core.operator import Operator, Result, registry

__all__ = ["CHEATS", "borrowed", "cached", "echo", "nothing", "operators", "reckoned", "zeros"]

# Operators that hand out memory without a promise of content, or write where they are told.
_WITHOUT_VALUES = {"empty", "to_device"}


def operators() -> list[Operator]:
    """Those whose result a backend's kernel computes."""
    return [
        op
        for name, op in sorted(registry.items())
        if name in ORACLES and name not in _WITHOUT_VALUES and "writes" not in op.tags
    ]


def zeros(op: Operator) -> Mutant:
    """The null backend's kernel: zeros of the right shape and dtype."""
    return _replaced(op, "null", np.zeros_like)


def nothing(op: Operator) -> Mutant:
    """NaN where there may be NaN, else the largest integer: nothing was computed."""
    return _replaced(
        op,
        "nan",
        lambda out: np.full_like(out, np.nan if out.dtype.kind in "fcV" else out.dtype.kind != "b" and 99),
    )


def cached(op: Operator) -> Mutant:
    """The first result for a shape, whatever the input."""

    def wrong(right: Kernel) -> Kernel:
        seen: dict[Any, Any] = {}

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            shapes = tuple(None if a is None else (a.shape, a.dtype) for a in arrays)
            key = (
                shapes,
                repr(sorted((k, repr(v)) for k, v in attrs.items() if k not in ("seed", "stream"))),
            )
            if key not in seen:
                seen[key] = right(*arrays, **attrs)
            return seen[key]

        return kernel

    return Mutant(f"cached.{op.name}", (op.name,), wrong, "caches by shape")


def echo(op: Operator) -> Mutant:
    """The oracle's own values, rounded to the dtype of the result."""

    def wrong(right: Kernel) -> Kernel:
        def kernel(*arrays: Any, **attrs: Any) -> Any:
            out = right(*arrays, **attrs)
            given = {k: v for k, v in attrs.items() if k != "device"}
            wanted = expected(op.name, arrays, given)
            outs = out if isinstance(out, tuple) else (out,)
            rounded = tuple(_rounded(w, np.asarray(o)) for w, o in zip(wanted, outs, strict=True))
            return rounded if isinstance(out, tuple) else rounded[0]

        return kernel

    return Mutant(f"echo.{op.name}", (op.name,), wrong, "returns the oracle")


def borrowed(op: Operator, device: Device) -> Mutant:
    """The host backend's kernel on copies, for a device that is not the host's."""

    def wrong(right: Kernel) -> Kernel:
        def kernel(*arrays: Any, **attrs: Any) -> Any:
            host = devices.host()
            there = [None if a is None else device.backend.to_host(a) for a in arrays]
            return _sent(op.table[host](*there, **_at(attrs, host)), device)

        return kernel

    return Mutant(f"borrowed.{op.name}", (op.name,), wrong, "lets the CPU backend compute")


def reckoned(op: Operator, device: Device, read: Callable[[Any], Any]) -> Mutant:
    """NumPy's kernels, made for this, on what `read` copies from the device without the backend's `to_host`."""

    def wrong(right: Kernel) -> Kernel:
        own = arraykit.kernels(np, devices.host().backend.native_dtypes())[op.name]

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            with np.errstate(all="ignore"):
                return _sent(own(*[None if a is None else read(a) for a in arrays], **attrs), device)

        return kernel

    return Mutant(f"reckoned.{op.name}", (op.name,), wrong, "copies and computes by itself")


def _at(attrs: Mapping[str, Any], device: Device) -> dict[str, Any]:
    return {**attrs, "device": device} if "device" in attrs else dict(attrs)


def _sent(out: Any, device: Device) -> Any:
    if isinstance(out, tuple):
        return tuple(_sent(o, device) for o in out)
    return device.backend.from_host(np.asarray(out), device)


CHEATS: tuple[Callable[[Operator], Mutant], ...] = (zeros, nothing, cached)


def _replaced(op: Operator, kind: str, make: Callable[[Any], Any]) -> Mutant:
    def wrong(right: Kernel) -> Kernel:
        def kernel(*arrays: Any, **attrs: Any) -> Any:
            out = right(*arrays, **attrs)
            outs = out if isinstance(out, tuple) else (out,)
            made = tuple(make(np.asarray(o)) for o in outs)
            return made if isinstance(out, tuple) else made[0]

        return kernel

    views = op.result is Result.VIEW
    return Mutant(f"{kind}.{op.name}", (op.name,), wrong, f"{kind}{' (a view)' if views else ''}")


def _rounded(reference: Any, like: Any) -> Any:
    value = reference.value
    if isinstance(value, tuple):
        out = np.empty(like.shape, like.dtype)
        out.real, out.imag = value[0].hi, value[1].hi
    elif isinstance(value, Wide):
        with np.errstate(all="ignore"):
            out = value.hi.astype(like.dtype)
    elif value.dtype == object:
        from unison_conformance.tolerance.compare import wrapped

        out = wrapped(value, like.dtype)
    else:
        out = value
    if reference.free is not None:
        out = np.where(reference.free, like, out).astype(like.dtype)
    return np.asarray(out)
