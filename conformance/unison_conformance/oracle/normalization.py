"""Softmax and the normalisations with their gradients, as the documented formulas in tracked numbers.

The bounds follow Note [First-order error bounds] and so carry the conditioning along: x - max rounds to |x - max| u
before exp, a mean that is large against the deviation costs as much.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle
from unison_conformance.oracle.tracked import Tracked, dtype_of, tracked
from unison_conformance.oracle.wide import wide

__all__: list[str] = []


def _wide(x: Any) -> Tracked:
    return tracked(x).accumulated()


def _axes(x: Any, dims: int) -> tuple[int, ...]:
    return tuple(range(x.ndim - dims, x.ndim))


@oracle("softmax")
def _softmax(x: Any, *, dim: int) -> Any:
    if not x.size:
        return wide(x)
    t = _wide(np.atleast_1d(x))
    grown = (t - t.maximum(dim)).exp()
    return (grown / grown.sum(dim, keepdims=True)).reshape(*x.shape).reference(dtype_of(x))


@oracle("log_softmax")
def _log_softmax(x: Any, *, dim: int) -> Any:
    if not x.size:
        return wide(x)
    t = _wide(np.atleast_1d(x))
    low = t - t.maximum(dim)
    return (low - low.exp().sum(dim, keepdims=True).log()).reshape(*x.shape).reference(dtype_of(x))


@oracle("softmax_backward")
def _softmax_backward(g: Any, out: Any, *, dim: int) -> Any:
    p = _wide(out)
    weighted = _wide(g) * p
    return (weighted - p * weighted.sum(dim, keepdims=True)).reference(dtype_of(out))


@oracle("log_softmax_backward")
def _log_softmax_backward(g: Any, out: Any, *, dim: int) -> Any:
    wide_g = _wide(g)
    return (wide_g - _wide(out).exp() * wide_g.sum(dim, keepdims=True)).reference(dtype_of(out))


def _rstd(squares: Tracked, axes: tuple[int, ...], eps: float) -> Tracked:
    return (squares.mean(axes, keepdims=True) + eps).rsqrt()


def _scores(x: Tracked, axes: tuple[int, ...], eps: float) -> tuple[Tracked, Tracked]:
    """Standard scores, and the reciprocal of the standard deviation."""
    centered = x - x.mean(axes, keepdims=True)
    rstd = _rstd(centered * centered, axes, eps)
    return centered * rstd, rstd


def _through_scores(gh: Tracked, scores: Tracked, rstd: Tracked, axes: tuple[int, ...]) -> Tracked:
    """rstd * (gh - mean(gh) - scores * mean(gh * scores))."""
    rest = gh - gh.mean(axes, keepdims=True)
    return rstd * (rest - scores * (gh * scores).mean(axes, keepdims=True))


def _affine(x: Tracked, weight: Any, bias: Any) -> Tracked:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _given(a: Any, axis: int = 0, ndim: int = 0) -> Any:
    """A weight or bias, along one of ndim axes; None stays None."""
    if a is None:
        return None
    return _wide(a).spread(axis, ndim) if ndim else _wide(a)


@oracle("layer_norm")
def _layer_norm(x: Any, weight: Any, bias: Any, *, dims: int, eps: float) -> Any:
    if not x.size:
        return wide(x)
    scores, _ = _scores(_wide(x), _axes(x, dims), eps)
    return _affine(scores, _given(weight), _given(bias)).reference(dtype_of(x))


@oracle("layer_norm_backward")
def _layer_norm_backward(g: Any, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
    axes = _axes(x, dims)
    scores, rstd = _scores(_wide(x), axes, eps)
    gx = _through_scores(_affine(_wide(g), _given(weight), None), scores, rstd, axes).reference(dtype_of(x))
    if weight is None:
        return gx
    lead = tuple(range(x.ndim - dims))
    kind = dtype_of(weight)
    return gx, (_wide(g) * scores).sum(lead).reference(kind), _wide(g).sum(lead).reference(kind)


@oracle("rms_norm")
def _rms_norm(x: Any, weight: Any, *, dims: int, eps: float) -> Any:
    if not x.size:
        return wide(x)
    t = _wide(x)
    return _affine(t * _rstd(t * t, _axes(x, dims), eps), _given(weight), None).reference(dtype_of(x))


@oracle("rms_norm_backward")
def _rms_norm_backward(g: Any, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
    axes, t = _axes(x, dims), _wide(x)
    rstd = _rstd(t * t, axes, eps)
    scores, gh = t * rstd, _affine(_wide(g), _given(weight), None)
    gx = (rstd * (gh - scores * (gh * scores).mean(axes, keepdims=True))).reference(dtype_of(x))
    if weight is None:
        return gx
    return gx, (_wide(g) * scores).sum(tuple(range(x.ndim - dims))).reference(dtype_of(weight))


@oracle("group_norm")
def _group_norm(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
    if not x.size:
        return wide(x)
    scores, _ = _scores(_wide(x).reshape(x.shape[0], groups, -1), (2,), eps)
    out = _affine(scores.reshape(*x.shape), _given(weight, 1, x.ndim), _given(bias, 1, x.ndim))
    return out.reference(dtype_of(x))


@oracle("group_norm_backward")
def _group_norm_backward(g: Any, x: Any, weight: Any, *, groups: int, eps: float) -> Any:
    split = (x.shape[0], groups, -1)
    scores, rstd = _scores(_wide(x).reshape(*split), (2,), eps)
    gh = _affine(_wide(g), _given(weight, 1, x.ndim), None)
    gx = _through_scores(gh.reshape(*split), scores, rstd, (2,)).reshape(*x.shape).reference(dtype_of(x))
    if weight is None:
        return gx
    rest, kind = (0, *range(2, x.ndim)), dtype_of(weight)
    gw = (_wide(g) * scores.reshape(*x.shape)).sum(rest)
    return gx, gw.reference(kind), _wide(g).sum(rest).reference(kind)


@oracle("batch_norm")
def _batch_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    rest, t = (0, *range(2, x.ndim)), _wide(x)
    mean = t.mean(rest)
    centered = t - mean.spread(1, x.ndim)
    var = (centered * centered).mean(rest)
    scale = _affine((var + eps).rsqrt(), _given(weight), None)
    out = _affine(centered * scale.spread(1, x.ndim), None, _given(bias, 1, x.ndim))
    return out.reference(dtype_of(x)), mean.reference(), var.reference()


@oracle("batch_norm_backward")
def _batch_norm_backward(g: Any, x: Any, weight: Any, mean: Any, var: Any, *, eps: float) -> Any:
    rest, gt = (0, *range(2, x.ndim)), _wide(g)
    rstd = (_wide(var) + eps).rsqrt()
    scores = (_wide(x) - _given(mean, 1, x.ndim)) * rstd.spread(1, x.ndim)
    gw, gb = (gt * scores).sum(rest), gt.sum(rest)
    count = x.size / x.shape[1]
    inner = gt - (gb / count).spread(1, x.ndim) - scores * (gw / count).spread(1, x.ndim)
    scale = _affine(rstd, _given(weight), None).spread(1, x.ndim)
    return (inner * scale).reference(dtype_of(x)), gw.reference(), gb.reference()
