"""Host fallback: the CPU backend's kernel on copies. Off unless asked for, and every use is counted."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from unison_core.errors import NotSupportedError, describe

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.dispatch.table import Kernel
    from unison_core.operator import Operator

__all__ = [
    "FallbackUse",
    "Policy",
    "clear_fallbacks",
    "fallback_policy",
    "fallbacks",
    "host_kernel",
    "refuse",
]

Policy = Literal["error", "warn", "allow"]
_POLICIES = ("error", "warn", "allow")


def _policy_from_environment() -> Policy:
    value = os.environ.get("UNISON_FALLBACK", "error")
    if value not in _POLICIES:
        raise ValueError(f"UNISON_FALLBACK is {value!r}; it takes one of {', '.join(_POLICIES)}")
    return cast(Policy, value)


class _Local(threading.local):
    policy: Policy | None = None


_local = _Local()


@dataclass(frozen=True, slots=True)
class FallbackUse:
    """Calls of one operator from one line of code that ran on the host instead of the device."""

    operator: str
    device: str
    caller: str


_uses: Counter[FallbackUse] = Counter()
_bytes: Counter[FallbackUse] = Counter()


@contextlib.contextmanager
def fallback_policy(policy: Policy) -> Iterator[None]:
    """Within the block, an operator the device lacks is refused (`error`), or run on the host with or without
    a warning (`warn`, `allow`).

    Raises:
        ValueError: policy is none of the three.
    """
    if policy not in _POLICIES:
        raise ValueError(f"a fallback policy is one of {', '.join(_POLICIES)}, not {policy!r}")
    before, _local.policy = _local.policy, policy
    try:
        yield
    finally:
        _local.policy = before


def fallbacks() -> dict[FallbackUse, tuple[int, int]]:
    """Every fallback so far: how often, and how many bytes were copied."""
    return {use: (count, _bytes[use]) for use, count in _uses.items()}


def clear_fallbacks() -> None:
    """Set the counters to zero."""
    _uses.clear()
    _bytes.clear()


def host_kernel(op: Operator, device: Device) -> Kernel | None:
    """A kernel that copies to the host, runs the CPU's kernel and copies back; None if the host has none."""
    from unison_core import devices

    host = devices.host()
    if host is device or host.backend.kernel(op) is None:
        return None
    refused = refuse(op, device)

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        policy = _local.policy or _policy_from_environment()
        if policy == "error":
            return refused(*arrays, **attrs)
        there = [None if a is None else device.backend.to_host(a) for a in arrays]
        _count(op, device, sum(a.nbytes for a in there if a is not None))
        if policy == "warn":
            warnings.warn(f"{op.name} has no kernel on {device}: running it on the host", stacklevel=3)
        out = op.table[host](*there, **({**attrs, "device": host} if not op.data else attrs))
        back = [device.backend.from_host(host.backend.to_host(o), device) for o in _as_tuple(out)]
        return tuple(back) if isinstance(out, tuple) else back[0]

    kernel.__qualname__ = f"host fallback of {op.name}"
    return kernel


def refuse(op: Operator, device: Device) -> Kernel:
    """A kernel that raises the error of the last step: who has the operator, and what to do."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        from unison_core import devices

        having = [str(d) for d in devices.loaded() if d.backend.kernel(op) is not None]
        raise NotSupportedError(
            f"{op.name} has no kernel on {device} for ({describe(arrays, attrs)}). It runs on: "
            f"{', '.join(having) or 'no loaded device'}. Move the tensors there, or permit copies to the host with "
            f"unison.fallback_policy('warn') or UNISON_FALLBACK=warn."
        )

    return kernel


def _as_tuple(out: Any) -> tuple[Any, ...]:
    return out if isinstance(out, tuple) else (out,)


def _count(op: Operator, device: Device, copied: int) -> None:
    use = FallbackUse(op.name, str(device), _caller())
    _uses[use] += 1
    _bytes[use] += copied


def _caller() -> str:
    """The first line outside Unison on the stack."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0].startswith("unison"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
