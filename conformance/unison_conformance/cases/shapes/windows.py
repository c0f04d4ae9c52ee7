"""Sliding windows: groups, dilation, strides that leave a remainder, borders, batches of one and none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Arg, Sample, arg, good

__all__: list[str] = []

# Shape, weight, bias or not, stride, padding, dilation, groups, spatial shape of the result.
_CONVOLUTIONS: tuple[tuple[Any, ...], ...] = (
    ((1, 1, 1), (1, 1, 1), True, (1,), (0,), (1,), 1, (1,)),
    ((2, 4, 13), (6, 2, 3), True, (3,), (2,), (2,), 2, (5,)),
    ((1, 2, 33), (3, 2, 5), False, (2,), (0,), (1,), 1, (15,)),
    ((1, 33, 3, 3), (2, 33, 3, 3), True, (1, 1), (1, 1), (1, 1), 1, (3, 3)),
    ((2, 4, 7, 6), (4, 2, 3, 2), True, (2, 3), (1, 0), (1, 2), 2, (4, 2)),
    ((1, 6, 5, 5), (6, 1, 3, 3), False, (2, 2), (1, 1), (1, 1), 6, (3, 3)),
    ((1, 3, 8, 5), (31, 3, 2, 3), True, (3, 2), (0, 1), (2, 1), 1, (2, 3)),
    ((2, 2, 1, 9), (3, 2, 1, 4), True, (1, 4), (0, 3), (1, 1), 1, (1, 3)),
    ((3, 1, 2, 2), (1, 1, 2, 2), False, (1, 1), (0, 0), (1, 1), 1, (1, 1)),
    ((1, 2, 3, 4, 5), (4, 1, 2, 2, 2), True, (2, 1, 2), (0, 1, 1), (1, 2, 1), 2, (1, 4, 3)),
)


def _how(stride: Any, padding: Any, dilation: Any, groups: int) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@more("conv")
def _convolutions(name: str) -> Iterator[Sample]:
    for x, weight, bias, *how, _ in _CONVOLUTIONS:
        yield good(Arg(x), Arg(weight), arg(weight[0]) if bias else None, **_how(*how))


@more("conv_input_grad")
def _input_gradients(name: str) -> Iterator[Sample]:
    for x, weight, _, *how, out in _CONVOLUTIONS:
        yield good(Arg((x[0], weight[0], *out)), Arg(weight), size=x[2:], **_how(*how))


@more("conv_weight_grad")
def _weight_gradients(name: str) -> Iterator[Sample]:
    for x, weight, _, *how, out in _CONVOLUTIONS:
        yield good(Arg(x), Arg((x[0], weight[0], *out)), kernel=weight[2:], **_how(*how))


@more("max_pool", "max_pool_with_indices")
def _largest(name: str) -> Iterator[Sample]:
    negative = {"low": -9.0, "high": -1.0}
    two: dict[str, Any] = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}
    three: dict[str, Any] = {"kernel": (3, 3), "stride": (2, 2), "padding": (1, 1), "dilation": (1, 1)}
    # Padding that counts as zero shows where every element is negative.
    yield good(arg(1, 2, 5, 5, **negative), **three, ceil_mode=False)
    yield good(arg(2, 1, 6, 7, **negative), **three, ceil_mode=True)
    yield good(arg(1, 1, 1, 1), **{**two, "kernel": (1, 1)}, ceil_mode=False)
    yield good(arg(1, 1, 7, 7, low=2, high=2), **two, ceil_mode=True)
    yield good(arg(1, 33, 3, 4), **two, ceil_mode=False)
    yield good(arg(1, 1, 9, 8), **{**three, "dilation": (2, 3), "stride": (1, 2)}, ceil_mode=False)
    yield good(arg(2, 3, 65), kernel=(5,), stride=(3,), padding=(2,), dilation=(1,), ceil_mode=True)
    cube: dict[str, Any] = {"kernel": (2, 1, 2), "stride": (1, 2, 2), "padding": (1, 0, 0)}
    yield good(arg(1, 2, 3, 4, 5, **negative), **cube, dilation=(1, 1, 1), ceil_mode=False)


@more("avg_pool")
def _means(name: str) -> Iterator[Sample]:
    three: dict[str, Any] = {"kernel": (3, 3), "stride": (2, 2), "padding": (1, 1), "divisor": None}
    for counted in (False, True):
        yield good(arg(1, 2, 6, 7), **three, ceil_mode=True, count_include_pad=counted)
        yield good(arg(1, 1, 5, 5), **{**three, "stride": (3, 1)}, ceil_mode=False, count_include_pad=counted)
    one: dict[str, Any] = {"kernel": (1, 1), "stride": (2, 2), "padding": (0, 0), "divisor": None}
    yield good(arg(1, 33, 3, 4), **one, ceil_mode=False, count_include_pad=True)
    line: dict[str, Any] = {"kernel": (31,), "stride": (7,), "padding": (3,), "divisor": 5}
    yield good(arg(1, 2, 65), **line, ceil_mode=True, count_include_pad=True)
    cube: dict[str, Any] = {"kernel": (2, 1, 2), "stride": (1, 2, 2), "padding": (1, 0, 0), "divisor": None}
    yield good(arg(1, 2, 3, 4, 5), **cube, ceil_mode=False, count_include_pad=False)


@more("im2col")
def _columns(name: str) -> Iterator[Sample]:
    yield good(arg(1, 1, 1), kernel=(1,), stride=(1,), padding=(0,), dilation=(1,))
    yield good(arg(2, 3, 33), kernel=(5,), stride=(3,), padding=(2,), dilation=(2,))
    yield good(arg(1, 2, 7, 6), kernel=(3, 2), stride=(2, 3), padding=(1, 0), dilation=(1, 2))
    yield good(arg(1, 1, 3, 4, 5), kernel=(2, 1, 2), stride=(1, 2, 2), padding=(1, 0, 0), dilation=(1, 1, 1))


@more("col2im")
def _back_from_columns(name: str) -> Iterator[Sample]:
    yield good(arg(1, 1, 1), size=(1,), kernel=(1,), stride=(1,), padding=(0,), dilation=(1,))
    yield good(arg(2, 15, 10), size=(33,), kernel=(5,), stride=(3,), padding=(2,), dilation=(2,))
    yield good(arg(1, 12, 8), size=(7, 6), kernel=(3, 2), stride=(2, 3), padding=(1, 0), dilation=(1, 2))
