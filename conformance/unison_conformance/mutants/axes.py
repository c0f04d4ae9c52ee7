"""Bugs about dimensions: the wrong one, the wrong order, the wrong direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, first, mutant

__all__: list[str] = []


@mutant("softmax", "log_softmax", "cumsum", "logcumsumexp")
def other_axis(right: Kernel) -> Kernel:
    """The dimension before the one asked for is used."""

    def wrong(x: Any, *, dim: int) -> Any:
        return right(x, dim=(dim - 1) % x.ndim if x.ndim > 1 else dim)

    return wrong


@mutant("sum", "amax", "any")
def first_of_several_dims_only(right: Kernel) -> Kernel:
    """Of several dimensions, only the first is reduced; the rest is read at its first index."""

    def wrong(x: Any, *, dim: Any, keepdim: bool) -> Any:
        if isinstance(dim, tuple) and len(dim) > 1 and x.size:
            for d in dim[1:]:
                x = np.take(x, [0], axis=d)
        return right(x, dim=dim, keepdim=keepdim)

    return wrong


@mutant("permute")
def permute_by_the_inverse(right: Kernel) -> Kernel:
    """The inverse permutation: only cycles of three dimensions tell."""

    def wrong(x: Any, *, dims: Any) -> Any:
        inverse = tuple(int(i) for i in np.argsort([d % x.ndim for d in dims])) if x.ndim else dims
        same = tuple(x.shape[d] for d in inverse) == tuple(x.shape[d] for d in dims)
        return right(x, dims=inverse) if same else right(x, dims=dims)[..., ::-1]

    return wrong


@mutant("flip")
def flip_first_dim_only(right: Kernel) -> Kernel:
    """Of several dimensions, only the first is flipped."""
    return lambda x, *, dims: right(x, dims=dims[:1])


@mutant("roll")
def roll_backwards(right: Kernel) -> Kernel:
    """Elements move the other way."""
    return lambda x, *, shifts, dims: right(x, shifts=tuple(-s for s in shifts), dims=dims)


@mutant("pad")
def pad_sides_swapped(right: Kernel) -> Kernel:
    """What belongs before a dimension is put after it."""

    def wrong(x: Any, *, widths: Any, value: Any) -> Any:
        return right(x, widths=tuple((b, a) for a, b in widths), value=value)

    return wrong


@mutant("cat")
def cat_in_reverse(right: Kernel) -> Kernel:
    """The parts are joined from the last to the first."""
    return lambda *xs, dim: right(*xs[::-1], dim=dim)


@mutant("diagonal")
def diagonal_offset_negated(right: Kernel) -> Kernel:
    """Diagonals above and below are confused."""

    def wrong(x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
        out = right(x, offset=offset, dim1=dim1, dim2=dim2)
        other = right(x, offset=-offset, dim1=dim1, dim2=dim2)
        return other if other.shape == out.shape else out

    return wrong


@mutant("argmax", "argmin")
def index_into_the_whole_array(right: Kernel) -> Kernel:
    """The index counts from the start of the array, not of the row."""

    def wrong(x: Any, *, dim: Any, keepdim: bool) -> Any:
        out = np.asarray(right(x, dim=dim, keepdim=keepdim))
        return (
            out + x.shape[dim] * np.arange(out.size).reshape(out.shape) if dim is not None and x.ndim else out
        )

    return wrong


@mutant("gather")
def gather_along_another_dim(right: Kernel) -> Kernel:
    """Indices are used along the first dimension whenever they fit there."""

    def wrong(x: Any, index: Any, *, dim: int) -> Any:
        other = (dim + 1) % x.ndim if x.ndim else dim
        fits = x.ndim > 1 and index.size and index.max() < x.shape[other]
        try:
            return right(x, index, dim=other if fits else dim)
        except Exception:  # noqa: BLE001 - the index has a larger side there
            return right(x, index, dim=dim)

    return wrong


@mutant("unfold")
def unfold_step_ignored(right: Kernel) -> Kernel:
    """Windows follow each other by one element."""

    def wrong(x: Any, *, dim: int, size: int, step: int) -> Any:
        out = right(x, dim=dim, size=size, step=step)
        dense = right(x, dim=dim, size=size, step=1)
        return dense[(slice(None),) * (dim % max(x.ndim, 1)) + (slice(0, out.shape[dim]),)]

    return wrong


@mutant("slice")
def slice_step_ignored(right: Kernel) -> Kernel:
    """Every element after the start is taken, whatever the step."""

    def shifted(out: Any, x: Any, **_: Any) -> Any:
        dense = x.reshape(-1)[: out.size]
        return dense.reshape(out.shape) if out.size > 1 and dense.size == out.size else out

    return first(shifted, right)


@mutant("expand")
def expand_repeats_blocks(right: Kernel) -> Kernel:
    """A column is expanded as if it were a row."""

    def wrong(x: Any, *, shape: Any) -> Any:
        out = right(x, shape=shape)
        if x.ndim == 2 and x.shape[1] == 1 and out.shape[-1] > 1:
            return np.resize(x, out.shape)
        return out

    return wrong


@mutant("var")
def correction_ignored(right: Kernel) -> Kernel:
    """The variance is divided by n - 1 whatever the correction."""
    return lambda x, *, dim, correction, keepdim: right(
        x, dim=dim, correction=1.0 - correction, keepdim=keepdim
    )


@mutant("fft_c2c", "fft_r2c")
def fourier_turns_the_other_way(right: Kernel) -> Kernel:
    """The sign in the exponent is the inverse's."""

    def wrong(x: Any, **attrs: Any) -> Any:
        return np.conj(right(np.conj(x), **attrs))

    return wrong


@mutant("fft_c2r")
def fourier_forgets_the_middle(right: Kernel) -> Kernel:
    """Of even lengths, the element that stands for itself counts twice, as its neighbours do."""

    def wrong(x: Any, *, dim: int, length: int) -> Any:
        if length % 2 or not x.size:
            return right(x, dim=dim, length=length)
        weights = np.ones([x.shape[dim] if d == dim % x.ndim else 1 for d in range(x.ndim)])
        weights.reshape(-1)[-1] = 2
        return right((x * weights).astype(x.dtype), dim=dim, length=length)

    return wrong
