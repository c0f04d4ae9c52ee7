"""Windows of signal processing, as periods or symmetric."""

from __future__ import annotations

from math import pi
from typing import Any

from unison.functions._precision import reckoning_place
from unison.functions.creation.filled import finish, place
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window"]


def _phase(length: int, periodic: bool, dtype: DType | None, device: Any) -> Any:
    """0, ..., 1 over the window: its last point is left out of a periodic one.

    Raises:
        RuntimeError: the length is negative, or the dtype not floating.
    """
    kind = dtype or dtypes.get_default_dtype()
    if length < 0:
        raise OperatorError(f"a window needs a non-negative length, got {length}")
    if kind not in dtypes.FLOATING:
        raise OperatorError(f"a window is of a floating point dtype, got {kind.name}")
    last = length if periodic else length - 1
    steps = ops.arange(start=0, end=length, step=1, dtype=dtypes.float64, device=reckoning_place(device))
    return ops.div(steps, float(max(last, 1)))


def _cosines(phase: Any, weights: tuple[float, ...], dtype: DType | None) -> Any:
    """The sum of weights[k] * (-1)^k * cos(2 pi k phase); a window of one point is 1."""
    kind = dtype or dtypes.get_default_dtype()
    if phase.array.shape[0] == 1:
        return ops.full(shape=(1,), value=1, dtype=kind, device=phase.device)
    total = ops.add(ops.mul(phase, 0.0), weights[0])
    for k, weight in enumerate(weights[1:], start=1):
        total = ops.add(total, ops.mul(ops.cos(ops.mul(phase, 2 * pi * k)), (-1.0) ** k * weight))
    return ops.cast(total, dtype=kind)


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """sin^2(pi n / N)."""
    window = _cosines(_phase(window_length, periodic, dtype, device), (0.5, 0.5), dtype)
    return finish(window, requires_grad, device=place(device), pin_memory=pin_memory)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """alpha - beta cos(2 pi n / N)."""
    window = _cosines(_phase(window_length, periodic, dtype, device), (alpha, beta), dtype)
    return finish(window, requires_grad, device=place(device), pin_memory=pin_memory)


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""
    window = _cosines(_phase(window_length, periodic, dtype, device), (0.42, 0.5, 0.08), dtype)
    return finish(window, requires_grad, device=place(device), pin_memory=pin_memory)


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """1 - |2 n / N - 1|: a triangle."""
    phase = _phase(window_length, periodic, dtype, device)
    if window_length == 1:
        window = _cosines(phase, (1.0,), dtype)
    else:
        triangle = ops.sub(1.0, ops.abs(ops.sub(ops.mul(phase, 2.0), 1.0)))
        window = ops.cast(triangle, dtype=dtype or dtypes.get_default_dtype())
    return finish(window, requires_grad, device=place(device), pin_memory=pin_memory)
