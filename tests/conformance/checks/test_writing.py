"""Every check of writing in place catches a device with the bug it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import FaultyBackend, caught


def _inplace(**kernels: Any) -> Any:
    def table(self: Any) -> Any:
        return {**FaultyBackend.inplace_kernels(self), **kernels}

    return table


def _beyond(x: Any, *, out: Any) -> Any:
    """exp that also writes the element before its first."""
    np.exp(x, out=out)
    before = np.lib.stride_tricks.as_strided(out, (1,), (1,))
    address = before.ctypes.data - out.itemsize
    owner = out
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if owner.ctypes.data <= address:
        owner.reshape(-1).view(out.dtype)[(address - owner.ctypes.data) // out.itemsize] = 0
    return out


def _contiguous_steps(x: Any, *, out: Any) -> Any:
    """exp that writes its results one after the other from the first element on."""
    found = np.exp(x)
    owner = out
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    start = (out.ctypes.data - owner.ctypes.data) // out.itemsize
    owner.reshape(-1)[start : start + found.size] = found.ravel()
    return out


@pytest.mark.parametrize("kernel", [_beyond, _contiguous_steps], ids=["one-before", "ignores-strides"])
def test_inplace_on_views_notices_writes_outside(kernel: Any) -> None:
    text = caught("check.writing.inplace_on_views-exp", inplace_kernels=_inplace(exp=kernel))
    assert "exp_ on float32" in text


def test_inplace_on_views_notices_a_changed_operand() -> None:
    def add(x: Any, y: Any, *, out: Any) -> Any:
        np.add(x, y, out=out)
        if y.flags.writeable:
            y[...] = 0
        return out

    text = caught("check.writing.inplace_on_views-add", inplace_kernels=_inplace(add=add))
    assert "another input of add_" in text


def test_inplace_on_views_notices_a_wrong_value() -> None:
    def bitwise_not(x: Any, *, out: Any) -> Any:
        return np.negative(x, out=out) if out.dtype.kind != "b" else np.logical_not(x, out=out)

    text = caught(
        "check.writing.inplace_on_views-bitwise_not", inplace_kernels=_inplace(bitwise_not=bitwise_not)
    )
    assert "the result of bitwise_not_" in text


def test_same_operand_notices_a_read_after_the_write() -> None:
    def sub(x: Any, y: Any, *, out: Any) -> Any:
        np.add(x, 1, out=out)
        np.subtract(out, y, out=out)
        return np.subtract(out, 1, out=out) if out is not y else out

    def mul(x: Any, y: Any, *, out: Any) -> Any:
        out += 1
        return np.multiply(out - 1, y, out=out)

    caught("check.writing.same_operand-mul", inplace_kernels=_inplace(mul=mul))


def test_overlap_notices_copying_from_the_front() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        if target.ndim == 1 and source.shape == target.shape and np.may_share_memory(target, source):
            for i in range(target.size):
                target[i] = source[i]
            return
        FaultyBackend.assign(self, target, source)

    assert "copy_ of overlapping memory" in caught("check.writing.overlap", assign=assign)


def test_out_notices_a_write_to_contiguous_memory() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        FaultyBackend.assign(self, target, source)
        if target.base is not None and not target.flags.c_contiguous:
            np.lib.stride_tricks.as_strided(target, (2,), (target.itemsize,))[1] = 0

    assert "out=float32 view" in caught("check.writing.out", assign=assign)


def test_broadcast_and_cast_notices_a_cast_of_bits() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        if target.dtype == np.int16 and source.dtype == np.int64:
            source = np.ascontiguousarray(source).view(np.int16)[..., : target.shape[-1]]
        FaultyBackend.assign(self, target, source)

    assert "int16[3, 4].copy_" in caught("check.writing.broadcast_and_cast", assign=assign)


def test_refusals_notices_a_write_before_the_check() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        if target.ndim:
            target.reshape(-1)[0] = 0
        FaultyBackend.assign(self, target, source)

    assert "the target of the refused" in caught("check.writing.refusals", assign=assign)


def test_refusals_notices_what_is_not_refused() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        np.copyto(target.ravel(), np.resize(source, target.size), casting="unsafe")

    assert "was not refused" in caught("check.writing.refusals", assign=assign)


def test_counters_notices_aliases_that_count_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from unison_conformance.checks import CHECKS, CheckFailed
    from unison_core import ops
    from unison_core.handle import wrap

    CHECKS["check.writing.counters"].run("cpu")
    monkeypatch.setattr("unison.Tensor.detach", lambda self: wrap(self.array, self.device))
    with pytest.raises(CheckFailed, match="moved the counters of five aliases"):
        CHECKS["check.writing.counters"].run("cpu")
    assert ops


@pytest.mark.parametrize(
    ("method", "operator"),
    [("index_put_", "index_put"), ("index_add_", "index_add"), ("scatter_add_", "scatter_add")],
)
def test_duplicates_notices_the_last_one_wins(method: str, operator: str) -> None:
    def index_put(x: Any, v: Any, *key: Any, accumulate: bool) -> Any:
        out = x.copy()
        out[key] += v
        return out

    def index_add(x: Any, i: Any, v: Any, *, dim: int, alpha: Any) -> Any:
        out = x.copy()
        out[i] += v * np.asarray(alpha, v.dtype)
        return out

    def scatter_add(x: Any, i: Any, v: Any, *, dim: int) -> Any:
        out = x.copy()
        np.put_along_axis(out, i, np.take_along_axis(out, i, dim) + v, dim)
        return out

    broken = {"index_put": index_put, "index_add": index_add, "scatter_add": scatter_add}[operator]
    assert "at repeated indices" in caught(f"check.writing.duplicates-{method}", {operator: broken})


def test_written_methods_notices_fill_beyond_the_view() -> None:
    def assign(self: Any, target: Any, source: Any) -> None:
        FaultyBackend.assign(self, target, source)
        if target.ndim == 2 and not source.ndim and target.base is not None and target.base.ndim == 2:
            target.base[-1, -1] = source

    assert "fill_ on a view" in caught("check.writing.written_methods", assign=assign)
