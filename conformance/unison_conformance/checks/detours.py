"""Detours by memory: a kernel that takes tensors to the host needs room for them there.

Python and NumPy report what they allocate to `tracemalloc`. Where a device's memory is neither's, an operator on
large tensors must get along without a fraction of them on the host, whatever ways a kernel has to read and to compute.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from math import ceil, prod
from typing import Any

import numpy as np

from unison_conformance.checks.check import CheckFailed, check
from unison_core import devices, dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.operator import Arity, Operator, registry
from unison_core.samples import Arg, Sample
from unison_core.spec import Spec

__all__ = ["grown", "stays_on_the_device"]

assert ops, "the registry is filled"

_LARGE = 2**18
"""Elements of the largest input; of matrices to be decomposed, which take the third power of their size, fewer."""
_MATRIX = 2**15
_SHARE = 4
"""A kernel may take a quarter of the largest input's bytes on the host, for tables and for what Python needs."""
_MOST = 2**23
"""Elements that no input and no result may exceed."""


def _applies(op: Operator) -> bool:
    return bool(op.data) and op.arity not in (Arity.CREATION, Arity.TRANSFER, Arity.WRITING)


@check(level=1, each=[name for name, op in registry.items() if _applies(op)])
def stays_on_the_device(name: str, operator: str) -> None:
    """The operator on large tensors: no detour by its calls, none by its memory. The host itself may do anything."""
    from unison_conformance.running.detours import Detour, watched

    op, device = registry[operator], devices.canonical(name)
    call = _large_call(op, device) if device.backend is not devices.host().backend else None
    if call is None:
        return
    inputs, attrs, size = call
    try:
        with watched(device):
            op.call(*inputs, **attrs)
    except Detour as e:
        raise CheckFailed(f"{operator} ran on the host: its kernel {e}", "FALLBACK") from None
    except OperatorError:
        # Shapes that its rules do not compare may be wrong together.
        return
    taken = 0 if _is_host_memory(device) else _host_memory(op, inputs, attrs, device)
    if taken > size // _SHARE:
        text = f"{operator} took {taken} bytes of the host's memory for a tensor of {size} bytes"
        raise CheckFailed(text, "FALLBACK")


def _host_memory(op: Operator, inputs: Any, attrs: Any, device: Any) -> int:
    """Bytes that the host needed at most during a call, kernels being compiled already."""
    device.backend.synchronize(device)
    tracemalloc.start(1)
    try:
        before, _ = tracemalloc.get_traced_memory()
        out = op.call(*inputs, **attrs)
        device.backend.synchronize(device)
        _, most = tracemalloc.get_traced_memory()
        del out
        return most - before
    finally:
        tracemalloc.stop()


def _is_host_memory(device: Any) -> bool:
    """Whether the device's arrays are memory of Python's or NumPy's own, of which nothing can be told apart."""
    block = np.zeros(_LARGE, np.float32)
    tracemalloc.start(1)
    try:
        before, _ = tracemalloc.get_traced_memory()
        array = device.backend.from_host(block, device)
        after, _ = tracemalloc.get_traced_memory()
        del array
        return after - before >= block.nbytes
    finally:
        tracemalloc.stop()


def _large_call(op: Operator, device: Any) -> tuple[list[Any], dict[str, Any], int] | None:
    """Inputs on the device, attributes, and the bytes of the largest input; None if no sample can be made large."""
    from unison_conformance.cases.listing import drawable, samples_of
    from unison_conformance.cases.values import draw
    from unison_conformance.running.support import lists
    from unison_core.handle import wrap

    for dtype in (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_, dtypes.complex64):
        if dtype not in op.dtypes or not lists(device, dtype):
            continue
        fitting = (s for s in samples_of(op.name) if drawable(op, s, dtype))
        large = next((g for g in (grown(op, s, dtype) for s in fitting) if g is not None), None)
        if large is not None:
            hosts = [
                draw(x, dtype, "ordinary", i) if isinstance(x, Arg) else x for i, x in enumerate(large.inputs)
            ]
            size = max(x.nbytes for x in hosts if isinstance(x, np.ndarray))
            sent = [
                wrap(device.backend.from_host(x, device), device) if isinstance(x, np.ndarray) else x
                for x in hosts
            ]
            return sent, dict(large.attrs), size
    return None


def grown(op: Operator, sample: Sample, dtype: DType) -> Sample | None:
    """The sample with one of its sizes so large that an input has `_LARGE` elements; None if its rules forbid that."""
    args = [x for x in sample.inputs if isinstance(x, Arg)]
    if not args or any(0 in x.shape for x in args):
        return None
    shape = max((x.shape for x in args), key=prod)
    wanted = _MATRIX if op.theme == "decomposition" else _LARGE
    # A size that comes once grows the work least; steps of a sequence wait for each other.
    sizes = [n for d, n in enumerate(shape) if n not in shape[:d] and (d or op.theme != "recurrent")]
    for size in sorted(sizes, key=shape.count):
        target = ceil(size * (wanted / prod(shape)) ** (1 / shape.count(size)))
        inputs = tuple(
            replace(x, shape=tuple(target if n == size else n for n in x.shape)) if isinstance(x, Arg) else x
            for x in sample.inputs
        )
        if _accepted(op, inputs, sample.attrs, dtype):
            return replace(sample, inputs=inputs)
    return None


def _accepted(op: Operator, inputs: tuple[Any, ...], attrs: Any, dtype: DType) -> bool:
    specs = [Spec(x.shape, x.dtype or dtype) if isinstance(x, Arg) else x for x in inputs]
    try:
        out = op.infer(*specs, **{**op.defaults, **attrs}) if op.infer and "dynamic" not in op.tags else ()
    except Exception:  # noqa: BLE001 - a rule refuses a call with whatever error users get
        return False
    results = out if isinstance(out, tuple) else (out,)
    shapes = [s.shape for s in (*specs, *results) if isinstance(s, Spec)]
    return all(prod(shape) <= _MOST for shape in shapes)
