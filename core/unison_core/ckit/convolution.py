"""Convolution kernels: each is one matrix product whose second factor is read through windows (Note [Walks]).

Note [Walks]
A convolution multiplies the weight, (channels of a group x taps), by columns of which nothing is stored: the element of
tap t at place o is x[o * stride + t * dilation - padding], so that a walk over the taps and a walk over the places say,
added up, where it lies. The weight's gradient exchanges the two walks. The input's gradient, at stride s, is one
product for each remainder of the positions modulo s: tap t reaches position i if i + padding - t * dilation is a
multiple of s, which every (s / gcd(s, dilation))-th tap does or none, and those are again windows, of g, at stride 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product as combinations
from math import gcd, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from unison_core.ckit.array import CArray
from unison_core.ckit.creation import bits_of
from unison_core.ckit.parts import bilinear
from unison_core.ckit.product import Product, Windows, product
from unison_core.ops.convolution import conv_shape
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Convolution"]


class Convolution:
    """Of any strides without copies, in up to five dimensions."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "conv": bilinear(self.kit, self.conv),
            "conv_input_grad": bilinear(self.kit, self.conv_input_grad),
            "conv_weight_grad": bilinear(self.kit, self.conv_weight_grad),
        }

    def conv(
        self,
        x: CArray,
        weight: CArray,
        bias: CArray | None,
        *,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int,
    ) -> CArray:
        _same_dtypes(x, weight, bias)
        shape = conv_shape(
            x.shape, weight.shape, None if bias is None else bias.shape, stride, padding, dilation, groups
        )
        out = self.kit.empty(shape, x.dtype, x.runtime)
        if not out.size:
            return out
        channels, members = weight.shape[0] // groups, weight.shape[1]
        beside = bias.strides[0] if bias is not None else 0
        taps = _Walk(weight.shape[2:], dilation, (0,) * len(stride), x.strides[1], weight.strides[1:])
        places = _Walk(shape[2:], stride, tuple(-p for p in padding), x.strides[0], _behind(out.strides))
        how = _windows(x, taps, places)
        how.rows, how.columns, how.depth = (
            channels,
            shape[0] * prod(shape[2:]),
            members * prod(weight.shape[2:]),
        )
        how.a_row, how.out_row, how.bias_row = weight.strides[0], out.strides[1], beside
        _share_out(
            how, groups, channels * weight.strides[0], members * x.strides[1], channels * out.strides[1]
        )
        how.steps = (*how.steps[:2], (channels * beside,) * len(how.batch), how.steps[3])
        how.label = "conv"
        product(self.kit, how, weight, x, bias, out)
        return out

    def conv_weight_grad(
        self,
        x: CArray,
        g: CArray,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int,
    ) -> CArray:
        _same_dtypes(x, g)
        if groups < 1 or x.shape[1] % groups:
            raise ValueError("groups")
        shape = (g.shape[1], x.shape[1] // groups, *kernel)
        if conv_shape(x.shape, shape, None, stride, padding, dilation, groups) != g.shape:
            raise ValueError("g")
        out = self.kit.empty(shape, x.dtype, x.runtime)
        if not out.size:
            return out
        channels, members = shape[0] // groups, shape[1]
        places = _Walk(g.shape[2:], stride, tuple(-p for p in padding), x.strides[0], _behind(g.strides))
        taps = _Walk(kernel, dilation, (0,) * len(stride), x.strides[1], out.strides[1:])
        how = _windows(x, places, taps)
        how.rows, how.columns, how.depth = channels, members * prod(kernel), g.shape[0] * prod(g.shape[2:])
        how.a_row, how.out_row, how.whole = g.strides[1], out.strides[0], True
        _share_out(how, groups, channels * g.strides[1], members * x.strides[1], channels * out.strides[0])
        how.label = "conv_weight_grad"
        product(self.kit, how, g, x, None, out)
        return out

    def conv_input_grad(
        self,
        g: CArray,
        weight: CArray,
        *,
        size: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int,
    ) -> CArray:
        _same_dtypes(g, weight)
        shape = (g.shape[0], weight.shape[1] * groups, *size)
        if conv_shape(shape, weight.shape, None, stride, padding, dilation, groups) != g.shape:
            raise ValueError("g")
        out = self.kit.empty(shape, g.dtype, g.runtime)
        if not out.size:
            return out
        if not g.size:
            self.kit.fill(out, bits_of(0, out.dtype))
            return out
        channels, members = weight.shape[0] // groups, weight.shape[1]
        for phase in combinations(*[range(min(s, n)) for s, n in zip(stride, size, strict=True)]):
            how = _phase(g, weight, out, phase, stride, padding, dilation)
            how.rows, how.columns = members, g.shape[0] * how.columns
            how.depth *= channels
            how.a_row, how.out_row = weight.strides[1], out.strides[1]
            _share_out(
                how, groups, channels * weight.strides[0], channels * g.strides[1], members * out.strides[1]
            )
            product(self.kit, how, weight, g, None, out)
        return out


class _Walk(NamedTuple):
    """Digits of lengths n that move by `move` from `start`; `above` steps in the data, `far` in the other array."""

    n: Sequence[int]
    move: Sequence[int]
    start: Sequence[int]
    above: int
    far: Sequence[int]
    """The step of what is above the digits, then those of the digits."""

    def numbers(self, lead: int, steps: Sequence[int]) -> tuple[int, ...]:
        """In the source's order, with `lead` dimensions of length 1 in front."""
        none = (0,) * lead
        near = (m * s for m, s in zip(self.move, steps, strict=True))
        return (
            *((1,) * lead), *self.n, *none, *self.move, *none, *self.start, *none, *near, self.above,
            *none, *self.far[1:], self.far[0],
        )  # fmt: skip


def _behind(strides: Shape) -> Shape:
    """The steps of images and of positions, without that of channels."""
    return (strides[0], *strides[2:])


def _windows(x: CArray, over_depth: _Walk, over_columns: _Walk) -> Product:
    """A product over windows of x; how much of what is for the caller to fill in."""
    spatial = x.strides[2:]
    lead = max(0, 2 - len(spatial))
    start = sum((a + b) * s for a, b, s in zip(over_depth.start, over_columns.start, spatial, strict=True))
    windows = Windows(
        (*((1,) * lead), *x.shape[2:]), over_depth.numbers(lead, spatial), over_columns.numbers(lead, spatial)
    )
    return Product(0, 0, 0, 0, 0, 0, 0, 0, moved=(0, start, 0), windows=windows, whole=False)


def _share_out(how: Product, groups: int, a: int, b: int, out: int) -> None:
    """Groups are the batch of the product."""
    if groups > 1:
        how.batch, how.steps = (groups,), ((a,), (b,), (0,), (out,))


def _phase(
    g: CArray, weight: CArray, out: CArray, phase: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Product:
    """The product for the positions whose remainders modulo stride are `phase`: columns of one image, taps as depth."""
    counts, lengths, moves, starts, first, every = [], [], [], [], [], []
    for f, n, k, s, p, d in zip(
        phase, out.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True
    ):
        step = s // gcd(s, d)
        tap = next((t for t in range(min(step, k)) if (f + p - t * d) % s == 0), None)
        counts.append((n - f - 1) // s + 1)
        lengths.append(0 if tap is None else (k - tap - 1) // step + 1)
        moves.append(-(step * d // s))
        starts.append(0 if tap is None else (f + p - tap * d) // s)
        first.append(tap or 0)
        every.append(step)
    spatial, ones = len(phase), (1,) * len(phase)
    far = (weight.strides[0], *(e * w for e, w in zip(every, weight.strides[2:], strict=True)))
    taps = _Walk(lengths, moves, (0,) * spatial, g.strides[1], far)
    beyond = (out.strides[0], *(s * o for s, o in zip(stride, out.strides[2:], strict=True)))
    how = _windows(g, taps, _Walk(counts, ones, starts, g.strides[0], beyond))
    how.columns, how.depth = prod(counts), prod(lengths)
    how.moved = (
        sum(t * w for t, w in zip(first, weight.strides[2:], strict=True)),
        how.moved[1],
        sum(f * o for f, o in zip(phase, out.strides[2:], strict=True)),
    )
    how.label = "conv_input_grad"
    return how


def _same_dtypes(*arrays: CArray | None) -> None:
    if any(x is not None and arrays[0] is not None and x.dtype is not arrays[0].dtype for x in arrays):
        raise ValueError("dtypes")
