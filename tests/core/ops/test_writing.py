"""Operators that write into their inputs: fused kernels against bodies, and counters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison
from tests.core.ops.drawing import tensors
from unison_core import dtypes
from unison_core.dispatch import composite
from unison_core.operator import registry
from unison_core.samples import Sample

CALLS = [
    pytest.param(name, sample, id=f"{name}-{n}")
    for name, op in sorted(registry.items())
    if "writes" in op.tags
    for n, sample in enumerate(op.samples())
    if sample.error is None
]


@pytest.mark.parametrize(("name", "sample"), CALLS)
def test_fused_step_agrees_with_the_body(name: str, sample: Sample, device: str) -> None:
    op = registry[name]
    fused, plain = (tensors(sample, dtypes.float64, device) for _ in range(2))
    before = [t.clone().cpu().numpy() for t in plain]
    assert op.call(*fused, **sample.attrs) is fused[0]
    composite.as_kernel(op, plain[0].device)(*[t.array for t in plain], **sample.attrs)
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(a.cpu().numpy(), b.cpu().numpy(), rtol=1e-12)
    assert not np.array_equal(before[0], plain[0].cpu().numpy())


@pytest.mark.parametrize(("name", "sample"), CALLS)
def test_step_moves_the_write_counters(name: str, sample: Sample, device: str) -> None:
    inputs = tensors(sample, dtypes.float64, device)
    aliases = [t.detach() for t in inputs]
    registry[name].call(*inputs, **sample.attrs)
    assert [t._version for t in aliases] == [1] * len(inputs)


def test_step_refuses_a_recorded_leaf() -> None:
    leaf: Any = unison.ones(2, requires_grad=True)
    others = [unison.ones(2) for _ in range(3)]
    settings = {"step_size": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "root": 1.0}
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        registry["adam_step"].call(leaf, *others, count=1, **settings)
