"""One call on PyTorch and on Unison: values, gradients by random seeds, and second order."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import unison

__all__ = ["agrees", "floats", "refuses_alike"]

TOLERANCE = {"float16": 4e-3, "float32": 2e-5, "float64": 1e-9}


def floats(
    *shape: int, dtype: str = "float64", low: float = -2.0, high: float = 2.0, seed: int = 0
) -> np.ndarray:
    """Uniform numbers."""
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(dtype)


def agrees(call: Callable[..., Any], *arrays: Any, second: bool = True, grad: bool = True) -> None:
    """`call(torch or unison, *tensors)` gives the same values, gradients and gradients of gradients."""
    theirs, ours = (_run(side, call, arrays, second, grad) for side in (torch, unison))
    assert len(theirs) == len(ours)
    for expected, got in zip(theirs, ours, strict=True):
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        tolerance = TOLERANCE.get(str(expected.dtype), 0)
        scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0)))
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale)


def _run(side: Any, call: Callable[..., Any], arrays: Any, second: bool, grad: bool) -> list[np.ndarray]:
    inputs = [a if not isinstance(a, np.ndarray) else side.tensor(a) for a in arrays]
    leaves = [x.requires_grad_(True) for x in inputs if side.is_tensor(x) and x.is_floating_point() and grad]
    out = call(side, *inputs)
    outs = [o for o in (out if isinstance(out, (tuple, list)) else (out,)) if o is not None]
    found = [o.detach().numpy() for o in outs]
    wanted = [o for o in outs if o.requires_grad]
    if not grad or not wanted:
        return found
    seeds = [
        side.tensor(np.asarray(floats(*o.shape, seed=7).astype(o.detach().numpy().dtype))) for o in wanted
    ]
    first = side.autograd.grad(wanted, leaves, seeds, create_graph=second, allow_unused=True)
    found += [g.detach().numpy() for g in first if g is not None]
    again = [g for g in first if g is not None and g.requires_grad]
    if second and again:
        total = sum((g * g).sum() for g in again)
        found += [g.numpy() for g in side.autograd.grad(total, leaves, allow_unused=True) if g is not None]
    return found


def refuses_alike(call: Callable[..., Any], *arrays: Any) -> str:
    """Both raise, Unison the class that PyTorch raises; the text of ours."""
    errors = []
    for side in (torch, unison):
        try:
            call(side, *[a if not isinstance(a, np.ndarray) else side.tensor(a) for a in arrays])
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            errors.append(error)
    assert len(errors) == 2, f"raised: {errors}"
    assert isinstance(errors[1], type(errors[0])), f"{type(errors[1])} for {type(errors[0])}: {errors[0]}"
    return str(errors[1])
