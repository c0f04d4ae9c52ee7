"""Movement kernels: views through the library's own strides, and copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.dtypes import DType
from unison_core.errors import OperatorError, ViewError
from unison_core.spec import numel, view_strides

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Movement", "storage"]

Shape = tuple[int, ...]


class Movement:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel; `to_device` is the backend's own."""
        return {
            "as_strided": self.as_strided,
            "cast": self.cast,
            "cat": self.cat,
            "copy": self.copy,
            "diagonal": self.diagonal,
            "expand": self.expand,
            "flip": self.flip,
            "pad": self.pad,
            "permute": self.permute,
            "roll": self.roll,
            "slice": self.slice,
            "unfold": self.unfold,
            "unslice": self.unslice,
            "view": self.view,
            "view_as_complex": self.view_as_complex,
            "view_as_real": self.view_as_real,
        }

    def view(self, x: Any, *, shape: Shape) -> Any:
        if x.flags.c_contiguous:
            return x.reshape(shape)
        if numel(shape) != x.size:
            raise ValueError("size")
        strides = view_strides(x.shape, x.strides, shape)
        if strides is None:
            raise ViewError(
                f"view size is not compatible with input tensor's size and stride: {list(x.shape)} with byte strides "
                f"{list(x.strides)} cannot be seen as {list(shape)} without a copy. Use .reshape(...) instead."
            )
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)

    def permute(self, x: Any, *, dims: tuple[int, ...]) -> Any:
        return x.transpose(dims)

    def expand(self, x: Any, *, shape: Shape) -> Any:
        lead = len(shape) - x.ndim
        if lead < 0 or any(have not in (1, want) for have, want in zip(x.shape, shape[lead:], strict=True)):
            raise ValueError("expand")
        strides = (0,) * lead + tuple(
            s if have == want else 0 for have, want, s in zip(x.shape, shape[lead:], x.strides, strict=True)
        )
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)

    def slice(self, x: Any, *, key: tuple[Any, ...]) -> Any:
        for k in key:
            if k is Ellipsis:
                return x[key]
        return x[(*key, ...)]

    def unslice(self, g: Any, *, shape: Shape, key: tuple[Any, ...]) -> Any:
        out = self.xp.zeros(shape, dtype=g.dtype)
        out[key] = g
        return out

    def diagonal(self, x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
        one, two = dim1 % x.ndim, dim2 % x.ndim
        if one == two:
            raise ValueError("the two dimensions are one")
        rows, columns = x.shape[one] + min(offset, 0), x.shape[two] - max(offset, 0)
        length = max(0, min(rows, columns))
        rest = [d for d in range(x.ndim) if d not in (one, two)]
        key: list[Any] = [slice(None)] * x.ndim
        if length:
            key[one], key[two] = slice(max(0, -offset), None), slice(max(0, offset), None)
        start = x[tuple(key)]
        strides = [x.strides[d] for d in rest] + [x.strides[one] + x.strides[two]]
        return self.xp.lib.stride_tricks.as_strided(start, [x.shape[d] for d in rest] + [length], strides)

    def unfold(self, x: Any, *, dim: int, size: int, step: int) -> Any:
        if not x.ndim:
            return x.reshape(1)[:size]
        d = dim % x.ndim
        if size > x.shape[d] or step <= 0:
            raise ValueError("unfold")
        count = (x.shape[d] - size) // step + 1
        shape = (*x.shape[:d], count, *x.shape[d + 1 :], size)
        strides = (*x.strides[:d], x.strides[d] * step, *x.strides[d + 1 :], x.strides[d])
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)

    def as_strided(self, x: Any, *, shape: Shape, stride: tuple[int, ...], offset: int) -> Any:
        """Over the whole storage that x is a part of; its bounds are checked."""
        whole = storage(x)
        item = x.dtype.itemsize
        last = (
            offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
            if 0 not in shape
            else offset - 1
        )
        size = whole.nbytes // item
        if last >= size:
            raise OperatorError(
                f"as_strided: shape {list(shape)} with strides {list(stride)} from offset {offset} "
                f"reaches element {last}, "
                f"outside the storage of {size} elements"
            )
        flat = whole.reshape(-1).view(x.dtype)[offset:]
        return self.xp.lib.stride_tricks.as_strided(flat, shape, [s * item for s in stride])

    def view_as_real(self, x: Any) -> Any:
        real = x.real
        shape, strides = (*x.shape, 2), (*x.strides, real.dtype.itemsize)
        return self.xp.lib.stride_tricks.as_strided(real, shape, strides)

    def view_as_complex(self, x: Any) -> Any:
        if x.dtype not in (self.xp.float32, self.xp.float64) or not x.ndim or x.shape[-1] != 2:
            raise ValueError("pairs")
        item = x.dtype.itemsize
        if x.size and (x.strides[-1] != item or any(s % (2 * item) for s in x.strides[:-1])):
            raise ViewError(
                "Tensor must have a last dimension with stride 1 and even strides elsewhere to be viewed as complex, "
                f"but has byte strides {list(x.strides)} of {item}-byte elements; use .contiguous() first"
            )
        if not x.size:
            return self.xp.zeros(x.shape[:-1], self.xp.result_type(x.dtype, self.xp.complex64))
        return x.view(self.xp.result_type(x.dtype, self.xp.complex64))[..., 0]

    def copy(self, x: Any) -> Any:
        return x.copy()

    def cast(self, x: Any, *, dtype: DType) -> Any:
        target = self.kit.native[dtype]
        if x.dtype.kind == "c" and not dtype.is_complex:
            return x != 0 if dtype.name == "bool" else x.real.astype(target)
        if x.dtype.kind not in "iub" and dtype.name in ("uint8", "int8", "int16"):
            return x.astype(self.xp.int64).astype(target)
        return x.astype(target)

    def cat(self, *xs: Any, dim: int) -> Any:
        return self.xp.concatenate(xs, axis=dim)

    def flip(self, x: Any, *, dims: tuple[int, ...]) -> Any:
        return self.xp.flip(x, dims).copy() if x.ndim else x.copy()

    def roll(self, x: Any, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
        return self.xp.roll(x, shifts, dims)

    def pad(self, x: Any, *, widths: tuple[tuple[int, int], ...], value: float) -> Any:
        if len(widths) != x.ndim:
            raise ValueError("pad")
        keep = tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(x.shape, widths, strict=True))
        shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
        inner = tuple(slice(max(0, a), n - max(0, b)) for n, (a, b) in zip(shape, widths, strict=True))
        out = self.xp.full(shape, value, dtype=x.dtype) if value else self.xp.zeros(shape, dtype=x.dtype)
        out[inner] = x[keep]
        return out


def storage(x: Any) -> Any:
    """The array that owns x's memory."""
    owner = x
    while (x := getattr(x, "base", None)) is not None:
        # as_strided puts an object that is no array between the view and what it views.
        if hasattr(x, "strides"):
            owner = x
    return owner
