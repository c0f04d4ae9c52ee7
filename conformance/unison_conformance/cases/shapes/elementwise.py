"""Elementwise operators: one, two or three tensors that broadcast in every way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unison_conformance.cases.shapes.table import more
from unison_core.operator import Operator, registry
from unison_core.samples import Arg, Sample, arg, good

__all__ = ["broadcast"]

Shapes = tuple[tuple[int, ...], ...]

_ONE: tuple[Shapes, ...] = (((1,),), ((64,),), ((257,),), ((2, 1, 3, 1, 2, 2),), ((2, 3, 0),))
_TWO: tuple[Shapes, ...] = (
    ((1,), (1,)),
    ((31, 1), (31, 13)),
    ((13, 31), (31,)),
    ((7, 7), (7,)),
    ((2, 1, 3, 1, 2), (3, 4, 1)),
    ((257,), ()),
    ((), (2, 1, 1, 2, 1, 3)),
    ((0, 1), (1, 3)),
    ((1, 64), (1,)),
)
_THREE: tuple[Shapes, ...] = (
    ((1,), (1,), (1,)),
    ((33, 1), (1, 7), (7,)),
    ((129,), (129,), ()),
    ((), (2, 1, 3), (4, 1)),
    ((0, 1), (1, 3), (3,)),
    ((2, 1, 2, 1, 3), (2, 1, 1), (1,)),
)
_BY_COUNT = {1: _ONE, 2: _TWO, 3: _THREE}


def broadcast(op: Operator) -> Iterator[Sample]:
    """The operator's first sample with all its tensors, in other shapes."""
    samples = [s for s in op.samples() if s.error is None]  # type: ignore[misc]
    first = next((s for s in samples if all(isinstance(x, Arg) for x in s.inputs)), None)
    for shapes in _BY_COUNT.get(len(op.data), ()) if first else ():
        assert first is not None
        yield replace(
            first, inputs=tuple(replace(x, shape=s) for x, s in zip(first.inputs, shapes, strict=True))
        )


@more("polygamma")
def _of_orders(name: str) -> Iterator[Sample]:
    yield from broadcast(registry[name])
    for n in (1, 2, 3, 4):
        yield good(arg(65, low=-3.0, high=3.0), n=n)
        yield good(arg(33, low=-19.0, high=0.0), n=n)
        yield good(arg(33, low=0.0, high=30.0), n=n)


@more("logaddexp")
def _near_zero(name: str) -> Iterator[Sample]:
    yield from broadcast(registry[name])
    # Far apart, and both far below zero.
    yield good(arg(257, low=-1.0, high=0.0), arg(257, low=-40.0, high=-17.0))
    yield good(arg(31, low=-900.0, high=-800.0), arg(31, low=-900.0, high=-800.0))


@more("elu")
def _with_constants(name: str) -> Iterator[Sample]:
    yield from broadcast(registry[name])
    # Klambauer et al., Self-Normalizing Neural Networks, 2017: constants that no format holds exactly.
    yield good(arg(65), alpha=1.6732632423543772, scale=1.0507009873554805, input_scale=1.0)
    yield good(arg(7, 13), alpha=3.0, scale=1.0, input_scale=1 / 3)
