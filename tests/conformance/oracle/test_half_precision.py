"""Half types are held in float32 until the one rounding at the end (rule 6), whatever the body is made of."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import unison
from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide
from unison_conformance.tolerance import compare, limit_of
from unison_core import ops

HALF = (unison.float16, unison.bfloat16)


def _half(x: np.ndarray, dtype: unison.dtype) -> tuple[unison.Tensor, np.ndarray]:
    """x in the dtype, and what it became as float64."""
    held = unison.tensor(x.tolist(), dtype=dtype)
    return held, np.array(held.tolist(), np.float64)


@pytest.mark.parametrize("dtype", HALF)
def test_linear_adds_the_bias_before_rounding(dtype: unison.dtype) -> None:
    rng = np.random.default_rng(1)
    x, x64 = _half(rng.uniform(1, 2, (3, 16)), dtype)
    w, w64 = _half(rng.uniform(1, 2, (5, 16)), dtype)
    product = x64 @ w64.T
    # The bias takes away nearly everything, so that a product rounded early shows.
    b, b64 = _half(-product[0], dtype)
    out = np.array(ops.linear(x, w, b).tolist())
    exact = product[0] + b64
    # One rounding in the dtype, after 16 in float32.
    bound = float(unison.finfo(dtype).eps) * np.abs(exact) + 16 * np.spacing(
        np.abs(product).max(), dtype=np.float32
    )
    assert (np.abs(out[0] - exact) <= bound).all()


@pytest.mark.parametrize("dtype", HALF)
def test_var_and_logsumexp_round_once(dtype: unison.dtype) -> None:
    x, x64 = _half(np.random.default_rng(2).uniform(-1, 3, (64, 9)), dtype)
    limit = limit_of("div", dtype)
    native = np.float16 if dtype is unison.float16 else ml_dtypes.bfloat16
    var = np.array(ops.var(x, dim=(1,), correction=1.0, keepdim=False).tolist(), native)
    assert compare(var, Reference(Wide(x64.var(axis=1, ddof=1))), dtype, limit).ok
    log = np.array(ops.logsumexp(x, dim=(1,), keepdim=False).tolist(), native)
    assert compare(log, Reference(Wide(np.log(np.exp(x64).sum(1)))), dtype, limit).ok
