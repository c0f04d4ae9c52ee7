"""Normalisation over batches, instances, groups, features and neighbouring channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.functions._common import write_out
from unison_core import dtypes, ops, state
from unison_core.dispatch import inplace
from unison_core.errors import OperatorError
from unison_core.spec import numel

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "rms_norm",
]


def _floating(name: str, input: Any) -> None:
    if input.dtype not in dtypes.FLOATING:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input.dtype.name}'; it takes floating tensors"
        )


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel of (N, C, ...).

    Training uses the batch's mean and biased variance and moves the running ones, if given, by momentum towards the
    mean and the unbiased variance; otherwise the running ones are used. Ioffe and Szegedy, 2015.

    Raises:
        ValueError: in training, one value per channel, or an eps that is not positive; else a negative one.
        RuntimeError: dtypes are mixed; running statistics are missing or anything has another length than the channels.
    """
    _floating("batch_norm", input)
    _check_mixture(input, weight, bias, running_mean, running_var)
    if input.array.ndim == 1 and not input.array.size:
        return ops.copy(input)
    _check_batch(input, training, running_mean, running_var, weight, bias, eps)
    if not training:
        return _with_running(input, running_mean, running_var, weight, bias, eps)
    if not input.array.size:
        return _with_nothing(input, weight, bias)
    out, mean, var = ops.batch_norm(input, weight, bias, eps=eps)
    if running_mean is not None or running_var is not None:
        count = input.array.size // input.array.shape[1]
        _move(running_mean, running_var, mean, var, momentum, count)
    return out


def _check_mixture(input: Any, *others: Any) -> None:
    """Beside a half type parameters and statistics may be float32, all of them; else dtypes are equal."""
    kinds = {a.dtype for a in others if a is not None}
    if kinds <= {input.dtype} or (input.dtype.bits == 16 and kinds == {dtypes.float32}):
        return
    given = ", ".join(sorted(d.name for d in kinds))
    raise OperatorError(
        f"mixed dtype: beside an input of {input.dtype.name}, weight, bias and running statistics are all of that "
        f"dtype{' or all float32' if input.dtype.bits == 16 else ''}, but got {given}"
    )


def _check_batch(
    input: Any, training: bool, running_mean: Any, running_var: Any, weight: Any, bias: Any, eps: float
) -> None:
    shape = input.array.shape
    if len(shape) < 2:
        raise OperatorError(f"batch_norm expects an input (N, C, ...), got {list(shape)}")
    if training and shape[0] * numel(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size unison.Size({list(shape)})"
        )
    if eps < 0 or (training and eps == 0):
        kind = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {kind}, but got {eps}")
    if not training and (running_mean is None or running_var is None):
        raise OperatorError("Expected running_mean and running_var to be defined when training=False")
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, a in given.items():
        if a is not None and a.array.size != shape[1]:
            raise OperatorError(f"{name} should contain {shape[1]} elements not {a.array.size}")


def _per_channel(a: Any, input: Any) -> Any:
    return ops.view(a, shape=(a.array.shape[0],) + (1,) * (input.array.ndim - 2))


