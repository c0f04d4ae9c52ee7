"""Dropout: single elements, whole channels, and the kinds that keep a SELU's mean and variance.

The zeros are a function of the generator's seed and the number of the call, so a seed gives the same ones on every
device. Srivastava et al., Dropout, 2014.
"""

from __future__ import annotations

import warnings
from typing import Any

from unison.functions.random import next_stream
from unison_core import ops
from unison_core.dispatch import inplace as _inplace
from unison_core.errors import OperatorError

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

# The value that a SELU tends to for large negative inputs: -scale * alpha.
_SATURATED = -1.7580993408473766


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _drawn(x: Any, p: float) -> Any:
    seed, stream = next_stream()
    return ops.dropout(x, p=float(p), seed=seed, stream=stream)


def _into(input: Any, result: Any, inplace: bool) -> Any:
    if not inplace:
        return result
    _inplace.check_target("dropout", input)
    return _inplace.assign(input, result)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeroes each element with probability p and scales the rest by 1 / (1 - p); outside training, the input.

    Raises:
        ValueError: p is not in [0, 1].
    """
    _check(p)
    if not training or p == 0:
        return input
    return _into(input, _drawn(input, p), inplace)


def _channels(input: Any) -> Any:
    """Ones of shape (N, C, 1, ...)."""
    shape = (*input.array.shape[:2], *[1] * (input.array.ndim - 2))
    return ops.full(shape=shape, value=1, dtype=input.dtype, device=input.device)


def _drop_channels(input: Any, p: float, training: bool, inplace: bool) -> Any:
    _check(p)
    if not training or p == 0:
        return input
    return _into(input, ops.mul(input, _drawn(_channels(input), p)), inplace)


def _drop_batched(input: Any, p: float, training: bool, inplace: bool, batched: int) -> Any:
    """As _drop_channels; inputs without a batch dimension get one meanwhile."""
    if input.array.ndim == batched:
        return _drop_channels(input, p, training, inplace)
    out = _drop_channels(ops.slice(input, key=(None,)), p, training, inplace)
    return input if inplace or not training or p == 0 else ops.slice(out, key=(0,))


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeroes each channel of (N, C, L) or (C, L) with probability p.

    Raises:
        ValueError: p is not in [0, 1].
        RuntimeError: the input has neither two nor three dimensions.
    """
    _check(p)
    if input.array.ndim not in (2, 3):
        raise OperatorError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.array.ndim}D input. Note that dropout1d exists "
            "to provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            "batch dimension (i.e. 2D or 3D inputs)."
        )
    return _drop_batched(input, p, training, inplace, 3)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeroes each channel of (N, C, H, W) with probability p. A 3-d input is taken as (N, C, L), with a warning.

    Raises:
        ValueError: p is not in [0, 1].
    """
    _check(p)
    if input.array.ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.array.ndim}-D input to dropout2d, which is deprecated: use dropout for "
            "element-wise dropout, dropout1d or dropout3d for other numbers of spatial dimensions.",
            stacklevel=2,
        )
    elif input.array.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L). Use dropout1d to silence this.",
            stacklevel=2,
        )
    return _drop_channels(input, p, training, inplace)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeroes each channel of (N, C, D, H, W) or (C, D, H, W) with probability p.

    Raises:
        ValueError: p is not in [0, 1].
    """
    _check(p)
    if input.array.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.array.ndim}-D input to dropout3d, which is deprecated: use dropout for "
            "element-wise dropout, dropout1d or dropout2d for other numbers of spatial dimensions.",
            stacklevel=2,
        )
        return _drop_channels(input, p, training, inplace)
    return _drop_batched(input, p, training, inplace, 5)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Sets elements to a SELU's lower limit with probability p, then restores mean 0 and variance 1. Klambauer, 2017.

    Raises:
        ValueError: p is not in [0, 1].
    """
    return _alpha(input, p, training, inplace, channels=False)


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """alpha_dropout of whole channels of (N, C, ...).

    Raises:
        ValueError: p is not in [0, 1].
    """
    return _alpha(input, p, training, inplace, channels=True)


def _alpha(input: Any, p: float, training: bool, inplace: bool, *, channels: bool) -> Any:
    _check(p)
    if not training or p == 0:
        return input
    if p == 1:
        return _into(input, ops.mul(input, 0.0), inplace)
    ones = (
        _channels(input)
        if channels
        else ops.full(shape=tuple(input.array.shape), value=1, dtype=input.dtype, device=input.device)
    )
    kept = ops.mul(_drawn(ones, p), 1 - p)
    scale = (_SATURATED**2 * p * (1 - p) + (1 - p)) ** -0.5
    shift = ops.mul(ops.sub(1.0, kept), scale * _SATURATED)
    out = ops.add(ops.mul(input, ops.mul(kept, scale)), ops.sub(shift, scale * _SATURATED * p))
    return _into(input, out, inplace)
