"""What there is to run for an operator: checks, each with the functions to compare and the samples."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tests.parity.harness import checks, database
from tests.parity.harness.calls import Pair
from tests.parity.harness.candidate import Candidate, reference
from tests.parity.harness.rebind import counterpart

__all__ = ["CARRIED_BY", "CHECKS", "Run", "plan"]

# What an operator must pass to be carried; with the rest as well it is complete.
CARRIED_BY = ("forward", "gradient")
CHECKS = (*CARRIED_BY, "method", "inplace", "operator", "inplace_operator", "errors", "alias")


@dataclasses.dataclass(frozen=True)
class Run:
    """A check of one function of PyTorch, and the samples of one dtype that it runs on."""

    op: Any
    name: str
    dtype: torch.dtype
    function: Any
    check: Callable[[Pair, Any], str | None]
    samples: Callable[[], list[Any]]
    function_name: str = ""

    def case(self, index: int) -> str:
        """How one sample is named in reports and given to `--repro`."""
        return f"{self.op.full_name}/{str(self.dtype).removeprefix('torch.')}/{self.name}/{index}"

    def pair(self, candidate: Candidate) -> Pair:
        """PyTorch's function beside the candidate's; `Missing` if the candidate has none."""
        ours = reference()
        return Pair(
            self.op,
            counterpart(self.function, ours, self.function_name),
            counterpart(self.function, candidate, self.function_name),
            ours,
            candidate,
        )


def plan(op: Any, wanted: tuple[str, ...] = CHECKS) -> Iterator[Run]:
    """The runs of op for the wanted checks; empty for an operator without a CPU implementation."""
    return (run for run in _plan(op) if run.name in wanted)


def _plan(op: Any) -> Iterator[Run]:
    dtypes = database.forward_dtypes(op)
    for dtype in dtypes:
        yield Run(op, "forward", dtype, op.op, checks.outputs_agree, _samples(op, dtype), op.name)
    dtype = database.gradient_dtype(op)
    if dtype is not None:
        samples = functools.partial(database.sample_inputs, op, dtype, requires_grad=True)
        yield Run(op, "gradient", dtype, op.op, checks.gradients_agree, samples, op.name)
    if not dtypes:
        return
    for name, function, check in (
        ("method", op.method_variant, checks.outputs_agree),
        ("inplace", op.inplace_variant, checks.updates_agree),
        ("operator", op.operator_variant, checks.outputs_agree),
        ("inplace_operator", op.inplace_operator_variant, checks.updates_agree),
    ):
        if function is not None:
            yield Run(op, name, dtypes[0], function, check, _samples(op, dtypes[0]))
    if op.error_inputs_func is not None:
        samples = functools.partial(database.error_inputs, op)
        yield Run(op, "errors", dtypes[0], op.op, checks.errors_agree, samples, op.name)


def _samples(op: Any, dtype: torch.dtype) -> Callable[[], list[Any]]:
    return functools.partial(database.sample_inputs, op, dtype)