def _with_running(input: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """One product and one sum, with the statistics folded into weight and bias."""
    scale = ops.rsqrt(ops.add(var, eps))
    if weight is not None:
        scale = ops.mul(scale, weight)
    shift = ops.neg(ops.mul(mean, scale))
    if bias is not None:
        shift = ops.add(shift, bias)
    out = ops.add(ops.mul(input, _per_channel(scale, input)), _per_channel(shift, input))
    return out if out.dtype is input.dtype else ops.cast(out, dtype=input.dtype)


def _with_nothing(input: Any, weight: Any, bias: Any) -> Any:
    """An empty batch stays in the graph with its parameters, whose gradients are zero."""
    out = ops.copy(input)
    out = out if weight is None else ops.mul(out, _per_channel(weight, input))
    return out if bias is None else ops.add(out, _per_channel(bias, input))


def _move(running_mean: Any, running_var: Any, mean: Any, var: Any, momentum: float, count: int) -> None:
    """Move the running statistics by momentum towards the batch's; the variance without bias."""
    before = state.set_grad(False)
    try:
        if running_mean is not None:
            inplace.assign(
                running_mean, ops.lerp(running_mean, _as(mean, running_mean), _weight(momentum, running_mean))
            )
        if running_var is not None:
            unbiased = ops.mul(var, count / max(count - 1, 1))
            inplace.assign(
                running_var, ops.lerp(running_var, _as(unbiased, running_var), _weight(momentum, running_var))
            )
    finally:
        state.set_grad(before)


def _as(a: Any, like: Any) -> Any:
    a = a.detach()
    return a if a.dtype is like.dtype else ops.cast(a, dtype=like.dtype)


def _weight(momentum: float, like: Any) -> Any:
    from unison_core.dispatch.promotion import constant

    return constant(float(momentum), like.dtype, like.device)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of each element of (N, C, ...) normalised by itself. Ulyanov, Vedaldi and Lempitsky, 2016.

    Running statistics, if given, move towards the batch's mean of the instances' statistics.

    Raises:
        ValueError: instances of one element.
        RuntimeError: no input statistics and no running ones.
    """
    shape = tuple(input.array.shape)
    if use_input_stats and numel(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size unison.Size({list(shape)})"
        )
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise OperatorError(
                "Expected running_mean and running_var to be defined when use_input_stats=False"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if running_mean is None and running_var is None:
        return ops.group_norm(input, _like(weight, input), _like(bias, input), groups=shape[1], eps=eps)
    flat = ops.reshape(input, shape=(1, shape[0] * shape[1], *shape[2:]))
    out, mean, var = ops.batch_norm(flat, None, None, eps=eps)
    mean, var = (ops.mean(ops.view(a, shape=shape[:2]), dim=(0,), keepdim=False) for a in (mean, var))
    _move(running_mean, running_var, mean, var, momentum, numel(shape[2:]))
    out = ops.reshape(out, shape=shape)
    out = out if weight is None else ops.mul(out, _per_channel(weight, input))
    return out if bias is None else ops.add(out, _per_channel(bias, input))


def _like(a: Any, input: Any) -> Any:
    """A parameter in a dtype that the operator takes beside the input's."""
    if a is None or a.dtype is input.dtype or (input.dtype.bits == 16 and a.dtype is dtypes.float32):
        return a
    return ops.cast(a, dtype=input.dtype)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(N, C, ...) normalised over each of num_groups groups of channels. Wu and He, 2018.

    Raises:
        RuntimeError: num_groups does not divide C, or weight or bias is not (C).
        ValueError: a group has one element.
    """
    shape = input.array.shape
    if len(shape) < 2:
        raise OperatorError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0:
        raise OperatorError(f"Expected num groups to be greater than 0, got {num_groups}")
    if shape[0] * shape[1] * numel(shape[2:]) == num_groups and input.array.size:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)} in {num_groups} groups"
        )
    _floating("GroupNormKernelImpl", input)
    return ops.group_norm(input, weight, bias, groups=num_groups, eps=eps)


def _trailing(name: str, input: Any, normalized_shape: Any) -> int:
    """How many dimensions normalized_shape names.

    Raises:
        RuntimeError: they are none, or not the input's last ones.
    """
    wanted = tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    if not wanted:
        raise OperatorError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got ()"
        )
    shape = tuple(input.array.shape)
    if shape[len(shape) - len(wanted) :] != wanted or len(wanted) > len(shape):
        star = ", ".join(["*", *map(str, wanted)])
        raise OperatorError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [{star}], "
            f"but got input of size{list(shape)}"
        )
    return len(wanted)


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, of normalized_shape. Ba et al., 2016.

    Raises:
        RuntimeError: the input does not end in normalized_shape, or weight or bias has another shape.
    """
    dims = _trailing("layer_norm", input, normalized_shape)
    _floating("LayerNormKernelImpl", input)
    return ops.layer_norm(input, weight, bias, dims=dims, eps=eps)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions, of normalized_shape. Zhang and Sennrich, 2019.

    eps None is the distance from 1 to the next number of the dtype, of float32 for half types.

    Raises:
        RuntimeError: the input does not end in normalized_shape, or weight has another shape.
    """
    dims = _trailing("rms_norm", input, normalized_shape)
    _floating("rms_norm", input)
    if eps is None:
        eps = 2.0**-52 if input.dtype.bits == 64 else 2.0**-23
    beside = {input.dtype, dtypes.float32} if input.dtype.bits == 16 else {input.dtype}
    if weight is not None and weight.dtype not in beside:
        return ops.cast(ops.mul(ops.rms_norm(input, None, dims=dims, eps=eps), weight), dtype=input.dtype)
    return ops.rms_norm(input, weight, dims=dims, eps=eps)


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """x / (k + alpha mean(x^2 over `size` neighbouring channels))^beta. Krizhevsky et al., 2012.

    Raises:
        ValueError: fewer than three dimensions.
    """
    if input.array.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.array.ndim} dimensions)")
    if not input.array.size:
        return input
    channels, rest = input.array.shape[1], input.array.ndim - 2
    widths = ((0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * rest)
    squares = ops.pad(ops.mul(input, input), widths=widths, value=0)
    total = ops.slice(squares, key=(slice(None), slice(0, channels)))
    for i in range(1, size):
        total = ops.add(total, ops.slice(squares, key=(slice(None), slice(i, i + channels))))
    mean = ops.div(total, size) if input.dtype in dtypes.FLOATING else ops.floor_divide(total, size)
    return ops.div(input, ops.pow(ops.add(ops.mul(mean, float(alpha)), float(k)), float(beta)))


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    """x / max(norm_p(x), eps) along dim."""
    import unison

    norm = unison.linalg.vector_norm(input, p, dim, keepdim=True)
    result = ops.div(input, ops.maximum(norm, eps))
    return result if out is None else write_out(out, result)
