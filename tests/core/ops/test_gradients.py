"""Gradient rules of first and second order against central differences, along one random direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison
from tests.core.ops.drawing import tensors
from unison_core import dtypes
from unison_core.operator import registry
from unison_core.samples import Arg, Sample

STEP = 1e-6
# Not differentiable twice where a first derivative jumps, or recorded only once by design.
FIRST_ORDER_ONLY: set[str] = set()


def _differentiable() -> list[Any]:
    out = []
    for name, op in sorted(registry.items()):
        if (
            not op.differentiable
            or dtypes.float64 not in op.dtypes
            or "random" in op.tags
            or name == "to_device"
        ):
            continue
        for n, sample in enumerate(op.samples()):
            if sample.error is None and sample.gradient and sample.inputs:
                out.append(pytest.param(name, n, sample, id=f"{name}-{n}"))
    return out


CALLS = _differentiable()


def _floating(t: Any) -> bool:
    return isinstance(t, unison.Tensor) and t.dtype is dtypes.float64


def _scalar(
    op: Any, inputs: list[Any], sample: Sample, weights: list[Any] | None = None
) -> tuple[Any, list[Any]]:
    """A random projection of the floating results, so that one number depends on all of them."""
    out = op.call(*inputs, **sample.attrs)
    outs = [o for o in (out if isinstance(out, tuple) else (out,)) if o.dtype in dtypes.INEXACT]
    if weights is None:
        rng = np.random.default_rng(5)
        weights = [
            unison.from_numpy(np.array(rng.uniform(0.5, 1.5, tuple(o.shape)))).to(o.device) for o in outs
        ]
    total = None
    for o, w in zip(outs, weights, strict=True):
        part = (unison.view_as_real(o).sum(-1) if o.dtype.is_complex else o.double()) * w
        total = part.sum() if total is None else total + part.sum()
    return total, weights


def _shifted(inputs: list[Any], directions: list[Any], step: float) -> list[Any]:
    return [(t.detach() + d * step) if d is not None else t for t, d in zip(inputs, directions, strict=True)]


def _directions(inputs: list[Any], sample: Sample, seed: int) -> list[Any]:
    """Random ones; symmetric where the operator reads one triangle and takes the other to be the same."""
    rng = np.random.default_rng(seed)
    out: list[Any] = []
    for t, arg in zip(inputs, sample.inputs, strict=True):
        if not _floating(t):
            out.append(None)
            continue
        d = np.array(rng.uniform(-1, 1, tuple(t.shape)))
        if arg.make in ("positive_definite", "symmetric"):
            d = d + np.swapaxes(d, -1, -2)
        out.append(unison.from_numpy(d).to(t.device))
    return out


def _along(grads: Any, directions: list[Any]) -> Any:
    wanted = [d for d in directions if d is not None]
    terms = [(g * d).sum() for g, d in zip(grads, wanted, strict=True) if g is not None]
    total = terms[0]
    for t in terms[1:]:
        total = total + t
    return total


def _agree(got: float, wanted: float, scale: float) -> bool:
    return abs(got - wanted) <= 2e-5 * max(1.0, abs(wanted), scale)


@pytest.mark.parametrize(("name", "n", "sample"), CALLS)
def test_gradient_is_the_slope(name: str, n: int, sample: Sample, device: str) -> None:
    op = registry[name]
    inputs = tensors(sample, dtypes.float64, device)
    leaves = [t.requires_grad_() for t in inputs if _floating(t)]
    value, weights = _scalar(op, inputs, sample)
    grads = unison.autograd.grad(value, leaves, allow_unused=True)
    directions = _directions(inputs, sample, 7)
    if all(g is None for g in grads):
        pytest.fail(f"no gradient reached an input of {name}")
    with unison.no_grad():
        up = _scalar(op, _shifted(inputs, directions, STEP), sample, weights)[0].item()
        down = _scalar(op, _shifted(inputs, directions, -STEP), sample, weights)[0].item()
    for g, leaf in zip(grads, leaves, strict=True):
        assert g is None or (g.shape == leaf.shape and g.dtype is leaf.dtype)
    assert _agree(_along(grads, directions).item(), (up - down) / (2 * STEP), abs(up))


@pytest.mark.parametrize(("name", "n", "sample"), [p for p in CALLS if p.values[0] not in FIRST_ORDER_ONLY])
def test_second_order_is_the_slope_of_the_gradient(name: str, n: int, sample: Sample) -> None:
    op = registry[name]
    inputs = tensors(sample, dtypes.float64, "cpu")
    if not any(isinstance(x, Arg) and int(np.prod(x.shape)) for x in sample.inputs):
        return
    directions, others = _directions(inputs, sample, 7), _directions(inputs, sample, 11)

    def slope(at: list[Any], *, create_graph: bool) -> tuple[Any, list[Any]]:
        leaves = [t.detach().requires_grad_() if _floating(t) else t for t in at]
        value, _ = _scalar(op, leaves, sample)
        floats = [t for t in leaves if _floating(t)]
        grads = unison.autograd.grad(value, floats, allow_unused=True, create_graph=create_graph)
        return _along(grads, directions), floats

    along, floats = slope(inputs, create_graph=True)
    if along.requires_grad:
        second = unison.autograd.grad(along, floats, allow_unused=True)
        got = 0.0 if all(g is None for g in second) else _along(second, others).item()
    else:
        got = 0.0
    up = slope(_shifted(inputs, others, STEP), create_graph=False)[0].item()
    down = slope(_shifted(inputs, others, -STEP), create_graph=False)[0].item()
    assert _agree(got, (up - down) / (2 * STEP), abs(up))
