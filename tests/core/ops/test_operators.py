"""Operators beside their rules, layouts and devices, in what level 1 of the conformance suite leaves to level 3.

The suite calls every sample in float32, int32, int64 and bool, on every device tested: values, shapes, layouts,
repeats, inputs left alone, bodies beside fused kernels, erroneous calls. Here are half and complex numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison
from tests.core.ops.drawing import tensors, usable
from unison_core import dtypes
from unison_core.dispatch import composite
from unison_core.dispatch.infer import infer
from unison_core.operator import registry
from unison_core.samples import Sample

STORED = {"as_strided", "view", "view_as_complex"}
NOT_UNIQUE = {"eig", "eigh", "qr", "svd"}
# Operators that need a dtype of their own, or a device other than the tensor's.
ELSEWHERE = {"to_device"}


def _dtypes_of(op: Any) -> list[Any]:
    return [d for d in (dtypes.float16, dtypes.complex64) if d in op.dtypes]


def _usable(op: Any, sample: Sample) -> list[Any]:
    return [d for d in _dtypes_of(op) if usable(op, sample, d)]


def _first_dtype(op: Any) -> Any:
    wanted = (dtypes.float32, dtypes.int64, dtypes.bool_, dtypes.float16, dtypes.complex64)
    # Beside floating types alone, int64 stands for the operator's indices.
    for_indices = {dtypes.int64} if op.dtypes - {dtypes.int64} <= dtypes.INEXACT else set()
    return next(d for d in (*wanted, *dtypes.ALL) if d in op.dtypes - for_indices)


def _calls(*, good: bool) -> list[Any]:
    out = []
    for name, op in sorted(registry.items()):
        if name in ELSEWHERE or not op.data or "writes" in op.tags:
            continue
        for n, sample in enumerate(op.samples()):
            if good and not _usable(op, sample):
                continue
            if (sample.error is None) is good:
                out.append(pytest.param(name, n, sample, id=f"{name}-{n}"))
    return out


GOOD, BAD = _calls(good=True), _calls(good=False)


def _host(out: Any) -> list[np.ndarray[Any, Any]]:
    return [np.array(o.detach().cpu().numpy()) for o in (out if isinstance(out, tuple) else (out,))]


def _same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _close(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], units: float) -> bool:
    """Equal to within `units` of the last place of the largest element."""
    if a.dtype.kind not in "fcV":
        return bool(np.array_equal(a, b))
    wide_a, wide_b = a.astype(np.complex128), b.astype(np.complex128)
    finite = np.isfinite(wide_b)
    if not np.array_equal(np.isfinite(wide_a), finite):
        return False
    scale = np.abs(wide_b[finite]).max(initial=1.0)
    step = 2.0**-7 if a.dtype.kind == "V" else np.finfo(a.dtype).eps
    return bool(np.abs(wide_a[finite] - wide_b[finite]).max(initial=0.0) <= units * step * scale)


def _accumulated(op: Any, inputs: list[Any]) -> float:
    """Units in the last place that another order of summation may differ by: 8 + 2 sqrt(n), n the elements."""
    if op.elementwise:
        return 4.0
    n = max([t.numel() for t in inputs if isinstance(t, unison.Tensor)] + [1])
    return 8.0 + 2.0 * n**0.5


@pytest.mark.parametrize(("name", "n", "sample"), GOOD)
def test_result_agrees_with_the_rules_inputs_stay_and_calls_repeat(
    name: str, n: int, sample: Sample, device: str
) -> None:
    op = registry[name]
    for dtype in _usable(op, sample):
        inputs = tensors(sample, dtype, device)
        before = [_host(t)[0] if isinstance(t, unison.Tensor) else t for t in inputs]
        out, again = op.call(*inputs, **sample.attrs), op.call(*inputs, **sample.attrs)
        if "dynamic" not in op.tags:
            wanted = infer(op, inputs, dict(sample.attrs))
            outs, specs = (out, wanted) if isinstance(out, tuple) else ((out,), (wanted,))
            got = [(tuple(o.shape), o.dtype) for o in outs]
            assert got == [(tuple(s.shape), s.dtype) for s in specs], dtype
        if name != "empty":
            assert all(_same(a, b) for a, b in zip(_host(out), _host(again), strict=True)), dtype
        after = [_host(t)[0] if isinstance(t, unison.Tensor) else t for t in inputs]
        assert all(
            _same(a, b) if isinstance(a, np.ndarray) else a == b for a, b in zip(before, after, strict=True)
        ), dtype


# Strides are what the others are about; tests/frontend/functions has their layouts.
@pytest.mark.parametrize(("name", "n", "sample"), [p for p in GOOD if p.values[0] not in STORED])
def test_layout_does_not_matter(name: str, n: int, sample: Sample, device: str) -> None:
    op = registry[name]
    dtype = _usable(op, sample)[-1]
    plain = tensors(sample, dtype, device)
    wanted = _host(op.call(*plain, **sample.attrs))
    limit = _accumulated(op, plain)
    for layout in ("transposed", "stepped"):
        got = _host(op.call(*tensors(sample, dtype, device, layout), **sample.attrs))
        assert all(a.shape == b.shape and _close(a, b, limit) for a, b in zip(got, wanted, strict=True)), (
            layout
        )


# Decompositions are not unique.
@pytest.mark.parametrize(("name", "n", "sample"), [p for p in GOOD if p.values[0] not in NOT_UNIQUE])
def test_the_strict_device_agrees_with_the_host(name: str, n: int, sample: Sample) -> None:
    op = registry[name]
    for dtype in _usable(op, sample):
        there, here = tensors(sample, dtype, "strict:0"), tensors(sample, dtype, "cpu")
        got, wanted = _host(op.call(*there, **sample.attrs)), _host(op.call(*here, **sample.attrs))
        assert all(_close(a, b, _accumulated(op, there)) for a, b in zip(got, wanted, strict=True)), dtype


# The suite's check of bodies leaves out what draws numbers: no oracle says what must come out.
@pytest.mark.parametrize(
    ("name", "n", "sample"),
    [p for p in GOOD if registry[p.values[0]].body is not None and "random" in registry[p.values[0]].tags],
)
def test_fused_kernel_agrees_with_the_body(name: str, n: int, sample: Sample, device: str) -> None:
    op = registry[name]
    dtype = dtypes.float64
    inputs = tensors(sample, dtype, device)
    where = inputs[0].device if isinstance(inputs[0], unison.Tensor) else unison.device(device)
    body = composite.as_kernel(op, where)
    attrs = {**op.defaults, **sample.attrs}
    raw = body(*[t.array if isinstance(t, unison.Tensor) else t for t in inputs], **attrs)
    from unison_core.handle import wrap

    wanted = _host(tuple(wrap(a, where) for a in (raw if isinstance(raw, tuple) else (raw,))))
    got = _host(op.call(*inputs, **sample.attrs))
    limit = 16.0 + _accumulated(op, inputs)
    assert all(a.shape == b.shape and _close(a, b, limit) for a, b in zip(got, wanted, strict=True))


# Without a kernel of its own the index goes to `gather`, whose error is PyTorch's RuntimeError.
_TOLD_BY_GATHER = {("cross_entropy", "out of bounds")}


@pytest.mark.parametrize(
    ("name", "n", "sample"),
    [
        p
        for p in BAD
        if registry[p.values[0]].body and (p.values[0], p.values[2].match) not in _TOLD_BY_GATHER
    ],
)
def test_composites_without_a_kernel_refuse_wrong_calls_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch, name: str, n: int, sample: Sample
) -> None:
    op, cpu = registry[name], unison.device("cpu")
    inputs = tensors(sample, _first_dtype(op), "cpu")
    monkeypatch.setitem(op.table, cpu, composite.as_kernel(op, cpu))
    with pytest.raises(sample.error, match=sample.match):  # type: ignore[arg-type]
        op.call(*inputs, **sample.attrs)


@pytest.mark.parametrize("dtype", [dtypes.float16, dtypes.bfloat16], ids=str)
@pytest.mark.parametrize("name", ["lerp", "addcmul", "addcdiv"])
def test_bodies_that_record_round_half_types_as_kernels_do(name: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    inputs = [unison.tensor(rng.uniform(0.5, 3, 200), dtype=dtype) for _ in range(3)]
    plain = getattr(unison, name)(*inputs)
    recorded = getattr(unison, name)(*[x.requires_grad_() for x in inputs])
    assert recorded.requires_grad
    assert recorded.dtype is dtype
    assert recorded.tolist() == plain.tolist()
