"""Bugs about sizes: tails of tiles, empty arrays, limits of a work group."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import PYTORCH, Kernel, first, mutant

__all__: list[str] = []


@mutant("exp", "add", "sqrt", "sigmoid")
def drops_the_last_tile(right: Kernel) -> Kernel:
    """The elements after the last whole tile of 32 are never written."""

    def tail(out: Any, *_: Any, **__: Any) -> Any:
        out = np.array(out)
        if out.size > 32 and out.size % 32:
            out.reshape(-1)[out.size // 32 * 32 :] = 0
        return out

    return first(tail, right)


@mutant("mul", "log")
def last_element_left_out(right: Kernel) -> Kernel:
    """The loop ends one element early."""

    def tail(out: Any, *_: Any, **__: Any) -> Any:
        out = np.array(out)
        if out.size > 1:
            out.reshape(-1)[-1] = 0
        return out

    return first(tail, right)


def _shortened(x: Any, dim: Any, keep: int) -> Any:
    axis = dim if isinstance(dim, int) else (dim[-1] if dim else -1)
    return np.take(x, np.arange(keep), axis=axis)


@mutant("sum", "mean", "amax", "amin")
def reduction_drops_the_rest(right: Kernel) -> Kernel:
    """Only whole vectors of 4 are reduced; the rest of a row is lost."""

    def wrong(x: Any, *, dim: Any, **attrs: Any) -> Any:
        n = x.shape[dim if isinstance(dim, int) else (dim[-1] if dim else -1)] if x.ndim else 0
        if n > 4 and n % 4:
            out = right(_shortened(x, dim, n // 4 * 4), dim=dim, **attrs)
            return np.asarray(out)
        return right(x, dim=dim, **attrs)

    return wrong


@mutant("sum", "prod", "logsumexp")
def reduction_stops_at_one_group(right: Kernel) -> Kernel:
    """Rows longer than a work group of 256 lose what is beyond it."""

    def wrong(x: Any, *, dim: Any, **attrs: Any) -> Any:
        n = x.shape[dim if isinstance(dim, int) else (dim[-1] if dim else -1)] if x.ndim else 0
        return np.asarray(right(_shortened(x, dim, 256) if n > 256 else x, dim=dim, **attrs))

    return wrong


@mutant("softmax", "log_softmax")
def softmax_of_the_first_group(right: Kernel) -> Kernel:
    """The maximum and the sum are taken over the first 256 elements of a row."""

    def wrong(x: Any, *, dim: int) -> Any:
        out = np.asarray(right(x, dim=dim))
        if x.ndim and x.shape[dim] > 256:
            out = np.array(out)
            out[(slice(None),) * (dim % x.ndim) + (slice(256, None),)] = 0
        return out

    return wrong


@mutant("cumsum", "cumprod")
def scan_forgets_the_carry(right: Kernel) -> Kernel:
    """A scan starts anew after every block of 64."""

    def wrong(x: Any, *, dim: int) -> Any:
        if not x.ndim or x.shape[dim] <= 64:
            return right(x, dim=dim)
        parts = np.split(x, range(64, x.shape[dim], 64), axis=dim)
        return np.concatenate([right(p, dim=dim) for p in parts], axis=dim)

    return wrong


@mutant("matmul", like=PYTORCH + "193487")
def matmul_loses_the_tail_of_k(right: Kernel) -> Kernel:
    """The terms after the last whole block of 8 are not accumulated."""

    def wrong(a: Any, b: Any) -> Any:
        k = a.shape[-1]
        if k > 8 and k % 8 and b.ndim > 1:
            return right(a[..., : k // 8 * 8], b[..., : k // 8 * 8, :])
        return right(a, b)

    return wrong


@mutant("matmul")
def matmul_skips_the_edge_tiles(right: Kernel) -> Kernel:
    """Rows after the last whole tile of 32 stay zero."""

    def edge(out: Any, *_: Any) -> Any:
        out = np.array(out)
        if out.ndim >= 2 and out.shape[-2] > 32 and out.shape[-2] % 32:
            out[..., out.shape[-2] // 32 * 32 :, :] = 0
        return out

    return first(edge, right)


@mutant("matmul", like="https://github.com/tensorflow/tensorflow/issues/26969")
def matmul_forgets_later_batches(right: Kernel) -> Kernel:
    """Of a batch, only the first matrices are multiplied."""

    def later(out: Any, *_: Any) -> Any:
        out = np.array(out)
        if out.ndim >= 3 and out.shape[0] > 1:
            out[1:] = out[:1]
        return out

    return first(later, right)


@mutant("sort")
def sort_leaves_the_tail(right: Kernel) -> Kernel:
    """Beyond the largest power of two, a bitonic sort leaves elements where they were."""

    def wrong(x: Any, *, dim: int, descending: bool) -> Any:
        values, indices = right(x, dim=dim, descending=descending)
        n = x.shape[dim] if x.ndim else 0
        whole = 1 << max(n.bit_length() - 1, 0)
        if n > 2 and whole != n:
            values, indices = np.array(values), np.array(indices)
            tail = (slice(None),) * (dim % x.ndim) + (slice(whole, None),)
            values[tail] = x[tail]
        return values, indices

    return wrong


@mutant("gather", "scatter_add", "index_select")
def rows_beyond_a_group_ignored(right: Kernel) -> Kernel:
    """Only the first 31 indices of the last dimension are served."""

    def edge(out: Any, *_: Any, **__: Any) -> Any:
        out = np.array(out)
        if out.ndim and out.shape[-1] > 31:
            out[..., 31:] = 0
        return out

    return first(edge, right)


@mutant("sum", like="https://github.com/ByteDance-Seed/Triton-distributed/pull/184")
def empty_sum_is_stale(right: Kernel) -> Kernel:
    """The sum of nothing is whatever the memory held."""

    def stale(out: Any, x: Any, **_: Any) -> Any:
        return np.full_like(out, 7) if not x.size else out

    return first(stale, right)


@mutant("prod")
def empty_product_is_zero(right: Kernel) -> Kernel:
    """The product of nothing is 0."""

    def zero(out: Any, x: Any, **_: Any) -> Any:
        return np.zeros_like(out) if not x.size else out

    return first(zero, right)


@mutant("mean")
def empty_mean_is_zero(right: Kernel) -> Kernel:
    """The mean of nothing is 0, not NaN."""

    def zero(out: Any, x: Any, **_: Any) -> Any:
        return np.zeros_like(out) if not x.size else out

    return first(zero, right)


@mutant("all")
def empty_all_is_false(right: Kernel) -> Kernel:
    """All of nothing is False."""

    def zero(out: Any, x: Any, **_: Any) -> Any:
        return np.zeros_like(out) if not x.size else out

    return first(zero, right)


@mutant("matmul")
def empty_product_is_stale(right: Kernel) -> Kernel:
    """With no terms to add, the result of a matrix product is not set to zero."""

    def stale(out: Any, a: Any, b: Any) -> Any:
        return np.full_like(out, 3) if a.shape[-1] == 0 else out

    return first(stale, right)


@mutant("amax", "argmax")
def empty_extreme_does_not_raise(right: Kernel) -> Kernel:
    """The maximum of nothing is a number instead of an error."""

    def wrong(x: Any, *, dim: Any, keepdim: bool) -> Any:
        if x.size == 0:
            x = np.zeros([max(n, 1) for n in x.shape], x.dtype)
        return right(x, dim=dim, keepdim=keepdim)

    return wrong


@mutant("permute", "flip", "roll", "expand")
def rank_limited_to_four(right: Kernel) -> Kernel:
    """Dimensions beyond the fourth are ignored."""

    def edge(out: Any, *_: Any, **__: Any) -> Any:
        return out if out.ndim <= 4 or not out.size else np.broadcast_to(out[:, :, :, :1], out.shape)

    return first(edge, right)
