"""`conformance explain`: what the suite asks of an operator, and what would run on a device."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

from unison_conformance.cases.case import nearest
from unison_conformance.cases.listing import cases_of, errors_of, samples_of
from unison_conformance.cli._arguments import add_device
from unison_conformance.cli._output import table
from unison_conformance.errors import UsageError
from unison_conformance.oracle import ORACLES
from unison_conformance.running.conduct import device_named
from unison_conformance.tolerance import LIMITS, family_of
from unison_core.dispatch.table import explain
from unison_core.errors import dtype_names
from unison_core.operator import Operator, registry

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "explain", help="what is asked of an operator: limits, sources, samples, oracle"
    )
    parser.add_argument("op", metavar="OP", help="an operator, such as exp")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Print it.

    Raises:
        UsageError: no operator has that name.
    """
    op = registry.get(options.op)
    if op is None:
        raise UsageError(f"no operator is named {options.op!r}{nearest(options.op, registry)}")
    device = device_named(options.device)
    print(f"{op.signature}: {' '.join((op.declaration.__doc__ or '').split())}")
    print(
        f"  {'primitive' if op.is_primitive else 'composite'} of theme {op.theme}; takes {dtype_names(op.dtypes)}"
    )
    print(f"  {str(explain(op, device)).replace(chr(10), chr(10) + '  ')}")
    _limits(op)
    _oracle(op)
    _samples(op)
    return 0


def _limits(op: Operator) -> None:
    try:
        family = family_of(op.name)
    except KeyError:
        print("  in no family of the tolerance table")
        return
    rows = [
        (dtype.name, f"{limit.ulp:g}", limit.growth.value, "every bit" if limit.bits else "", limit.source)
        for dtype, limit in LIMITS.get(family, {}).items()
    ]
    table(
        ("dtype", "ULP", "k(n)", "bits", "source"),
        rows,
        title=f"  limits of the family {family}; integers are exact",
    )


def _oracle(op: Operator) -> None:
    function = ORACLES.get(op.name)
    if function is None:
        print("  the suite has no oracle for it")
        return
    text = " ".join((inspect.getdoc(function) or inspect.getdoc(inspect.getmodule(function)) or "").split())
    print(f"  oracle {function.__module__}: {text}")


def _samples(op: Operator) -> None:
    print(f"  {len(samples_of(op.name))} samples, {sum(1 for _ in cases_of(op.name))} cases at level 1")
    for number, sample in enumerate(samples_of(op.name)):
        print(f"    {number:>3}  {_call(sample)}")
    for number, sample in enumerate(errors_of(op.name)):
        assert sample.error is not None
        print(f"    error-{number}  {_call(sample)} raises {sample.error.__name__} ({sample.match})")


def _call(sample: Any) -> str:
    inputs = [
        f"{x.dtype.name if x.dtype else ''}{list(x.shape)} in [{x.low:g}, {x.high:g}]"
        if hasattr(x, "low")
        else repr(x)
        for x in sample.inputs
    ]
    return ", ".join(inputs + [f"{name}={value!r}" for name, value in sample.attrs.items()])
