"""Bugs about memory layout: strides, offsets, broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import PYTORCH, Kernel, changed, mutant

__all__ = ["memory_of"]


def memory_of(x: Any) -> tuple[Any, int]:
    """All elements of the buffer that x lies in, flat, and where x starts in it."""
    owner = x
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    flat = np.lib.stride_tricks.as_strided(
        owner, (owner.size,), (owner.itemsize,), writeable=owner.flags.writeable
    )
    start = (x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]) // max(x.itemsize, 1)
    return flat, int(start)


def _as_if_contiguous(x: Any) -> Any:
    if x.flags.c_contiguous or not x.size:
        return x
    flat, start = memory_of(x)
    return np.take(flat, np.arange(start, start + x.size), mode="wrap").reshape(x.shape)


def _as_if_at_the_start(x: Any) -> Any:
    if not x.size:
        return x
    flat, start = memory_of(x)
    if start == 0 or not x.flags.c_contiguous:
        return x
    return flat[: x.size].reshape(x.shape)


def _as_if_square(x: Any) -> Any:
    """Two last dimensions confused in a transposed input."""
    if x.ndim < 2 or x.flags.c_contiguous or not x.size:
        return x
    return np.ascontiguousarray(np.swapaxes(x, -1, -2)).reshape(x.shape)


@mutant("relu", "neg", "exp", "tanh", like=PYTORCH + "139006")
def unary_ignores_strides(right: Kernel) -> Kernel:
    """An elementwise kernel reads a strided input as if it were contiguous."""
    return changed(_as_if_contiguous, right)


@mutant("add", "mul", "maximum", like=PYTORCH + "145203")
def binary_ignores_strides(right: Kernel) -> Kernel:
    """A binary kernel reads its second input as if it were contiguous."""
    return changed(_as_if_contiguous, right, (1,))


@mutant("where", like=PYTORCH + "150967")
def where_ignores_strides_of_the_condition(right: Kernel) -> Kernel:
    """The condition of where is read as if it were contiguous."""
    return changed(_as_if_contiguous, right, (0,))


@mutant("addcmul", "addcdiv", like=PYTORCH + "118115")
def ternary_ignores_strides(right: Kernel) -> Kernel:
    """A ternary kernel reads transposed inputs as if they were contiguous."""
    return changed(_as_if_contiguous, right, (1, 2))


@mutant("matmul", like=PYTORCH + "78511")
def matmul_ignores_strides(right: Kernel) -> Kernel:
    """A matrix product reads a permuted second factor as if it were contiguous."""
    return changed(_as_if_contiguous, right, (1,))


@mutant("linear", like="https://github.com/pytorch/pytorch/pull/161641")
def linear_ignores_strides_of_the_weight(right: Kernel) -> Kernel:
    """A linear layer reads a sliced weight as if it were contiguous."""
    return changed(_as_if_contiguous, right, (1,))


@mutant("scaled_dot_product_attention", like=PYTORCH + "181133")
def attention_ignores_strides(right: Kernel) -> Kernel:
    """Attention reads permuted queries, keys and values as if they were contiguous."""
    return changed(_as_if_contiguous, right, (0, 1, 2))


@mutant("sum", "amax", "softmax", "log_softmax")
def row_kernel_ignores_strides(right: Kernel) -> Kernel:
    """A kernel over rows reads a strided input as if its rows were dense."""
    return changed(_as_if_contiguous, right, (0,))


@mutant("sort", "cumsum", like=PYTORCH + "183885")
def scan_ignores_strides(right: Kernel) -> Kernel:
    """Sorting and scanning along a strided dimension use the dense stride."""
    return changed(_as_if_contiguous, right, (0,))


@mutant("conv", "max_pool", "avg_pool", "batch_norm")
def network_kernel_mistakes_channels_last(right: Kernel) -> Kernel:
    """Channels-last images are read as channels-first."""
    return changed(_as_if_contiguous, right, (0,))


@mutant("abs", "sub", "gather", "index_select", "embedding")
def offset_ignored(right: Kernel) -> Kernel:
    """The offset of a view into its storage is ignored."""
    return changed(_as_if_at_the_start, right)


@mutant("bitwise_xor", "logical_and", "eq")
def transposed_as_plain(right: Kernel) -> Kernel:
    """A transposed operand is walked in the order of its memory."""
    return changed(_as_if_square, right, (0,))


@mutant("mul", "sub", "lt")
def broadcast_by_repeating_blocks(right: Kernel) -> Kernel:
    """A column (n, 1) is broadcast as if it were a row."""

    def wrong(a: Any, b: Any) -> Any:
        if b.ndim == 2 and b.shape[1] == 1 and a.ndim == 2 and a.shape[0] == b.shape[0] and a.shape[1] > 1:
            b = np.resize(b, a.shape)
        return np.asarray(right(a, b))

    return wrong


@mutant("add", "div")
def broadcast_rank_off_by_one(right: Kernel) -> Kernel:
    """Inputs of lower rank are aligned at the first dimension where that fits too."""

    def wrong(a: Any, b: Any) -> Any:
        if a.ndim == b.ndim + 1 and b.ndim and a.shape[:-1] == b.shape:
            b = b[..., None]
        return np.asarray(right(a, b))

    return wrong


@mutant("cat")
def cat_ignores_strides(right: Kernel) -> Kernel:
    """Concatenation copies strided parts as if they were dense."""
    return changed(_as_if_contiguous, right)


@mutant("copy", "cast")
def copy_ignores_strides(right: Kernel) -> Kernel:
    """A copy or cast of a transposed array keeps the order of its memory."""
    return changed(_as_if_contiguous, right)


@mutant("isfinite", "isinf", like=PYTORCH + "183419")
def writes_past_the_output(right: Kernel) -> Kernel:
    """On a column slice, the kernel writes into the elements beside it."""

    def wrong(x: Any) -> Any:
        out = right(x)
        if x.size and not x.flags.c_contiguous:
            flat, start = memory_of(x)
            flat.flags.writeable and flat.__setitem__(min(start + 1, flat.size - 1), 0)
        return out

    return wrong
