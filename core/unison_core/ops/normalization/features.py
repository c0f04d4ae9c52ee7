"""Normalisation over features: layer, root mean square, group."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, float32
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, scalar_like, sum_to, widened
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, numel

__all__ = [
    "check_affine",
    "group_norm",
    "group_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "rms_norm",
    "rms_norm_backward",
]


def check_affine(name: str, x: Spec, shape: tuple[int, ...], **given: Any) -> None:
    """Weight and bias, where given, have `shape` and x's dtype (float32 may join half types).

    Raises:
        RuntimeError: they do not.
    """
    for what, a in given.items():
        if a is None:
            continue
        if a.shape != shape:
            raise OperatorError(
                f"{name}: Expected {what} to be of shape {list(shape)}, but got {list(a.shape)}"
            )
        if a.dtype is not x.dtype and not (x.dtype.bits == 16 and a.dtype is float32):
            raise OperatorError(
                f"{name}: expected scalar type {x.dtype.name} but found {a.dtype.name} in {what}; convert one of them"
            )


def _last(x: Any, dims: int) -> tuple[int, ...]:
    return tuple(range(len(x.shape) - dims, len(x.shape)))


def _mean(x: Any, dims: tuple[int, ...]) -> Any:
    return ops.mean(x, dim=dims, keepdim=True)


def _rstd(squares: Any, dims: tuple[int, ...], eps: float) -> Any:
    power = _mean(squares, dims)
    return ops.rsqrt(ops.add(power, scalar_like(eps, power)))


def _centered(x: Any, dims: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """x, in float32 if it was half, as standard scores over dims, and the reciprocal standard deviation."""
    wide = widened(x)
    centered = ops.sub(wide, _mean(wide, dims))
    rstd = _rstd(ops.mul(centered, centered), dims, eps)
    return ops.mul(centered, rstd), rstd


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else ops.mul(x, widened(weight))
    return x if bias is None else ops.add(x, widened(bias))


def _through_scores(gh: Any, scores: Any, rstd: Any, dims: tuple[int, ...]) -> Any:
    """The gradient of x from that of its standard scores: rstd * (gh - mean(gh) - scores * mean(gh * scores))."""
    rest = ops.sub(gh, _mean(gh, dims))
    return ops.mul(rstd, ops.sub(rest, ops.mul(scores, _mean(ops.mul(gh, scores), dims))))


def _like_specs(x: Spec, weight: Any, *, bias: bool) -> Any:
    if weight is None:
        return x.like()
    return (x.like(), weight.like(), weight.like()) if bias else (x.like(), weight.like())


@composite(dtypes=FLOATING)
def layer_norm(x: Array, weight: Array, bias: Array, *, dims: int, eps: float) -> Array:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last `dims` dimensions; weight and bias may be None.

    Ba, Kiros and Hinton, Layer Normalization, 2016. The variance is the biased one.
    """
    if 0 in x.shape:
        return ops.copy(x)
    scores, _ = _centered(x, _last(x, dims), eps)
    return narrowed(_affine(scores, weight, bias), x)


@layer_norm.infer
def layer_norm_infer(x: Spec, weight: Any, bias: Any, *, dims: int, eps: float) -> Spec:
    check_affine("layer_norm", x, x.shape[x.ndim - dims :], weight=weight, bias=bias)
    return x.like()


@layer_norm.vjp(values={"x": "x weight", "weight": "x weight"}, specs="x bias")
def layer_norm_vjp(g: Any, out: Any, x: Any, weight: Any, bias: Any, *, dims: int, eps: float) -> Any:
    if weight is None:
        gx = layer_norm_backward(g, x, None, dims=dims, eps=eps) if x.tracked else None
        gb = None if bias is None or not bias.tracked else sum_to(g, tuple(bias.shape))
        return gx, None, gb
    gx, gw, gb = layer_norm_backward(g, x, weight, dims=dims, eps=eps)
    return gx, gw, None if bias is None else narrowed(gb, bias)


