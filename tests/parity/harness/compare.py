"""Whether the candidate's results are PyTorch's, and in one line why not."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tests.parity.harness.candidate import Candidate

__all__ = ["difference", "flatten", "reason_of"]

WIDTH = 160


def difference(expected: Any, got: Any, candidate: Candidate, *, values: bool = True) -> str | None:
    """One line saying how got differs from expected, or None; without values, only kinds, shapes, dtypes."""
    if isinstance(expected, torch.Tensor):
        return _tensor_difference(expected, got, candidate, values)
    if isinstance(expected, torch.dtype):
        return None if candidate.give(expected, None) is got else f"dtype {got}, expected {expected}"
    if isinstance(expected, (tuple, list)):
        return _sequence_difference(expected, got, lambda e, g: difference(e, g, candidate, values=values))
    if isinstance(expected, dict):
        return difference(sorted(expected.items()), sorted(got.items()), candidate, values=values)
    if type(expected) is not type(got):
        return f"{type(got).__name__}, expected {type(expected).__name__}"
    if values and not _same_scalar(expected, got):
        return f"{got!r}, expected {expected!r}"
    return None


def flatten(value: Any, is_tensor: Callable[[Any], bool]) -> Iterator[Any]:
    """The tensors in nested sequences and dictionaries, in order."""
    if is_tensor(value):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from flatten(item, is_tensor)
    elif isinstance(value, dict):
        for item in value.values():
            yield from flatten(item, is_tensor)


def reason_of(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"raises {type(error).__name__}: {text}"[:WIDTH]


def _tensor_difference(expected: torch.Tensor, got: Any, candidate: Candidate, values: bool) -> str | None:
    if not candidate.is_tensor(got):
        return f"{type(got).__name__}, expected a tensor"
    if expected.layout is not torch.strided:
        expected, got = expected.to_dense(), got.to_dense()
    if tuple(got.shape) != tuple(expected.shape):
        return f"shape {tuple(got.shape)}, expected {tuple(expected.shape)}"
    dtype = candidate.torch_dtype(got.dtype)
    if dtype is not expected.dtype:
        return f"dtype {dtype}, expected {expected.dtype}"
    if not values:
        return None
    try:
        torch.testing.assert_close(candidate.take(got), expected.detach(), equal_nan=True)
    except AssertionError as error:
        lines = str(error).splitlines()
        return "values differ: " + ", ".join(line.strip() for line in lines[1:] if line.strip())[:WIDTH]
    return None


def _sequence_difference(expected: Any, got: Any, inner: Callable[[Any, Any], str | None]) -> str | None:
    kind = tuple if isinstance(expected, tuple) else list
    if not isinstance(got, kind):
        return f"{type(got).__name__}, expected {kind.__name__}"
    if len(got) != len(expected):
        return f"{len(got)} results, expected {len(expected)}"
    if absent := [name for name in _field_names(expected) if not hasattr(got, name)]:
        return f"result has no field {absent[0]!r}"
    for i, (one, other) in enumerate(zip(expected, got, strict=True)):
        if reason := inner(one, other):
            return f"[{i}] {reason}"
    return None


def _field_names(value: Any) -> list[str]:
    # torch.return_types are struct sequences: their fields are what a plain tuple does not have.
    if type(value) in {tuple, list, torch.Size}:
        return []
    ignored = ("_", "n_")
    return [n for n in dir(type(value)) if n not in dir(tuple) and not n.startswith(ignored)]


def _same_scalar(expected: Any, got: Any) -> bool:
    if isinstance(expected, (float, complex)):
        both_nan = math.isnan(abs(expected)) and math.isnan(abs(got))
        return both_nan or _close(got, expected)
    return bool(expected == got)


def _close(got: complex, expected: complex) -> bool:
    try:
        torch.testing.assert_close(got, expected)
    except AssertionError:
        return False
    return True
