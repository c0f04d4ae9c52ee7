"""Calls of an operator: PyTorch's, the candidate's, and PyTorch's in double precision."""

import copy
import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map

from tests.parity.harness.candidate import Candidate, Memo, TooManyDimensions
from tests.parity.harness.compare import difference, reason_of

__all__ = ["Call", "Pair", "Refused", "call", "exact", "expected"]

# Samples that look at their storage beyond their own elements.
WHOLE_STORAGE = frozenset(["as_strided"])
DOUBLE = {torch.float32: torch.float64, torch.complex64: torch.complex128}


class Refused(Exception):  # noqa: N818 - it is an outcome
    """PyTorch does not take this sample."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """An operator of PyTorch beside the candidate's counterpart, under one of its names."""

    op: Any
    expected: Callable[..., Any]
    got: Callable[..., Any]
    reference: Candidate
    candidate: Candidate
    # Samples on which the candidate agrees with double precision alone.
    in_double: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Call:
    """A result, beside the input and all the tensors that were given."""

    output: Any
    input: Any
    memo: Memo


def expected(pair: Pair, sample: Any) -> tuple[Call, bool]:
    """PyTorch's result, and whether its values are random."""
    torch.manual_seed(0)
    before = torch.get_rng_state()
    try:
        first = call(pair.expected, pair.reference, pair, sample)
        if torch.equal(torch.get_rng_state(), before):
            return first, False
        second = call(pair.expected, pair.reference, pair, sample, seed=1)
    except Exception as error:
        raise Refused(reason_of(error)) from error
    one, other = (_processed(made.output, sample) for made in (first, second))
    return first, difference(one, other, pair.reference) is not None


def exact(pair: Pair, sample: Any, expected: Any) -> Any:
    """PyTorch's result in double precision, rounded to the dtypes of expected; expected if there is none.

    Integers that become floating numbers become double precision as well: the default dtype is that.
    """
    doubled = copy.copy(sample)
    doubled.input, doubled.args, doubled.kwargs = tree_map(
        _doubled, (sample.input, tuple(sample.args), sample.kwargs)
    )
    default = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        output = call(pair.expected, pair.reference, pair, doubled).output
        return tree_map(lambda e, o: o.to(e.dtype) if isinstance(e, torch.Tensor) else o, expected, output)
    except Exception:  # noqa: BLE001 - not every operator takes double precision
        return expected
    finally:
        torch.set_default_dtype(default)


def _doubled(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(DOUBLE.get(value.dtype, value.dtype))
    return DOUBLE.get(value, value) if isinstance(value, torch.dtype) else value


def _processed(output: Any, sample: Any) -> Any:
    with torch.no_grad():
        return sample.output_process_fn_grad(output)


def call(function: Callable[..., Any], side: Candidate, pair: Pair, sample: Any, seed: int = 0) -> Call:
    """What function makes of the sample on one side; Refused if the sample cannot travel there."""
    memo = Memo(whole_storage=pair.op.name in WHOLE_STORAGE)
    try:
        given, args, kwargs = side.give((sample.input, tuple(sample.args), sample.kwargs), memo)
    except TooManyDimensions as error:
        raise Refused(str(error)) from error
    # Values of random operators are not compared, so a candidate that cannot be seeded is measured as well.
    getattr(side.module, "manual_seed", int)(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Call(function(given, *args, **kwargs), given, memo)
