"""Bugs at special values: NaN, infinities, zeros, ties, the ends of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, changed, first, mutant

__all__: list[str] = []


def _without_nan(x: Any) -> Any:
    return np.where(np.isnan(x), x.dtype.type(-np.inf), x) if x.dtype.kind == "f" else x


@mutant("amax", "max_pool", "cummax", like="https://github.com/flagos-ai/FlagGems/pull/6082")
def maximum_drops_nan(right: Kernel) -> Kernel:
    """The largest of the numbers, NaN ignored."""
    return changed(_without_nan, right, (0,))


@mutant("argmax", like="https://github.com/ml-explore/mlx/issues/4274")
def argmax_skips_nan(right: Kernel) -> Kernel:
    """The index of the largest number, NaN ignored."""
    return changed(_without_nan, right, (0,))


@mutant("argmax", "argmin", like="https://github.com/ggml-org/llama.cpp/issues/15484")
def ties_to_the_last(right: Kernel) -> Kernel:
    """Of equal extremes, the last index."""

    def wrong(x: Any, *, dim: Any, keepdim: bool) -> Any:
        if dim is None or not x.ndim or not x.size:
            turned = right(
                np.ascontiguousarray(x.reshape(-1)[::-1]).reshape(x.shape), dim=dim, keepdim=keepdim
            )
            return np.asarray(x.size - 1 - turned) if x.size else turned
        return np.asarray(x.shape[dim] - 1 - right(np.flip(x, dim), dim=dim, keepdim=keepdim))

    return wrong


@mutant("maximum", "minimum", "clamp", "relu")
def extremes_of_two_drop_nan(right: Kernel) -> Kernel:
    """The other number where one is NaN, as C's fmax does."""

    def number(out: Any, x: Any, *rest: Any, **__: Any) -> Any:
        if out.dtype.kind != "f":
            return out
        other = next((r for r in rest if r is not None), None)
        return np.where(
            np.isnan(out), 0 if other is None else np.where(np.isnan(other), x, other), out
        ).astype(out.dtype)

    return first(number, right)


@mutant("fmax", "fmin")
def number_extremes_keep_nan(right: Kernel) -> Kernel:
    """NaN where one is NaN, which fmax and fmin must not give."""

    def nan(out: Any, a: Any, b: Any) -> Any:
        if out.dtype.kind != "f":
            return out
        return np.where(np.isnan(a) | np.isnan(b), out.dtype.type(np.nan), out)

    return first(nan, right)


@mutant("sort")
def sort_puts_nan_first(right: Kernel) -> Kernel:
    """NaN counts as the smallest."""

    def wrong(x: Any, *, dim: int, descending: bool) -> Any:
        values, indices = right(x, dim=dim, descending=descending)
        return (
            (values, indices)
            if not x.ndim
            else (
                np.where(
                    np.isnan(values).any() if values.dtype.kind == "f" else False,
                    np.roll(values, 1, dim),
                    values,
                ),
                indices,
            )
        )

    return wrong


@mutant("sort")
def sort_is_not_stable(right: Kernel) -> Kernel:
    """Equal elements come in reverse order."""

    def wrong(x: Any, *, dim: int, descending: bool) -> Any:
        if not x.ndim:
            return right(x, dim=dim, descending=descending)
        values, indices = right(np.flip(x, dim), dim=dim, descending=descending)
        return values, np.asarray(x.shape[dim] - 1 - indices)

    return wrong


@mutant("where")
def where_by_blending(right: Kernel) -> Kernel:
    """c * a + (1 - c) * b: NaN and infinities leak from the branch not taken."""

    def wrong(c: Any, a: Any, b: Any) -> Any:
        out = np.asarray(right(c, a, b))
        if out.dtype.kind != "f":
            return out
        with np.errstate(all="ignore"):
            return (c * a + (~c.astype(bool)) * b).astype(out.dtype)

    return wrong


@mutant("abs", "neg")
def sign_of_zero_kept(right: Kernel) -> Kernel:
    """abs(-0) is -0, -(0) is 0."""
    return first(lambda out, x, **_: np.where(x == 0, x, out).astype(out.dtype), right)


