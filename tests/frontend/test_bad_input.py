"""Bad input: an error of the class PyTorch raises, that says what was given; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison

F = unison.nn.functional


def f32(*shape: int) -> Any:
    return unison.ones(*shape)


def i64(*shape: int) -> Any:
    return unison.ones(*shape, dtype=unison.int64)


CALLS: dict[str, tuple[type[Exception], str, Callable[[], Any]]] = {
    "shapes that do not broadcast": (RuntimeError, r"\[2, 3\].*\[4\]", lambda: f32(2, 3) + f32(4)),
    "where": (RuntimeError, r"\[2\].*\[3\]", lambda: unison.where(f32(2) > 0, f32(2), f32(3))),
    "matmul shapes": (RuntimeError, r"\[2, 3\].*\[2, 3\]|2x3 and 2x3", lambda: f32(2, 3) @ f32(2, 3)),
    "reshape": (RuntimeError, r"\[4\].*6|6.*\[4\]", lambda: f32(6).reshape(4)),
    "view of gaps": (RuntimeError, r"view|contiguous|reshape", lambda: f32(2, 3).t().view(6)),
    "cat": (RuntimeError, r"\[2, 3\].*\[2, 4\]|size", lambda: unison.cat([f32(2, 3), f32(2, 4)])),
    "expand": (RuntimeError, r"3", lambda: f32(2).expand(3)),
    "bitwise on floats": (RuntimeError, r"float32", lambda: f32(2) & f32(2)),
    "mean of integers": (RuntimeError, r"int64|floating", lambda: f32(2).long().mean()),
    "float index": (IndexError, r"float|int|long", lambda: f32(2)[f32(1)]),
    "text operand": (TypeError, r"str", lambda: f32(2) + "a"),
    "missing operand": (TypeError, r"argument|takes", lambda: f32(2).add()),
    "integer index": (IndexError, r"index 5.*dimension 0.*size 3", lambda: f32(3)[5]),
    "negative index": (IndexError, r"index -4.*dimension 0.*size 3", lambda: f32(3)[-4]),
    "tensor index": (IndexError, r"7", lambda: f32(3)[unison.tensor([0, 7])]),
    "too many indices": (IndexError, r"too many indices", lambda: f32(3)[0, 0]),
    "mask of another shape": (IndexError, r"mask.*\[2\]", lambda: f32(3)[unison.tensor([True, False])]),
    "dimension": (IndexError, r"\[-2, 1\].*2", lambda: f32(2, 2).sum(dim=2)),
    "gather": (RuntimeError, r"index 5.*size 3", lambda: f32(3).gather(0, unison.tensor([5]))),
    "index_select": (IndexError, r"index 3 is out of", lambda: f32(3).index_select(0, unison.tensor([3]))),
    "embedding": (IndexError, r"out of range", lambda: F.embedding(unison.tensor([4]), f32(4, 2))),
    "class out of range": (
        IndexError,
        r"[Tt]arget 9",
        lambda: F.cross_entropy(f32(1, 3), unison.tensor([9])),
    ),
    "unknown device": (RuntimeError, r"'nope'", lambda: unison.device("nope")),
    "overflowing number": (
        RuntimeError,
        r"300.*uint8|overflow",
        lambda: unison.ones(1, dtype=unison.uint8) + 300,
    ),
    "several elements as one": (RuntimeError, r"2 elements", lambda: f32(2).item()),
    "truth of several": (RuntimeError, r"more than one|ambiguous", lambda: bool(f32(2))),
    "numpy of a tracked tensor": (RuntimeError, r"detach", lambda: f32(2).requires_grad_().numpy()),
    "ragged list": (ValueError, r"length", lambda: unison.tensor([[1, 2], [3]])),
    "negative size": (RuntimeError, r"-1", lambda: unison.zeros(-1)),
    "matmul of two dtypes": (RuntimeError, r"same dtype.*float32.*int64", lambda: f32(2, 2) @ i64(2, 2)),
    "mm of two dtypes": (RuntimeError, r"same dtype", lambda: unison.mm(f32(2, 2), f32(2, 2).double())),
    "bmm of two dtypes": (RuntimeError, r"same dtype", lambda: unison.bmm(f32(1, 2, 2), i64(1, 2, 2))),
    "addmm of two dtypes": (
        RuntimeError,
        r"same dtype.*int64.*float32",
        lambda: unison.addmm(i64(2, 2), f32(2, 2), f32(2, 2)),
    ),
    "linear of two dtypes": (RuntimeError, r"same dtype", lambda: F.linear(i64(2, 2), f32(3, 2))),
    "bias of another dtype": (
        RuntimeError,
        r"same dtype",
        lambda: F.linear(f32(2, 2), f32(3, 2), f32(3).double()),
    ),
    "einsum of two dtypes": (
        RuntimeError,
        r"same dtype",
        lambda: unison.einsum("ij,jk", f32(2, 2), f32(2, 2).double()),
    ),
    "matmul with a number": (TypeError, r"'other' must be Tensor, not int", lambda: f32(2) @ 2),
    "difference with a mask": (RuntimeError, r"bool", lambda: 1 - (f32(2) > 0)),
    "cross of two dtypes": (
        RuntimeError,
        r"float32 but found float64",
        lambda: unison.linalg.cross(f32(3), f32(3).double()),
    ),
    "write of another dtype at indices": (
        RuntimeError,
        r"float32 for the destination and int64",
        lambda: f32(2).__setitem__(unison.tensor([0]), i64(1)),
    ),
    "cat of nothing": (ValueError, r"non-empty", lambda: unison.cat([])),
    "cat of a tensor": (TypeError, r"not Tensor", lambda: unison.cat(f32(2))),
    "cat with None": (TypeError, r"tensors\[1\].*NoneType", lambda: unison.cat([f32(2), None])),
    "roll by more shifts": (RuntimeError, r"shifts: 2, dims:1", lambda: f32(3, 3).roll((1, 2), 0)),
    "narrow from a bool": (RuntimeError, r"bool", lambda: f32(3).narrow(0, unison.tensor(True), 1)),
    "endless range": (RuntimeError, r"inf", lambda: unison.arange(0, float("inf"))),
    "more than 64 bits": (ValueError, r"64 bits", lambda: unison.tensor(2**64)),
    "number beyond its dtype": (RuntimeError, r"300.*uint8", lambda: unison.tensor(300, dtype=unison.uint8)),
    "out over an input": (
        RuntimeError,
        r"single memory location",
        lambda: (x := f32(3)) is unison.take(x, unison.tensor([0, 1, 2]), out=x),
    ),
    "out that repeats": (
        RuntimeError,
        r"share places",
        lambda: unison.take(f32(3), unison.tensor([0, 1]), out=unison.zeros(1).expand(2)),
    ),
    "full beyond its dtype": (
        RuntimeError,
        r"without overflow: 300; int8 holds -128 to 127",
        lambda: unison.full((2,), 300, dtype=unison.int8),
    ),
    "full of no number": (
        RuntimeError,
        r"int32 without overflow: nan",
        lambda: unison.full((2,), float("nan"), dtype=unison.int32),
    ),
    "full of a complex number": (
        RuntimeError,
        r"float32 without overflow: 1j; it has an imaginary part",
        lambda: unison.full_like(f32(2), 1j),
    ),
    "full beyond float32": (
        RuntimeError,
        r"float32 without overflow: 1e\+39",
        lambda: f32(2).new_full((2,), 1e39),
    ),
    "full beyond 64 bits": (OverflowError, r"64 bits", lambda: unison.scalar_tensor(2**64)),
    "fill_ beyond its dtype": (
        RuntimeError,
        r"int64 without overflow: inf",
        lambda: i64(2).fill_(float("inf")),
    ),
    "complex into reals": (
        RuntimeError,
        r"int64",
        lambda: i64(2).masked_fill(f32(2) > 0, unison.tensor(1j)),
    ),
}


@pytest.mark.parametrize(("error", "text", "call"), CALLS.values(), ids=CALLS)
def test_refused(error: type[Exception], text: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=text):
        call()


def test_refused_writes_change_nothing() -> None:
    x = unison.arange(6.0).reshape(2, 3)
    for error, write in (
        (RuntimeError, lambda: x.add_(f32(4))),
        (RuntimeError, lambda: x.__setitem__(0, f32(5))),
        (IndexError, lambda: x.__setitem__(2, 1.0)),
        (IndexError, lambda: x.__setitem__(unison.tensor([0, 9]), 1.0)),
        (RuntimeError, lambda: x.copy_(f32(3, 3))),
        (RuntimeError, lambda: x.scatter_(1, unison.tensor([[0], [3]]), 1.0)),
    ):
        with pytest.raises(error):
            write()
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert x._version == 0
