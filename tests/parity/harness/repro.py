"""One sample again, with everything that is known about it."""

import traceback
from typing import Any

import torch

from tests.parity.harness import database
from tests.parity.harness.calls import Refused
from tests.parity.harness.candidate import Candidate
from tests.parity.harness.plan import plan

__all__ = ["reproduce"]


def reproduce(case: str, candidate: Candidate) -> str:
    """What the sample is, and what came of it; case is `operator/dtype/check/index`.

    Raises ValueError if there is no such sample.
    """
    name, dtype, check, index = case.split("/")
    for op in database.entries():
        if op.full_name == name:
            for run in plan(op, (check,)):
                if str(run.dtype) == f"torch.{dtype}":
                    return _tell(run, run.samples()[int(index)], candidate)
    raise ValueError(f"no sample {case!r}; expected operator/dtype/check/index as printed in a report")


def _tell(run: Any, sample: Any, candidate: Candidate) -> str:
    lines = [f"input   {sample.input!r}", f"args    {sample.args!r}", f"kwargs  {sample.kwargs!r}"]
    try:
        pair = run.pair(candidate)
        lines.append(f"theirs  {pair.got!r}")
        lines.append(f"result  {run.check(pair, sample) or 'agrees'}")
    except Refused as refusal:
        lines.append(f"result  PyTorch refuses it: {refusal}")
    except Exception:  # noqa: BLE001 - the failure is the answer
        lines.append(traceback.format_exc())
    lines.append(f"torch   {_result(run, sample)}")
    return "\n".join(lines)


def _result(run: Any, sample: Any) -> str:
    with torch.no_grad():
        try:
            return repr(run.function(sample.input, *sample.args, **sample.kwargs))
        except Exception as error:  # noqa: BLE001 - the failure is the answer
            return repr(error)
