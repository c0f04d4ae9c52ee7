"""Cases at random: other shapes, numbers, dtypes and layouts for an operator, each made again from its name alone.

# Note [Fuzzed cases]
The seed in a fuzzed case's name decides its numbers and how its sample's sizes grow. Equal sizes of a sample stay
equal, ones and zeros stay, and no size shrinks, so that indices stay inside and factors keep matching; a change that
the operator's rules refuse, or that changes what attributes say of shapes, is dropped, and the numbers alone differ.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any

from unison_conformance.cases.case import Case
from unison_core import dtypes, operator
from unison_core.operator import Operator
from unison_core.samples import Arg, Sample
from unison_core.spec import Spec

__all__ = ["fuzzed", "reshaped"]

_LARGEST = 600
_GROWN = frozenset({"elementwise", "linalg", "movement", "normalization", "reduction", "sorting"})
_FIXED = frozenset(
    {
        "as_strided",
        "expand",
        "group_norm",
        "group_norm_backward",
        "pad",
        "reshape",
        "unslice",
        "view",
        "view_as_complex",
    }
)
# Their attributes speak of sizes.


def reshaped(op: Operator, sample: Sample, seed: int) -> Sample:
    """The sample with sizes that grew by that seed (Note [Fuzzed cases])."""
    if op.theme not in _GROWN or op.name in _FIXED:
        return sample
    rng = random.Random(seed)
    args = [x for x in sample.inputs if isinstance(x, Arg)]
    sizes = sorted({n for x in args for n in x.shape if n > 1})
    grown = {n: n + rng.choice((0, 1, 2, 5, rng.randrange(1, 40))) for n in sizes}
    inputs = tuple(
        replace(x, shape=tuple(grown.get(n, n) for n in x.shape)) if isinstance(x, Arg) else x
        for x in sample.inputs
    )
    other = replace(sample, inputs=inputs)
    small = all(prod(x.shape) <= _LARGEST for x in inputs if isinstance(x, Arg))
    return other if small and _accepted(op, other) else sample


def _accepted(op: Operator, sample: Sample) -> bool:
    kind = dtypes.float32 if dtypes.float32 in op.dtypes else min(op.dtypes, key=str)
    specs: list[Any] = [Spec(x.shape, x.dtype or kind) if isinstance(x, Arg) else x for x in sample.inputs]
    try:
        out = op.infer(*specs, **{**op.defaults, **sample.attrs}) if op.infer else ()
    except Exception:  # noqa: BLE001 - a rule refuses a call with whatever error users get
        return False
    return all(prod(s.shape) <= 2 * _LARGEST for s in (out if isinstance(out, tuple) else (out,)) if s)


def fuzzed(seed: int, name: str) -> Iterator[Case]:
    """Cases of an operator without end: the same ones for the same seed."""
    from unison_conformance.cases.listing import drawable, layouts_of, samples_of
    from unison_conformance.cases.points import LENGTHS
    from unison_conformance.cases.values import applicable_values

    op, rng = operator.registry[name], random.Random(f"{seed} {name}")
    pairs = [
        (dtype, n)
        for dtype in dtypes.ALL
        if dtype in op.dtypes
        for n, sample in enumerate(samples_of(name))
        if drawable(op, sample, dtype)
    ]
    while pairs:
        dtype, n = rng.choice(pairs)
        layout = rng.choice(layouts_of(op, samples_of(name)[n]))
        values = rng.choice([v for v in applicable_values(op, dtype) if v not in LENGTHS])
        yield Case(name, dtype.name, layout, values, n, rng.randrange(1, 2**31))
