"""Threads: operators run at once give what they give one after the other, and settings stay in their thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import expect, fetch, send
from unison_conformance.checks._threads import at_once
from unison_conformance.checks.check import check
from unison_core import devices

__all__ = ["default_device", "grad_mode", "operators", "shared_inputs"]

_THREADS, _ROUNDS = 4, 6

F = unison.nn.functional


def _whole(*shape: int, seed: int = 0, below: int = 5) -> np.ndarray[Any, Any]:
    """Small whole numbers: sums of their products are exact in float32, in any order."""
    return np.random.default_rng([seed, *shape]).integers(-below, below, shape).astype(np.float32)


# Results do not depend on the order of summation, so that they can be compared bit for bit on every device.
_WORK: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y + 1,
    "where": lambda x, y: unison.where(x > y, x, y),
    "matmul": lambda x, y: x @ y.t(),
    "sum": lambda x, y: (x + y).sum(0),
    "amax": lambda x, y: (x - y).amax(1),
    "cumsum": lambda x, y: x.cumsum(1),
    "conv2d": lambda x, y: F.conv2d(x.reshape(1, 4, 12, 48), y[:8, :36].reshape(8, 4, 3, 3)),
    "conv2d with more channels": lambda x, y: F.conv2d(
        x.reshape(2, 8, 6, 24), y[:16, :32].reshape(16, 8, 2, 2)
    ),
    "max_pool2d": lambda x, y: F.max_pool2d(x.reshape(2, 2, 24, 24), 3, 2),
    "sort": lambda x, y: unison.sort(x, dim=1, stable=True)[1],
    "index_add": lambda x, y: x.index_add(0, (y[:, 0].abs() + 1).long(), y),
    "gather": lambda x, y: x.gather(1, y.abs().long()),
    "transpose": lambda x, y: (x.t().contiguous() + y.t())[1:, ::2].reshape(-1),
    "cat": lambda x, y: unison.cat([x, y, x], 1),
    "inplace": lambda x, y: x.clone().add_(y).mul_(2).clamp_(-3, 9),
    "relu gradient": lambda x, y: _gradient(lambda v: (F.relu(v) * y).sum(), x),
    "matmul gradient": lambda x, y: _gradient(lambda v: (v @ y.t()).sum(), x),
}


def _gradient(function: Callable[[Any], Any], x: Any) -> Any:
    leaf = x.clone().requires_grad_()
    return unison.autograd.grad(function(leaf), leaf)[0]


def _inputs(n: int) -> tuple[Any, Any]:
    return _whole(24, 96, seed=n), _whole(24, 96, seed=100 + n)


def _compare(got: Any, wanted: bytes, what: str) -> None:
    expect(fetch(got.detach()).tobytes() == wanted, f"{what} differs from the result of one thread alone")


@check(level=1, each=_WORK)
def operators(device: str, name: str) -> None:
    """One operator in four threads at once, each on numbers of its own, beside a thread with other work."""
    work = _WORK[name]
    hosts = [_inputs(n) for n in range(_THREADS)]
    wanted = [fetch(work(*(send(h, device) for h in pair)).detach()).tobytes() for pair in hosts]
    what = f"{name} on {device} in {_THREADS} threads at once"

    def job(n: int) -> Callable[[], None]:
        def run() -> None:
            inputs = [send(h, device) for h in hosts[n]]
            for _ in range(_ROUNDS):
                _compare(work(*inputs), wanted[n], what)

        return run

    def others() -> None:
        inputs = [send(h, device) for h in _inputs(9)]
        for other in _WORK.values():
            other(*inputs)

    at_once([*(job(n) for n in range(_THREADS)), others], what)


@check(level=1)
def shared_inputs(device: str) -> None:
    """All operators at once, in four threads, on the same two tensors."""
    inputs = [send(h, device) for h in _inputs(0)]
    before = [fetch(x).tobytes() for x in inputs]
    wanted = {name: fetch(work(*inputs).detach()).tobytes() for name, work in _WORK.items()}

    def job(n: int) -> Callable[[], None]:
        def run() -> None:
            names = list(_WORK)
            for name in names[n:] + names[:n]:
                _compare(
                    _WORK[name](*inputs), wanted[name], f"{name} on {device} on inputs that threads share"
                )

        return run

    at_once([job(3 * n) for n in range(_THREADS)], f"all operators on {device} on inputs that threads share")
    expect(
        [fetch(x).tobytes() for x in inputs] == before, f"inputs on {device} that threads share were changed"
    )


@check(level=1)
def grad_mode(device: str) -> None:
    """`no_grad` in one thread does not stop others from recording."""
    ready, done = threading.Barrier(2), threading.Event()

    def without() -> None:
        with unison.no_grad():
            ready.wait(60)
            x = unison.ones(3, device=device, requires_grad=True)
            expect(not (x * 2).requires_grad, f"no_grad in a thread did not stop recording on {device}")
            done.wait(60)

    def recording() -> None:
        ready.wait(60)
        try:
            x = unison.ones(3, device=device, requires_grad=True)
            y = (x * 2).sum()
            expect(y.requires_grad, f"no_grad in another thread stopped recording on {device}")
            y.backward()
            expect(
                fetch(x.grad).tolist() == [2, 2, 2], f"the gradient on {device} is {fetch(x.grad).tolist()}"
            )
        finally:
            done.set()

    at_once([without, recording], f"no_grad in one of two threads on {device}")


@check(level=1)
def default_device(device: str) -> None:
    """`with device:` in one thread does not move what others make."""
    ready, done = threading.Barrier(2), threading.Event()
    here, outside = devices.canonical(device), devices.canonical(None)

    def inside() -> None:
        with unison.device(device):
            ready.wait(60)
            made = unison.zeros(2)
            expect(made.device is here, f"inside `with device({device!r})` zeros are on {made.device}")
            done.wait(60)

    def beside() -> None:
        ready.wait(60)
        try:
            made = unison.zeros(2)
            expect(
                made.device is outside,
                f"`with device({device!r})` in another thread put zeros on {made.device}",
            )
        finally:
            done.set()

    at_once([inside, beside], f"`with device({device!r})` in one of two threads")
