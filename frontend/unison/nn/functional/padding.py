"""Adding elements around a tensor: a constant, or its own edge, mirror image or other end."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.errors import NotSupportedError, OperatorError, OperatorValueError

__all__ = ["pad"]

_MODES = ("constant", "reflect", "replicate", "circular")


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """input with pad[0] elements before and pad[1] after its last dimension, pad[2], pad[3] around the one before, ...

    mode is "constant" (value, 0 unless given; negative counts cut), "reflect", "replicate" or "circular"; these take
    the last one to three dimensions of a tensor with at most two more.

    Raises:
        RuntimeError: an odd number of counts, too many of them, or more elements asked for than there are.
        ValueError: a value with another mode than "constant".
        NotImplementedError: an unknown mode, or a combination of mode and dimensions.
    """
    counts = [int(n) for n in pad]
    ndim = input.array.ndim
    if len(counts) % 2:
        raise OperatorError(f"Padding length must be divisible by 2, but got {len(counts)} counts: {counts}")
    if len(counts) > 2 * ndim:
        raise OperatorError(
            "Padding length should be less than or equal to two times the input dimension but got padding "
            f"length {len(counts)} and input of dimension {ndim}"
        )
    pairs = [(counts[2 * i], counts[2 * i + 1]) for i in range(len(counts) // 2)]
    if mode == "constant":
        widths = [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]
        _check_lengths(input, widths)
        return ops.pad(input, widths=tuple(widths), value=0 if value is None else value)
    if mode not in _MODES:
        raise NotSupportedError(f"Unrecognised padding mode {mode}; it is one of {', '.join(_MODES)}")
    if value not in (None, 0, 0.0):
        raise OperatorValueError(f'Padding mode "{mode}" doesn\'t take in value argument, but got {value}')
    if not 1 <= len(pairs) <= 3 or ndim - len(pairs) not in (1, 2):
        raise NotSupportedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: mode {mode!r} "
            f"takes the last 1 to 3 dimensions of an input with one or two more, but got {len(counts)} "
            f"counts for {ndim} dimensions"
        )
    _check_lengths(input, [(0, 0)] * (ndim - len(pairs)) + pairs[::-1])
    extend = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}[mode]
    _check_reach(mode, input, pairs)
    for i, (before, after) in enumerate(pairs):
        if before or after:
            input = extend(input, ndim - 1 - i, before, after)
    return input if any(counts) else ops.copy(input)


def _check_lengths(input: Any, widths: list[tuple[int, int]]) -> None:
    for d, (before, after) in enumerate(widths):
        if input.shape[d] + before + after < 0:
            raise OperatorError(
                f"The input size {input.shape[d]}, plus negative padding {before} and {after}, resulted in a "
                f"negative output size, which is invalid. Check dimension {d} of your input."
            )


def _check_reach(mode: str, input: Any, pairs: list[tuple[int, int]]) -> None:
    for i, (before, after) in enumerate(pairs):
        d = input.array.ndim - 1 - i
        length = input.shape[d]
        if mode == "reflect" and max(before, after) >= length:
            raise OperatorError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {d} of input {list(input.shape)}"
            )
        if mode == "circular" and max(before, after) > length:
            raise OperatorError(
                f"Padding value causes wrapping around more than once: ({before}, {after}) at dimension {d} "
                f"of input {list(input.shape)}"
            )
        if mode == "replicate" and not length and max(before, after) > 0:
            raise OperatorError(
                "Expected 2D or 3D (batch mode) tensor with possibly 0 batch size and other non-zero "
                f"dimensions for input, but got: {list(input.shape)}"
            )


def _part(x: Any, d: int, start: int, stop: int) -> Any:
    return ops.slice(x, key=(*[slice(None)] * d, slice(start, stop)))


def _cut(x: Any, d: int, before: int, after: int) -> Any:
    """x without what negative counts take away."""
    if before >= 0 and after >= 0:
        return x
    return _part(x, d, max(0, -before), x.shape[d] - max(0, -after))


def _join(d: int, parts: list[Any]) -> Any:
    parts = [p for p in parts if p is not None]
    return ops.cat(*parts, dim=d)


def _reflect(x: Any, d: int, before: int, after: int) -> Any:
    n = x.shape[d]
    left = ops.flip(_part(x, d, 1, 1 + before), dims=(d,)) if before > 0 else None
    right = ops.flip(_part(x, d, n - 1 - after, n - 1), dims=(d,)) if after > 0 else None
    return _join(d, [left, _cut(x, d, before, after), right])


def _replicate(x: Any, d: int, before: int, after: int) -> Any:
    shape, n = tuple(x.shape), x.shape[d]

    def repeated(at: int, count: int) -> Any:
        if count <= 0:
            return None
        return ops.expand(_part(x, d, at, at + 1), shape=(*shape[:d], count, *shape[d + 1 :]))

    return _join(d, [repeated(0, before), _cut(x, d, before, after), repeated(n - 1, after)])


def _circular(x: Any, d: int, before: int, after: int) -> Any:
    n = x.shape[d]
    left = _part(x, d, n - before + min(0, after), n + min(0, after)) if before > 0 else None
    right = _part(x, d, max(0, -before), after + max(0, -before)) if after > 0 else None
    return _join(d, [left, _cut(x, d, before, after), right])
