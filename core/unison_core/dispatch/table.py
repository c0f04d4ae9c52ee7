"""Which kernel serves an operator on a device: the resolution order, resolved once and cached.

# Note [Resolution order]
For (operator, device), first match wins:

1. `kernel`: the backend's kernel;
2. `composite`: the operator's body, on the same device;
3. `fallback`: the CPU backend's kernel on copies; refused at call time unless the policy permits it;
4. `missing`: an error that names the operator, the device, who does have it, and what to do.

Overlays lie above whatever that is, the one of highest priority on top: a call that an overlay's kernel declines by
returning `NotImplemented` goes to what lies beneath.

`explain` shows the entry with its label. A call indexes `op.table[device]`; only the first call of a device
comes here, through `__missing__`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.operator import Operator

__all__ = ["Kernel", "KernelTable", "Resolution", "explain", "invalidate", "resolve"]

Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Resolution:
    """One entry of the table: what runs, why, and what was passed over."""

    operator: str
    device: str
    label: str
    source: str
    kernel: Kernel
    passed_over: tuple[str, ...] = ()
    beneath: str = ""

    def __str__(self) -> str:
        lines = [f"{self.operator} on {self.device}: {self.label} ({self.source})"]
        lines += [f"  where it declines: {self.beneath}"] if self.beneath else []
        return "\n".join(lines + [f"  passed over: {step}" for step in self.passed_over])


class KernelTable(dict["Device", Kernel]):
    """Device -> kernel of one operator, filled on first use."""

    __slots__ = ("inplace", "op")

    def __init__(self, op: Operator, *, inplace: bool = False) -> None:
        super().__init__()
        self.op = op
        self.inplace = inplace

    def __missing__(self, device: Device) -> Kernel:
        if self.inplace:
            kernel = device.backend.inplace_kernel(self.op) or _through_copy(self.op, device)
        else:
            kernel = resolve(self.op, device).kernel
        self[device] = kernel
        return kernel


def resolve(op: Operator, device: Device) -> Resolution:
    """Find what serves `op` on `device`, by Note [Resolution order]."""
    found = _without_overlays(op, device)
    for priority, source, above in reversed(device.backend.overlays(op)):
        found = Resolution(
            op.name,
            str(device),
            "kernel",
            f"overlay {source}, priority {priority}",
            _laid_over(above, found.kernel),
            beneath=f"{found.label} ({found.source})",
        )
    return found


def _laid_over(above: Kernel, beneath: Kernel) -> Kernel:
    def kernel(*arrays: Any, **attrs: Any) -> Any:
        result = above(*arrays, **attrs)
        return beneath(*arrays, **attrs) if result is NotImplemented else result

    return kernel


def _without_overlays(op: Operator, device: Device) -> Resolution:
    from unison_core.dispatch import composite, fallback

    passed: list[str] = []
    backend = device.backend
    kernel = backend.kernel(op)
    if kernel is not None:
        return Resolution(op.name, str(device), "kernel", place_of(kernel), kernel)
    passed.append(f"kernel: backend {backend.name!r} has none")
    if op.body is not None:
        body = composite.as_kernel(op, device)
        return Resolution(op.name, str(device), "composite", place_of(op.body), body, tuple(passed))
    host = fallback.host_kernel(op, device)
    if host is not None:
        return Resolution(
            op.name, str(device), "fallback", "cpu, by copies", host, (*passed, "composite: primitive")
        )
    return Resolution(op.name, str(device), "missing", "nobody", fallback.refuse(op, device), tuple(passed))


def explain(op: Any, device: Any) -> Resolution:
    """What runs when `op` (an operator, its function or its name) is called on `device`, and why."""
    from unison_core import devices, operator

    found = operator.get(op) if isinstance(op, str) else getattr(op, "operator", op)
    return resolve(found, devices.canonical(device))


def invalidate() -> None:
    """Forget every resolved entry: kernels were added, replaced or removed."""
    from unison_core.operator import registry

    for op in registry.values():
        op.table.clear()
        op.inplace_table.clear()


def place_of(kernel: Any) -> str:
    """`module.name` of a kernel, or what it is."""
    module = getattr(kernel, "__module__", None) or type(kernel).__module__
    return f"{module}.{getattr(kernel, '__qualname__', getattr(kernel, '__name__', type(kernel).__name__))}"


def _through_copy(op: Operator, device: Device) -> Kernel:
    """An in-place kernel for a backend that has none: compute, then assign."""
    table, assign = op.table, device.backend.assign

    def kernel(target: Any, *arrays: Any, out: Any, **attrs: Any) -> Any:
        assign(out, table[device](target, *arrays, **attrs))
        return out

    return kernel