@layer_norm.samples
def layer_norm_samples() -> Any:
    yield good(arg(3, 5), arg(5), arg(5), dims=1, eps=1e-5)
    yield good(arg(2, 3, 4), arg(3, 4), None, dims=2, eps=1e-5)
    yield good(arg(4, 65), None, None, dims=1, eps=1e-3)
    yield good(arg(0, 4), arg(4), arg(4), dims=1, eps=1e-5, gradient=False)
    yield bad(RuntimeError, "weight to be of shape", arg(3, 5), arg(4), None, dims=1, eps=1e-5)


@composite(dtypes=FLOATING)
def layer_norm_backward(g: Array, x: Array, weight: Array, *, dims: int, eps: float) -> Any:
    """The gradients of layer_norm with respect to (x, weight, bias); of x alone where weight is None."""
    over = _last(x, dims)
    scores, rstd = _centered(x, over, eps)
    wide = widened(g)
    if weight is None:
        return narrowed(_through_scores(wide, scores, rstd, over), x)
    gx = _through_scores(ops.mul(wide, widened(weight)), scores, rstd, over)
    shape = tuple(weight.shape)
    gw, gb = sum_to(ops.mul(wide, scores), shape), sum_to(wide, shape)
    return narrowed(gx, x), narrowed(gw, weight), narrowed(gb, weight)


@layer_norm_backward.infer
def layer_norm_backward_infer(g: Spec, x: Spec, weight: Any, *, dims: int, eps: float) -> Any:
    return _like_specs(x, weight, bias=True)


@layer_norm_backward.samples
def layer_norm_backward_samples() -> Any:
    yield good(arg(3, 5), arg(3, 5), arg(5), dims=1, eps=1e-5)
    yield good(arg(2, 3, 4), arg(2, 3, 4), None, dims=2, eps=1e-5)


@composite(dtypes=FLOATING)
def rms_norm(x: Array, weight: Array, *, dims: int, eps: float) -> Array:
    """x / sqrt(mean(x^2) + eps) * weight over the last `dims` dimensions; weight may be None.

    Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.
    """
    if 0 in x.shape:
        return ops.copy(x)
    wide = widened(x)
    scores = ops.mul(wide, _rstd(ops.mul(wide, wide), _last(x, dims), eps))
    return narrowed(_affine(scores, weight, None), x)


@rms_norm.infer
def rms_norm_infer(x: Spec, weight: Any, *, dims: int, eps: float) -> Spec:
    check_affine("rms_norm", x, x.shape[x.ndim - dims :], weight=weight)
    return x.like()


