"""Gradients on the device against the oracle differentiated numerically: independent of every gradient rule.

First order: of elementwise operators every element of the gradient, of others its projection on random directions. The
bound is (k(n) + extra) u S of the row "vjp" of the tolerance table: a rule is a handful of operators, each within its
own limit, and a sum of n terms; S bounds the terms' absolute values (see `_differences`). float32 always, float64 and
complex64 where the device has them. Complex gradients are conjugate (Wirtinger): the real and the imaginary direction
of each element are its gradient's real and imaginary part. Second order: the derivative of <gradient, v> along w.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import unison
from unison_conformance.cases.values import host_dtype
from unison_conformance.checks._device import dtypes_of, fetch, send
from unison_conformance.checks._differences import Exact, exact, inner, usable
from unison_conformance.checks.check import CheckFailed, check
from unison_conformance.oracle.wide import wide
from unison_conformance.tolerance.limits import growth_factor, limit_of, roundoff
from unison_core import dtypes, operator
from unison_core.dtypes import DType

__all__ = ["NOT_DIFFERENCED", "differentiable"]

NOT_DIFFERENCED = {
    "cast": "rounding to another dtype has no difference quotient",
    "dropout": "its result is random bits; the mask's product is mul's",
    "eig": "eigenvectors are unique only up to a factor",
    "eigh": "eigenvectors are unique only up to a factor",
    "max_pool_backward": "its sample is all ties",
    "qr": "columns are unique only up to a factor",
    "svd": "singular vectors are unique only up to a factor",
    "to_device": "a copy, which the checks of storage make",
}
"""Differentiable operators that have no difference quotient, and why."""


def differentiable() -> list[str]:
    """The operators whose gradients are checked."""
    return [
        n for n, op in sorted(operator.registry.items()) if op.differentiable and n not in NOT_DIFFERENCED
    ]


@check(level=1, each=differentiable())
def first(device: str, name: str) -> None:
    """Gradients of an operator."""
    op, have = operator.registry[name], dtypes_of(device)
    kinds = [d for d in (dtypes.float32, dtypes.float64, dtypes.complex64) if d in have and d in op.dtypes]
    numbers = usable(name)
    if not numbers or not kinds:
        raise CheckFailed(f"{name} is differentiable, and no sample of it can be differentiated")
    for number in numbers:
        for kind in kinds:
            _check_first(name, number, kind, device)


@check(level=1, each=differentiable())
def second(device: str, name: str) -> None:
    """Gradients of gradients, in float32."""
    for number in usable(name)[:2]:
        if dtypes.float32 in operator.registry[name].dtypes:
            _check_second(name, number, device)


def _sent(x: Any, kind: DType, device: str) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    if x.dtype.kind not in "fc":
        return send(x, device)
    real = kind.to_real()
    if x.dtype.kind == "c":
        return send(x.astype(np.result_type(host_dtype(real), np.complex64)), device)
    return send(x.astype(host_dtype(real)), device)


def _gradients(
    name: str, call: Exact, kind: DType, device: str, *, again: bool = False
) -> tuple[list[Any], list[Any]]:
    """The inputs, and their gradients (None where there is none)."""
    op = operator.registry[name]
    inputs = [_sent(x, kind, device) for x in call.inputs]
    moving = [
        t.requires_grad_() if isinstance(x, np.ndarray) and x.dtype.kind in "fc" else None
        for t, x in zip(inputs, call.inputs, strict=True)
    ]
    out = op.call(*inputs, **{k: v for k, v in call.attrs.items() if k in op.attributes})
    outs = out if isinstance(out, tuple) else (out,)
    pairs = [
        (o, _sent(g, kind, device))
        for o, g in zip(outs, call.cotangents, strict=True)
        if g is not None and o.requires_grad
    ]
    wanted = [t for t in moving if t is not None]
    if not pairs:
        return moving, [None] * len(moving)
    found = iter(
        unison.autograd.grad(
            [o for o, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True, create_graph=again
        )
    )
    return moving, [None if t is None else next(found) for t in moving]


def _allowed(kind: DType, terms: int, scale: Any) -> Any:
    limit = limit_of("vjp", kind)
    return growth_factor(limit, terms) * roundoff(kind) * scale


def _check_first(name: str, number: int, kind: DType, device: str) -> None:
    call = exact(name, number, complex_=kind.is_complex)
    _, found = _gradients(name, call, kind, device)
    hosts = [
        (np.zeros(np.shape(x)) if g is None else fetch(g)) if isinstance(x, np.ndarray) else None
        for g, x in zip(found, call.inputs, strict=True)
    ]
    what = f"gradient of {name}, sample {number}, {kind.name}, input"
    for i, wanted, size in call.elements:
        got = hosts[i].astype(np.float64)
        error = np.abs((wanted - got).hi)
        # The result itself is rounded once more.
        allowed = _allowed(kind, call.terms, size) + roundoff(kind) * np.abs(wanted.hi)
        _judge(what, i, got, wanted.hi, error, allowed)
    for d in call.directions:
        parts = [[_part(hosts[d.number], p) for p in ("real", "imag")]]
        seen = inner([d.along], [[p for p in parts[0] if p is not None]])
        error = np.abs((seen - d.value - d.low).hi)
        _judge(
            f"{what} along a direction:",
            d.number,
            seen.hi,
            d.value,
            error,
            _allowed(kind, call.terms, d.scale),
        )


def _part(x: Any, which: str) -> Any:
    return wide(getattr(x, which).astype(np.float64)) if which == "real" or x.dtype.kind == "c" else None


def _judge(what: str, i: int, got: Any, wanted: Any, error: Any, allowed: Any) -> None:
    wrong = ~(error <= allowed)
    if not np.any(wrong):
        return
    place = np.unravel_index(int(np.argmax(np.where(wrong, error, -1.0))), np.shape(wrong))
    raise CheckFailed(
        f"{what} {i}, at {[int(p) for p in place]}: got {np.asarray(got)[place]!s}, must be "
        f"{np.asarray(wanted)[place]!s} within {np.broadcast_to(allowed, np.shape(wrong))[place]:.3g}"
    )


def _check_second(name: str, number: int, device: str) -> None:
    call = exact(name, number)
    assert call.second is not None, "second differences are made of every real call"
    vs, ws, wanted, scale = call.second
    kind = dtypes.float32
    moving, grads = _gradients(name, call, kind, device, again=True)
    pairs = [
        (g, _sent(v, kind, device))
        for g, v in zip(grads, vs, strict=True)
        if g is not None and g.requires_grad
    ]
    got = 0.0
    if pairs:
        leaves = [t for t in moving if t is not None]
        found = unison.autograd.grad([g for g, _ in pairs], leaves, [v for _, v in pairs], allow_unused=True)
        steps = [w for w in ws if w is not None]
        got = sum(
            float(inner([w], [[_part(fetch(f), "real")]]).hi)
            for f, w in zip(found, steps, strict=True)
            if f is not None
        )
    what = f"second derivative of {name}, sample {number}, along directions of its inputs"
    _judge(what, 0, got, wanted, np.abs(got - wanted), _allowed(kind, call.terms, scale))