@mutant("round", like="https://github.com/MetaX-MACA/mcTVM/pull/43")
def round_half_away(right: Kernel) -> Kernel:
    """Halves are rounded away from zero."""

    def away(out: Any, x: Any, **_: Any) -> Any:
        if out.dtype.kind != "f":
            return out
        with np.errstate(all="ignore"):
            return np.where(np.abs(x - np.trunc(x)) == 0.5, np.trunc(x) + np.sign(x), out).astype(out.dtype)

    return first(away, right)


@mutant("remainder", like="https://github.com/tracel-ai/burn/issues/1805")
def remainder_with_the_sign_of_the_dividend(right: Kernel) -> Kernel:
    """C's fmod where Python's modulo is asked for."""

    def wrong(a: Any, b: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(np.fmod(a, b)) if a.dtype.kind in "if" and np.all(b != 0) else right(a, b)

    return wrong


@mutant("fmod", like="https://github.com/gfx-rs/naga/issues/1652")
def fmod_with_the_sign_of_the_divisor(right: Kernel) -> Kernel:
    """Python's modulo where C's fmod is asked for."""

    def wrong(a: Any, b: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(np.mod(a, b)) if a.dtype.kind in "if" and np.all(b != 0) else right(a, b)

    return wrong


@mutant("floor_divide")
def floor_divide_truncates(right: Kernel) -> Kernel:
    """Quotients are rounded towards zero."""

    def wrong(a: Any, b: Any) -> Any:
        out = np.asarray(right(a, b))
        with np.errstate(all="ignore"):
            exact = np.where((a < 0) ^ (b < 0), -(np.abs(a) // np.where(b == 0, 1, np.abs(b))), out)
        return np.where(b == 0, out, exact).astype(out.dtype)

    return wrong


@mutant("eq", "ge", "le")
def nan_equals_nan(right: Kernel) -> Kernel:
    """Bits are compared: NaN equals itself."""

    def equal(out: Any, a: Any, b: Any) -> Any:
        return out | (np.isnan(a) & np.isnan(b)) if np.asarray(a).dtype.kind == "f" else out

    return first(equal, right)


@mutant("isnan", "isfinite")
def extremes_taken_for_infinite(right: Kernel) -> Kernel:
    """Fast arithmetic: the largest number counts as infinite, NaN as none."""

    def fast(out: Any, x: Any) -> Any:
        if x.dtype.kind != "f":
            return out
        return np.where(np.isnan(x), ~out, out)

    return first(fast, right)


@mutant("logical_not", "any", "all")
def nan_is_false(right: Kernel) -> Kernel:
    """NaN counts as false."""
    return changed(lambda x: np.where(np.isnan(x), x.dtype.type(0), x) if x.dtype.kind == "f" else x, right)


@mutant("sign")
def sign_of_nan_is_zero(right: Kernel) -> Kernel:
    """The sign of NaN is 0."""
    return first(
        lambda out, x: np.where(np.isnan(x), 0, out).astype(out.dtype) if x.dtype.kind == "f" else out, right
    )


@mutant("bitwise_right_shift")
def shift_is_logical(right: Kernel) -> Kernel:
    """Negative numbers are shifted as if unsigned."""

    def logical(out: Any, a: Any, b: Any) -> Any:
        if a.dtype.kind != "i":
            return out
        bits = a.dtype.itemsize * 8
        mask = (1 << (bits - 1)) - 1
        return np.where((a < 0) & (b > 0), out & a.dtype.type(mask), out)

    return first(logical, right)


@mutant("atan2")
def atan2_loses_the_quadrant(right: Kernel) -> Kernel:
    """atan(a / b): half of the circle."""

    def wrong(a: Any, b: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(np.arctan(a / b))

    return wrong


@mutant("copysign", "signbit")
def sign_of_zero_not_seen(right: Kernel) -> Kernel:
    """Negative zero counts as positive."""
    return changed(lambda x: x + x.dtype.type(0) if x.dtype.kind == "f" else x, right)


@mutant("addcmul", like="https://github.com/pytorch/pytorch/pull/196924")
def zero_weight_skips_the_product(right: Kernel) -> Kernel:
    """With value 0 the first input is returned; NaN in the others must still show."""

    def wrong(x: Any, a: Any, b: Any, *, value: Any) -> Any:
        out = np.asarray(right(x, a, b, value=value))
        if out.dtype.kind != "f":
            return out
        return np.where(np.isnan(a) | np.isnan(b), np.broadcast_to(x, out.shape), out)

    return wrong
