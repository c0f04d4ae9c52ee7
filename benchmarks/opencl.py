"""An OpenCL device against the CPU: NumPy where one operator is timed, the CPU backend for training steps.

Small operators are held against an empty kernel that pyopencl alone launches, which is what no framework on it can
undercut. Each time of the device ends when all its work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import unison
from benchmarks.timing import Row, compare
from benchmarks.training import gpt, step

__all__ = ["rows"]

DEVICE = "opencl:0"
LARGE = 1 << 22
Pair = tuple[str, Callable[[], object], Callable[[], object]]


def rows() -> list[Row]:
    """Time everything."""
    short = [compare(*pair) for pair in _overhead()]
    long = [compare(*pair, block=0.2, blocks=7) for pair in (*_elementwise(), *_products(), *_steps())]
    return [*short, *long]


def _finished(function: Callable[[], object]) -> Callable[[], object]:
    """The function, and a wait until the device is done."""
    device = unison.ones(1, device=DEVICE).device

    def run() -> None:
        function()
        device.backend.synchronize(device)

    return run


def _overhead() -> Iterator[Pair]:
    """Operators on four elements, against launches of nothing: once and waited for, and ten before one wait."""
    x, y, matrix = (unison.ones(*shape).to(DEVICE) for shape in ((4,), (4,), (4, 4)))
    empty = _empty_kernel(x.device)
    cases = {
        "a + b": lambda: x + y,
        "relu(a)": lambda: unison.relu(x),
        "a.sum()": lambda: x.sum(),
        "a @ b": lambda: matrix @ matrix,
    }
    for name, function in cases.items():
        yield f"{name}; pyopencl: an empty kernel", _finished(empty), _finished(function)
        yield f"10 x {name}; pyopencl: 10 empty kernels", _finished(_ten(empty)), _finished(_ten(function))


def _empty_kernel(device: Any) -> Callable[[], object]:
    """Launches a kernel that does nothing, by pyopencl alone, on the backend's own queue."""
    import pyopencl as cl

    runtime = device.backend.runtime(device)
    kernel = cl.Program(runtime.context, "kernel void nothing(global float *a) {}").build().nothing
    # A kernel's argument is no reference to the buffer.
    held = kernel, cl.Buffer(runtime.context, cl.mem_flags.READ_WRITE, 16)
    kernel.set_args(held[1])
    return lambda: cl.enqueue_nd_range_kernel(runtime.queue, held[0], (1,), (1,))


def _ten(function: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        for _ in range(10):
            function()

    return run


def _elementwise() -> Iterator[Pair]:
    """Four million elements: NumPy, and the device's own copy, which says what its memory gives."""
    one, two = (np.random.default_rng(i).random(LARGE, dtype=np.float32) for i in (1, 2))
    x, y = (unison.from_numpy(a).to(DEVICE) for a in (one, two))
    zero = np.float32(0)
    yield "copy of 4 M elements", lambda: one.copy(), _finished(lambda: x.clone())
    yield "a + b of 4 M elements", lambda: one + two, _finished(lambda: x + y)
    yield "relu(a) of 4 M elements", lambda: np.maximum(one, zero), _finished(lambda: unison.relu(x))
    yield "exp(a) of 4 M elements", lambda: np.exp(one), _finished(lambda: x.exp())
    rows, bias = one.reshape(-1, 256), two[:256]
    yield "rows + bias of 4 M elements", lambda: rows + bias, _finished(_plus(x.view(-1, 256), y[:256]))


def _plus(a: Any, b: Any) -> Callable[[], object]:
    return lambda: a + b


def _products() -> Iterator[Pair]:
    for n in (64, 256, 1024):
        a = np.random.default_rng(n).random((n, n), dtype=np.float32)
        yield f"a @ b of {n} x {n}", _product(a), _finished(_product(unison.from_numpy(a).to(DEVICE)))


def _product(a: Any) -> Callable[[], object]:
    return lambda: a @ a


def _steps() -> Iterator[Pair]:
    yield "digits CNN, batch 70, Adam step", _digits("cpu"), _finished(_digits(DEVICE))
    yield (
        "GPT, 4 layers of 128, AdamW step",
        step(unison, *gpt(unison)),
        _finished(step(unison, *gpt(unison, DEVICE))),
    )


def _digits(device: str) -> Callable[[], object]:
    """The network of examples/digits_cnn.py."""
    nn = unison.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(32 * 4 * 4, 10),
    ).to(device)
    optimizer = unison.optim.Adam(model.parameters(), lr=1e-3)
    x, y = unison.randn(70, 1, 8, 8).to(device), unison.randint(0, 10, (70,)).to(device)

    def run() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return run
