"""Window functions of M points: symmetric (`sym=True`), or one period of a longer one.

Harris, On the Use of Windows for Harmonic Analysis with the Discrete Fourier Transform, 1978.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import pi
from typing import Any

from unison.functions._precision import reckoning_place
from unison.functions.creation.filled import finish, place
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorValueError

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _points(name: str, M: int, sym: bool, dtype: DType | None, device: Any, layout: Any) -> tuple[Any, int]:
    """0, ..., M - 1 in float64, and how many steps the whole window has.

    Raises:
        ValueError: M is negative.
        RuntimeError: the dtype is not floating.
    """
    if M < 0:
        raise OperatorValueError(f"{name} requires non-negative window length, got M={M}")
    if dtype is not None and dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if layout is not None and str(layout) != "unison.strided":
        raise OperatorValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    n = ops.arange(start=0, end=M, step=1, dtype=dtypes.float64, device=reckoning_place(device))
    return n, max(M - 1 if sym else M, 1)


def _finished(window: Any, M: int, dtype: DType | None, device: Any, requires_grad: bool) -> Any:
    kind = dtype or dtypes.get_default_dtype()
    if M == 1:
        window = ops.full(shape=(1,), value=1, dtype=kind, device=window.device)
    return finish(ops.cast(window, dtype=kind), requires_grad, device=place(device))


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The sum of (-1)^k a[k] cos(2 pi k n / N).

    Raises:
        TypeError: a is not iterable.
        ValueError: a is empty, or M negative.
    """
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise OperatorValueError("Coefficients cannot be empty")
    n, whole = _points("general_cosine", M, sym, dtype, device, layout)
    window = ops.add(ops.mul(n, 0.0), float(weights[0]))
    for k, weight in enumerate(weights[1:], start=1):
        term = ops.cos(ops.mul(n, 2 * pi * k / whole))
        window = ops.add(window, ops.mul(term, float(weight) * (-1) ** k))
    return _finished(window, M, dtype, device, requires_grad)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **settings: Any) -> Any:
    """alpha - (1 - alpha) cos(2 pi n / N)."""
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, **settings)


def hamming(M: int, *, sym: bool = True, **settings: Any) -> Any:
    """0.54 - 0.46 cos(2 pi n / N)."""
    return general_hamming(M, sym=sym, **settings)


def hann(M: int, *, sym: bool = True, **settings: Any) -> Any:
    """sin^2(pi n / N)."""
    return general_hamming(M, alpha=0.5, sym=sym, **settings)


def blackman(M: int, *, sym: bool = True, **settings: Any) -> Any:
    """0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **settings)


def nuttall(M: int, *, sym: bool = True, **settings: Any) -> Any:
    """Nuttall's window of four cosines with continuous first derivative (1981)."""
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **settings)


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """1 - |2 n / N - 1|: a triangle."""
    n, whole = _points("bartlett", M, sym, dtype, device, layout)
    window = ops.sub(1.0, ops.abs(ops.sub(ops.mul(n, 2.0 / whole), 1.0)))
    return _finished(window, M, dtype, device, requires_grad)


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """sin(pi (n + 1/2) / (N + 1)), N counted in steps."""
    n, _ = _points("cosine", M, sym, dtype, device, layout)
    window = ops.sin(ops.mul(ops.add(n, 0.5), pi / max(M if sym else M + 1, 1)))
    return _finished(window, M, dtype, device, requires_grad)


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """exp(-|n - center| / tau).

    Raises:
        ValueError: tau is not positive, or center is given for a symmetric window.
    """
    if tau <= 0:
        raise OperatorValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise OperatorValueError("Center must be None for symmetric windows")
    n, whole = _points("exponential", M, sym, dtype, device, layout)
    middle = whole / 2 if center is None else center
    return _finished(
        ops.exp(ops.div(ops.abs(ops.sub(n, middle)), -float(tau))), M, dtype, device, requires_grad
    )


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """exp(-((n - N / 2) / std)^2 / 2).

    Raises:
        ValueError: std is not positive.
    """
    if std <= 0:
        raise OperatorValueError(f"Standard deviation must be positive, got: {std} instead.")
    n, whole = _points("gaussian", M, sym, dtype, device, layout)
    t = ops.div(ops.sub(n, whole / 2), float(std))
    return _finished(ops.exp(ops.mul(ops.mul(t, t), -0.5)), M, dtype, device, requires_grad)


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta).

    Raises:
        ValueError: beta is negative.
    """
    if beta < 0:
        raise OperatorValueError(f"beta must be non-negative, got: {beta} instead.")
    from unison.special import i0

    n, whole = _points("kaiser", M, sym, dtype, device, layout)
    t = ops.sub(ops.mul(n, 2.0 / whole), 1.0)
    inside = ops.clamp(ops.sub(1.0, ops.mul(t, t)), 0.0, None)
    edge = ops.full(shape=(), value=float(beta), dtype=dtypes.float64, device=n.device)
    return _finished(
        ops.div(i0(ops.mul(ops.sqrt(inside), float(beta))), i0(edge)), M, dtype, device, requires_grad
    )
