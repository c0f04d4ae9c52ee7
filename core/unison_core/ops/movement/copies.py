"""Copies: other memory, dtypes or devices, joined, reversed, rolled and padded."""

from __future__ import annotations

import builtins
from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, DType, float64
from unison_core.errors import OperatorError
from unison_core.operator import Array, Promote, primitive
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, wrap_dim

__all__ = [
    "cast",
    "cat",
    "copy",
    "flip",
    "pad",
    "roll",
    "to_device",
]


@primitive()
def copy(x: Array) -> Array:
    """x in fresh memory, contiguous in row-major order."""


@copy.infer
def copy_infer(x: Spec) -> Spec:
    return x


@copy.vjp()
def copy_vjp(g: Any, out: Any, x: Any) -> Any:
    return g


@copy.samples
def copy_samples() -> Any:
    yield good(arg(2, 3))
    yield good(arg())
    yield good(arg(0))


@primitive()
def cast(x: Array, *, dtype: DType) -> Array:
    """x in another dtype: floats truncate to integers, anything non-zero is True, complex loses its imaginary part."""


@cast.infer
def cast_infer(x: Spec, *, dtype: DType) -> Spec:
    return x.like(dtype=dtype)


@cast.vjp(specs="x")
def cast_vjp(g: Any, out: Any, x: Any, *, dtype: DType) -> Any:
    return cast(g, dtype=x.dtype)


@cast.samples
def cast_samples() -> Any:
    for dtype in ALL:
        yield good(arg(2, 3, low=0, high=9), dtype=dtype, gradient=False)
    yield good(arg(), dtype=float64)


@primitive(tags=("transfer",))
def to_device(x: Array, *, device: Any, non_blocking: bool = False) -> Array:
    """x on another device; non_blocking: x is on the host, and left as it is until the device is done."""


@to_device.infer
def to_device_infer(x: Spec, *, device: Any, non_blocking: bool) -> Spec:
    return Spec(x.shape, x.dtype, device)


@to_device.vjp(specs="x")
def to_device_vjp(g: Any, out: Any, x: Any, *, device: Any, non_blocking: bool) -> Any:
    return to_device(g, device=x.device)


@to_device.samples
def to_device_samples() -> Any:
    yield good(arg(2, 3), device="cpu")


@primitive(promote=Promote.COMMON)
def cat(*xs: Array, dim: int = 0) -> Array:
    """The tensors joined along dim; their other lengths agree."""


@cat.infer
def cat_infer(*xs: Spec, dim: int) -> Spec:
    first = xs[0]
    if not first.shape:
        raise OperatorError(
            "zero-dimensional tensors cannot be concatenated; stack joins them along a new dimension"
        )
    d = wrap_dim(dim, first.ndim)
    for i, x in enumerate(xs):
        others = [n for j, n in enumerate(x.shape) if j != d]
        if x.ndim != first.ndim or others != [n for j, n in enumerate(first.shape) if j != d]:
            raise OperatorError(
                f"Sizes of tensors must match except in dimension {d}: tensor 0 is {list(first.shape)}, "
                f"tensor {i} is {list(x.shape)}"
            )
    return first.like([*first.shape[:d], sum(x.shape[d] for x in xs), *first.shape[d + 1 :]])


@cat.vjp(specs="xs")
def cat_vjp(g: Any, out: Any, *xs: Any, dim: int) -> Any:
    d = wrap_dim(dim, len(g.shape))
    lead = (builtins.slice(None),) * d
    at = 0
    grads = []
    for x in xs:
        grads.append(
            ops.slice(g, key=(*lead, builtins.slice(at, at + x.shape[d]), ...)) if x.tracked else None
        )
        at += x.shape[d]
    return tuple(grads)


@cat.samples
def cat_samples() -> Any:
    yield good(arg(2, 3), arg(4, 3), dim=0)
    yield good(arg(2, 3), arg(2, 1), arg(2, 0), dim=-1)
    yield bad(RuntimeError, "Sizes of tensors must match", arg(2, 3), arg(2, 4), dim=0)
    yield bad(RuntimeError, "cannot be concatenated", arg(), arg(), dim=0)


@primitive()
def flip(x: Array, *, dims: tuple[int, ...]) -> Array:
    """x with the order of elements reversed along dims (counted from the front)."""


@flip.infer
def flip_infer(x: Spec, *, dims: tuple[int, ...]) -> Spec:
    for d in dims:
        wrap_dim(d, x.ndim)
    return x


@flip.vjp()
def flip_vjp(g: Any, out: Any, x: Any, *, dims: tuple[int, ...]) -> Any:
    return flip(g, dims=dims)


@flip.samples
def flip_samples() -> Any:
    yield good(arg(5), dims=(0,))
    yield good(arg(2, 3, 4), dims=(0, 2))
    yield bad(IndexError, "Dimension out of range", arg(2), dims=(1,))


@primitive()
def roll(x: Array, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Array:
    """x with elements moved by shifts along dims, those that leave coming in at the other end."""


@roll.infer
def roll_infer(x: Spec, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Spec:
    if len(shifts) != len(dims):
        raise OperatorError(f"shifts and dimensions must align: {len(shifts)} shifts, {len(dims)} dims")
    for d in dims:
        wrap_dim(d, x.ndim)
    return x


@roll.vjp()
def roll_vjp(g: Any, out: Any, x: Any, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    return roll(g, shifts=tuple(-s for s in shifts), dims=dims)


@roll.samples
def roll_samples() -> Any:
    yield good(arg(5), shifts=(2,), dims=(0,))
    yield good(arg(2, 3, 4), shifts=(1, -2), dims=(0, 2))
    yield good(arg(0, 3), shifts=(1,), dims=(0,))


@primitive()
def pad(x: Array, *, widths: tuple[tuple[int, int], ...], value: float = 0) -> Array:
    """x with `value` before and after each dimension; negative widths cut."""


@pad.infer
def pad_infer(x: Spec, *, widths: tuple[tuple[int, int], ...], value: float) -> Spec:
    if len(widths) != x.ndim:
        raise OperatorError(f"pad: {len(widths)} pairs of widths for {x.ndim} dimensions")
    shape = [n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)]
    if any(n < 0 for n in shape):
        raise OperatorError(f"pad: widths {widths} leave a negative length of {list(x.shape)}")
    return x.like(shape)


@pad.vjp()
def pad_vjp(g: Any, out: Any, x: Any, *, widths: tuple[tuple[int, int], ...], value: float) -> Any:
    return pad(g, widths=tuple((-a, -b) for a, b in widths), value=0)


@pad.samples
def pad_samples() -> Any:
    yield good(arg(3), widths=((1, 2),), value=0)
    yield good(arg(2, 3), widths=((0, 0), (2, -1)), value=1)
    yield bad(RuntimeError, "negative length", arg(2), widths=((-3, 0),), value=0)
