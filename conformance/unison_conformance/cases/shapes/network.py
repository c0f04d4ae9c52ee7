"""Attention, losses and optimiser steps: masks, ignored targets, weights, sizes beyond a tile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.dtypes import int64
from unison_core.samples import Arg, Sample, arg, good

__all__: list[str] = []


def _triple(batch: tuple[int, ...], rows: int, columns: int, width: int) -> tuple[Arg, Arg, Arg]:
    return (arg(*batch, rows, width), arg(*batch, columns, width), arg(*batch, columns, width))


@more("scaled_dot_product_attention")
def _attention(name: str) -> Iterator[Sample]:
    yield good(*_triple((1,), 1, 1, 1), None, None, scale=1.0)
    yield good(*_triple((1, 2), 33, 33, 8), None, None, is_causal=True, scale=8**-0.5)
    yield good(*_triple((2,), 7, 7, 5), None, None, is_causal=True, scale=0.4)
    yield good(*_triple((2,), 3, 7, 4), None, None, is_causal=True, scale=0.5)
    yield good(*_triple((2,), 7, 3, 4), None, None, is_causal=True, scale=0.5)
    yield good(*_triple((1, 2), 3, 65, 4), None, None, scale=0.5)
    yield good(*_triple((1,), 2, 3, 65), None, None, scale=0.125)
    yield good(*_triple((2, 2), 4, 5, 3), arg(4, 5, low=-4, high=0), None, scale=0.6)
    yield good(*_triple((2, 2), 4, 5, 3), arg(2, 1, 1, 5, low=-4, high=0), None, scale=0.6)
    # A mask of nothing but minus infinity leaves rows without any place: they give zeros.
    yield good(*_triple((2,), 3, 5, 4), arg(3, 5, low=-math.inf, high=-math.inf), None, scale=0.5)
    yield good(*_triple((2,), 3, 5, 4), None, arg(2, 3, 5, low=0, high=2), scale=0.5)


@more("scaled_dot_product_attention_backward")
def _attention_back(name: str) -> Iterator[Sample]:
    for batch, rows, columns, width in (((1,), 7, 5, 3), ((2, 2), 4, 33, 2), ((1,), 2, 3, 17)):
        q, k, v = _triple(batch, rows, columns, width)
        p = arg(*batch, rows, columns, low=0, high=1)
        yield good(q, None, q, k, v, None, q, p, scale=0.5)
        yield good(q, p, q, k, v, arg(*p.shape, low=0, high=2), q, p, scale=0.5)


@more("cross_entropy")
def _classes(name: str) -> Iterator[Sample]:
    weight = arg(33, low=0.5, high=2)
    rows = arg(31, dtype=int64, low=0, high=32)
    for reduction in ("none", "sum", "mean"):
        yield good(arg(31, 33), rows, weight, ignore_index=5, reduction=reduction, gradient=False)
    yield good(arg(2, 3, 4, 2), _places(3, 2, 4, 2), None, ignore_index=1, reduction="mean")
    yield good(arg(5, 257), _places(257, 5), None, ignore_index=-100, reduction="mean")
    yield good(arg(1, 1), _places(1, 1), None, ignore_index=-100, reduction="mean")
    yield good(arg(4, 3, low=-1000, high=1000), _places(3, 4), None, ignore_index=-100, reduction="none")
    yield good(arg(7), _places(7), arg(7, low=0.5, high=2), ignore_index=-100, reduction="sum")


def _places(classes: int, *shape: int) -> Arg:
    return Arg(shape, dtype=int64, low=0, high=classes - 1)


@more("binary_cross_entropy")
def _certain(name: str) -> Iterator[Sample]:
    # A prediction of 0 or 1 that is wrong: the logarithm is held at -100.
    yield good(arg(7, low=0, high=0), arg(7, low=1, high=1), gradient=False)
    yield good(arg(7, low=1, high=1), arg(7, low=0, high=0), gradient=False)


@more("cross_entropy_backward")
def _classes_back(name: str) -> Iterator[Sample]:
    lse, total = arg(31, low=3, high=5), arg(low=2, high=3)
    weight = arg(17, low=0.5, high=2)
    for reduction in ("sum", "mean"):
        yield good(
            arg(), arg(31, 17), _places(17, 31), weight, lse, total, ignore_index=5, reduction=reduction
        )
    yield good(arg(31), arg(31, 17), _places(17, 31), None, lse, total, ignore_index=3, reduction="none")


@more("mse_loss")
def _squares(name: str) -> Iterator[Sample]:
    for reduction in ("none", "sum", "mean"):
        yield good(arg(7, 13), arg(7, 13), reduction=reduction)
    yield good(arg(1025), arg(1025), reduction="mean")
    yield good(arg(33, 1), arg(1, 5), reduction="sum")
    yield good(arg(), arg(), reduction="mean")


@more("adam_step")
def _steps(name: str) -> Iterator[Sample]:
    settings: dict[str, Any] = {"step_size": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "root": 0.5}
    for shape in ((257,), (7, 13), (2, 1, 3, 1, 2)):
        four = (arg(*shape), arg(*shape), arg(*shape), arg(*shape, low=0.1, high=1.0))
        yield good(*four, count=1, decay=0.01, shrink=0.99, maximize=False, **settings)
