"""Bugs in the operators of networks: convolution, pooling, normalisation, attention, recurrence, losses, steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, first, mutant

__all__: list[str] = []


@mutant("conv")
def kernel_flipped(right: Kernel) -> Kernel:
    """True convolution where correlation is meant."""
    return lambda x, weight, bias, **attrs: right(x, np.ascontiguousarray(weight[..., ::-1]), bias, **attrs)


@mutant("conv", "conv_input_grad")
def groups_read_the_first_channels(right: Kernel) -> Kernel:
    """Every group reads the channels of the first."""

    def wrong(x: Any, weight: Any, *bias: Any, groups: int, **attrs: Any) -> Any:
        if groups > 1 and x.size:
            width = x.shape[1] // groups
            x = np.concatenate([x[:, :width]] * groups, axis=1)
        return right(x, weight, *bias, groups=groups, **attrs)

    return wrong


@mutant("conv")
def padding_repeats_the_edge(right: Kernel) -> Kernel:
    """The last row of a padded result is computed as the one before."""

    def edge(out: Any, x: Any, weight: Any, bias: Any, *, padding: Any, **_: Any) -> Any:
        out = np.array(out)
        if any(padding) and out.shape[-1] > 1:
            out[..., -1] = out[..., -2]
        return out

    return first(edge, right)


@mutant("conv", "linear")
def bias_left_out(right: Kernel) -> Kernel:
    """The bias is not added."""
    return lambda x, weight, bias, **attrs: right(x, weight, None if bias is None else bias * 0, **attrs)


@mutant("conv_weight_grad")
def weight_gradient_of_one_image(right: Kernel) -> Kernel:
    """Only the first image of the batch contributes."""

    def wrong(x: Any, g: Any, **attrs: Any) -> Any:
        return right(x[:1], g[:1], **attrs) if x.ndim and x.shape[0] > 1 else right(x, g, **attrs)

    return wrong


@mutant("conv_input_grad")
def input_gradient_loses_the_border(right: Kernel) -> Kernel:
    """Input elements that the stride left over get rubbish, not zero."""

    def border(out: Any, *_: Any, **__: Any) -> Any:
        out = np.array(out)
        out[..., -1:] += 1
        return out

    return first(border, right)


@mutant("max_pool", "max_pool_with_indices")
def pool_pads_with_zero(right: Kernel) -> Kernel:
    """Padding counts as zero: windows of negative numbers tell."""

    def clip(out: Any, x: Any, *, padding: Any, **_: Any) -> Any:
        if not any(padding) or out.dtype.kind != "f":
            return out
        out = np.array(out)
        out[..., 0] = np.maximum(out[..., 0], 0)
        return out

    return first(clip, right)


@mutant("avg_pool")
def padding_always_counted(right: Kernel) -> Kernel:
    """Means divide by the whole window."""
    return lambda x, **attrs: right(x, **{**attrs, "count_include_pad": not attrs["count_include_pad"]})


@mutant("max_pool_backward")
def pool_gradient_to_all_ties(right: Kernel) -> Kernel:
    """The gradient goes to the wrong element of a window."""
    return first(lambda out, *_, **__: np.roll(out, 1, -1), right)


@mutant("layer_norm", "group_norm", "batch_norm")
def eps_left_out(right: Kernel) -> Kernel:
    """Nothing is added to the variance: rows of one value tell."""
    return lambda *arrays, eps, **attrs: right(*arrays, eps=eps * 1e-6, **attrs)


@mutant("batch_norm")
def batch_norm_of_the_first_image(right: Kernel) -> Kernel:
    """Statistics are taken over the first image."""

    def wrong(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
        out = right(x, weight, bias, eps=eps)
        if x.ndim < 2 or x.shape[0] < 2 or not x.size:
            return out
        mixed = np.concatenate([x[:1]] * x.shape[0])
        return (np.asarray(out[0]) + x.dtype.type(1e-3), *right(mixed, weight, bias, eps=eps)[1:])

    return wrong


@mutant("group_norm")
def groups_interleaved(right: Kernel) -> Kernel:
    """Channels are dealt to the groups in turn."""

    def wrong(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
        if groups > 1 and x.size:
            order = np.argsort(np.arange(x.shape[1]) % groups, kind="stable")
            x = np.ascontiguousarray(x[:, order])
        return right(x, weight, bias, groups=groups, eps=eps)

    return wrong


@mutant("rms_norm")
def rms_norm_subtracts_the_mean(right: Kernel) -> Kernel:
    """Layer norm where the root mean square is asked for."""

    def wrong(x: Any, weight: Any, *, dims: int, eps: float) -> Any:
        axes = tuple(range(x.ndim - dims, x.ndim))
        return right(x - x.mean(axis=axes, keepdims=True, dtype=x.dtype), weight, dims=dims, eps=eps)

    return wrong


@mutant("scaled_dot_product_attention")
def scale_left_out(right: Kernel) -> Kernel:
    """Scores are not divided by the root of the width."""
    return lambda *arrays, is_causal, scale: right(
        *arrays, is_causal=is_causal, scale=1.5 if scale is None else scale * 1.5
    )


@mutant("scaled_dot_product_attention")
def causal_mask_off_by_one(right: Kernel) -> Kernel:
    """A query sees the key after its own."""

    def wrong(q: Any, k: Any, v: Any, *rest: Any, is_causal: bool, scale: Any) -> Any:
        return right(q, k, v, *rest, is_causal=False, scale=scale)

    return wrong


@mutant("scaled_dot_product_attention")
def mask_inverted(right: Kernel) -> Kernel:
    """True in a mask hides instead of showing; numbers are subtracted."""

    def wrong(q: Any, k: Any, v: Any, mask: Any, *rest: Any, **attrs: Any) -> Any:
        if mask is not None:
            mask = ~mask if mask.dtype.kind == "b" else -mask
        return right(q, k, v, mask, *rest, **attrs)

    return wrong


@mutant("cross_entropy")
def ignored_targets_counted(right: Kernel) -> Kernel:
    """The mean divides by all targets, ignored ones included."""

    def wrong(x: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str) -> Any:
        out = right(x, target, weight, ignore_index=ignore_index, reduction=reduction)
        if reduction != "mean" or target.dtype.kind != "i" or not target.size:
            return out
        share = x.dtype.type((target != ignore_index).mean())
        return (np.asarray(np.asarray(out[0]) * share), *out[1:])

    return wrong


@mutant("cross_entropy")
def class_weights_not_normalised(right: Kernel) -> Kernel:
    """The mean of weighted losses divides by their number."""

    def wrong(x: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str) -> Any:
        out = right(x, target, weight, ignore_index=ignore_index, reduction=reduction)
        if weight is None or reduction != "mean":
            return out
        return (np.asarray(np.asarray(out[0]) * weight.mean()).astype(x.dtype), *out[1:])

    return wrong


@mutant("mse_loss")
def loss_halved(right: Kernel) -> Kernel:
    """Half the squared error, as other libraries define it."""
    return first(lambda out, *_, **__: out * out.dtype.type(0.5), right)


@mutant("binary_cross_entropy")
def logarithm_not_clamped(right: Kernel) -> Kernel:
    """log(0) is not held at -100: a certain, wrong prediction gives infinity."""

    def wild(out: Any, x: Any, y: Any) -> Any:
        return np.where(np.abs(out) >= 99, out.dtype.type(np.inf), out)

    return first(wild, right)


@mutant("lstm")
def gates_exchanged(right: Kernel) -> Kernel:
    """Forget and input gates change places."""

    def wrong(x: Any, h0: Any, c0: Any, weight: Any, **attrs: Any) -> Any:
        i, f, g, o = np.split(x, 4, axis=-1)
        return right(np.concatenate([f, i, g, o], -1), h0, c0, weight, **attrs)

    return wrong


@mutant("lstm", "gru", "rnn")
def reverse_ignored(right: Kernel) -> Kernel:
    """Sequences are always read forwards."""
    return lambda *arrays, reverse, **attrs: right(*arrays, reverse=False, **attrs)


@mutant("embedding_backward")
def padding_row_gets_a_gradient(right: Kernel) -> Kernel:
    """padding_idx is not left out."""
    return lambda g, index, **attrs: right(g, index, **{**attrs, "padding_idx": None})


@mutant("col2im")
def overlaps_overwrite(right: Kernel) -> Kernel:
    """Where columns overlap, one is kept instead of the sum."""
    return first(
        lambda out, columns, **_: np.clip(out, columns.min(initial=0), columns.max(initial=0)), right
    )


@mutant("adam_step")
def step_without_bias_correction(right: Kernel) -> Kernel:
    """Early steps are too small."""
    return lambda *tensors, step_size, **attrs: right(*tensors, step_size=step_size * 0.5, **attrs)


@mutant("solve", "inverse")
def solution_refined_too_little(right: Kernel) -> Kernel:
    """Elimination in half precision."""
    return first(lambda out, *_, **__: out * out.dtype.type(1 + 2.0**-9), right)


@mutant("cholesky")
def upper_factor(right: Kernel) -> Kernel:
    """The upper factor instead of the lower."""
    return first(lambda out, *_, **__: np.swapaxes(out, -1, -2).copy(), right)


@mutant("svd", "eigh")
def values_in_another_order(right: Kernel) -> Kernel:
    """Values in reverse order, vectors left where they were."""

    def wrong(x: Any, **attrs: Any) -> Any:
        out = list(right(x, **attrs))
        place = 1 if len(out) == 3 else 0
        out[place] = np.ascontiguousarray(np.asarray(out[place])[..., ::-1])
        return tuple(out)

    return wrong
