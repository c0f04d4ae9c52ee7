"""Steps of optimisers: operators that write, so what is expected is every input as it is after the call."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle
from unison_conformance.oracle.tracked import Tracked, tracked, where

__all__: list[str] = []


@oracle("adam_step")
def _adam_step(*tensors: Any, count: int, **attrs: Any) -> Any:
    """The parameters, gradients (unchanged), means, mean squares and largest mean squares."""
    groups = [tensors[i : i + count] for i in range(0, len(tensors), count)]
    after = [_adam(*map(tracked, given), **attrs) for given in zip(*groups, strict=True)]
    return tuple(t.reference() for group in zip(*after, strict=True) for t in group)


def _adam(
    param: Tracked,
    grad: Tracked,
    mean: Tracked,
    square: Tracked,
    *largest: Tracked,
    step_size: float,
    beta1: float,
    beta2: float,
    eps: float,
    root: float,
    decay: float,
    shrink: float,
    maximize: bool,
) -> list[Tracked]:
    g = -grad if maximize else grad
    if shrink != 1.0:
        param = param * shrink
    if decay:
        g = g + param * decay
    mean = mean + (g - mean) * (1 - beta1)
    square = square * beta2 + g * g * (1 - beta2)
    top = [where(np.asarray(m.value.hi >= square.value.hi), m, square) for m in largest]
    below = (top[0] if top else square).sqrt() / root + eps
    return [param - mean / below * step_size, grad, mean, square, *top]


@oracle("join_flat")
def _join_flat(*tensors: Any) -> Any:
    return np.array([x for t in tensors for x in t.ravel()], tensors[0].dtype)


@oracle("write_flat")
def _write_flat(*tensors: Any) -> Any:
    *targets, flat = tensors
    elements = iter(flat)
    written = []
    for t in targets:
        out = np.empty_like(t)
        for place in np.ndindex(t.shape):
            out[place] = next(elements)
        written.append(out)
    return (*written, flat)
