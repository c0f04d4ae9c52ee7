"""The check of fused kernels beside bodies notices either being wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.checks.faulty import caught, passes
from unison_conformance.checks import CHECKS, CheckFailed
from unison_core.operator import registry


def test_body_notices_a_wrong_kernel() -> None:
    def wrong(x: np.ndarray) -> np.ndarray:
        return x / (1 + np.exp(-x)) * np.float32(1.001)

    assert "the kernel of silu" in caught("check.fused.body-silu", {"silu": wrong})


@pytest.mark.parametrize("name", ["check.fused.body-silu", "check.fused.half_body-silu-float16"])
def test_both_notice_a_wrong_body(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    op = registry["silu"]
    right = op.body
    monkeypatch.setattr(op, "body", lambda x: right(right(x)))
    with pytest.raises(CheckFailed, match="the body of silu"):
        CHECKS[name].run("cpu")


def test_half_body_notices_a_sum_that_is_rounded_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    import unison

    def rounded(x, *, dim, keepdim):
        return unison.sum(x, dim, keepdim) / (x.numel() // max(unison.sum(x, dim, keepdim).numel(), 1))

    passes("check.fused.half_body-mean-float16")
    monkeypatch.setattr(registry["mean"], "body", rounded)
    with pytest.raises(CheckFailed, match="the body of mean"):
        CHECKS["check.fused.half_body-mean-float16"].run("cpu")
