"""Bugs in gradient rules and in the kernels of backward passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, first, mutant

__all__: list[str] = []


def _scaled(factor: float) -> Any:
    def make(right: Kernel) -> Kernel:
        def wrong(g: Any, out: Any, *inputs: Any, **attrs: Any) -> Any:
            from unison_core import ops
            from unison_core.ops._shared import scalar_like

            grads = right(g, out, *inputs, **attrs)
            many = isinstance(grads, (tuple, list))
            head = grads[0] if many else grads
            head = None if head is None else ops.mul(head, scalar_like(factor, head))
            return (head, *grads[1:]) if many else head

        return wrong

    return make


@mutant("exp", "mul", "matmul", "sum", part="vjp")
def wrong_scale(right: Kernel) -> Kernel:
    """The gradient is twice too large."""
    return _scaled(2.0)(right)


@mutant("sin", "tanh", "log", part="vjp")
def wrong_sign(right: Kernel) -> Kernel:
    """The gradient has the wrong sign."""
    return _scaled(-1.0)(right)


@mutant("mean", "var", "layer_norm", part="vjp")
def slightly_wrong_scale(right: Kernel) -> Kernel:
    """The gradient is one part in ten thousand too large."""
    return _scaled(1.0001)(right)


@mutant("div", "pow", "where", "maximum", part="vjp")
def second_gradient_missing(right: Kernel) -> Kernel:
    """The second input gets no gradient."""

    def wrong(*given: Any, **attrs: Any) -> Any:
        grads = tuple(right(*given, **attrs))
        from unison_core import ops
        from unison_core.ops._shared import scalar_like

        def none(g: Any) -> Any:
            return None if g is None else ops.mul(g, scalar_like(0, g))

        return (grads[0], none(grads[1]), *grads[2:])

    return wrong


@mutant("softmax_backward")
def softmax_gradient_without_the_mean(right: Kernel) -> Kernel:
    """out * g, the sum not subtracted."""

    def wrong(g: Any, out: Any, *, dim: int) -> Any:
        return np.asarray(g * out)

    return wrong


@mutant("log_softmax_backward")
def log_softmax_gradient_without_the_sum(right: Kernel) -> Kernel:
    """g, the normaliser's share forgotten."""
    return lambda g, out, *, dim: np.array(g)


@mutant("layer_norm_backward", "batch_norm_backward", "group_norm_backward")
def statistics_taken_as_constant(right: Kernel) -> Kernel:
    """The gradient does not go through the mean."""
    return first(lambda out, g, *_, **__: out + out.dtype.type(1e-3) * np.abs(out), right)


@mutant("threshold_backward")
def gradient_at_zero(right: Kernel) -> Kernel:
    """The gradient of relu is 1 where its input is negative."""
    return lambda g, x: np.where(x >= 0, g, g * g.dtype.type(0.5)).astype(g.dtype)


@mutant("cross_entropy_backward")
def loss_gradient_not_averaged(right: Kernel) -> Kernel:
    """The gradient of the mean is that of the sum."""
    return first(lambda out, *_, **__: out * out.dtype.type(2), right)


@mutant("scaled_dot_product_attention_backward")
def attention_gradient_without_scale(right: Kernel) -> Kernel:
    """The scale of the scores is missing in the gradient of the queries."""
    return first(lambda out, *_, **__: out * out.dtype.type(1.01), right)


@mutant("lstm_backward", "gru_backward", "rnn_backward")
def recurrence_cut(right: Kernel) -> Kernel:
    """The gradient does not reach the earliest step."""

    def cut(out: Any, *_: Any, **__: Any) -> Any:
        out = np.array(out)
        out[:1] = 0
        return out

    return first(cut, right)


@mutant("avg_pool_backward", "rms_norm_backward")
def backward_kernel_off_by_a_little(right: Kernel) -> Kernel:
    """One part in a thousand too large."""
    return first(lambda out, *_, **__: out * out.dtype.type(1.001), right)