@rms_norm.vjp(values="x weight")
def rms_norm_vjp(g: Any, out: Any, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
    if weight is None:
        return rms_norm_backward(g, x, None, dims=dims, eps=eps), None
    return rms_norm_backward(g, x, weight, dims=dims, eps=eps)


@rms_norm.samples
def rms_norm_samples() -> Any:
    yield good(arg(3, 5), arg(5), dims=1, eps=1e-5)
    yield good(arg(2, 3, 4), None, dims=2, eps=1e-5)
    yield bad(RuntimeError, "weight to be of shape", arg(3, 5), arg(4), dims=1, eps=1e-5)


@composite(dtypes=FLOATING)
def rms_norm_backward(g: Array, x: Array, weight: Array, *, dims: int, eps: float) -> Any:
    """The gradients of rms_norm with respect to (x, weight); of x alone where weight is None."""
    over = _last(x, dims)
    wide, gwide = widened(x), widened(g)
    rstd = _rstd(ops.mul(wide, wide), over, eps)
    scores = ops.mul(wide, rstd)
    gh = gwide if weight is None else ops.mul(gwide, widened(weight))
    gx = narrowed(ops.mul(rstd, ops.sub(gh, ops.mul(scores, _mean(ops.mul(gh, scores), over)))), x)
    if weight is None:
        return gx
    return gx, narrowed(sum_to(ops.mul(gwide, scores), tuple(weight.shape)), weight)


@rms_norm_backward.infer
def rms_norm_backward_infer(g: Spec, x: Spec, weight: Any, *, dims: int, eps: float) -> Any:
    return _like_specs(x, weight, bias=False)


@rms_norm_backward.samples
def rms_norm_backward_samples() -> Any:
    yield good(arg(3, 5), arg(3, 5), arg(5), dims=1, eps=1e-5)
    yield good(arg(2, 3, 4), arg(2, 3, 4), None, dims=2, eps=1e-5)


def _per_channel(a: Any, ndim: int) -> Any:
    """A vector over channels, shaped to broadcast against (N, C, ...)."""
    return None if a is None else ops.view(a, shape=(a.shape[0],) + (1,) * (ndim - 2))


def _grouped(x: Any, groups: int) -> Any:
    return ops.reshape(x, shape=(x.shape[0], groups, numel(x.shape[1:]) // groups))


@composite(dtypes=FLOATING)
def group_norm(x: Array, weight: Array, bias: Array, *, groups: int, eps: float) -> Array:
    """x (N, C, ...) normalised over each group of C / groups channels, times weight (C) plus bias (C), or None.

    Wu and He, Group Normalization, 2018. The variance is the biased one.
    """
    if 0 in x.shape:
        return ops.copy(x)
    scores, _ = _centered(_grouped(x, groups), (2,), eps)
    ndim = len(x.shape)
    flat = ops.view(scores, shape=tuple(x.shape))
    return narrowed(_affine(flat, _per_channel(weight, ndim), _per_channel(bias, ndim)), x)


@group_norm.infer
def group_norm_infer(x: Spec, weight: Any, bias: Any, *, groups: int, eps: float) -> Spec:
    if x.ndim < 2 or groups <= 0 or x.shape[1] % groups:
        raise OperatorError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={groups}"
        )
    check_affine("group_norm", x, (x.shape[1],), weight=weight, bias=bias)
    return x.like()


@group_norm.vjp(values={"x": "x weight", "weight": "x weight"}, specs="x bias")
def group_norm_vjp(g: Any, out: Any, x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
    if weight is None:
        gx = group_norm_backward(g, x, None, groups=groups, eps=eps) if x.tracked else None
        rest = (0, *range(2, len(g.shape)))
        gb = None if bias is None or not bias.tracked else ops.sum(g, dim=rest, keepdim=False)
        return gx, None, gb
    gx, gw, gb = group_norm_backward(g, x, weight, groups=groups, eps=eps)
    return gx, gw, None if bias is None else narrowed(gb, bias)


@group_norm.samples
def group_norm_samples() -> Any:
    yield good(arg(2, 4, 3), arg(4), arg(4), groups=2, eps=1e-5)
    yield good(arg(2, 6, 3, 2), None, None, groups=3, eps=1e-5)
    yield good(arg(3, 4), arg(4), None, groups=1, eps=1e-5)
    yield bad(RuntimeError, "divisible by num_groups", arg(2, 4, 3), None, None, groups=3, eps=1e-5)


@composite(dtypes=FLOATING)
def group_norm_backward(g: Array, x: Array, weight: Array, *, groups: int, eps: float) -> Any:
    """The gradients of group_norm with respect to (x, weight, bias); of x alone where weight is None."""
    scores, rstd = _centered(_grouped(x, groups), (2,), eps)
    wide, shape = widened(g), tuple(x.shape)
    gh = wide if weight is None else ops.mul(wide, _per_channel(widened(weight), len(shape)))
    gx = ops.view(_through_scores(_grouped(gh, groups), scores, rstd, (2,)), shape=shape)
    if weight is None:
        return narrowed(gx, x)
    rest = (0, *range(2, len(shape)))
    gw = ops.sum(ops.mul(wide, ops.view(scores, shape=shape)), dim=rest, keepdim=False)
    gb = ops.sum(wide, dim=rest, keepdim=False)
    return narrowed(gx, x), narrowed(gw, weight), narrowed(gb, weight)


@group_norm_backward.infer
def group_norm_backward_infer(g: Spec, x: Spec, weight: Any, *, groups: int, eps: float) -> Any:
    return _like_specs(x, weight, bias=True)


@group_norm_backward.samples
def group_norm_backward_samples() -> Any:
    yield good(arg(2, 4, 3), arg(2, 4, 3), arg(4), groups=2, eps=1e-5)
    yield good(arg(2, 6, 3, 2), arg(2, 6, 3, 2), None, groups=3, eps=1e-5)
